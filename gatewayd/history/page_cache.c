#include "gatewayd/history/page_cache.h"

#include "common/clock.h"
#include "common/table.h"
#include "proto/topic.h"

#include <assert.h>
#include <stdlib.h>

typedef struct {
    char bytes[TOPIC_MAX];
    text_t name;
    list_t pages; /* kept_t.in_topic */
} topic_t;

/* Of a frame: where it ends on its page, and the sum of the records up to it. */
typedef struct {
    uint32_t end, sum;
} kept_frame_t;

static_assert((int64_t)PAGE_CACHE_BYTES <= UINT32_MAX, "a place on a page is 32 bits");

/* Of trades behind `after` up to `last`; one that is expected has no frames yet. */
typedef struct {
    list_t in_cache, in_topic;
    topic_t *topic;
    dialect_t dialect;
    cursor_t after, last;
    int64_t until_ns;
    list_t waiters; /* of one that is expected */
    char *frames;
    kept_frame_t *index; /* of each of them */
    size_t bytes;
} kept_t;

struct page_cache {
    table_t *topics;
    list_t pages; /* kept_t.in_cache; the one that was used last is at the end */
    size_t count, bytes;
};

static void drop(page_cache_t *self, kept_t *page)
{
    topic_t *topic = page->topic;
    while (list_take(&page->waiters)) /* they look again by themselves */
        ;
    list_remove(&page->in_cache);
    list_remove(&page->in_topic);
    self->count--;
    self->bytes -= page->bytes;
    free(page->frames);
    free(page->index);
    free(page);
    if (!list_empty(&topic->pages))
        return;
    table_remove(self->topics, topic->name);
    free(topic);
}

static void drop_oldest(page_cache_t *self)
{
    list_t *item = list_take(&self->pages);
    if (item)
        drop(self, LIST_OWNER(item, kept_t, in_cache));
}

/* Is the trade behind `after` within it? */
static bool spans(const kept_t *page, cursor_t after)
{
    return page->after.epoch == after.epoch && after.seq >= page->after.seq && after.seq < page->last.seq;
}

static bool has_next(const kept_t *page, cursor_t after)
{
    return page->frames && spans(page, after);
}

static bool will_have_next(const kept_t *page, cursor_t after)
{
    return !page->frames && spans(page, after);
}

/* The one that was asked for from there on. */
static bool answers(const kept_t *page, cursor_t after)
{
    return !page->frames && cursor_compare(page->after, after) == 0;
}

/* The newest page of a stream of which this is true. */
static kept_t *find_page(const page_cache_t *self, text_t name, dialect_t dialect, cursor_t after,
                         bool is(const kept_t *page, cursor_t after))
{
    const topic_t *topic = table_get(self->topics, name);
    if (!topic)
        return NULL;
    for (list_t *item = topic->pages.previous; item != &topic->pages; item = item->previous) {
        kept_t *page = LIST_OWNER(item, kept_t, in_topic);
        if (page->dialect == dialect && is(page, after))
            return page;
    }
    return NULL;
}

static topic_t *topic_of(page_cache_t *self, text_t name)
{
    topic_t *topic = table_get(self->topics, name);
    if (topic || name.length > sizeof topic->bytes || !(topic = calloc(1, sizeof *topic)))
        return topic;
    memcpy(topic->bytes, name.at, name.length);
    topic->name = (text_t){topic->bytes, name.length};
    list_init(&topic->pages);
    if (table_put(self->topics, topic->name, topic))
        return topic;
    free(topic);
    return NULL;
}

/* One frame for each trade, and one sum where there are any: puts down where each ends, and the sum up to there. */
static bool index_frames(kept_t *page, text_t frames, text_t sums)
{
    size_t count = (size_t)(page->last.seq - page->after.seq), found = 0;
    text_t rest = frames;
    uint32_t sum = 0, next = 0;
    if (sums.length > 0 && sums.length != count * sizeof next)
        return false;
    page->index = calloc(count, sizeof *page->index);
    while (page->index && found < count && frame_skip(page->dialect, &rest)) {
        if (sums.length > 0)
            memcpy(&next, sums.at + found * sizeof next, sizeof next);
        sum += next;
        page->index[found++] = (kept_frame_t){(uint32_t)(rest.at - frames.at), sum};
    }
    return page->index && found == count && rest.length == 0;
}

/* The sum up to a frame, counted from 1. */
static uint32_t sum_to(const kept_t *page, uint64_t number)
{
    return number > 0 ? page->index[number - 1].sum : 0;
}

page_cache_t *page_cache_new(void)
{
    page_cache_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    list_init(&self->pages);
    self->topics = table_new();
    if (!self->topics)
        page_cache_destroy(&self);
    return self;
}

