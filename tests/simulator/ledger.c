#include "tests/simulator/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/simulator/clock.h"

enum {
    BUFFER_BYTES = 1024 * 1024,
    LINE_BYTES_MAX = LEDGER_DETAILS_MAX + 256,
};

struct ledger {
    char *path;
    char *older; /* PATH.1 */
    int fd;
    uint64_t bytes, bytes_max;
    bool failed;
    text_writer_t lines;
    char buffer[BUFFER_BYTES];
};

static int open_file(const char *path)
{
    return open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

/* Who is killed while it writes leaves a piece of a line: what comes next is to begin a line of its own. */
static bool drop_torn_line(int fd)
{
    char last;
    off_t end = lseek(fd, 0, SEEK_END);
    off_t whole = end;
    while (whole > 0 && pread(fd, &last, 1, whole - 1) == 1 && last != '\n')
        whole--;
    return end != -1 && (whole == end || ftruncate(fd, whole) == 0);
}

ledger_t *ledger_open(const char *path, uint64_t bytes_max)
{
    ledger_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->lines = writer_on(self->buffer, BUFFER_BYTES);
    self->path = strdup(path);
    self->fd = open_file(path);
    self->bytes_max = bytes_max;
    if (asprintf(&self->older, "%s.1", path) == -1 || self->fd == -1 || !self->path || !drop_torn_line(self->fd)) {
        fprintf(stderr, "exchange-simulator: --ledger %s: %s\n", path, strerror(errno));
        ledger_close(&self);
        return NULL;
    }
    self->bytes = (uint64_t)lseek(self->fd, 0, SEEK_END);
    return self;
}

void ledger_close(ledger_t **self)
{
    if (!*self)
        return;
    if ((*self)->fd != -1) {
        ledger_flush(*self);
        close((*self)->fd);
    }
    free((*self)->path);
    free((*self)->older);
    free(*self);
    *self = NULL;
}

static void ledger_fail(ledger_t *self)
{
    fprintf(stderr, "exchange-simulator: --ledger %s: %s\n", self->path, strerror(errno));
    self->failed = true;
}

static void begin_another(ledger_t *self)
{
    close(self->fd);
    self->fd = -1;
    self->bytes = 0;
    if (rename(self->path, self->older) == -1 || (self->fd = open_file(self->path)) == -1)
        ledger_fail(self);
}

void ledger_flush(ledger_t *self)
{
    if (!self)
        return;
    const char *at = self->lines.start;
    while (at < self->lines.at && !self->failed) {
        const ssize_t written = write(self->fd, at, (size_t)(self->lines.at - at));
        if (written >= 0) {
            at += written;
            self->bytes += (uint64_t)written;
        } else if (errno != EINTR) {
            ledger_fail(self);
        }
    }
    self->lines.at = self->lines.start;
    if (self->bytes_max > 0 && self->bytes >= self->bytes_max && !self->failed)
        begin_another(self);
}

static text_writer_t *line_begin(ledger_t *self, const char *event, uint64_t connection)
{
    if (self->lines.end - self->lines.at < LINE_BYTES_MAX)
        ledger_flush(self);
    text_writer_t *line = &self->lines;
    writer_text(line, "{\"event\":\"");
    writer_text(line, event);
    if (connection > 0) {
        writer_text(line, "\",\"conn\":");
        writer_unsigned(line, connection);
    } else {
        writer_text(line, "\"");
    }
    return line;
}

static void line_end(text_writer_t *line)
{
    writer_text(line, ",\"at\":");
    writer_unsigned(line, (uint64_t)clock_real_ns());
    writer_text(line, "}\n");
}

void ledger_trade(ledger_t *self, const char *event, uint64_t connection, uint64_t seqnum, const sim_trade_t *trade)
{
    if (!self)
        return;
    text_writer_t *line = line_begin(self, event, connection);
    writer_text(line, ",\"seqnum\":");
    writer_unsigned(line, seqnum);
    writer_text(line, ",");
    writer_bytes(line, trade->text, trade->length);
    line_end(line);
}

void ledger_event(ledger_t *self, const char *event, uint64_t connection, const char *details)
{
    if (!self)
        return;
    text_writer_t *line = line_begin(self, event, connection);
    if (details) {
        writer_text(line, ",");
        writer_text(line, details);
    }
    line_end(line);
}

int ledger_read(ledger_t *self, size_t *length)
{
    struct stat status;
    if (!self)
        return -1;
    ledger_flush(self);
    const int fd = open(self->path, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return -1;
    if (fstat(fd, &status) == -1) {
        close(fd);
        return -1;
    }
    *length = (size_t)status.st_size;
    return fd;
}
