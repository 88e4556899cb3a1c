#include "connectord/replay/replay_subscriptions.h"

#include <stdlib.h>

bool replay_subscriptions_init(replay_subscriptions_t *self)
{
    *self = (replay_subscriptions_t){.by_symbol = table_new()};
    return self->by_symbol != NULL;
}

void replay_subscriptions_release(replay_subscriptions_t *self)
{
    table_destroy(&self->by_symbol);
    for (replay_subscription_t *subscription = self->first, *next; subscription; subscription = next) {
        next = subscription->next;
        free(subscription);
    }
    self->first = NULL;
}

replay_subscription_t *replay_subscriptions_find(const replay_subscriptions_t *self, text_t symbol)
{
    return table_get(self->by_symbol, symbol);
}

replay_subscription_t *replay_subscriptions_of(const replay_subscriptions_t *self, const trade_t *record)
{
    char subject[SUBJECT_MAX];
    size_t length = record_subject(subject, record);
    replay_subscription_t *own = table_get(self->by_symbol, (text_t){subject, length});
    if (own || record_is_trade(record))
        return own;
    length = subject_print(subject, record->channel, TEXT("*"));
    return table_get(self->by_symbol, (text_t){subject, length});
}

replay_subscription_t *replay_subscriptions_add(replay_subscriptions_t *self, text_t symbol)
{
    replay_subscription_t *subscription = calloc(1, sizeof *subscription), **last = &self->first;
    if (!subscription)
        return NULL;
    memcpy(subscription->symbol_text, symbol.at, symbol.length);
    subscription->symbol = (text_t){subscription->symbol_text, symbol.length};
    if (!table_put(self->by_symbol, subscription->symbol, subscription)) {
        free(subscription);
        return NULL;
    }
    while (*last)
        last = &(*last)->next;
    return *last = subscription;
}

void replay_subscriptions_clear(replay_subscriptions_t *self)
{
    for (replay_subscription_t *subscription = self->first; subscription; subscription = subscription->next)
        subscription->wanted = subscription->confirmed = subscription->asked = false;
}

size_t replay_subscriptions_count(const replay_subscriptions_t *self)
{
    size_t count = 0;
    for (const replay_subscription_t *subscription = self->first; subscription; subscription = subscription->next)
        count += subscription->wanted;
    return count;
}

replay_subscription_t *replay_subscriptions_confirm(replay_subscriptions_t *self)
{
    replay_subscription_t *subscription = self->first;
    while (subscription && subscription->wanted == subscription->confirmed && !subscription->asked)
        subscription = subscription->next;
    if (!subscription)
        return NULL;
    subscription->asked = false;
    subscription->confirmed = subscription->wanted;
    return subscription;
}
