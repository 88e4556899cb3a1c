/* A conversation with an exchange that takes only so many symbols on one connection: it is spread over as many connections as the symbols need.
 *
 *     connect ──▶ session 0 is opened ──▶ on_connected
 *     subscribe ─▶ the first session that has room for the symbol; if it is not open yet, the symbol waits until it is
 *     one session lost ─▶ all others are closed, and on_lost comes once: the source connects again, and asks for what was missed meanwhile
 *
 * To its source it is one connection. A session that could not be opened is one that was lost. Sessions stay until the last of them goes; the place of a
 * symbol that is no longer subscribed becomes free for another one. Each keeps to the limits of messages by itself; new ones are opened no faster than
 * SPREAD_DIALS a second.
 *
 * What is said and heard on a session is exchange_session.h's. Its `events` and `arg`, which it is to be told by, are those of the session, not the source's.
 *
 * A connector's struct begins with its exchange_spread_t: then the functions below that take `void *self` are those of its connector_t. What
 * exchange_protocol_t's functions are given is an exchange_session_t; exchange_spread_of it is the connector.
 */
#pragma once

#include "connectord/connectors/exchange_session.h"

enum { SPREAD_DIALS = 5 };

typedef struct spread_session spread_session_t;

typedef struct {
    const exchange_protocol_t *protocol;
    loop_t *loop;
    web_t *web;
    const source_config_t *config;
    const connector_events_t *events; /* the source's, as is `arg` */
    void *arg;
    spread_session_t **sessions; /* owned; the first one is always there */
    size_t count, room;
    table_t *by_symbol;           /* of `places` */
    struct spread_place **places; /* owned; of symbols that were wanted on this connection */
    size_t place_count, place_room;
    limiter_t dials;
    loop_timer_t *dialer; /* opens the sessions that had to wait */
    bool connected;       /* and the source knows */
} exchange_spread_t;

/* As connector_t's open, into a zeroed one: false with a log line. exchange_spread_release after both; it takes one that was not opened, too. */
bool exchange_spread_open(exchange_spread_t *self, const exchange_protocol_t *protocol, loop_t *loop, web_t *web,
                          const source_config_t *config, const connector_events_t *events, void *arg);
void exchange_spread_release(exchange_spread_t *self);

/* As in connector_t. */
void exchange_spread_connect(void *self);
void exchange_spread_disconnect(void *self);
void exchange_spread_subscribe(void *self, text_t symbol);
void exchange_spread_unsubscribe(void *self, text_t symbol);

/* Which one does a session belong to? */
exchange_spread_t *exchange_spread_of(exchange_session_t *session);

/* What the exchange was told of a symbol, on whichever session; NULL: nothing. */
const told_symbol_t *exchange_spread_find(const exchange_spread_t *self, text_t symbol);

/* The exchange will end a connection: all are closed, and the source is told that they are lost. From within a callback. */
void exchange_spread_lose(exchange_spread_t *self, const char *reason);
