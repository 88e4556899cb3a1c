#include "connectord/recording/recording_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MODE = 0640, NUMBERED_MAX = 4096 + 16 };

bool recording_file_init(recording_file_t *self, const char *path, uint64_t bytes, uint32_t files)
{
    *self = (recording_file_t){.path = strdup(path), .bytes = bytes, .files = files, .fd = -1};
    return self->path != NULL;
}

static void close_file(recording_file_t *self)
{
    if (self->fd != -1)
        close(self->fd);
    self->fd = -1;
    self->size = 0;
}

/* False, as whoever fails returns. */
static bool failed(recording_file_t *self, const char *what, const char *reason)
{
    snprintf(self->error, sizeof self->error, "can't %s %.200s: %s", what, self->path, reason);
    close_file(self);
    return false;
}

/* NULL when the file may be written to. */
static const char *refusal(int fd, struct stat *stat)
{
    if (fstat(fd, stat) == -1)
        return strerror(errno);
    if (!S_ISREG(stat->st_mode))
        return "expected a regular file";
    if (flock(fd, LOCK_EX | LOCK_NB) == -1)
        return errno == EWOULDBLOCK ? "another source or process records to it" : strerror(errno);
    return NULL;
}

/* Does the file end within a line? The process that wrote it was killed then. */
static bool is_torn(int fd, off_t size)
{
    char last;
    return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

static bool open_file(recording_file_t *self)
{
    struct stat stat;
    self->fd = open(self->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, FILE_MODE); /* a pipe must not stop us */
    if (self->fd == -1)
        return failed(self, "open", strerror(errno));
    const char *reason = refusal(self->fd, &stat);
    if (reason)
        return failed(self, "open", reason);
    self->size = (uint64_t)stat.st_size;
    if (is_torn(self->fd, stat.st_size)) {
        if (write(self->fd, "\n", 1) != 1)
            return failed(self, "write to", strerror(errno));
        self->size++;
    }
    return true;
}

/* All of it or, as far as the disk lets us, nothing: half a line would be read as one. */
static bool write_all(recording_file_t *self, text_t text)
{
    size_t written = 0;
    while (written < text.length) {
        ssize_t n = write(self->fd, text.at + written, text.length - written);
        if (n > 0) {
            written += (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            const char *reason = n == 0 ? "nothing was written" : strerror(errno);
            int cut = ftruncate(self->fd, (off_t)self->size);
            (void)cut; /* where that can't be done either, whoever opens it next ends the line */
            return failed(self, "write to", reason);
        }
    }
    self->size += text.length;
    return true;
}

static void print_numbered(const recording_file_t *self, char out[static NUMBERED_MAX], uint32_t number)
{
    if (number == 0)
        snprintf(out, NUMBERED_MAX, "%s", self->path);
    else
        snprintf(out, NUMBERED_MAX, "%s.%u", self->path, number);
}

/* PATH becomes PATH.1, which became PATH.2, … The oldest one makes room. */
static bool rotate(recording_file_t *self)
{
    char from[NUMBERED_MAX], to[NUMBERED_MAX];
    close_file(self);
    if (self->files == 1 && unlink(self->path) == -1 && errno != ENOENT)
        return failed(self, "remove", strerror(errno));
    for (uint32_t number = self->files - 1; number > 0; number--) {
        print_numbered(self, from, number - 1);
        print_numbered(self, to, number);
        if (rename(from, to) == -1 && errno != ENOENT)
            return failed(self, "rotate", strerror(errno));
    }
    return open_file(self);
}

bool recording_file_write(recording_file_t *self, text_t before, text_t piece)
{
    bool opened = self->fd == -1;
    if (opened && !open_file(self))
        return false;
    if (self->size > 0 && self->size + (opened ? before.length : 0) + piece.length > self->bytes) {
        if (!rotate(self))
            return false;
        opened = true;
    }
    return (!opened || write_all(self, before)) && write_all(self, piece);
}

void recording_file_release(recording_file_t *self)
{
    close_file(self);
    free(self->path);
    self->path = NULL;
}
