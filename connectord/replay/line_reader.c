#include "connectord/replay/line_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct line_reader {
    int fd;
    bool begun;      /* the first bytes have been read */
    bool ended;      /* the file has no more bytes */
    bool too_long;   /* what is in `bytes` is the beginning of such a line */
    size_t at, end;  /* the bytes not yet handed out */
    uint64_t number; /* of the last line */
    char bytes[LINE_MAX_BYTES + 2];
};

line_reader_t *line_reader_open(const char *path)
{
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not stop the process: it is refused below */
    if (fd == -1)
        return NULL;
    line_reader_t *self = calloc(1, sizeof *self);
    if (self && fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode)) {
        self->fd = fd;
        return self;
    }
    int error = self ? EINVAL : ENOMEM;
    free(self);
    close(fd);
    errno = error;
    return NULL;
}

/* Moves what is left to the front and reads more behind it. False on an error. */
static bool fill(line_reader_t *self)
{
    memmove(self->bytes, self->bytes + self->at, self->end - self->at);
    self->end -= self->at;
    self->at = 0;
    ssize_t n;
    do
        n = read(self->fd, self->bytes + self->end, sizeof self->bytes - self->end);
    while (n == -1 && errno == EINTR);
    self->ended = n == 0;
    self->end += n > 0 ? (size_t)n : 0;
    if (!self->begun)
        self->at = (size_t)(text_without_mark((text_t){self->bytes, self->end}).at - self->bytes);
    self->begun = true;
    return n >= 0;
}

/* Drops bytes up to and with the next LF. False on an error. */
static bool skip_rest(line_reader_t *self)
{
    self->too_long = false;
    for (;;) {
        const char *newline = memchr(self->bytes + self->at, '\n', self->end - self->at);
        self->at = newline ? (size_t)(newline - self->bytes) + 1 : self->end;
        if (newline || self->ended)
            return true;
        if (!fill(self))
            return false;
    }
}

/* The line up to `end`, and where the next begins. */
static void cut(line_reader_t *self, size_t end, size_t next, text_t *line)
{
    size_t length = end - self->at;
    if (length > 0 && self->bytes[end - 1] == '\r')
        length--;
    *line = (text_t){self->bytes + self->at, length};
    self->at = next;
    self->number++;
}

line_verdict_t line_reader_next(line_reader_t *self, text_t *line)
{
    if (self->too_long && !skip_rest(self))
        return LINE_ERROR;
    for (;;) {
        const char *newline = memchr(self->bytes + self->at, '\n', self->end - self->at);
        if (newline) {
            size_t end = (size_t)(newline - self->bytes);
            cut(self, end, end + 1, line);
            return line->length <= LINE_MAX_BYTES ? LINE_READ : LINE_TOO_LONG;
        }
        if (self->end - self->at == sizeof self->bytes) {
            self->too_long = true;
            self->number++;
            *line = (text_t){self->bytes, LINE_MAX_BYTES};
            return LINE_TOO_LONG;
        }
        if (self->ended)
            break;
        if (!fill(self))
            return LINE_ERROR;
    }
    if (self->at == self->end)
        return LINE_END;
    cut(self, self->end, self->end, line);
    return line->length <= LINE_MAX_BYTES ? LINE_READ : LINE_TOO_LONG;
}

uint64_t line_reader_number(const line_reader_t *self)
{
    return self->number;
}

void line_reader_rewind(line_reader_t *self)
{
    lseek(self->fd, 0, SEEK_SET);
    self->at = self->end = 0;
    self->number = 0;
    self->begun = self->ended = self->too_long = false;
}

void line_reader_close(line_reader_t **self_p)
{
    line_reader_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    close(self->fd);
    free(self);
}
