#include "connectord/journal/backpressure.h"

#include "common/buffer.h"
#include "common/clock.h"
#include "common/log.h"
#include "proto/record.h"

#include <stdio.h>
#include <stdlib.h>

enum { RETRY_MS = 100, REASON_MAX = 120 };

typedef enum { FREE, HOLDING, LOSING } backpressure_state_t;

/* In `waiting`, with the trade's text behind it. */
typedef struct {
    journal_stream_t *stream;
    unjournaled_t *unjournaled; /* NULL: it was dropped */
    size_t length;
} held_t;

struct backpressure {
    web_t *web;
    journal_t *journal;
    int64_t hold_ns;
    const backpressure_events_t *events;
    void *arg;
    backpressure_state_t state;
    bool told;        /* that it began */
    bool full;        /* more came than may wait */
    int64_t since_ns; /* when it began */
    loop_timer_t *retry;
    buffer_t waiting;
    char reason[REASON_MAX];
};

static void forget(const held_t *held)
{
    if (held->unjournaled)
        held->unjournaled->waiting--;
}

static bool append_one(backpressure_t *self, const held_t *held, text_t json)
{
    char text[RECORD_MAX];
    cursor_t cursor = {journal_epoch(self->journal), journal_last(held->stream) + 1};
    size_t length = record_move(text, json, cursor);
    return length == 0 || journal_append(self->journal, held->stream, (text_t){text, length});
}

/* False where the journal is stuck again before all is in it. */
static bool append_waiting(backpressure_t *self)
{
    size_t at = 0;
    held_t held;
    bool appended = true;
    while (appended && at < self->waiting.length) {
        memcpy(&held, self->waiting.bytes + at, sizeof held);
        appended = !held.unjournaled || append_one(self, &held, (text_t){self->waiting.bytes + at + sizeof held, held.length});
        if (!appended)
            break;
        forget(&held);
        at += sizeof held + held.length;
    }
    buffer_consume(&self->waiting, at);
    return appended;
}

static void end(backpressure_t *self)
{
    log_info("journal: writing again: reading from exchanges",
             LOG_U64("held_ms", (uint64_t)((clock_mono_ns() - self->since_ns) / NS_PER_MS)));
    self->state = FREE;
    self->reason[0] = '\0';
    loop_timer_stop(self->retry);
    buffer_release(&self->waiting);
    web_hold(self->web, false);
    self->events->on_change(self->arg);
}

static void lose(backpressure_t *self)
{
    log_error("journal: full for too long: closing links, losing trades", LOG_TEXT("reason", self->reason));
    self->state = LOSING;
    self->events->on_losing(self->arg);
}

static void on_retry(void *arg)
{
    backpressure_t *self = arg;
    if (!self->told) {
        self->told = true;
        self->events->on_change(self->arg);
    }
    if (journal_unstick(self->journal) && append_waiting(self))
        end(self);
    else if (self->state == HOLDING && (self->full || clock_mono_ns() - self->since_ns >= self->hold_ns))
        lose(self);
}

static void begin(backpressure_t *self)
{
    self->state = HOLDING;
    self->told = self->full = false;
    self->since_ns = clock_mono_ns();
    snprintf(self->reason, sizeof self->reason, "the journal takes no trades: %s", strerror(journal_stuck(self->journal)));
    log_error("journal: can't take trades: holding exchanges back", LOG_TEXT("reason", self->reason));
    web_hold(self->web, true);
    loop_timer_start(self->retry, 0, RETRY_MS);
}

static bool keep(backpressure_t *self, const held_t *held, text_t json)
{
    size_t bytes = sizeof *held + json.length;
    char *place = self->state == HOLDING ? buffer_room(&self->waiting, bytes) : NULL;
    if (!place)
        return false;
    memcpy(place, held, sizeof *held);
    memcpy(place + sizeof *held, json.at, json.length);
    buffer_took(&self->waiting, bytes);
    return true;
}

bool backpressure_append(backpressure_t *self, journal_stream_t *stream, unjournaled_t *unjournaled, text_t json)
{
    if (self->state == FREE && journal_append(self->journal, stream, json))
        return true;
    if (self->state == FREE)
        begin(self);
    if (keep(self, &(held_t){stream, unjournaled, json.length}, json)) {
        unjournaled->waiting++;
        return true;
    }
    unjournaled->lost++;
    self->full = true;
    return false;
}

void backpressure_drop(backpressure_t *self, unjournaled_t *unjournaled)
{
    held_t held;
    for (size_t at = 0; at < self->waiting.length; at += sizeof held + held.length) {
        memcpy(&held, self->waiting.bytes + at, sizeof held);
        if (held.unjournaled != unjournaled)
            continue;
        held.unjournaled = NULL;
        memcpy(self->waiting.bytes + at, &held, sizeof held);
    }
    unjournaled->lost += unjournaled->waiting;
    unjournaled->waiting = 0;
}

text_t backpressure_reason(const backpressure_t *self)
{
    return text_of(self->reason);
}

backpressure_t *backpressure_new(loop_t *loop, web_t *web, journal_t *journal, uint32_t hold_ms,
                                 const backpressure_events_t *events, void *arg)
{
    backpressure_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (backpressure_t){.web = web,
                             .journal = journal,
                             .hold_ns = hold_ms * NS_PER_MS,
                             .events = events,
                             .arg = arg,
                             .waiting = buffer_new(BACKPRESSURE_BYTES)};
    self->retry = loop_timer_new(loop, on_retry, self);
    if (!self->retry)
        backpressure_destroy(&self);
    return self;
}

void backpressure_destroy(backpressure_t **self_ref)
{
    backpressure_t *self = *self_ref;
    if (!self)
        return;
    loop_timer_destroy(&self->retry);
    buffer_release(&self->waiting);
    free(self);
    *self_ref = NULL;
}