void page_cache_destroy(page_cache_t **self_p)
{
    page_cache_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    page_cache_expire(self, INT64_MAX);
    table_destroy(&self->topics);
    free(self);
}

text_t page_cache_find(page_cache_t *self, text_t topic, dialect_t dialect, cursor_t after, cursor_t to, size_t room_bytes,
                       cursor_t *last)
{
    kept_t *page = find_page(self, topic, dialect, after, has_next);
    if (!page || cursor_compare(after, to) >= 0)
        return TEXT("");
    list_remove(&page->in_cache);
    list_append(&self->pages, &page->in_cache);
    size_t first = (size_t)(after.seq - page->after.seq), count = (size_t)(page->last.seq - page->after.seq);
    size_t begin = first > 0 ? page->index[first - 1].end : 0, end = first + 1;
    if (to.epoch == after.epoch && to.seq < page->last.seq)
        count = (size_t)(to.seq - page->after.seq);
    while (end < count && page->index[end].end - begin <= room_bytes)
        end++;
    *last = (cursor_t){after.epoch, page->after.seq + end};
    return (text_t){page->frames + begin, page->index[end - 1].end - begin};
}

uint32_t page_cache_sum(const page_cache_t *self, text_t topic, dialect_t dialect, cursor_t after, cursor_t last)
{
    const kept_t *page = find_page(self, topic, dialect, after, has_next);
    if (!page || last.epoch != after.epoch || last.seq > page->last.seq)
        return 0;
    return sum_to(page, last.seq - page->after.seq) - sum_to(page, after.seq - page->after.seq);
}

bool page_cache_wait(page_cache_t *self, text_t topic, dialect_t dialect, cursor_t after, int64_t now_ns, list_t *waiter)
{
    kept_t *page = find_page(self, topic, dialect, after, will_have_next);
    if (!page || page->until_ns <= now_ns)
        return false;
    if (!list_linked(waiter))
        list_append(&page->waiters, waiter);
    return true;
}

static kept_t *add_page(page_cache_t *self, text_t topic, dialect_t dialect, cursor_t after, uint64_t count, int64_t now_ns)
{
    kept_t *page = calloc(1, sizeof *page);
    topic_t *owner = page ? topic_of(self, topic) : NULL;
    if (!owner) {
        free(page);
        return NULL;
    }
    *page = (kept_t){.topic = owner,
                     .dialect = dialect,
                     .after = after,
                     .last = {after.epoch, after.seq + count},
                     .until_ns = now_ns + PAGE_CACHE_WAIT_MS * NS_PER_MS};
    list_init(&page->in_cache);
    list_init(&page->in_topic);
    list_init(&page->waiters);
    list_append(&self->pages, &page->in_cache);
    list_append(&owner->pages, &page->in_topic);
    if (++self->count > PAGE_CACHE_PAGES)
        drop_oldest(self);
    return page;
}

void page_cache_expect(page_cache_t *self, text_t topic, dialect_t dialect, cursor_t after, uint64_t count, int64_t now_ns)
{
    kept_t *page = find_page(self, topic, dialect, after, answers);
    if (page) /* in vain */
        drop(self, page);
    add_page(self, topic, dialect, after, count, now_ns);
}

void page_cache_keep(page_cache_t *self, text_t topic, dialect_t dialect, cursor_t asked, cursor_t after, cursor_t last,
                     text_t frames, text_t sums, int64_t now_ns, list_t *waiters)
{
    kept_t *page = find_page(self, topic, dialect, asked, answers);
    if (!page && !(page = add_page(self, topic, dialect, asked, 0, now_ns)))
        return;
    for (list_t *item; (item = list_take(&page->waiters));)
        list_append(waiters, item);
    page->after = after;
    page->last = last;
    bool fits = last.epoch == after.epoch && last.seq > after.seq && frames.length > 0 && frames.length <= PAGE_CACHE_BYTES;
    if (!fits || !index_frames(page, frames, sums) || !(page->frames = malloc(frames.length))) {
        drop(self, page);
        return;
    }
    memcpy(page->frames, frames.at, frames.length);
    page->bytes = frames.length;
    page->until_ns = now_ns + PAGE_CACHE_MS * NS_PER_MS;
    self->bytes += page->bytes;
    list_remove(&page->in_cache);
    list_append(&self->pages, &page->in_cache);
    while (self->bytes > PAGE_CACHE_BYTES)
        drop_oldest(self);
}

void page_cache_expire(page_cache_t *self, int64_t now_ns)
{
    for (list_t *item = self->pages.next, *next; item != &self->pages; item = next) {
        kept_t *page = LIST_OWNER(item, kept_t, in_cache);
        next = item->next;
        if (now_ns >= page->until_ns)
            drop(self, page);
    }
}
