/* Pages of history as frames, kept briefly, for all clients that are behind: when a gateway or the network comes back, or was too slow for many, thousands
 * of clients want the same ones at once. The first to want a page asks history for it; the others wait, and get their part of what
 * came. No client has a page of its own.
 *
 * A trade never changes, so what is kept stays true, unless history is cleared: hence PAGE_CACHE_MS.
 */
#pragma once

#include "common/list.h"
#include "gatewayd/forms/frame.h"
#include "proto/cursor.h"

enum {
    PAGE_CACHE_MS = 2000,
    PAGE_CACHE_WAIT_MS = 250, /* for the one that asked: it may have left meanwhile */
    PAGE_CACHE_BYTES = 4 << 20,
    PAGE_CACHE_PAGES = 4096
};

typedef struct page_cache page_cache_t;

/* NULL when memory runs out. */
page_cache_t *page_cache_new(void);
void page_cache_destroy(page_cache_t **self);

/* The frames of a stream's trades after `after` and up to `to`, as many as are kept and fit into room_bytes, at least one. *last: the cursor of the last
 * one. Empty: none is kept. Valid until the next call of anything else. The least recently used page makes room for others. */
text_t page_cache_find(page_cache_t *self, text_t topic, dialect_t dialect, cursor_t after, cursor_t to, size_t room_bytes,
                       cursor_t *last);

/* The sum of the records after `after` up to `last` modulo 2^32, of what page_cache_find gave; 0 where it was kept without sums. */
uint32_t page_cache_sum(const page_cache_t *self, text_t topic, dialect_t dialect, cursor_t after, cursor_t last);

/* Has somebody asked for the trade after `after`, less than PAGE_CACHE_WAIT_MS ago, without an answer yet? Then the waiter, which may wait already, is
 * handed out by page_cache_keep; it may leave its list before. */
bool page_cache_wait(page_cache_t *self, text_t topic, dialect_t dialect, cursor_t after, int64_t now_ns, list_t *waiter);

/* Somebody asks for `count` trades after `after`. Nothing happens when memory runs out. */
void page_cache_expect(page_cache_t *self, text_t topic, dialect_t dialect, cursor_t after, uint64_t count, int64_t now_ns);

/* The answer to a request for what is after `asked`: a frame for each trade after `after` up to `last`. Copied. sums: of each of
 * them (page_frames.h); empty: nobody needs any. If there is not exactly one frame and one sum for each (there was no answer, or memory ran out) nothing is kept, and nothing more expected. Those that waited are appended to `waiters`. */
void page_cache_keep(page_cache_t *self, text_t topic, dialect_t dialect, cursor_t asked, cursor_t after, cursor_t last,
                     text_t frames, text_t sums, int64_t now_ns, list_t *waiters);

/* Forgets what is too old. now_ns INT64_MAX: all. */
void page_cache_expire(page_cache_t *self, int64_t now_ns);
