/* History queries take turns, so that a client that asks for much keeps nobody waiting: neither others nor live trades.
 *
 *     turns_enter ──▶ waiting (of its asker) ──its turn──▶ `begin`, in flight ──▶ turns_leave
 *
 * A query is in flight from when history is asked until it is answered, counting as many bytes as its answer may have. An
 * asker, a client, has TURNS_ASKER_BYTES in flight at a time, and all have TURNS_BYTES, or one larger query. Askers take
 * turns, one query each; but who has begun to gather what is sent together (a batch) goes on before others begin, so that
 * not all gather at a time, most times: every TURNS_LINE-th turn is that of who waits longest. An asker whose link takes no
 * more waits until it does. The number of waiting queries is bounded, for each and for all. */
#pragma once

#include "common/list.h"
#include "common/loop/share.h"

enum {
    TURNS_ASKER_BYTES = 4 << 20, /* one of the largest answers, or many usual ones */
    TURNS_BYTES = 32 << 20,
    TURNS_ASKER_WAITING = 1000, /* queries: all that a client may have open (rpc.h) */
    TURNS_WAITING = 65536,
    TURNS_SHARED = 49152, /* this many are for all; the rest is for askers of whom … */
    TURNS_FEW = 8,        /* … fewer wait */
    TURNS_LINE = 8
};

typedef struct turns turns_t;

/* One that asks. */
typedef struct asker {
    list_t in_turns;                   /* linked while it has something waiting and room for it */
    list_t waiting;                    /* turn_t.in_asker */
    size_t count;                      /* of them */
    size_t bytes;                      /* in flight */
    bool (*ready)(struct asker *self); /* would its link take an answer? */
    bool (*begun)(struct asker *self); /* does it hold answers that go with those it waits for? */
} asker_t;

/* The turn of a query. */
typedef struct turn {
    list_t in_asker;                  /* while it waits */
    asker_t *asker;                   /* NULL: it neither waits nor is in flight */
    size_t bytes;                     /* that its answer may have */
    void (*begin)(struct turn *self); /* it has its turn; turns_leave may come within, or later */
} turn_t;

struct turns {
    share_t *share; /* of the loop's time, of which turns_step is the work; NULL: turns are taken at once */
    list_t askers;  /* asker_t.in_turns: those who stand in line, … */
    list_t begun;   /* … and those who go before, mostly */
    unsigned taken; /* turns */
    size_t bytes;   /* in flight */
    size_t waiting;
    bool running;
};

void turns_init(turns_t *self);
void asker_init(asker_t *self, bool (*ready)(asker_t *self), bool (*begun)(asker_t *self));

/* Queues a query, and starts it now or soon. False, and nothing happens, when too many wait. */
bool turns_enter(turns_t *self, asker_t *asker, turn_t *turn);

/* It is answered, or abandoned. Fine for one that has left. */
void turns_leave(turns_t *self, turn_t *turn);

/* The asker's link takes more again. */
void turns_ready(turns_t *self, asker_t *asker);

/* Starts the next one. False when none can start. */
bool turns_step(turns_t *self);
