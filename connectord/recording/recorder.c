#include "connectord/recording/recorder.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/loop/worker.h"
#include "connectord/recording/recording_file.h"
#include "proto/topic.h"

#include <stdio.h>
#include <stdlib.h>

enum { FLUSH_MS = 200, PIECE_WANTED = 256 << 10, CLOSE_MS = 1000 };

/* Whole lines, and what has to stand before them in a new file. */
typedef struct {
    buffer_t before, lines;
} recorded_piece_t;

/* What the thread uses: it stays where the thread hangs. */
typedef struct {
    recorder_t *recorder;
    recording_file_t file;
    recorded_piece_t piece;
    bool written;
} recording_job_t;

typedef struct {
    bool connected;
    buffer_t named;       /* how subscriptions are called, as lines of a recording */
    bool asks;            /* what comes answers what was asked … */
    kept_subject_t asked; /* … of this (empty: of all) */
} recorder_line_t;

struct recorder {
    loop_t *loop;
    char source_text[SOURCE_MAX];
    text_t source;
    recorder_line_t lines[RECORDED_LINES_MAX];

    recording_job_t *job; /* NULL: nothing is recorded */
    worker_t *worker;     /* as job */
    loop_timer_t *flush;  /* as job */
    recorded_piece_t filling;
    size_t at_line;    /* the line that the last message in `filling` came on */
    uint64_t left_out; /* messages that neither piece had room for, since the last that one had */
    bool said;         /* that it records, since it was begun or has failed */
    int64_t retry_ns;  /* when it may go on after a failure (clock_mono_ns); 0: it has not failed */
    log_limit_t failure_limit, left_out_limit, long_limit;
};

static recorded_piece_t recorded_piece_new(void)
{
    return (recorded_piece_t){buffer_new(RECORDER_PIECE_MAX), buffer_new(RECORDER_PIECE_MAX)};
}

static void recorded_piece_clear(recorded_piece_t *self)
{
    buffer_clear(&self->before);
    buffer_clear(&self->lines);
}

static void recorded_piece_release(recorded_piece_t *self)
{
    buffer_release(&self->before);
    buffer_release(&self->lines);
}

/* --- the thread's part --- */

static void recording_job_free(recording_job_t *job)
{
    recording_file_release(&job->file);
    recorded_piece_release(&job->piece);
    free(job);
}

static void write_piece(void *arg)
{
    recording_job_t *job = arg;
    job->written = recording_file_write(&job->file, buffer_text(&job->piece.before), buffer_text(&job->piece.lines));
}

static void hand_over(recorder_t *self);

static void fail(recorder_t *self)
{
    log_warn_limited(&self->failure_limit, "recorder: nothing is recorded for now, trades go on",
                     LOG_SLICE("source", self->source), LOG_TEXT("error", self->job->file.error),
                     LOG_U64("retry_ms", RECORDER_RETRY_MS));
    self->retry_ns = clock_mono_ns() + RECORDER_RETRY_MS * NS_PER_MS;
    self->said = false;
    self->left_out = 0;
    recorded_piece_clear(&self->filling);
    loop_timer_stop(self->flush);
}

static void on_written(void *arg)
{
    recording_job_t *job = arg;
    recorder_t *self = job->recorder;
    recorded_piece_clear(&job->piece);
    if (!job->written) {
        fail(self);
        return;
    }
    if (!self->said)
        log_info("recorder: recording", LOG_SLICE("source", self->source), LOG_TEXT("path", job->file.path));
    self->said = true;
    if (self->filling.lines.length > 0)
        hand_over(self);
}

/* Only while the thread is idle. */
static void hand_over(recorder_t *self)
{
    recorded_piece_t empty = self->job->piece;
    self->job->piece = self->filling;
    self->filling = empty;
    loop_timer_stop(self->flush);
    worker_run(self->worker, write_piece, on_written, self->job);
}

static void on_flush(void *arg)
{
    recorder_t *self = arg;
    if (!worker_busy(self->worker)) /* else on_written does */
        hand_over(self);
}

/* --- the piece being filled --- */

bool recorder_is_on(const recorder_t *self)
{
    return self->job && (self->retry_ns == 0 || clock_mono_ns() >= self->retry_ns);
}

