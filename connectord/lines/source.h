/* One source: a connector, kept connected, and the symbols wanted from it.
 *
 *     idle ──start──▶ connecting ──connected──▶ connected
 *                        ▲   │ lost                │ lost, silent, gap in the exchange's numbering
 *                        │   ▼                     │
 *                        └─ waiting (backoff) ◀────┘        stop: from any of them to idle
 *
 * After each reconnect what was wanted is subscribed again (for failing subscriptions and feeds that dry up see subscriber.h).
 * The backoff is reset once a connection has carried a message and held
 * for a while, so an exchange that accepts and hangs up is not hammered; and after some failures in a row a circuit breaker
 * (breaker.h) keeps the source from trying at all for a while. health.h rates the source, trade_rate.h says when a stream starves.
 */
#pragma once

#include "connectord/lines/source_events.h"

/* `config` is moved from: the source owns it now, and released when there is none. NULL with a log line for an unknown connector, or when
 * the connector refuses its settings. Nothing happens before source_start. */
source_t *source_new(loop_t *loop, web_t *web, source_config_t *config, const source_events_t *events, void *arg);

/* The same with a connector that need not be in the table. */
source_t *source_new_with(const connector_t *connector, loop_t *loop, web_t *web, source_config_t *config,
                          const source_events_t *events, void *arg);

/* Connects, and keeps connected until source_stop. With "always" every symbol of the configuration is wanted from the start. */
void source_start(source_t *self);

/* With "demand": a symbol that the source offers is wanted, or no longer. A released symbol is unsubscribed after
 * the grace period, unless it is wanted again before. Other symbols and sources with "always" are not affected. */
void source_want(source_t *self, text_t symbol);
void source_release(source_t *self, text_t symbol);

/* Offers other symbols from now on; everything else continues. `symbols` is a configuration of which only those count, and is left with the former
 * ones. Removed ones are unsubscribed; new ones are subscribed with "always", or wait for demand. False when memory runs out: nothing
 * changed. */
bool source_change_symbols(source_t *self, source_config_t *symbols);

const source_config_t *source_config(const source_t *self);

/* Is it subscribed to the symbol now? Why the symbol's subscription fails (subscriber.h); empty: it doesn't. */
bool source_has(const source_t *self, text_t symbol);
text_t source_failure(const source_t *self, text_t symbol);

/* Fills source, connected, since_ns, reason, demand, breaker, health, stale, failing, backoff_ms, missed and the counters. The slices are valid
 * until the next event of the source. */
void source_describe(const source_t *self, status_t *status);

/* A request for /push/<its name> (connector.h, post). False: its connector takes none. */
bool source_post(source_t *self, http_connection_t *from, const http_request_t *request);

/* Closes a connection that lost something, for that reason, and makes another one; while exchanges are held back (web_hold) that waits. False
 * if nothing was lost: a connector that is whole brings it again. */
bool source_lose(source_t *self, text_t reason);

/* Closes the connection. No callback comes after it. */
void source_stop(source_t *self);
void source_destroy(source_t **self);
