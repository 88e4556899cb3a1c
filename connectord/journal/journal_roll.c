/* Where the journal goes on when its newest segment is full. That must not depend on what others leave of the disk and of the descriptors:
 *
 *     the ring is not full yet     there is a spare segment, made ahead, open, its room reserved
 *     it is full, or there is no   one is made, and the oldest leaves. Where none can be made, the oldest one becomes the newest: it has its room and its
 *     spare                        descriptor already
 *
 * Only a journal of one segment whose spare could not be made may get stuck.
 */
#include "connectord/journal/journal.h"

#include "common/clock.h"
#include "common/log.h"
#include "connectord/journal/journal_state.h"

#include <errno.h>

static bool ring_is_full(const journal_t *self)
{
    return self->count > 1 && self->mapped_bytes + self->segment_bytes > self->capacity_bytes;
}

/* Takes the oldest one out. */
static segment_t *take_oldest(journal_t *self)
{
    segment_t *oldest = self->segments[0];
    journal_read_all(self);
    stream_table_drop_below(&self->streams, (segment_number(oldest) + 1) << 32);
    self->mapped_bytes -= segment_bytes(oldest);
    memmove(self->segments, self->segments + 1, --self->count * sizeof *self->segments);
    return oldest;
}

static void drop_oldest(journal_t *self)
{
    segment_t *oldest = take_oldest(self);
    segment_drop(&oldest, journal_folder_fd(self->folder));
}

/* The oldest becomes the next. NULL, with errno, where there is no other than the newest. */
static segment_t *recycle_oldest(journal_t *self)
{
    int folder = journal_folder_fd(self->folder), reason = errno;
    while (self->count > 1) {
        segment_t *oldest = take_oldest(self);
        bool fits = segment_bytes(oldest) == self->segment_bytes; /* not one of a time with another capacity */
        if (fits && segment_recycle(oldest, folder, self->next_number))
            return oldest;
        segment_drop(&oldest, folder);
        segment_t *fresh = segment_reserve(folder, self->next_number, self->segment_bytes);
        if (fresh)
            return fresh;
        reason = errno;
    }
    errno = reason;
    return NULL;
}

static segment_t *next_segment(journal_t *self)
{
    segment_t *next = self->spare;
    self->spare = NULL;
    if (!next)
        next = segment_reserve(journal_folder_fd(self->folder), self->next_number, self->segment_bytes);
    while (next && ring_is_full(self))
        drop_oldest(self);
    return next ? next : recycle_oldest(self);
}

/* It begins with a record for every stream, so that nothing depends on the older ones. */
static void begin(const journal_t *self, segment_t *fresh, uint64_t position)
{
    segment_begin(fresh, self->epoch, position);
    stream_table_write(&self->streams, fresh);
}

bool journal_roll(journal_t *self)
{
    uint64_t position = journal_position(self);
    segment_t *fresh = next_segment(self);
    int folder = journal_folder_fd(self->folder);
    if (fresh)
        begin(self, fresh, position);
    if (fresh && (self->renewing || segment_commit(fresh, folder)) && journal_add_segment(self, fresh)) {
        self->stuck = 0;
        return true;
    }
    static log_limit_t limit;
    self->stuck = errno != 0 ? errno : ENOMEM;
    log_error_limited(&limit, "journal: no room for a new segment", LOG_ERRNO());
    segment_drop(&fresh, folder);
    return false;
}

bool journal_keep_spare(journal_t *self)
{
    if (self->spare || ring_is_full(self))
        return true;
    self->spare = segment_reserve(journal_folder_fd(self->folder), self->next_number, self->segment_bytes);
    static log_limit_t limit;
    if (!self->spare)
        log_warn_limited(&limit, "journal: can't allocate the next segment: the oldest one will make room", LOG_ERRNO());
    return self->spare != NULL;
}

bool journal_has_spare(const journal_t *self)
{
    return self->spare || ring_is_full(self);
}

void journal_drop_spare(journal_t *self)
{
    segment_drop(&self->spare, journal_folder_fd(self->folder));
}

bool journal_unstick(journal_t *self)
{
    if (self->stuck == ENOMEM)
        self->stuck = 0; /* whether there is memory again only the next trade can tell */
    return self->stuck == 0 || journal_roll(self);
}

int journal_stuck(const journal_t *self)
{
    return self->stuck;
}
