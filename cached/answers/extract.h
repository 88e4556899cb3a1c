/* A page of trades as an answer to recent, since or range: made in one go where memory has all of it, or in several with looks into the
 * store between them.
 *
 *     extract_begin_… ▶ extract_print ─▶ true: done
 *                       ▲    └───▶ false: extract_wants … extract_give for each stream that is lacking, then extract_print again
 */
#pragma once

#include "cached/streams/merge.h"
#include "cached/streams/shelf.h"
#include "proto/request.h"

typedef struct {
    const request_t *request; /* must stay */
    merge_t merge;
    uint64_t count;    /* trades printed */
    bool begun;        /* the answer's head is printed */
    bool incomplete;   /* the store failed, or has not got all yet */
    bool by_cursor;    /* a range: */
    cursor_t expected; /* the cursor that a stream without holes would have next; {0, 0}: any */
    uint64_t missing;
} extract_t;

/* store: may there be more in a store? The tapes must stay as long as the page. */
void extract_begin_recent(extract_t *self, const request_t *request, const shelf_symbol_t *symbol, bool store);
void extract_begin_since(extract_t *self, const request_t *request, const shelf_symbol_t *symbol, bool store);

/* tape: NULL for a stream that is offered and has had no trade. */
void extract_begin_range(extract_t *self, const request_t *request, const tape_t *tape, bool store);

/* Goes on with the answer, up to limit_bytes. True when it is done, false when some streams lack a piece of the store.
 *
 *     {"ok":true,"id":7,"trades":[…],"next":{"blockchain":"1763941200123456-42"}}
 *     {"ok":true,"id":7,"trades":[…],"missing":0,"next":"1763941200123456-1001"}
 */
bool extract_print(extract_t *self, size_t limit_bytes, buffer_t *answer);

/* The first stream from number `stream` on that lacks something; extract_streams when there is none. */
size_t extract_lacking(const extract_t *self, size_t stream);
size_t extract_streams(const extract_t *self);

/* What it lacks now: to be asked for at once, since memory may drop what it still holds. */
store_query_t extract_wants(extract_t *self, size_t stream);

/* What it lacked. The chunk stays until the page is done or lacks something of that stream again. stored: up to where the stream is known to be
 * stored. */
void extract_give(extract_t *self, size_t stream, const chunk_t *chunk, cursor_t stored);

/* Does what was given show a place before which the store has nothing of the stream (tape_set_floor)? */
bool extract_floor(const extract_t *self, size_t stream, cursor_t *floor);
