/* What the parts of the connector "http" share (http.c): a source that is asked over HTTP.
 *
 *     http.c            the connector
 *     http_schedule.c   what is asked, and when
 *     http_answer.c     what an answer means for the connection, for its symbol, and for its records
 *     http_giver.c      giving records on
 *     http_symbols.c    what is subscribed to
 */
#pragma once

#include "common/log.h"
#include "connectord/connectors/connector.h"
#include "connectord/connectors/limiter.h"
#include "connectord/connectors/source_definition.h"
#include "connectord/connectors/told_symbols.h"
#include "connectord/http/http_headers.h"
#include "connectord/http/http_poll.h"
#include "connectord/http/known_records.h"

enum {
    HTTP_SOURCE_HELD_MS = 100, /* how often it is looked whether exchanges are still held back */
    HTTP_SOURCE_SAMPLE_MAX = 200
};

typedef struct {
    const web_t *web;
    const source_config_t *config;
    const connector_events_t *events;
    void *arg;
    source_definition_t definition;
    template_t url;
    bool per_symbol;
    http_client_t *client;
    enum { HTTP_CLOSED, HTTP_OPENING, HTTP_OPEN } state;
    uint64_t connection;         /* its number: of a callback that has ended it nothing goes on */
    loop_timer_t *timer, *giver; /* what is due; what is to be given on */
    told_symbols_t symbols;
    bool changed; /* what is wanted */
    http_polls_t polls;
    http_poll_t *reading; /* the one whose answer is read */
    int64_t received_ns;  /* when its message was */
    http_headers_t headers;
    known_records_t *known;
    limiter_t limiter;
    int64_t until_ns;   /* nothing is asked before: of clock_mono_ns */
    unsigned throttled; /* answers in a row */
    log_limit_t pages_limit, throttled_limit, ended_limit;
} http_source_t;

/* Ends what is under way. */
void http_source_stop(http_source_t *self);

/* Stops, and tells the source. Nothing is done with the connection after it. */
void http_source_lose(http_source_t *self, const char *reason, loss_kind_t kind, uint32_t retry_after_ms);

/* Tells what is wrong with an answer; self is a http_source_t. */
void http_source_malformed(void *self, const char *reason, text_t sample);

/* Does what is due in the next turn of the loop. */
void http_source_wake(http_source_t *self);

/* May records of the channel's key be given on? Any records at all? */
bool http_source_wants(const http_source_t *self, text_t channel, text_t key);
bool http_source_wants_any(const http_source_t *self);

/* The poll for the symbol, or (empty) for all. NULL when memory runs out. */
http_poll_t *http_source_add_poll(http_source_t *self, text_t symbol);
