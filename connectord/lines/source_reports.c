/* What a connector reports to its source: counted, judged, passed on. */
#include "common/clock.h"
#include "common/numbers/decimal.h"
#include "connectord/lines/source_state.h"
#include "proto/record.h"

#include <stdio.h>

static void on_connected(void *arg)
{
    source_happen(arg, CONNECTION_MADE);
}

static void on_confirmed(void *arg, text_t symbol, bool subscribed)
{
    source_t *self = arg;
    connection_carried(&self->connection);
    log_debug(subscribed ? "source: subscribed" : "source: unsubscribed", LOG_SLICE("source", self->config.name),
              LOG_SLICE("symbol", symbol));
    subscriber_confirmed(self->subscriber, symbol, subscribed);
    self->events->on_symbol(self->arg, self, symbol);
}

static void on_rejected(void *arg, text_t symbol, text_t reason)
{
    source_t *self = arg;
    log_warn_limited(&self->rejected_limit, "source: rejected", LOG_SLICE("source", self->config.name),
                     LOG_SLICE("symbol", symbol), LOG_SLICE("reason", reason));
    subscriber_rejected(self->subscriber, symbol, reason);
}

static void on_malformed(void *arg, const char *reason, text_t sample)
{
    source_t *self = arg;
    self->malformed++;
    log_warn_limited(&self->malformed_limit, "source: malformed message", LOG_SLICE("source", self->config.name),
                     LOG_TEXT("reason", reason), LOG_SLICE("sample", sample));
}

/* Nobody trades nothing, or less. A price may well be 0 or below: that of a spread or of energy is at times. */
static bool is_possible(source_t *self, const trade_t *trade)
{
    char reason[DECIMAL_MAX + 40], sample[SUBJECT_MAX + TRADE_ID_MAX + 2];
    connection_carried(&self->connection);
    if (!record_is_trade(trade) || decimal_sign(trade->qty) > 0)
        return true;
    snprintf(reason, sizeof reason, "qty: expected more than 0, found %.*s", TEXT_ARG(trade->qty));
    int length = snprintf(sample, sizeof sample, "%.*s %.*s", TEXT_ARG(trade->symbol), TEXT_ARG(trade->id));
    on_malformed(self, reason, (text_t){sample, (size_t)length});
    return false;
}

static void count(source_t *self, symbol_subscription_t *subscription, const trade_t *trade, bool duplicate)
{
    int64_t now_ns = clock_mono_ns();
    self->trades += !duplicate;
    self->duplicates += duplicate;
    if (!trade_is_future(trade, self->config.future_ms * NS_PER_MS)) /* its time tells nothing of a delay */
        health_message(&self->health, trade->timestamp, trade->received_ns, now_ns);
    if (subscription)
        subscriber_trade(self->subscriber, subscription, now_ns);
}

static memo_t *memo_of(symbol_subscription_t *subscription)
{
    return subscription ? &subscription->memo : NULL;
}

/* One for a symbol that is no longer wanted is a good trade too. */
static void on_trade(void *arg, const trade_t *trade, memo_t *memo)
{
    source_t *self = arg;
    trade_t named = *trade;
    named.source = self->config.name;
    if (!is_possible(self, trade))
        return;
    symbol_subscription_t *subscription = subscriber_find(self->subscriber, trade, memo);
    count(self, subscription, trade, !self->events->on_trade(self->arg, self, &named, memo_of(subscription)));
}

static void on_former(void *arg, const trade_t *trade, memo_t *memo)
{
    source_t *self = arg;
    trade_t named = *trade;
    named.source = self->config.name;
    if (!is_possible(self, trade))
        return;
    symbol_subscription_t *subscription = subscriber_find(self->subscriber, trade, memo);
    count(self, subscription, trade, !self->events->on_former(self->arg, self, &named, memo_of(subscription)));
}

static void on_tail(void *arg, text_t symbol, uint64_t last_id)
{
    source_t *self = arg;
    self->events->on_tail(self->arg, self, symbol, last_id);
}

static receipt_t on_offer(void *arg, const trade_t *trade)
{
    source_t *self = arg;
    trade_t named = *trade;
    named.source = self->config.name;
    receipt_t receipt = is_possible(self, trade) ? self->events->on_offer(self->arg, self, &named) : RECEIPT_IMPOSSIBLE;
    if (receipt == RECEIPT_TAKEN || receipt == RECEIPT_DUPLICATE)
        count(self, subscriber_find(self->subscriber, trade, NULL), trade, receipt == RECEIPT_DUPLICATE);
    return receipt;
}

static bool on_settle(void *arg, text_t subject, cursor_t *end)
{
    source_t *self = arg;
    return self->events->on_settle(self->arg, subject, end);
}

static void on_gap(void *arg, uint64_t expected, uint64_t found)
{
    source_t *self = arg;
    self->gaps++;
    health_gap(&self->health, clock_mono_ns());
    snprintf(self->reason, sizeof self->reason, "the exchange's numbering %s: expected %llu, found %llu",
             found < expected ? "has restarted" : "has a hole", (unsigned long long)expected, (unsigned long long)found);
    self->events->on_status(self->arg, self, STATUS_GAP);
    source_happen(self, CONNECTION_GAP);
}

static void on_lost(void *arg, const loss_t *loss)
{
    source_t *self = arg;
    snprintf(self->reason, sizeof self->reason, "%s", loss->reason);
    connection_heed(&self->connection, loss);
    source_happen(self, CONNECTION_LOST);
}

static void on_received(void *arg, text_t message, int64_t received_ns)
{
    source_t *self = arg;
    self->events->on_received(self->arg, message, received_ns);
}

static void on_mark(void *arg, const recorded_line_t *mark)
{
    source_t *self = arg;
    self->events->on_mark(self->arg, mark);
}

const connector_events_t source_connector_events = {.on_connected = on_connected,
                                                    .on_confirmed = on_confirmed,
                                                    .on_rejected = on_rejected,
                                                    .on_trade = on_trade,
                                                    .on_former = on_former,
                                                    .on_tail = on_tail,
                                                    .on_gap = on_gap,
                                                    .on_malformed = on_malformed,
                                                    .on_lost = on_lost,
                                                    .on_offer = on_offer,
                                                    .on_settle = on_settle,
                                                    .on_received = on_received,
                                                    .on_mark = on_mark};