/* What whoever reads from here on has to know of the connections. Their names are those of before the piece. */
static void put_connections(recorder_t *self, buffer_t *out)
{
    for (size_t i = 0; i < RECORDED_LINES_MAX; i++) {
        if (!self->lines[i].connected)
            continue;
        recorded_line_put_mark(out, i, TEXT("continued"));
        buffer_append(out, buffer_text(&self->lines[i].named));
        if (self->lines[i].asks)
            recorded_line_put_answer(out, i, RECORDED_ASKED, KEPT_TEXT(&self->lines[i].asked));
        self->at_line = i;
    }
}

static void begin_piece(recorder_t *self)
{
    char remark[80];
    if (self->filling.lines.length > 0)
        return;
    size_t at_line = self->at_line;
    put_connections(self, &self->filling.before);
    if (self->left_out > 0) {
        snprintf(remark, sizeof remark, "%llu messages were left out: the disk is too slow",
                 (unsigned long long)self->left_out);
        recorded_line_put_remark(&self->filling.lines, text_of(remark));
        put_connections(self, &self->filling.lines);
        self->left_out = 0;
    } else if (self->at_line != at_line) {
        self->at_line = RECORDED_LINES_MAX; /* it depends on whether a file begins: so it is said */
    }
    loop_timer_start(self->flush, FLUSH_MS, 0);
}

static void leave_out(recorder_t *self)
{
    self->left_out++;
    log_warn_limited(&self->left_out_limit, "recorder: the disk is too slow, a message is left out",
                     LOG_SLICE("source", self->source), LOG_TEXT("path", self->job->file.path));
}

/* What was put since there were so many bytes stays whole or not at all. Once something was left out, what follows is, until the piece is written. */
static void end_lines(recorder_t *self, size_t length)
{
    buffer_t *lines = &self->filling.lines;
    if (!buffer_ok(lines) || self->left_out > 0) {
        buffer_cut(lines, length);
        leave_out(self);
    }
    if (lines->length >= PIECE_WANTED || lines->length >= self->job->file.bytes / 4)
        on_flush(self);
}

void recorder_connected(recorder_t *self, size_t line)
{
    bool records = recorder_is_on(self);
    if (records)
        begin_piece(self);
    self->lines[line].connected = true;
    self->lines[line].asks = false;
    buffer_clear(&self->lines[line].named);
    if (!records)
        return;
    size_t length = self->filling.lines.length;
    recorded_line_put_mark(&self->filling.lines, line, TEXT("connected"));
    self->at_line = line;
    end_lines(self, length);
}

void recorder_message(recorder_t *self, size_t line, text_t message, int64_t received_ns)
{
    if (message.length == 0 || !recorder_is_on(self))
        return;
    if (message.length > RECORDED_MESSAGE_MAX) {
        log_warn_limited(&self->long_limit, "recorder: a message over 1 MiB is left out", LOG_SLICE("source", self->source),
                         LOG_U64("bytes", message.length));
        return;
    }
    begin_piece(self);
    buffer_t *lines = &self->filling.lines;
    size_t length = lines->length;
    if (self->at_line != line)
        recorded_line_put_mark(lines, line, TEXT(""));
    recorded_line_put_message(lines, received_ns, message);
    self->at_line = line;
    end_lines(self, length);
}

/* An id that does not fit into a line is left out, as is one for which there is no room. */
static void mark_name(recorder_t *self, size_t line, text_t subject, text_t id)
{
    static log_limit_t limit;
    buffer_t *named = &self->lines[line].named, *lines = &self->filling.lines;
    size_t named_before = named->length;
    bool records = recorder_is_on(self);
    if (id.length == 0 || memchr(id.at, '\n', id.length) || memchr(id.at, '\r', id.length))
        return;
    if (records)
        begin_piece(self);
    size_t length = lines->length;
    recorded_line_put_name(named, line, subject, id);
    if (!buffer_ok(named)) {
        buffer_cut(named, named_before);
        log_warn_limited(&limit, "recorder: too many names of subscriptions", LOG_SLICE("source", self->source));
    }
    if (!records)
        return;
    recorded_line_put_name(lines, line, subject, id);
    end_lines(self, length);
}

