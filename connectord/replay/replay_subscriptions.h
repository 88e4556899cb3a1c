/* Which subjects (topic.h) of a recording are subscribed to. A subscribe takes effect when it is confirmed, from the loop. */
#pragma once

#include "common/table.h"
#include "proto/record.h"

typedef struct replay_subscription {
    struct replay_subscription *next;
    char symbol_text[SUBJECT_MAX];
    text_t symbol;
    bool wanted, confirmed;
    bool asked; /* since that was confirmed */
} replay_subscription_t;

typedef struct {
    table_t *by_symbol;
    replay_subscription_t *first; /* owned, in the order in which they were asked for first */
} replay_subscriptions_t;

/* False when memory runs out. replay_subscriptions_release takes what this could not finish. */
bool replay_subscriptions_init(replay_subscriptions_t *self);
void replay_subscriptions_release(replay_subscriptions_t *self);

/* NULL for one that was never added. */
replay_subscription_t *replay_subscriptions_find(const replay_subscriptions_t *self, text_t symbol);

/* The one that a record comes by: that of its subject, or of every key of its channel; NULL: none. */
replay_subscription_t *replay_subscriptions_of(const replay_subscriptions_t *self, const trade_t *record);

/* One that is not there yet; NULL when memory runs out. */
replay_subscription_t *replay_subscriptions_add(replay_subscriptions_t *self, text_t symbol);

/* A connection begins: with none. */
void replay_subscriptions_clear(replay_subscriptions_t *self);

/* How many are wanted. */
size_t replay_subscriptions_count(const replay_subscriptions_t *self);

/* The next whose subscribe or unsubscribe is to be confirmed, and takes effect now; NULL at the end. */
replay_subscription_t *replay_subscriptions_confirm(replay_subscriptions_t *self);
