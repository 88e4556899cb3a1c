/* The life of a source's connection: what each event does in each state, how long to wait before the next try, and what to report.
 *
 * The backoff decides the wait; while the circuit breaker is open it is at least as long as the breaker says, and never shorter than the
 * exchange asks for. After a refusal it is the backoff's maximum from the start. A name that can't be resolved says nothing about
 * the exchange: the breaker does not change.
 *
 * Knows neither the loop nor connectors; the source does what it says.
 */
#pragma once

#include "common/backoff.h"
#include "connectord/health/breaker.h"
#include "connectord/websocket/loss.h"
#include "proto/status.h"

#include <stdbool.h>

/* A connection that carried a message and held for this long was good: after it the backoff is reset. */
enum { CONNECTION_GOOD_MS = 10000 };

typedef enum { CONNECTION_IDLE, CONNECTION_CONNECTING, CONNECTION_CONNECTED, CONNECTION_WAITING } connection_state_t;

typedef enum {
    CONNECTION_START,
    CONNECTION_MADE, /* the connector connected */
    CONNECTION_LOST, /* … failed to, or lost it */
    CONNECTION_GAP,  /* a gap in the exchange's numbering, or a restart of it: only a new connection starts without doubt */
    CONNECTION_DUE,  /* the wait is over */
    CONNECTION_STOP
} connection_event_t;

typedef enum {
    CONNECTION_IGNORE,
    CONNECTION_CONNECT,
    CONNECTION_GREET,      /* subscribe what is wanted */
    CONNECTION_WAIT,       /* delay_ms, then CONNECTION_DUE */
    CONNECTION_DROP,       /* disconnect, and wait as above */
    CONNECTION_DISCONNECT, /* and stay so */
} connection_action_t;

typedef enum {
    CONNECTION_TELL_NOTHING,
    CONNECTION_TELL_CONNECTED,
    CONNECTION_TELL_LOST,
    CONNECTION_TELL_RESTORED
} connection_news_t;

typedef struct {
    connection_action_t action;
    connection_news_t news;
    uint32_t delay_ms;
} connection_step_t;

typedef struct {
    connection_state_t state;
    backoff_t backoff;
    breaker_t breaker;
    bool told_lost;     /* and nothing since */
    bool carried;       /* a message, on this connection */
    bool gap_forgiven;  /* the one after which it reconnects at once, since the last good connection */
    int64_t made_ns;    /* when this connection was */
    uint64_t connected; /* how many times */
    uint64_t refused;   /* how many tries failed */
    uint32_t delay_ms;  /* of the current wait */
    loss_kind_t kind;   /* of the loss that is reported next, and how long the exchange asks to be left alone */
    uint32_t retry_after_ms;
} connection_t;

connection_t connection_new(backoff_config_t backoff, breaker_config_t breaker, uint64_t seed);

/* now_ns: of clock_mono_ns. */
connection_step_t connection_event(connection_t *self, connection_event_t event, int64_t now_ns);

/* Details of the loss that CONNECTION_LOST reports next. Without them it is a usual one. */
void connection_heed(connection_t *self, const loss_t *loss);

/* A message came. */
void connection_carried(connection_t *self);

/* Call it now and then: a connection that has held long enough closes the breaker. Returns whether it just did. */
bool connection_check(connection_t *self, int64_t now_ns);

/* Fills connected, refused, reconnects, backoff_ms and breaker. */
void connection_describe(const connection_t *self, status_t *status);
