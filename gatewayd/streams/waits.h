/* What subscribes under way wait for (subscribe.h): a stream to reach a cursor, a status, a time. Each is looked at when that
 * has come, and not before: those that wait for a stream are ordered by cursor in a heap of the stream's, all are ordered by
 * time, so that a drain of the bus costs nothing where nothing is due, however many wait.
 */
#pragma once

#include "common/heap.h"
#include "common/list.h"
#include "proto/cursor.h"

enum {
    WAITS_MAX = 100000,       /* of all clients */
    WAITS_PER_SYMBOL_MAX = 16 /* of one client for one symbol */
};

/* One that waits, or not. All zero at first. */
typedef struct {
    heap_item_t in_time, in_stream;
    list_t in_status; /* waits_t.for_status or .due */
    int64_t until_ns; /* when it is to be looked at, whatever comes */
    heap_t *stream;   /* waits_heap; NULL: it waits for none */
    cursor_t awaited;
} wait_t;

typedef struct {
    heap_t by_time;
    list_t for_status, due;
    size_t count;
    uint64_t status_count; /* statuses that had come when those waiting for one were checked */
} waits_t;

void waits_init(waits_t *self);

/* Nothing may wait from now on. */
void waits_release(waits_t *self);

/* It waits until this time, ns since 1970, at the latest, and there is nothing else that it waits for; or for the next
 * status, too; or for the stream to have come to the cursor. It must not wait yet. False when WAITS_MAX others do, or memory
 * runs out. */
bool waits_for_time(waits_t *self, wait_t *wait, int64_t until_ns);
bool waits_for_status(waits_t *self, wait_t *wait, int64_t until_ns);
bool waits_for_stream(waits_t *self, wait_t *wait, heap_t *stream, cursor_t awaited, int64_t until_ns);

/* It no longer waits. One that does not wait is fine. */
void waits_end(waits_t *self, wait_t *wait);

/* All of them wait this much longer. */
void waits_stood(waits_t *self, int64_t stood_ns);

/* One for which the status or the time that it waits for has come, which still waits: end it, and call again. NULL at the
 * end, in O(1). status_count: how many statuses have come. */
wait_t *waits_due(waits_t *self, uint64_t status_count, int64_t now_ns);

/* A stream's, of those who wait for it; and the first of them, when the stream has come to where that one waits for it. */
heap_t waits_heap(void);
wait_t *waits_reached(const heap_t *stream, cursor_t last);
