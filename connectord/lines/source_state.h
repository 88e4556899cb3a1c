/* The inside of a source (source.h), for the files that make it up. */
#pragma once

#include "common/log.h"
#include "connectord/health/health.h"
#include "connectord/lines/connection.h"
#include "connectord/lines/source_events.h"
#include "connectord/subscriptions/subscriber.h"

enum { SOURCE_REASON_MAX = 256 };

struct source {
    source_config_t config;
    const web_t *web;
    const connector_t *connector;
    void *instance; /* the connector's */
    const source_events_t *events;
    void *arg;

    connection_t connection;
    loop_timer_t *due;   /* ends the wait for the next try */
    loop_timer_t *check; /* while connected: does the connection hold, does a stream starve? */
    subscriber_t *subscriber;
    health_t health;
    int64_t since_ns;
    char reason[SOURCE_REASON_MAX];
    uint64_t trades, duplicates, malformed, gaps;
    log_limit_t lost_limit, malformed_limit, rejected_limit, breaker_limit;
};

/* Where every event of the connection's life goes through. */
void source_happen(source_t *self, connection_event_t event);

/* --- source_reports.c --- */

/* What the connector calls. */
extern const connector_events_t source_connector_events;
