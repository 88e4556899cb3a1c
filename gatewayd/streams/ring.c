/* Over 400 lines, but one idea: entries and bytes of one ring, which every function here reads or moves. */
#include "gatewayd/streams/ring.h"

#include "common/log.h"
#include "gatewayd/forms/subject_form.h"
#include "gatewayd/streams/mirror.h"

#include <assert.h>
#include <stdlib.h>

enum {
    ENTRY_BYTES = 256,      /* a trade's frame is hardly ever shorter: sizes the index */
    SUMMED_AT_ONCE = 16384, /* entries that are summed so that sums join, at most: some ms */
    GAPS_MASK = 0x7fffffff
};

/* Of what is told of the entries before it only differences matter. */
typedef struct {
    cursor_t cursor;
    uint64_t position;  /* where its frame begins */
    uint32_t sum;       /* the sums of the records before it, where they are known (ring_t.summed_from) */
    uint32_t gaps : 31; /* gaps before it */
    uint32_t gap : 1;
} ring_entry_t;

static_assert(sizeof(ring_entry_t) == 32, "a sum costs no memory");

/* A run in one frame. */
typedef struct {
    buffer_t frame;
    uint64_t from, to; /* positions; 0: none */
} ring_batch_t;

/* What is read at each run comes first. */
struct ring {
    char *bytes; /* capacity bytes, mapped twice in a row */
    size_t capacity;
    uint64_t tail, head; /* positions of the oldest frame and behind the newest */
    cursor_t last;
    dialect_t dialect;
    bool overwritten;      /* something has been */
    ring_entry_t *entries; /* a ring too: entry n is at n & entry_mask */
    uint64_t entry_mask;
    uint64_t first, end;             /* numbers of the oldest entry and of the next one */
    uint64_t summed_from, summed_to; /* the entries between are summed, … */
    uint32_t sum;                    /* … and this is the sum up to the latter */
    uint32_t gaps : 31;              /* before the next entry */
    size_t backed;                   /* mirror_back */
    ring_batch_t batch, deflated;
    cursor_t floor, last_gap;
    char names[2][SUBJECT_FORM_METHOD_MAX];
    text_t update, gap; /* of the notifications */
};

static ring_entry_t *entry_at(const ring_t *self, uint64_t number)
{
    return &self->entries[number & self->entry_mask];
}

/* The position behind an entry's frame. */
static uint64_t entry_end(const ring_t *self, uint64_t number)
{
    return number + 1 < self->end ? entry_at(self, number + 1)->position : self->head;
}

static text_t entry_frame(const ring_t *self, uint64_t number)
{
    uint64_t position = entry_at(self, number)->position;
    return (text_t){self->bytes + (position & (self->capacity - 1)), entry_end(self, number) - position};
}

/* Drops the oldest until `length` bytes and one entry more are free. */
static void make_room(ring_t *self, size_t length)
{
    while (self->first < self->end &&
           (self->end - self->first > self->entry_mask || self->head + length - self->tail > self->capacity)) {
        self->floor = entry_at(self, self->first)->cursor;
        self->tail = entry_end(self, self->first++);
        self->overwritten = true;
    }
}

static ring_entry_t *append(ring_t *self, cursor_t at, text_t method, text_t json)
{
    assert(cursor_compare(at, self->last) >= 0 && json.length <= RING_BYTES_MIN / 4 &&
           frame_notify_length(self->dialect, method, json) <= self->capacity);
    make_room(self, frame_notify_length(self->dialect, method, json));
    self->backed = mirror_back(self->bytes, self->capacity, self->backed,
                               self->head - self->capacity + frame_notify_length(self->dialect, method, json));
    size_t length = frame_notify(self->dialect, self->bytes + (self->head & (self->capacity - 1)), method, json);
    ring_entry_t *entry = entry_at(self, self->end++);
    *entry = (ring_entry_t){.cursor = at, .position = self->head, .gaps = self->gaps};
    self->head += length;
    self->last = at;
    return entry;
}

/* A frame of another dialect does not show its record, which is summed as it comes: that costs little beside making the frame. */
static void append_record(ring_t *self, cursor_t at, text_t json)
{
    ring_entry_t *entry = append(self, at, self->update, json);
    if (self->dialect == DIALECT_RPC)
        return;
    entry->sum = self->sum;
    self->sum += frame_sum(self->dialect, json);
    self->summed_to = self->end;
}

static void append_gap(ring_t *self, cursor_t at, text_t json)
{
    ring_entry_t *entry = append(self, at, self->gap, json);
    entry->gap = true;
    self->gaps++;
    if (self->dialect == DIALECT_RPC)
        return;
    entry->sum = self->sum;
    self->summed_to = self->end;
}

