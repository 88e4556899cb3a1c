/* The bytes that wait for all peers together, and the limit that they share.
 *
 *     0 ──── who asks may hold a quarter of what is free up to here ──── 3/4 of the limit ──── who holds BUDGET_LITTLE at most ──── the limit
 *
 * So one peer alone gets a fifth (the dynamic threshold of Choudhury and Hahne, IEEE/ACM Transactions on Networking 6, 1998), those who take all
 * they can leave room for those who hold little, and nothing exceeds the limit. If somebody was refused, those who hold more than others and
 * took nothing for BUDGET_PATIENCE ticks give it up. Knows no transport. Everything is O(1) but budget_tick.
 */
#pragma once

#include "common/list.h"

#include <stdint.h>

enum { BUDGET_PATIENCE = 10 /* ticks */, BUDGET_LITTLE = 8192 /* bytes */ };

typedef struct {
    size_t limit_bytes;
    size_t held_bytes; /* by all */
    size_t holder_count;
    uint64_t refused, given_up; /* since the start */
    uint64_t refused_before;    /* as of the last tick */
    uint64_t ticks;
    list_t holders; /* budget_account_t.in_budget */
} budget_t;

/* What waits for one peer. A member of what stands for the peer. */
typedef struct {
    budget_t *budget;             /* NULL: nothing is counted */
    void (*give_up)(void *owner); /* release it soon; not called from within budget_hold or budget_admits */
    void *owner;
    size_t bytes;
    uint64_t changed; /* the tick in which they changed last */
    list_t in_budget;
} budget_account_t;

void budget_init(budget_t *self, size_t limit_bytes);

/* budget: NULL for none. It outlives the account. */
void budget_open(budget_account_t *self, budget_t *budget, void (*give_up)(void *owner), void *owner);
void budget_close(budget_account_t *self);

/* This much waits for it now. False: too much waits in all, and more for it than for others: it must give it up. */
bool budget_hold(budget_account_t *self, size_t bytes);

/* May this much more wait for it? False is counted. */
bool budget_admits(budget_account_t *self, size_t bytes);

/* The same of what a peer has only begun, of which it can have but little: it may fill what is not kept for those who hold little. */
bool budget_admits_begun(budget_account_t *self, size_t bytes);

/* Would so much more, of all, come from what is kept for those who hold little? NULL: no. */
bool budget_short(const budget_t *self, size_t bytes);

/* Call it every second. */
void budget_tick(budget_t *self);
