#include "cached/streams/merge.h"

#include <assert.h>

static const cursor_t cursor_first = {0, 0}, cursor_last = {UINT64_MAX, UINT64_MAX};

static bool is_before(cursor_t a, cursor_t b)
{
    return cursor_compare(a, b) < 0;
}

static merge_state_t ready_from_memory_log(merge_head_t *head, uint64_t number)
{
    head->next = memory_log_at(head->memory_log, number);
    head->from_memory_log = true;
    return MERGE_TRADE;
}

/* Does the chunk have another trade? */
static bool ready_from_chunk(merge_head_t *head)
{
    if (!head->chunk || head->in_chunk == chunk_count(head->chunk))
        return false;
    store_trade_t trade = chunk_at(head->chunk, head->in_chunk++);
    head->next = (memory_log_trade_t){trade.cursor, trade.timestamp_ns, trade.json};
    head->from_memory_log = false;
    return true;
}

/* May the store hold wanted trades of the stream before `end`, which is not behind the memory log's edge? */
static bool store_may_have(const merge_t *self, const merge_head_t *head, cursor_t end)
{
    if (!self->has_store || !is_before(memory_log_floor(head->memory_log), end))
        return false;
    if (memory_log_count(head->memory_log) == 0 || self->window.after_ns < INT64_MIN + MERGE_DISORDER_NS)
        return true;
    return memory_log_at(head->memory_log, memory_log_first(head->memory_log)).timestamp_ns >
           self->window.after_ns - MERGE_DISORDER_NS;
}

static merge_state_t seek_newest(merge_t *self, merge_head_t *head)
{
    if (ready_from_chunk(head))
        return MERGE_TRADE;
    if (head->chunk)
        return chunk_complete(head->chunk) || chunk_failed(head->chunk) ? MERGE_END : MERGE_LACKS;
    if (memory_log_newest(head->memory_log, head->number, self->window, &head->number))
        return ready_from_memory_log(head, head->number);
    cursor_t edge = memory_log_edge(head->memory_log);
    if (memory_log_count(head->memory_log) > 0 && is_before(edge, head->bound))
        head->bound = edge; /* what is held behind it was looked at */
    cursor_t end = is_before(edge, head->bound) ? edge : head->bound;
    return store_may_have(self, head, end) ? MERGE_LACKS : MERGE_END;
}

/* The chunk is through. It may be that memory has dropped what it still held when the chunk was asked for: then there is another one to
 * ask for. */
static merge_state_t seek_oldest(merge_t *self, merge_head_t *head)
{
    if (ready_from_chunk(head))
        return MERGE_TRADE;
    if (head->chunk && !chunk_complete(head->chunk) && !chunk_failed(head->chunk))
        return MERGE_LACKS;
    if (head->chunk && is_before(head->bound, cursor_behind(head->covered)))
        head->bound = cursor_behind(head->covered);
    if (is_before(head->last, head->bound))
        return MERGE_END;
    cursor_t edge = memory_log_edge(head->memory_log);
    if (is_before(head->bound, edge)) {
        if (!(head->chunk && chunk_failed(head->chunk)) && store_may_have(self, head, edge))
            return MERGE_LACKS;
    }
    uint64_t start =
        head->number > memory_log_first(head->memory_log) ? head->number : memory_log_find(head->memory_log, head->bound);
    if (!memory_log_oldest(head->memory_log, start, self->window, &head->number))
        return MERGE_END;
    merge_state_t state = ready_from_memory_log(head, head->number);
    return is_before(head->last, head->next.cursor) ? MERGE_END : state;
}

static void seek(merge_t *self, merge_head_t *head)
{
    self->lacking -= head->state == MERGE_LACKS;
    head->state = self->order == MERGE_NEWEST_FIRST ? seek_newest(self, head) : seek_oldest(self, head);
    self->lacking += head->state == MERGE_LACKS;
}

/* Of equal timestamps the earlier stream's is the earlier one, so that both orders tell the same story. There are few streams: looking
 * at each beats keeping a heap. */
static size_t head_choose(const merge_t *self)
{
    size_t chosen = self->count;
    for (size_t i = 0; i < self->count; i++) {
        if (self->heads[i].state != MERGE_TRADE)
            continue;
        bool newer = chosen < self->count && self->heads[i].next.timestamp_ns >= self->heads[chosen].next.timestamp_ns;
        if (chosen == self->count || newer == (self->order == MERGE_NEWEST_FIRST))
            chosen = i;
    }
    return chosen;
}

static merge_head_t *head_add(merge_t *self, const memory_log_t *memory_log)
{
    assert(self->count < MERGE_MAX);
    merge_head_t *head = &self->heads[self->count++];
    *head = (merge_head_t){.memory_log = memory_log, .state = MERGE_END, .last = cursor_last};
    return head;
}

