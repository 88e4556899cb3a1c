/* Pages of history as frames, kept for a moment, for all who are behind: when a gateway or the network comes back, or was too slow for many, thousands
 * of clients want the same ones at once. The first to want a page asks history for it; the others wait for that, and get their part of what
 * came. No client has a page of its own.
 *
 * A trade never changes, so what is kept stays true, but for a history that was made to forget: for PAGE_CACHE_MS.
 */
#pragma once

#include "common/list.h"
#include "gatewayd/forms/frame.h"
#include "proto/cursor.h"

enum {
    PAGE_CACHE_MS = 2000,
    PAGE_CACHE_WAIT_MS = 250, /* for who asked: it may have left meanwhile */
    PAGE_CACHE_BYTES = 4 << 20,
    PAGE_CACHE_PAGES = 4096
};

typedef struct page_cache page_cache_t;

/* NULL when memory runs out. */
page_cache_t *page_cache_new(void);
void page_cache_destroy(page_cache_t **self);

/* The frames of the trades of a stream behind `after` and up to `to`, as many as are kept and room_bytes holds, at least one. *last: the cursor of the last
 * one. Empty: none is kept. Valid until the next call of anything else. The page that was used longest ago makes room for others. */
text_t page_cache_find(page_cache_t *self, text_t topic, dialect_t dialect, cursor_t after, cursor_t to, size_t room_bytes,
                       cursor_t *last);

/* Has somebody asked for the trade behind `after`, less than PAGE_CACHE_WAIT_MS ago, without an answer yet? Then the waiter, which may wait already, is
 * handed out by page_cache_keep; it may leave its list before. */
bool page_cache_wait(page_cache_t *self, text_t topic, dialect_t dialect, cursor_t after, int64_t now_ns, list_t *waiter);

/* Somebody asks for `count` trades behind `after`. Nothing happens when memory runs out. */
void page_cache_expect(page_cache_t *self, text_t topic, dialect_t dialect, cursor_t after, uint64_t count, int64_t now_ns);

/* The answer to who asked for what is behind `asked`: a frame for each trade behind `after` up to `last`. Copied. Where there is not just one
 * frame for each (there was no answer, or memory ran out) nothing is kept, and nothing more expected. Those who waited are appended to `waiters`. */
void page_cache_keep(page_cache_t *self, text_t topic, dialect_t dialect, cursor_t asked, cursor_t after, cursor_t last,
                     text_t frames, int64_t now_ns, list_t *waiters);

/* Time passes: forgets what is too old. now_ns INT64_MAX: all. */
void page_cache_expire(page_cache_t *self, int64_t now_ns);
