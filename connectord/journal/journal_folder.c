#include "connectord/journal/journal_folder.h"

#include "common/array.h"
#include "common/folders.h"
#include "common/log.h"
#include "connectord/journal/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BOOT_MAX = 64, NAME_LENGTH = 80 };

struct journal_folder {
    char *path;
    int fd, lock;
    uint64_t now_s;
    uint64_t *segments;
    size_t count, room;
    bool incomplete; /* memory ran out while listing */
    size_t bad;      /* files set aside */
    uint64_t last_epoch;
    char boot[BOOT_MAX]; /* the machine's present start; empty when the system does not tell */
};

/* "<digits><suffix>"; with a suffix that ends in a dot anything may follow. */
static bool name_number(const char *name, const char *suffix, uint64_t *number)
{
    text_t digits = {name, strspn(name, "0123456789")};
    size_t length = strlen(suffix);
    const char *rest = name + digits.length;
    bool open_ended = suffix[length - 1] == '.';
    return text_to_u64(digits, number) && strncmp(rest, suffix, length) == 0 && (open_ended || rest[length] == '\0');
}

/* "epoch-<digits>" */
static bool name_epoch(const char *name, uint64_t *epoch)
{
    text_t text = text_of(name), prefix = TEXT("epoch-");
    return text_starts_with(text, prefix) && text_to_u64((text_t){text.at + prefix.length, text.length - prefix.length}, epoch);
}

/* Calls `each` with every name in a folder. False when that can't be read. */
static bool folder_walk(int fd, void (*each)(journal_folder_t *self, int fd, const char *name), journal_folder_t *self)
{
    int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = own == -1 ? NULL : fdopendir(own);
    if (!folder) {
        if (own != -1)
            close(own);
        return false;
    }
    for (struct dirent *entry; (entry = readdir(folder));)
        each(self, fd, entry->d_name);
    closedir(folder);
    return true;
}

static size_t read_small(int folder, const char *name, char *out, size_t room)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd == -1 ? 0 : read(fd, out, room - 1);
    if (fd != -1)
        close(fd);
    size_t length = n > 0 ? (size_t)n : 0;
    out[length] = '\0';
    return length;
}

