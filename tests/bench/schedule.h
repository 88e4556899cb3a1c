/* Whose trade is due when: trade number k of all, counted from 0, is one of a symbol, and that symbol's seq-th.
 *
 *     a round   | S0000 | S0002 | S0000 | S0001 | …    the same again and again; each symbol is in it at least once
 *
 * Either all symbols take turns, or the k-th has a weight of 1/k, and the order is as if drawn by lot, though always the same.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct schedule schedule_t;

/* NULL when memory runs out. */
schedule_t *schedule_new(unsigned symbols, bool power_law);
void schedule_destroy(schedule_t **self_ref);

/* Do all symbols have as many trades? */
bool schedule_is_even(const schedule_t *self);

unsigned schedule_symbol(const schedule_t *self, uint64_t number);
uint64_t schedule_seq(const schedule_t *self, uint64_t number); /* from 1 */

/* Which of all it is. */
uint64_t schedule_number(const schedule_t *self, unsigned symbol, uint64_t seq);
