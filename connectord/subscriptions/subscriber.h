/* What a source is subscribed to: asks its exchange for the symbols that are wanted, asks again for what was refused, not answered or
 * dropped (symbol_subscription.h), and acts on what starves (stale_streams.h).
 *
 * It asks as soon as there is something to ask: the connector keeps to the exchange's limits. The answer to a subscribe is
 * awaited for confirm_ms from when it has certainly been sent, at messages_per_minute.
 */
#pragma once

#include "connectord/connectors/connector.h"
#include "connectord/subscriptions/symbol_subscription.h"
#include "proto/status.h"

typedef struct subscriber subscriber_t;

typedef struct {
    /* The status of subscriptions has changed: some fail, or starve, or no longer do. From the loop. */
    void (*on_change)(void *arg);
    /* May the source do without the symbol (empty: without its connection) for a moment? */
    bool (*may_leave)(void *arg, text_t symbol);
    /* The feed has dried up, and only a new connection may help. The last call in this turn. */
    void (*on_dry)(void *arg, const char *reason);
} subscriber_events_t;

/* `config` and `events` outlive it; the configuration's symbols are changed by subscriber_change. NULL when memory runs out. */
subscriber_t *subscriber_new(loop_t *loop, const connector_t *connector, source_config_t *config,
                             const subscriber_events_t *events, void *arg);
void subscriber_destroy(subscriber_t **self);

/* The connector's instance, before anything else. */
void subscriber_use(subscriber_t *self, void *instance);

/* Connected: what is wanted is asked for. Lost. Stopped: nothing happens until subscriber_resume. */
void subscriber_connected(subscriber_t *self);
void subscriber_lost(subscriber_t *self);
void subscriber_stop(subscriber_t *self);
void subscriber_resume(subscriber_t *self);

/* As source_want, source_release and source_change_symbols. */
void subscriber_want(subscriber_t *self, text_t symbol);
void subscriber_release(subscriber_t *self, text_t symbol);
bool subscriber_change(subscriber_t *self, source_config_t *symbols);

/* What the connector reported. `symbol` may be any. */
void subscriber_confirmed(subscriber_t *self, text_t symbol, bool subscribed);
void subscriber_rejected(subscriber_t *self, text_t symbol, text_t reason);

/* The subscription that brings such records, with the connector's memo of it; NULL: none does. Valid until subscriber_change. */
symbol_subscription_t *subscriber_find(const subscriber_t *self, const trade_t *record, memo_t *memo);
void subscriber_trade(subscriber_t *self, symbol_subscription_t *subscription, int64_t now_ns);

/* Looks after what starves; call it now and then while connected. */
void subscriber_check(subscriber_t *self, int64_t now_ns);

/* Fills stale, failing, retries and resubscribes. Valid until the next call. */
void subscriber_describe(subscriber_t *self, status_t *status);

/* How many symbols have been asked for, and how many of them fail or starve. */
size_t subscriber_asked(const subscriber_t *self);
size_t subscriber_ailing(const subscriber_t *self);

/* Is the symbol subscribed now, as far as known? Why it fails; empty: it doesn't. */
bool subscriber_has(const subscriber_t *self, text_t symbol);
text_t subscriber_failure(const subscriber_t *self, text_t symbol);