void merge_begin(merge_t *self, merge_order_t order, window_t window, bool has_store)
{
    self->order = order;
    self->window = window;
    self->has_store = has_store;
    self->count = self->lacking = 0;
}

void merge_add_newest(merge_t *self, const memory_log_t *memory_log, cursor_t upto)
{
    merge_head_t *head = head_add(self, memory_log);
    head->bound = cursor_behind(upto);
    head->number = memory_log_find(memory_log, head->bound);
    seek(self, head);
}

void merge_add_oldest(merge_t *self, const memory_log_t *memory_log, cursor_t from, cursor_t to)
{
    merge_head_t *head = head_add(self, memory_log);
    head->bound = head->left = from;
    head->last = to;
    seek(self, head);
}

merge_state_t merge_peek(merge_t *self, memory_log_trade_t *trade)
{
    if (self->lacking > 0)
        return MERGE_LACKS;
    self->chosen = head_choose(self);
    if (self->chosen == self->count)
        return MERGE_END;
    *trade = self->heads[self->chosen].next;
    return MERGE_TRADE;
}

void merge_advance(merge_t *self)
{
    merge_head_t *head = &self->heads[self->chosen];
    head->bound = head->next.cursor;
    if (self->order == MERGE_OLDEST_FIRST) {
        head->bound = head->left = cursor_behind(head->bound);
        head->number += head->from_memory_log;
    }
    seek(self, head);
}

store_query_t merge_lacked(merge_t *self, size_t number, uint64_t limit)
{
    merge_head_t *head = &self->heads[number];
    store_query_t query = {.topic = memory_log_topic(head->memory_log),
                           .after_ns = self->window.after_ns,
                           .before_ns = self->window.before_ns,
                           .limit = limit};
    if (self->order == MERGE_NEWEST_FIRST) {
        query.order = STORE_NEWEST_FIRST;
        query.from = cursor_first;
        query.to = cursor_before(head->bound);
        head->covered = is_before(query.to, memory_log_known(head->memory_log)) ? query.to : memory_log_known(head->memory_log);
        return query;
    }
    query.order = STORE_OLDEST_FIRST;
    query.from = head->bound;
    head->covered = cursor_before(memory_log_edge(head->memory_log));
    query.to =
        memory_log_count(head->memory_log) > 0 ? head->covered : cursor_last; /* it may have what memory never heard of */
    if (is_before(head->last, query.to))
        query.to = head->last;
    if (is_before(query.to, head->covered))
        head->covered = query.to;
    return query;
}

void merge_give(merge_t *self, size_t number, const chunk_t *chunk)
{
    merge_head_t *head = &self->heads[number];
    head->chunk = chunk;
    head->in_chunk = 0;
    head->number = 0; /* the memory log's numbers may be others meanwhile: it is looked for by its cursor */
    seek(self, head);
}

/* A memory log's trade that was next may be gone, and a newer one at its place in memory; or it has another number, since
 * older ones were put before it. */
void merge_resume(merge_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        merge_head_t *head = &self->heads[i];
        if (head->state != MERGE_TRADE || !head->from_memory_log)
            continue;
        head->number =
            self->order == MERGE_NEWEST_FIRST ? memory_log_find(head->memory_log, cursor_behind(head->next.cursor)) : 0;
        seek(self, head);
    }
}

bool merge_floor(const merge_t *self, size_t number, cursor_t *floor)
{
    const chunk_t *chunk = self->heads[number].chunk;
    const store_query_t *query = chunk_query(chunk);
    if (chunk_failed(chunk) || self->window.after_ns != INT64_MIN || self->window.before_ns != INT64_MAX)
        return false;
    size_t count = chunk_count(chunk);
    bool newest_first = self->order == MERGE_NEWEST_FIRST;
    if (newest_first ? !chunk_complete(chunk) : cursor_compare(query->from, cursor_first) != 0)
        return false;
    *floor = count > 0 ? chunk_at(chunk, newest_first ? count - 1 : 0).cursor : cursor_behind(self->heads[number].covered);
    return true;
}

bool merge_place(const merge_t *self, size_t number, cursor_t *place)
{
    const merge_head_t *head = &self->heads[number];
    if (head->state == MERGE_TRADE)
        *place = head->next.cursor;
    else if (self->order == MERGE_NEWEST_FIRST)
        *place = cursor_before(head->bound);
    else if (self->window.before_ns != INT64_MAX)
        *place = head->left; /* the stream may go on: later than is wanted */
    else
        *place = head->state == MERGE_END && is_before(head->bound, cursor_behind(memory_log_known(head->memory_log)))
                     ? cursor_behind(memory_log_known(head->memory_log))
                     : head->bound;
    return head->state != MERGE_END || self->order == MERGE_OLDEST_FIRST;
}
