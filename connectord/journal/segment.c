#include "connectord/journal/segment.h"

#include "connectord/journal/crc32c.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENT_MAGIC UINT64_C(0x314c4e524a574644) /* "DFWJRNL1" in little-endian order */

typedef struct {
    uint64_t magic;
    uint32_t version;
    uint32_t crc; /* of what follows */
    uint64_t epoch, number, position, bytes;
    uint64_t born_ns; /* when the file was made, as its filesystem says; 0: it does not say */
    uint64_t reserved;
} header_t;

_Static_assert(sizeof(header_t) == SEGMENT_HEADER, "the header has no padding");

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

struct segment {
    uint64_t number;
    int fd;
    bool temporary; /* not committed yet */
    bool resized;   /* the file's size is not the header's */
    bool copied;    /* the file was not made where the header was written */
    char *map;
    uint32_t bytes; /* mapped */
    uint32_t end;   /* offset behind the last record */
    unsigned calls; /* writes to come that are to be made by system calls */
    uint32_t ready; /* offset up to which pages are there to be written to; at or before `end` at the start */
};

static const header_t *segment_header(const segment_t *self)
{
    return (const header_t *)(const void *)self->map;
}

static record_head_t *segment_at(const segment_t *self, uint32_t offset)
{
    return (record_head_t *)(void *)(self->map + offset);
}

static uint32_t header_crc(const header_t *header)
{
    size_t from = offsetof(header_t, epoch);
    return crc32c(0, (const char *)header + from, sizeof *header - from);
}

static uint32_t record_crc(const record_head_t *record, size_t payload_length)
{
    return crc32c(0, (const char *)record + CHECKED_FROM, sizeof *record - CHECKED_FROM + payload_length);
}

static void temporary_name(char out[static SEGMENT_NAME_MAX], uint64_t number)
{
    snprintf(out, SEGMENT_NAME_MAX, "%020" PRIu64 ".new", number);
}

void segment_name(char out[static SEGMENT_NAME_MAX], uint64_t number)
{
    snprintf(out, SEGMENT_NAME_MAX, "%020" PRIu64 ".seg", number);
}

/* When the file was made, in ns since 1970; 0 where the filesystem does not know. It stays what it is for as long as the file lives, whatever
 * is written or renamed; a copy was made later. */
static uint64_t born_ns(int fd)
{
    struct statx status;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &status) != 0 || !(status.stx_mask & STATX_BTIME))
        return 0;
    return (uint64_t)status.stx_btime.tv_sec * UINT64_C(1000000000) + status.stx_btime.tv_nsec;
}

static segment_t *segment_new(int fd, uint64_t number)
{
    segment_t *self = calloc(1, sizeof *self);
    if (!self) {
        close(fd);
        return NULL;
    }
    self->fd = fd;
    self->number = number;
    self->end = SEGMENT_HEADER;
    return self;
}

static bool segment_map(segment_t *self, uint32_t bytes)
{
    void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
    if (map == MAP_FAILED)
        return false;
    self->map = map;
    self->bytes = bytes;
    return true;
}