static void mark_answer(recorder_t *self, size_t line, recorded_kind_t kind, text_t subject)
{
    recorder_line_t *on = &self->lines[line];
    bool records = recorder_is_on(self);
    if (subject.length > SUBJECT_MAX)
        return;
    if (records)
        begin_piece(self);
    on->asks = kind == RECORDED_ASKED;
    KEEP_TEXT(&on->asked, subject);
    if (!records)
        return;
    size_t length = self->filling.lines.length;
    recorded_line_put_answer(&self->filling.lines, line, kind, subject);
    end_lines(self, length);
}

void recorder_mark(recorder_t *self, size_t line, const recorded_line_t *mark)
{
    if (mark->kind == RECORDED_NAME)
        mark_name(self, line, mark->subject, mark->id);
    if (mark->kind == RECORDED_ASKED || mark->kind == RECORDED_ANSWERED)
        mark_answer(self, line, mark->kind, mark->subject);
}

/* --- beginning and end --- */

/* Everything that was taken is on its way to the disk or there. What hangs is left to itself. */
static void end(recorder_t *self)
{
    recording_job_t *job = self->job;
    if (!job)
        return;
    bool idle = worker_wait(self->worker, CLOSE_MS);
    if (idle && worker_busy(self->worker)) /* with what had come meanwhile */
        idle = worker_wait(self->worker, CLOSE_MS);
    if (idle && self->filling.lines.length > 0) {
        hand_over(self);
        idle = worker_wait(self->worker, CLOSE_MS);
    }
    loop_timer_destroy(&self->flush);
    worker_destroy(&self->worker);
    self->job = NULL;
    if (idle)
        recording_job_free(job);
    else
        log_warn("recorder: the disk does not answer, the end of the recording is lost", LOG_SLICE("source", self->source));
    recorded_piece_release(&self->filling);
    self->left_out = 0;
}

static bool begin(recorder_t *self, const char *path, uint64_t bytes, uint32_t files)
{
    recording_job_t *job = self->job = calloc(1, sizeof *job);
    if (!job)
        return false;
    job->recorder = self;
    job->piece = recorded_piece_new();
    self->filling = recorded_piece_new();
    self->said = false;
    self->retry_ns = 0;
    self->at_line = RECORDED_LINES_MAX;
    return recording_file_init(&job->file, path, bytes, files) && (self->worker = worker_new(self->loop)) &&
           (self->flush = loop_timer_new(self->loop, on_flush, self));
}

static bool is_same(const recording_file_t *file, const char *path, uint64_t bytes, uint32_t files)
{
    return strcmp(file->path, path) == 0 && file->bytes == bytes && file->files == files;
}

void recorder_use(recorder_t *self, const char *path, uint64_t bytes, uint32_t files)
{
    self->retry_ns = 0;
    if (self->job && is_same(&self->job->file, path, bytes, files))
        return;
    if (self->job) {
        log_info("recorder: ended", LOG_SLICE("source", self->source), LOG_TEXT("path", self->job->file.path));
        end(self);
    }
    if (path[0] == '\0' || begin(self, path, bytes, files))
        return;
    log_error("recorder: not started", LOG_SLICE("source", self->source), LOG_TEXT("path", path));
    loop_timer_destroy(&self->flush);
    worker_destroy(&self->worker);
    if (self->job)
        recording_job_free(self->job);
    self->job = NULL;
}

recorder_t *recorder_new(loop_t *loop, text_t source)
{
    recorder_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->loop = loop;
    self->source = (text_t){self->source_text, source.length < SOURCE_MAX ? source.length : SOURCE_MAX};
    memcpy(self->source_text, source.at, self->source.length);
    for (size_t i = 0; i < RECORDED_LINES_MAX; i++)
        self->lines[i].named = buffer_new(RECORDER_NAMED_MAX);
    return self;
}

void recorder_destroy(recorder_t **self_p)
{
    recorder_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    end(self);
    for (size_t i = 0; i < RECORDED_LINES_MAX; i++)
        buffer_release(&self->lines[i].named);
    free(self);
}
