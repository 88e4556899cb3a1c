#include "gatewayd/streams/waits.h"

static bool is_earlier(heap_item_t *item, heap_item_t *other)
{
    return HEAP_OWNER(item, wait_t, in_time)->until_ns < HEAP_OWNER(other, wait_t, in_time)->until_ns;
}

void waits_init(waits_t *self)
{
    *self = (waits_t){.by_time = heap_new(is_earlier)};
    list_init(&self->for_status);
    list_init(&self->due);
}

void waits_release(waits_t *self)
{
    heap_release(&self->by_time);
}

bool waits_for_time(waits_t *self, wait_t *wait, int64_t until_ns)
{
    wait->until_ns = until_ns;
    wait->stream = NULL;
    list_init(&wait->in_status);
    if (self->count >= WAITS_MAX || !heap_put(&self->by_time, &wait->in_time))
        return false;
    self->count++;
    return true;
}

bool waits_for_status(waits_t *self, wait_t *wait, int64_t until_ns)
{
    if (!waits_for_time(self, wait, until_ns))
        return false;
    list_append(&self->for_status, &wait->in_status);
    return true;
}

bool waits_for_stream(waits_t *self, wait_t *wait, heap_t *stream, cursor_t awaited, int64_t until_ns)
{
    if (!waits_for_time(self, wait, until_ns))
        return false;
    wait->stream = stream;
    wait->awaited = awaited;
    if (heap_put(stream, &wait->in_stream))
        return true;
    waits_end(self, wait);
    return false;
}

void waits_end(waits_t *self, wait_t *wait)
{
    if (wait->in_time.place == 0)
        return;
    self->count--;
    heap_remove(&self->by_time, &wait->in_time);
    list_remove(&wait->in_status);
    if (wait->stream)
        heap_remove(wait->stream, &wait->in_stream);
    wait->stream = NULL;
}

void waits_stood(waits_t *self, int64_t stood_ns)
{
    for (size_t i = 0; i < self->by_time.count; i++) /* their order stays */
        HEAP_OWNER(self->by_time.items[i], wait_t, in_time)->until_ns += stood_ns;
}

wait_t *waits_due(waits_t *self, uint64_t status_count, int64_t now_ns)
{
    list_t *item;
    while (self->status_count != status_count && (item = list_take(&self->for_status)))
        list_append(&self->due, item);
    self->status_count = status_count;
    if (!list_empty(&self->due))
        return LIST_OWNER(self->due.next, wait_t, in_status);
    heap_item_t *first = heap_first(&self->by_time);
    wait_t *wait = first ? HEAP_OWNER(first, wait_t, in_time) : NULL;
    return wait && wait->until_ns <= now_ns ? wait : NULL;
}

/* By cursor. */
static bool is_lower(heap_item_t *item, heap_item_t *other)
{
    return cursor_compare(HEAP_OWNER(item, wait_t, in_stream)->awaited, HEAP_OWNER(other, wait_t, in_stream)->awaited) < 0;
}

heap_t waits_heap(void)
{
    return heap_new(is_lower);
}

wait_t *waits_reached(const heap_t *stream, cursor_t last)
{
    heap_item_t *first = heap_first(stream);
    wait_t *wait = first ? HEAP_OWNER(first, wait_t, in_stream) : NULL;
    return wait && cursor_compare(wait->awaited, last) <= 0 ? wait : NULL;
}
