#include "connectord/journal/crc32c.h"
#include "connectord/journal/segment_state.h"

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct {
    _Atomic uint64_t commit; /* length << 32 | crc; a length is never 0 */
    uint32_t stream;
    uint32_t kind;
    uint64_t seq;
} record_head_t;

enum {
    CHECKED_FROM = offsetof(record_head_t, stream), /* the CRC covers the record from here on */
    AHEAD_BYTES = 1 << 17,                          /* of pages that are made ready at once */
    CALL_BYTES = 1 << 12,                           /* so many are better written by a system call, */
    CALLS = 16                                      /* and so many writes behind them, of which more will be large */
};

static record_head_t *segment_at(const segment_t *self, uint32_t offset)
{
    return (record_head_t *)(void *)(self->map + offset);
}

static uint32_t record_crc(const record_head_t *record, size_t payload_length)
{
    return crc32c(0, (const char *)record + CHECKED_FROM, sizeof *record - CHECKED_FROM + payload_length);
}

bool segment_record(const segment_t *self, uint32_t offset, segment_record_t *out, uint32_t *next)
{
    assert(offset >= SEGMENT_HEADER && offset % 8 == 0);
    if (self->bytes < sizeof(record_head_t) || offset > self->bytes - sizeof(record_head_t))
        return false;
    const record_head_t *record = segment_at(self, offset);
    uint64_t commit = atomic_load_explicit(&record->commit, memory_order_acquire);
    uint32_t length = (uint32_t)(commit >> 32);
    if (length == 0 || length > SEGMENT_PAYLOAD_MAX || segment_record_bytes(length) > self->bytes - offset)
        return false;
    if (record_crc(record, length) != (uint32_t)commit)
        return false;
    if (record->kind != SEGMENT_STREAM && record->kind != SEGMENT_TRADE)
        return false;
    *out = (segment_record_t){(segment_kind_t)record->kind, record->stream, record->seq, segment_payload(self, offset)};
    *next = offset + segment_record_bytes(length);
    return true;
}

uint32_t segment_record_bytes(size_t payload_length)
{
    return (uint32_t)((sizeof(record_head_t) + payload_length + 7) & ~(size_t)7);
}

bool segment_has_room(const segment_t *self, size_t payload_length)
{
    return payload_length <= SEGMENT_PAYLOAD_MAX && segment_record_bytes(payload_length) <= segment_room(self);
}

/* Faults for the pages of a new segment, one by one, would cost more than the copying does; a call for many is cheap. A
 * kernel that does not know it (before 5.14) goes on with faults. */
static void make_ready(segment_t *self, uint32_t end)
{
    uint32_t from = self->end & ~(uint32_t)(AHEAD_BYTES - 1);
    if (self->ready > from)
        from = self->ready;
    uint32_t to = (end | (AHEAD_BYTES - 1)) + 1;
    if (to > self->bytes)
        to = self->bytes;
    madvise(self->map + from, to - from, MADV_POPULATE_WRITE);
    self->ready = to;
}

uint32_t segment_compose(char *out, segment_kind_t kind, uint32_t stream, uint64_t seq, text_t payload)
{
    assert(payload.length > 0 && payload.length <= SEGMENT_PAYLOAD_MAX);
    record_head_t *record = (record_head_t *)(void *)out;
    uint32_t bytes = segment_record_bytes(payload.length);
    memset(out + bytes - 8, 0, 8); /* what fills it up */
    record->stream = stream;
    record->kind = kind;
    record->seq = seq;
    memcpy(record + 1, payload.at, payload.length);
    uint64_t commit = (uint64_t)payload.length << 32 | record_crc(record, payload.length);
    atomic_store_explicit(&record->commit, commit, memory_order_relaxed);
    return bytes;
}

uint32_t segment_composed(const char *at, segment_record_t *out)
{
    const record_head_t *record = (const record_head_t *)(const void *)at;
    size_t length = atomic_load_explicit(&record->commit, memory_order_relaxed) >> 32;
    *out = (segment_record_t){(segment_kind_t)record->kind, record->stream, record->seq, {(const char *)(record + 1), length}};
    return segment_record_bytes(length);
}

/* To be written to by the kernel costs a page nothing but the copying, to be written to by us a fault, too: 0.1 against 0.6
 * µs for a trade. But the calls have their price. False when one failed, on which the pages are left. */
static bool write_by_calls(segment_t *self, const char *records, uint32_t bytes, uint64_t commit)
{
    return pwrite(self->fd, records, bytes, self->end) == (ssize_t)bytes &&
           pwrite(self->fd, &commit, sizeof commit, self->end) == sizeof commit;
}

static void write_by_map(segment_t *self, const char *records, uint32_t bytes, uint64_t commit)
{
    record_head_t *place = segment_at(self, self->end);
    if (self->end + bytes > self->ready)
        make_ready(self, self->end + bytes);
    memcpy(place, records, bytes);
    atomic_store_explicit(&place->commit, commit, memory_order_release);
}

void segment_write(segment_t *self, char *records, uint32_t bytes)
{
    assert(bytes > 0 && bytes <= SEGMENT_BATCH_MAX && bytes <= segment_room(self));
    record_head_t *first = (record_head_t *)(void *)records;
    uint64_t commit = atomic_load_explicit(&first->commit, memory_order_relaxed);
    atomic_store_explicit(&first->commit, 0, memory_order_relaxed);
    if (bytes >= CALL_BYTES)
        self->calls = CALLS;
    else if (self->calls > 0)
        self->calls--;
    if (self->calls == 0 || !write_by_calls(self, records, bytes, commit))
        write_by_map(self, records, bytes, commit);
    atomic_store_explicit(&first->commit, commit, memory_order_relaxed);
    self->end += bytes;
}

uint32_t segment_append(segment_t *self, segment_kind_t kind, uint32_t stream, uint64_t seq, text_t payload)
{
    _Alignas(8) char record[sizeof(record_head_t) + SEGMENT_PAYLOAD_MAX];
    uint32_t offset = self->end;
    segment_write(self, record, segment_compose(record, kind, stream, seq, payload));
    return offset;
}

text_t segment_payload(const segment_t *self, uint32_t offset)
{
    const record_head_t *record = segment_at(self, offset);
    uint64_t commit = atomic_load_explicit(&record->commit, memory_order_relaxed);
    return (text_t){(const char *)(record + 1), commit >> 32};
}