/* The number of the first entry whose cursor is behind `after`. */
static uint64_t first_behind(const ring_t *self, cursor_t after)
{
    uint64_t low = self->first, high = self->end;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (cursor_compare(entry_at(self, middle)->cursor, after) > 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* The number of the last entry whose frame begins at or before `position`. There must be one. */
static uint64_t entry_of(const ring_t *self, uint64_t position)
{
    uint64_t low = self->first, high = self->end;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (entry_at(self, middle)->position > position)
            high = middle;
        else
            low = middle + 1;
    }
    return low - 1;
}

/* --- sums --- */

/* The sum of the records before an entry, or the end, from summed_from to summed_to. */
static uint32_t sum_before(const ring_t *self, uint64_t number)
{
    return number < self->summed_to ? entry_at(self, number)->sum : self->sum;
}

static uint32_t entry_sum(const ring_t *self, uint64_t number)
{
    bool gap = entry_at(self, number)->gap;
    return gap ? 0 : frame_sum(DIALECT_RPC, frame_params(entry_frame(self, number), self->update));
}

/* Sums the entries from..to too, and those between them and what is summed, unless these are too many. Frames of other dialects are summed already. */
static void sum_up(ring_t *self, uint64_t from, uint64_t to)
{
    if (self->summed_from < self->first)
        self->summed_from = self->first;
    if (self->summed_to < self->summed_from || from > self->summed_to + SUMMED_AT_ONCE ||
        to + SUMMED_AT_ONCE < self->summed_from)
        self->summed_from = self->summed_to = from;
    for (uint64_t number = self->summed_to; number < to; number++) {
        entry_at(self, number)->sum = self->sum;
        self->sum += entry_sum(self, number);
        self->summed_to = number + 1;
    }
    while (self->summed_from > from) {
        uint32_t sum = sum_before(self, self->summed_from);
        self->summed_from--;
        entry_at(self, self->summed_from)->sum = sum - entry_sum(self, self->summed_from);
    }
}

static uint64_t number_at(const ring_t *self, uint64_t position)
{
    return position < self->head ? entry_of(self, position) : self->end;
}

static uint32_t gaps_before(const ring_t *self, uint64_t number)
{
    return number < self->end ? entry_at(self, number)->gaps : self->gaps;
}

ring_t *ring_new(size_t capacity_bytes, cursor_t floor)
{
    assert(capacity_bytes >= RING_BYTES_LATEST && (capacity_bytes & (capacity_bytes - 1)) == 0);
    ring_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->capacity = capacity_bytes;
    self->entry_mask = capacity_bytes / ENTRY_BYTES - 1;
    self->tail = self->head = capacity_bytes; /* what is put before it still has a position */
    self->first = self->end = self->entry_mask + 1;
    self->entries = calloc(self->entry_mask + 1, sizeof *self->entries);
    self->bytes = mirror_new(capacity_bytes);
    self->batch.frame = self->deflated.frame = buffer_new(0);
    self->floor = self->last = floor;
    ring_tell_of(self, TEXT(""));
    if (!self->entries || !self->bytes) {
        log_error("ring: out of memory", LOG_U64("bytes", capacity_bytes), LOG_ERRNO());
        ring_destroy(&self);
    }
    return self;
}

void ring_destroy(ring_t **self_p)
{
    ring_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    mirror_destroy(&self->bytes, self->capacity);
    free(self->entries);
    buffer_release(&self->batch.frame);
    buffer_release(&self->deflated.frame);
    free(self);
}

ring_t *ring_render(const ring_t *self, dialect_t dialect)
{
    ring_t *other = ring_new(self->capacity, self->floor);
    if (!other)
        return NULL;
    other->dialect = dialect;
    ring_tell_of(other, self->update);
    for (uint64_t number = self->first; number < self->end; number++) {
        const ring_entry_t *entry = entry_at(self, number);
        text_t frame = entry_frame(self, number);
        if (entry->gap)
            append_gap(other, entry->cursor, frame_params(frame, self->gap));
        else
            append_record(other, entry->cursor, frame_params(frame, self->update));
    }
    other->last_gap = self->last_gap;
    return other;
}

void ring_tell_of(ring_t *self, text_t subject)
{
    self->update = subject_form_method(self->names[0], subject, TEXT("update"));
    self->gap = subject_form_method(self->names[1], subject, TEXT("gap"));
}

void ring_append_trade(ring_t *self, cursor_t at, text_t json)
{
    assert(cursor_compare(at, self->last) > 0);
    append_record(self, at, json);
}

void ring_append_gap(ring_t *self, cursor_t at, text_t json)
{
    assert(cursor_compare(at, self->last) > 0);
    append_gap(self, at, json);
    self->last_gap = at;
}

void ring_append_turn(ring_t *self, cursor_t at, text_t json)
{
    append_gap(self, at, json);
}

void ring_renew(ring_t *self, cursor_t former, uint64_t epoch)
{
    for (uint64_t number = self->first; number < self->end; number++)
        entry_at(self, number)->cursor = cursor_renew(entry_at(self, number)->cursor, former, epoch);
    self->floor = cursor_renew(self->floor, former, epoch);
    self->last = cursor_renew(self->last, former, epoch);
    self->last_gap = cursor_renew(self->last_gap, former, epoch);
}

bool ring_prepend_trade(ring_t *self, cursor_t at, text_t json)
{
    assert(json.length <= RING_BYTES_MIN / 4 && self->dialect == DIALECT_RPC);
    size_t length = frame_notify_length(self->dialect, self->update, json);
    if (self->overwritten || at.seq == 0 || cursor_compare(at, self->floor) != 0 ||
        self->end - self->first > self->entry_mask || self->head - self->tail + length > self->capacity)
        return false;
    uint64_t position = self->tail - length;
    frame_notify(self->dialect, self->bytes + (position & (self->capacity - 1)), self->update, json);
    uint32_t gaps = self->first < self->end ? entry_at(self, self->first)->gaps : self->gaps;
    *entry_at(self, --self->first) = (ring_entry_t){.cursor = at, .position = position, .gaps = gaps & GAPS_MASK};
    self->tail = position;
    self->floor = (cursor_t){at.epoch, at.seq - 1};
    return true;
}

cursor_t ring_floor(const ring_t *self)
{
    return self->floor;
}

cursor_t ring_middle(const ring_t *self)
{
    return self->first < self->end ? entry_at(self, self->first + (self->end - self->first) / 2)->cursor : self->floor;
}

cursor_t ring_last(const ring_t *self)
{
    return self->last;
}

cursor_t ring_last_gap(const ring_t *self)
{
    return self->last_gap;
}

uint64_t ring_head(const ring_t *self)
{
    return self->head;
}

uint64_t ring_newest(const ring_t *self)
{
    return self->first < self->end ? entry_at(self, self->end - 1)->position : self->head;
}

bool ring_lapped(const ring_t *self, uint64_t position)
{
    return position < self->tail;
}

bool ring_behind(const ring_t *self, cursor_t after, uint64_t *frames)
{
    if (cursor_compare(after, self->floor) < 0 || cursor_compare(after, self->last) > 0)
        return false;
    *frames = self->end - first_behind(self, after);
    return true;
}

bool ring_find(const ring_t *self, cursor_t after, uint64_t *position)
{
    uint64_t frames;
    if (!ring_behind(self, after, &frames))
        return false;
    *position = frames > 0 ? entry_at(self, self->end - frames)->position : self->head;
    return true;
}

text_t ring_read(const ring_t *self, uint64_t position, cursor_t *last)
{
    assert(position <= self->head && !ring_lapped(self, position));
    text_t run = {self->bytes + (position & (self->capacity - 1)), self->head - position};
    if (run.length == 0)
        return run;
    *last = self->last;
    if (run.length > RING_RUN_MAX) {
        uint64_t number = entry_of(self, position + RING_RUN_MAX) - 1; /* that one ends beyond */
        run.length = entry_end(self, number) - position;
        *last = entry_at(self, number)->cursor;
    }
    return run;
}

text_t ring_batch(ring_t *self, uint64_t position, text_t run, bool deflate)
{
    ring_batch_t *batch = deflate ? &self->deflated : &self->batch;
    uint64_t to = position + run.length;
    if (batch->from == position && batch->to == to)
        return buffer_text(&batch->frame);
    buffer_clear(&batch->frame);
    if (deflate)
        frame_append_deflated(&batch->frame, ring_batch(self, position, run, false));
    else
        frame_append_batch(&batch->frame, self->dialect, run);
    bool made = buffer_ok(&batch->frame) && batch->frame.length > 0;
    batch->from = made ? position : 0; /* where no frame is */
    batch->to = made ? to : 0;
    return made ? buffer_text(&batch->frame) : TEXT("");
}

cursor_t ring_cursor(const ring_t *self, uint64_t end)
{
    return entry_at(self, entry_of(self, end - 1))->cursor;
}

uint64_t ring_frames(const ring_t *self)
{
    return self->end - self->first;
}

bool ring_entry(const ring_t *self, size_t back, cursor_t *cursor, text_t *json)
{
    if (back >= self->end - self->first)
        return false;
    uint64_t number = self->end - 1 - back;
    const ring_entry_t *entry = entry_at(self, number);
    *cursor = entry->cursor;
    *json = entry->gap ? (text_t){"", 0} : frame_params(entry_frame(self, number), self->update);
    return true;
}

ring_sum_t ring_sum(ring_t *self, uint64_t from_position, uint64_t to_position)
{
    uint64_t from = number_at(self, from_position), to = number_at(self, to_position);
    assert(from <= to && !ring_lapped(self, from_position));
    sum_up(self, from, to);
    uint32_t gaps = (gaps_before(self, to) - gaps_before(self, from)) & GAPS_MASK;
    return (ring_sum_t){.count = to - from - gaps, .hash = sum_before(self, to) - sum_before(self, from)};
}
