/* A reader of a live stream: the place up to which one client has it. What becomes of a reader is the matter of
 * clients/readers.h; the stream moves the place when it goes on in another epoch (markets_renew).
 */
#pragma once

#include "common/list.h"
#include "proto/cursor.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>

enum { READER_LINE = 64 };

typedef struct live_stream live_stream_t;
typedef struct readers readers_t;           /* clients/readers.h */
typedef struct subscription subscription_t; /* the same */

typedef enum {
    READER_WAITING,  /* for the stream to be known */
    READER_CATCHING, /* gets from history what the ring no longer has */
    READER_LIVE      /* reads the ring */
} reader_state_t;

/* What the mark at the end of a catch-up tells (proto/client.md, "mark"): from where it goes, how many records went out since, and the sum
 * of their sums (frame_sum). */
typedef struct {
    cursor_t from; /* exclusive */
    uint64_t count;
    uint32_t hash;
} reader_mark_t;

/* What each trade touches is the first cache line: where a thousand clients have many symbols, readers are too many to stay in
 * the processor's cache, and to fetch one costs more than what is done with it. */
typedef struct reader {
    alignas(READER_LINE) list_t in_queue; /* readers_t.ready (LIVE, with something to read) or readers_t.catching */
    readers_t *owner;                     /* the client's */
    struct ring *ring;                    /* the live stream's in the client's dialect; NULL while WAITING */
    uint64_t position;                    /* LIVE: in the ring */
    cursor_t last;                        /* the client has everything up to here */
    reader_state_t state;
    bool has_last : 1;   /* false while WAITING: takes the stream from where it begins */
    bool behind : 1;     /* counted in readers_t.behind */
    bool held : 1;       /* seated, but nothing of it goes out before the answer that says so */
    bool up_to_date : 1; /* has been at the ring's head since it was seated; one that was seated and has not is behind */
    bool batch : 1;      /* the subscription's */
    bool latest : 1;     /* of what it has not had only the newest is wanted (market_t.latest) */
    bool marking : 1;    /* it catches up, and its mark counts what it gets */
    bool turned : 1; /* `last` is of another epoch than what the client has had (markets_renew), and it has not been told so */

    live_stream_t *live_stream;
    uint32_t place;      /* in the live stream's readers */
    uint32_t page_count; /* CATCHING: how many trades the next page is to have, where few catch up; 0: it is the first */
    subscription_t *subscription;
    list_t in_subscription;
    reader_mark_t *mark; /* NULL: none is wanted */
    int64_t stuck_ns;    /* CATCHING: since when it has got no further; 0: it gets on */
    int64_t retry_ns;    /* CATCHING: not before */
} reader_t;

static_assert(sizeof(reader_t) == 2 * (size_t)READER_LINE, "there are many");
static_assert(offsetof(reader_t, live_stream) <= READER_LINE, "what each trade touches is one cache line");