segment_t *segment_reserve(int folder, uint64_t number, uint32_t bytes)
{
    assert(bytes >= SEGMENT_BYTES_MIN && bytes <= SEGMENT_BYTES_MAX && bytes % 8 == 0);
    char name[SEGMENT_NAME_MAX];
    temporary_name(name, number);
    int fd = openat(folder, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    segment_t *self = fd == -1 ? NULL : segment_new(fd, number);
    if (!self)
        return NULL;
    self->temporary = true;
    errno = posix_fallocate(fd, 0, bytes); /* else a full disk would be a SIGBUS some day */
    if (errno != 0 || !segment_map(self, bytes)) {
        int reason = errno;
        segment_drop(&self, folder);
        errno = reason;
        return NULL;
    }
    madvise(self->map, bytes,
            MADV_RANDOM); /* the kernel would read ahead, which is to fill megabytes with zeros for the first fault */
    return self;
}

void segment_begin(segment_t *self, uint64_t epoch, uint64_t position)
{
    header_t header = {SEGMENT_MAGIC, SEGMENT_VERSION, 0, epoch, self->number, position, self->bytes, born_ns(self->fd), 0};
    header.crc = header_crc(&header);
    memcpy(self->map, &header, sizeof header);
}

segment_t *segment_create(int folder, uint64_t number, uint64_t epoch, uint64_t position, uint32_t bytes)
{
    segment_t *self = segment_reserve(folder, number, bytes);
    if (self)
        segment_begin(self, epoch, position);
    return self;
}

static void current_name(const segment_t *self, char out[static SEGMENT_NAME_MAX])
{
    if (self->temporary)
        temporary_name(out, self->number);
    else
        segment_name(out, self->number);
}

/* The name first: a process that is killed while the zeros are written leaves no segment that is damaged. */
bool segment_recycle(segment_t *self, int folder, uint64_t number)
{
    char from[SEGMENT_NAME_MAX], to[SEGMENT_NAME_MAX];
    current_name(self, from);
    temporary_name(to, number);
    if (renameat(folder, from, folder, to) != 0)
        return false;
    self->number = number;
    self->temporary = true;
    self->resized = self->copied = false;
    memset(self->map, 0, self->bytes);
    self->end = SEGMENT_HEADER;
    self->ready = self->bytes;
    return true;
}

bool segment_commit(segment_t *self, int folder)
{
    char from[SEGMENT_NAME_MAX], to[SEGMENT_NAME_MAX];
    temporary_name(from, self->number);
    segment_name(to, self->number);
    if (renameat(folder, from, folder, to) != 0)
        return false;
    self->temporary = false;
    return true;
}

static segment_result_t header_check(const header_t *header, uint64_t number)
{
    if (header->magic != SEGMENT_MAGIC)
        return SEGMENT_GARBAGE;
    if (header->version > SEGMENT_VERSION)
        return SEGMENT_NEWER;
    bool fine = header->version == SEGMENT_VERSION && header->crc == header_crc(header) && header->number == number &&
                header->bytes >= SEGMENT_BYTES_MIN && header->bytes <= SEGMENT_BYTES_MAX && header->bytes % 8 == 0;
    return fine ? SEGMENT_OK : SEGMENT_GARBAGE;
}

/* Maps what there is of the file, but no more than the header says, and only if that is a header at all. */
static segment_result_t segment_load(segment_t *self)
{
    struct stat status;
    header_t header;
    if (fstat(self->fd, &status) != 0)
        return SEGMENT_FAILED;
    ssize_t n = pread(self->fd, &header, sizeof header, 0);
    if (n == -1)
        return SEGMENT_FAILED;
    segment_result_t result = n == sizeof header ? header_check(&header, self->number) : SEGMENT_GARBAGE;
    if (result != SEGMENT_OK)
        return result;
    self->resized = (uint64_t)status.st_size != header.bytes;
    uint64_t born = header.born_ns ? born_ns(self->fd) : 0;
    self->copied = born != 0 && born != header.born_ns;
    uint64_t bytes = (uint64_t)status.st_size < header.bytes ? (uint64_t)status.st_size & ~UINT64_C(7) : header.bytes;
    if (!segment_map(self, (uint32_t)bytes))
        return SEGMENT_FAILED;
    return SEGMENT_OK;
}

segment_result_t segment_open(segment_t **self_ref, int folder, uint64_t number)
{
    char name[SEGMENT_NAME_MAX];
    segment_name(name, number);
    int fd = openat(folder, name, O_RDWR | O_CLOEXEC);
    segment_t *self = fd == -1 ? NULL : segment_new(fd, number);
    if (!self)
        return SEGMENT_FAILED;
    segment_result_t result = segment_load(self);
    if (result != SEGMENT_OK) {
        int reason = errno;
        segment_close(&self);
        errno = reason;
    }
    *self_ref = self;
    return result;
}

/* One call for all pages that have been written; a kernel that does not know it (before 5.14) reads ahead, at least. */
void segment_prefetch(const segment_t *self)
{
    off_t hole = lseek(self->fd, 0, SEEK_HOLE);
    size_t bytes = hole > 0 && hole < (off_t)self->bytes ? (size_t)hole : self->bytes;
    if (madvise(self->map, bytes, MADV_POPULATE_READ) != 0)
        madvise(self->map, bytes, MADV_WILLNEED);
}

void segment_presume(segment_t *self, uint64_t used)
{
    if (used <= self->bytes - SEGMENT_HEADER)
        self->end = SEGMENT_HEADER + (uint32_t)used;
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

/* Behind the last record a killed writer may have left others that it had not committed yet: the first one's commit is zero. */
static bool rest_is_unfinished(const segment_t *self, text_t rest)
{
    uint64_t commit = 0;
    memcpy(&commit, rest.at, rest.length < sizeof commit ? rest.length : sizeof commit);
    return commit == 0 && rest.length <= SEGMENT_BATCH_MAX && !self->resized;
}

segment_rest_t segment_settle(segment_t *self, uint32_t end)
{
    assert(end >= SEGMENT_HEADER && end <= self->bytes);
    self->end = end;
    text_t rest = segment_rest(self);
    if (rest.length == 0)
        return self->resized ? SEGMENT_DAMAGED : SEGMENT_CLEAN;
    if (!rest_is_unfinished(self, rest))
        return SEGMENT_DAMAGED;
    segment_wipe_rest(self);
    return SEGMENT_CLEAN;
}

/* The end of the last byte that is not zero in [from, to), or from. */
static uint32_t last_written(const char *map, uint32_t from, uint32_t to)
{
    while (to > from && to % 8 != 0 && map[to - 1] == 0)
        to--;
    for (uint64_t word; to >= from + 8; to -= 8) {
        memcpy(&word, map + to - 8, sizeof word);
        if (word != 0)
            break;
    }
    while (to > from && map[to - 1] == 0)
        to--;
    return to;
}

text_t segment_rest(const segment_t *self)
{
    uint32_t written = self->end;
    /* Only where the file has data: the holes of a fresh segment need not be read in. */
    off_t data = lseek(self->fd, self->end, SEEK_DATA);
    while (data != -1 && data < (off_t)self->bytes) {
        off_t hole = lseek(self->fd, data, SEEK_HOLE);
        uint32_t from = (uint32_t)data < self->end ? self->end : (uint32_t)data;
        uint32_t to = hole == -1 || hole > (off_t)self->bytes ? self->bytes : (uint32_t)hole;
        uint32_t last = last_written(self->map, from, to);
        if (last > from)
            written = last;
        data = lseek(self->fd, to, SEEK_DATA);
    }
    return (text_t){self->map + self->end, written - self->end};
}

void segment_wipe_rest(segment_t *self)
{
    memset(self->map + self->end, 0, segment_rest(self).length);
}

uint32_t segment_record_bytes(size_t payload_length)
{
    return (uint32_t)((sizeof(record_head_t) + payload_length + 7) & ~(size_t)7);
}

bool segment_has_room(const segment_t *self, size_t payload_length)
{
    return payload_length <= SEGMENT_PAYLOAD_MAX && segment_record_bytes(payload_length) <= segment_room(self);
}

uint32_t segment_room(const segment_t *self)
{
    return self->bytes - self->end;
}

uint32_t segment_end(const segment_t *self)
{
    return self->end;
}

/* Faults for the pages of a new segment, one by one, would cost more than the copying does; a call for many is cheap. A kernel that does
 * not know it (before 5.14) goes on with faults. */
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

/* To be written to by the kernel costs a page nothing but the copying, to be written to by us a fault, too: 0.1 against 0.6 µs for a trade. But
 * the calls have their price. False when one failed, on which the pages are left. */
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

bool segment_is_copy(const segment_t *self)
{
    return self->copied;
}

uint64_t segment_number(const segment_t *self)
{
    return self->number;
}

uint64_t segment_epoch(const segment_t *self)
{
    return segment_header(self)->epoch;
}

uint64_t segment_position(const segment_t *self)
{
    return segment_header(self)->position;
}

uint32_t segment_bytes(const segment_t *self)
{
    return self->bytes;
}

uint32_t segment_used(const segment_t *self)
{
    return self->end - SEGMENT_HEADER;
}

bool segment_sync(segment_t *self)
{
    return msync(self->map, self->bytes, MS_SYNC) == 0;
}

void segment_close(segment_t **self_ref)
{
    segment_t *self = *self_ref;
    if (!self)
        return;
    if (self->map)
        munmap(self->map, self->bytes);
    close(self->fd);
    free(self);
    *self_ref = NULL;
}

void segment_drop(segment_t **self_ref, int folder)
{
    segment_t *self = *self_ref;
    if (!self)
        return;
    char name[SEGMENT_NAME_MAX];
    current_name(self, name);
    unlinkat(folder, name, 0);
    segment_close(self_ref);
}
