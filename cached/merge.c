#include "cached/merge.h"

#include <assert.h>

/* Finds a head's next trade from number `at` on (or below it). */
static bool head_seek(merge_t *self, size_t head, uint64_t at)
{
    const tape_t *tape = self->heads[head].tape;
    uint64_t *number = &self->heads[head].number;
    bool found = self->order == MERGE_NEWEST_FIRST ? tape_newest_before(tape, at, self->bound_ns, number)
                                                   : tape_oldest_after(tape, at, self->bound_ns, number);
    if (found)
        self->heads[head].timestamp_ns = tape_at(tape, *number).timestamp_ns;
    return found;
}

static void head_remove(merge_t *self, size_t head)
{
    self->count--;
    for (size_t i = head; i < self->count; i++)
        self->heads[i] = self->heads[i + 1];
}

/* Of equal timestamps the earlier stream's is the earlier one, so that both orders tell the same story. There are few streams: looking
 * at each beats keeping a heap. */
static size_t head_choose(const merge_t *self)
{
    size_t chosen = 0;
    for (size_t i = 1; i < self->count; i++) {
        int64_t best_ns = self->heads[chosen].timestamp_ns, ns = self->heads[i].timestamp_ns;
        if (self->order == MERGE_NEWEST_FIRST ? ns >= best_ns : ns < best_ns)
            chosen = i;
    }
    return chosen;
}

static void start(merge_t *self, const tape_t *tape, uint64_t at)
{
    assert(self->count < MERGE_MAX);
    self->heads[self->count].tape = tape;
    if (head_seek(self, self->count, at))
        self->count++;
}

merge_t merge_newest(tape_t *const *tapes, const uint64_t *ends, size_t count, int64_t before_ns)
{
    merge_t self = {.order = MERGE_NEWEST_FIRST, .bound_ns = before_ns};
    for (size_t i = 0; i < count; i++)
        start(&self, tapes[i], ends[i]);
    return self;
}

merge_t merge_oldest(tape_t *const *tapes, size_t count, int64_t after_ns)
{
    merge_t self = {.order = MERGE_OLDEST_FIRST, .bound_ns = after_ns};
    for (size_t i = 0; i < count; i++)
        start(&self, tapes[i], tape_first(tapes[i]));
    return self;
}

bool merge_next(merge_t *self, tape_trade_t *trade)
{
    if (self->count == 0)
        return false;
    size_t head = head_choose(self);
    uint64_t number = self->heads[head].number;
    *trade = tape_at(self->heads[head].tape, number);
    if (!head_seek(self, head, self->order == MERGE_NEWEST_FIRST ? number : number + 1))
        head_remove(self, head);
    return true;
}
