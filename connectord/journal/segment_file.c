#include "connectord/journal/crc32c.h"
#include "connectord/journal/segment_state.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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

static const header_t *segment_header(const segment_t *self)
{
    return (const header_t *)(const void *)self->map;
}

static uint32_t header_crc(const header_t *header)
{
    size_t from = offsetof(header_t, epoch);
    return crc32c(0, (const char *)header + from, sizeof *header - from);
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

uint32_t segment_room(const segment_t *self)
{
    return self->bytes - self->end;
}

uint32_t segment_end(const segment_t *self)
{
    return self->end;
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
