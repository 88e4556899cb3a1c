/* A share of the loop's time: how long one kind of work may take in a turn of the loop, so that every other kind gets its share soon.
 *
 *     the bus │ live trades │ newcomers │ requests │ answers │ catching up
 *       1 ms  │    3 ms     │   1 ms    │   1 ms   │  1 ms   │    1 ms       of a turn, at most, while there is more to do
 *
 * Work is done in small pieces, and each piece that is begun is finished; the first one of a turn is always allowed. What is left when the slice is used
 * up continues in the next turn. Kinds with nothing to do leave their time to the others, since turns are shorter then: newcomers, which have a
 * third of what live trades have, get a fifth of the time and more beside these.
 *
 * A piece is found in one of two ways: either the share is given `work`, and calls that as long as there is more; or the loop reports it (a
 * readable descriptor), and share_begin says whether it may be done now. If not, whoever it is for stops watching and waits in line: what the
 * loop would report in each turn, for thousands of descriptors, costs more than the pieces.
 */
#pragma once

#include "common/list.h"
#include "common/loop/loop.h"

/* µs in a turn, some 10 ms together. A piece takes 10 to 500 µs, that which completes a large answer a few ms. */
enum {
    SHARE_BUS_US = 1000, /* a ZeroMQ socket's (socket.h): the bus, services that are asked and services that answer, each */
    SHARE_TRADES_US = 3000,
    SHARE_NEWCOMERS_US = 1000,
    SHARE_REQUESTS_US = 1000,
    SHARE_ANSWERS_US = 1000,
    SHARE_CATCHING_US = 1000
};

typedef struct share share_t;

/* Does one piece. False: there was nothing to do, or it was the last one. */
typedef bool share_work_fn(void *arg);

/* Who waits in line for a piece: `serve` does it, within its share. It may go away then. */
typedef struct share_waiter {
    list_t in_line; /* list_init */
    void (*serve)(struct share_waiter *self);
} share_waiter_t;

/* slice_us: in a turn; 0: one piece. work: NULL: those who wait in line are served. NULL when memory runs out. */
share_t *share_new(loop_t *loop, unsigned slice_us, share_work_fn *work, void *arg);

/* The loop must run once more. */
void share_destroy(share_t **self);

/* May a piece be done in this turn, and does nobody wait in line? Then share_end follows. Pieces of other shares may be done within, and count for both. self may be NULL in all
 * of these: there is always time then. */
bool share_begin(share_t *self);
void share_end(share_t *self);

/* To the end of the line, where share_begin was false. Fine for one that is in it. list_remove takes it out. */
void share_wait(share_t *self, share_waiter_t *waiter);

/* There is work to do: as much as fits into this turn is done now, the rest in later turns. Not from within `work`. */
void share_run(share_t *self);

/* The same, but nothing now. */
void share_wake(share_t *self);
