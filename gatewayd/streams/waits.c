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
    wait->live_stream = NULL;
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

bool waits_for_stream(waits_t *self, wait_t *wait, live_stream_t *live_stream, cursor_t awaited, int64_t until_ns)
{
    if (!waits_for_time(self, wait, until_ns))
        return false;
    wait->live_stream = live_stream;
    wait->awaited = awaited;
    if (heap_put(&live_stream->awaited, &wait->in_stream))
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
    if (wait->live_stream)
        heap_remove(&wait->live_stream->awaited, &wait->in_stream);
    wait->live_stream = NULL;
}

void waits_stood(waits_t *self, int64_t stood_ns)
{
    for (size_t i = 0; i < self->by_time.count; i++) /* their order stays */
        HEAP_OWNER(self->by_time.items[i], wait_t, in_time)->until_ns += stood_ns;
}

/* Of the streams that grew; NULL when none has come to where somebody waits for it. */
static wait_t *reached(markets_t *markets)
{
    live_stream_t *live_stream;
    for (; (live_stream = markets_reached(markets)); list_remove(&live_stream->in_reached)) {
        heap_item_t *first = heap_first(&live_stream->awaited);
        wait_t *wait = first ? HEAP_OWNER(first, wait_t, in_stream) : NULL;
        if (wait && live_stream->ring && cursor_compare(wait->awaited, ring_last(live_stream->ring)) <= 0)
            return wait;
    }
    return NULL;
}

wait_t *waits_due(waits_t *self, markets_t *markets, uint64_t status_count, int64_t now_ns)
{
    list_t *item;
    while (self->status_count != status_count && (item = list_take(&self->for_status)))
        list_append(&self->due, item);
    self->status_count = status_count;
    if (!list_empty(&self->due))
        return LIST_OWNER(self->due.next, wait_t, in_status);
    wait_t *wait = reached(markets);
    heap_item_t *first = heap_first(&self->by_time);
    if (!wait && first && HEAP_OWNER(first, wait_t, in_time)->until_ns <= now_ns)
        wait = HEAP_OWNER(first, wait_t, in_time);
    return wait;
}