static bool folder_lock(journal_folder_t *self)
{
    self->lock = openat(self->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (self->lock == -1) {
        log_error("journal: can't open the lock", LOG_TEXT("path", self->path), LOG_ERRNO());
        return false;
    }
    if (flock(self->lock, LOCK_EX | LOCK_NB) != 0) {
        char owner[32];
        read_small(self->fd, "lock", owner, sizeof owner);
        owner[strcspn(owner, "\n")] = '\0';
        log_error("journal: in use by another process", LOG_TEXT("path", self->path), LOG_TEXT("process", owner));
        return false;
    }
    if (ftruncate(self->lock, 0) != 0 || dprintf(self->lock, "%d\n", (int)getpid()) < 0)
        log_warn("journal: can't write the lock", LOG_TEXT("path", self->path), LOG_ERRNO());
    return true;
}

static void list_entry(journal_folder_t *self, int fd, const char *name)
{
    uint64_t number;
    if (name_number(name, ".seg", &number)) {
        if (ARRAY_RESERVE(&self->segments, &self->room, self->count + 1, ARRAY_UNBOUNDED))
            self->segments[self->count++] = number;
        else
            self->incomplete = true;
    } else if (name_number(name, ".new", &number)) {
        unlinkat(fd, name, 0);
    } else if (name_number(name, ".bad.", &number)) {
        self->bad++;
    } else if (name_epoch(name, &number) && number > self->last_epoch) {
        self->last_epoch = number;
    }
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static bool folder_prepare(journal_folder_t *self)
{
    if (!folders_make(self->path) || (self->fd = open(self->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1) {
        log_error("journal: can't open the folder", LOG_TEXT("path", self->path), LOG_ERRNO());
        return false;
    }
    if (!folder_lock(self))
        return false;
    if (!folder_walk(self->fd, list_entry, self) || self->incomplete) {
        log_error("journal: can't list the folder", LOG_TEXT("path", self->path), LOG_ERRNO());
        return false;
    }
    if (self->count > 0)
        qsort(self->segments, self->count, sizeof *self->segments, compare_numbers);
    read_small(AT_FDCWD, "/proc/sys/kernel/random/boot_id", self->boot, sizeof self->boot);
    return true;
}

journal_folder_t *journal_folder_open(const char *path, uint64_t now_s)
{
    journal_folder_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->fd = self->lock = -1;
    self->now_s = now_s;
    self->path = strdup(path);
    if (!self->path || !folder_prepare(self))
        journal_folder_close(&self);
    return self;
}

const uint64_t *journal_folder_segments(const journal_folder_t *self, size_t *count)
{
    *count = self->count;
    return self->segments;
}

uint64_t journal_folder_last_epoch(const journal_folder_t *self)
{
    return self->last_epoch;
}

bool journal_folder_was_cut_off(const journal_folder_t *self)
{
    char before[BOOT_MAX];
    return read_small(self->fd, "boot", before, sizeof before) > 0 && self->boot[0] && strcmp(before, self->boot) != 0;
}

/* Nothing is written when the mark stands already, as after a kill -9: to wait for a busy disk would take seconds. */
bool journal_folder_mark_open(journal_folder_t *self)
{
    char before[BOOT_MAX];
    if (read_small(self->fd, "boot", before, sizeof before) > 0 && strcmp(before, self->boot) == 0)
        return true;
    int fd = openat(self->fd, "boot", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    bool written = fd != -1 && write(fd, self->boot, strlen(self->boot)) == (ssize_t)strlen(self->boot) && fsync(fd) == 0 &&
                   fsync(self->fd) == 0;
    if (!written)
        log_error("journal: can't mark it open", LOG_TEXT("path", self->path), LOG_ERRNO());
    if (fd != -1)
        close(fd);
    return written;
}

void journal_folder_mark_closed(journal_folder_t *self)
{
    unlinkat(self->fd, "boot", 0);
}

int journal_folder_fd(const journal_folder_t *self)
{
    return self->fd;
}

static bool write_all(int fd, text_t bytes)
{
    while (bytes.length > 0) {
        ssize_t n = write(fd, bytes.at, bytes.length);
        if (n <= 0)
            return false;
        bytes = (text_t){bytes.at + n, bytes.length - (size_t)n};
    }
    return true;
}

static void bad_name(const journal_folder_t *self, uint64_t number, char out[static NAME_LENGTH])
{
    snprintf(out, NAME_LENGTH, "%020" PRIu64 ".bad.%" PRIu64, number, self->now_s);
}

bool journal_folder_keep(journal_folder_t *self, uint64_t number, text_t damaged)
{
    char name[NAME_LENGTH];
    bad_name(self, number, name);
    if (self->bad >= JOURNAL_BAD_MAX) {
        log_warn("journal: too much is set aside already: not keeping this", LOG_TEXT("path", self->path));
        return false;
    }
    int fd = openat(self->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    bool kept = fd != -1 && write_all(fd, damaged);
    if (!kept)
        log_error("journal: can't set aside damaged data", LOG_TEXT("file", name), LOG_ERRNO());
    if (fd != -1)
        close(fd);
    self->bad++;
    return kept;
}

bool journal_folder_set_aside(journal_folder_t *self, uint64_t number)
{
    char from[SEGMENT_NAME_MAX], to[NAME_LENGTH];
    segment_name(from, number);
    bad_name(self, number, to);
    bool gone = self->bad++ < JOURNAL_BAD_MAX ? renameat(self->fd, from, self->fd, to) == 0 : unlinkat(self->fd, from, 0) == 0;
    if (gone)
        return true;
    log_error("journal: can't set a segment aside", LOG_TEXT("file", from), LOG_ERRNO());
    return false;
}

static void remove_segment(journal_folder_t *self, int fd, const char *name)
{
    (void)self;
    uint64_t number;
    if (name_number(name, ".seg", &number))
        unlinkat(fd, name, 0);
}

static void remove_earlier_epoch(journal_folder_t *self, int fd, const char *name)
{
    uint64_t epoch;
    if (!name_epoch(name, &epoch) || epoch >= self->last_epoch)
        return;
    int folder = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder == -1)
        return;
    folder_walk(folder, remove_segment, self);
    close(folder);
    unlinkat(fd, name, AT_REMOVEDIR);
}

bool journal_folder_give_up_epoch(journal_folder_t *self, uint64_t epoch, const uint64_t *numbers, size_t count)
{
    char folder[NAME_LENGTH];
    snprintf(folder, sizeof folder, "epoch-%" PRIu64, epoch);
    if (mkdirat(self->fd, folder, 0750) != 0 && errno != EEXIST) {
        log_error("journal: can't create a folder", LOG_TEXT("folder", folder), LOG_ERRNO());
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        char name[SEGMENT_NAME_MAX], to[NAME_LENGTH + SEGMENT_NAME_MAX];
        segment_name(name, numbers[i]);
        snprintf(to, sizeof to, "%s/%s", folder, name);
        if (renameat(self->fd, name, self->fd, to) != 0 && errno != ENOENT) {
            log_error("journal: can't move a segment", LOG_TEXT("file", to), LOG_ERRNO());
            return false;
        }
    }
    if (epoch > self->last_epoch)
        self->last_epoch = epoch;
    folder_walk(self->fd, remove_earlier_epoch, self);
    return true;
}

void journal_folder_close(journal_folder_t **self_ref)
{
    journal_folder_t *self = *self_ref;
    if (!self)
        return;
    if (self->lock != -1)
        close(self->lock); /* which unlocks it */
    if (self->fd != -1)
        close(self->fd);
    free(self->segments);
    free(self->path);
    free(self);
    *self_ref = NULL;
}
