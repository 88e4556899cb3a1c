/* A page of trades as an answer to recent, since or range, or of coverage, for which the oldest trades are looked up: made in one go if memory has all of it, or in several with reads
 * of the store between them.
 *
 *     page_printer_begin_… ▶ page_printer_print ─▶ true: done
 *                            ▲    └───▶ false: page_printer_wants …
 *                            └──── page_printer_give for each stream that lacks a chunk
 */
#pragma once

#include "cached/archive/rebuild.h"
#include "cached/streams/catalog.h"
#include "cached/streams/merge.h"
#include "proto/request.h"

typedef struct {
    const rebuild_t *rebuild; /* set by the caller, before it begins; NULL: nothing is being rebuilt */
    const request_t *request; /* must stay */
    const catalog_t *catalog; /* of coverage; NULL: it is a page of trades */
    merge_t merge;
    uint64_t count;    /* trades printed */
    bool begun;        /* the answer's head is printed */
    bool incomplete;   /* the store failed, or does not have everything yet */
    bool by_cursor;    /* a range: */
    cursor_t expected; /* the cursor that a stream without gaps would have next; {0, 0}: any */
    uint64_t missing;
} page_printer_t;

/* store: may a store have more? The memory logs must outlive the page. */
void page_printer_begin_recent(page_printer_t *self, const request_t *request, const catalog_symbol_t *symbol, bool store);
void page_printer_begin_since(page_printer_t *self, const request_t *request, const catalog_symbol_t *symbol, bool store);

/* memory_log: NULL for a stream that is offered but has had no trade. */
void page_printer_begin_range(page_printer_t *self, const request_t *request, const memory_log_t *memory_log, bool store);

/* The symbol's trades; of them each stream's oldest is looked up. */
void page_printer_begin_coverage(page_printer_t *self, const request_t *request, const catalog_t *catalog, bool store);

/* Continues the answer, up to limit_bytes. True when it is done, false when some streams lack a chunk of the store.
 *
 *     {"ok":true,"id":7,"trades":[…],"next":{"blockchain":"1763941200123456-42"}}
 *     {"ok":true,"id":7,"trades":[…],"missing":0,"next":"1763941200123456-1001"}
 */
bool page_printer_print(page_printer_t *self, size_t limit_bytes, buffer_t *answer);

/* The first stream from number `stream` on that lacks something; page_printer_streams if none does. */
size_t page_printer_lacking(const page_printer_t *self, size_t stream);
size_t page_printer_streams(const page_printer_t *self);

/* What it lacks now: ask for it at once, since memory may drop what it still holds. */
store_query_t page_printer_wants(page_printer_t *self, size_t stream);

/* What it lacked. The chunk stays until the page is done or lacks something of that stream again. stored: up to where the stream is known to be
 * stored. */
void page_printer_give(page_printer_t *self, size_t stream, const chunk_t *chunk, cursor_t stored);

/* Does what was given show a place before which the store has nothing of the stream (memory_log_set_floor)? */
bool page_printer_floor(const page_printer_t *self, size_t stream, cursor_t *floor);
