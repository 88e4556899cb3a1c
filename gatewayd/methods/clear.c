#include "gatewayd/methods/clear.h"

#include "common/json/json.h"
#include "common/json/json_write.h"
#include "proto/request.h"

#include <stdlib.h>

typedef struct {
    clear_t *clear;
    history_call_t *call; /* NULL: it has answered, or can't be asked */
} part_t;

struct clear {
    requester_fn *done;
    void *arg;
    size_t waiting, good;
    uint64_t cleared;
    buffer_t refusal; /* the first answer that is a "no" */
    size_t count;
    part_t parts[];
};

static void put_partial(const clear_t *self, buffer_t *out)
{
    text_t why = json_member(json_member(buffer_text(&self->refusal), "error"), "message");
    char room[REQUEST_MAX];
    text_t message = TEXT("no answer from the others");
    if (why.length <= sizeof room)
        json_string(why, room, &message);
    buffer_t text = buffer_new(0);
    buffer_printf(&text, "cleared on only %zu of %zu history servers: %.*s", self->good, self->count, TEXT_ARG(message));
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_bool(&json, "ok", false);
    json_open_object(&json, "error");
    json_put_text(&json, "code", TEXT(ERROR_UNAVAILABLE));
    json_put_text(&json, "message", buffer_text(&text));
    json_close_object(&json);
    json_close_object(&json);
    buffer_release(&text);
}

static void put_cleared(const clear_t *self, buffer_t *out)
{
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_bool(&json, "ok", true);
    json_put_u64(&json, "cleared", self->cleared);
    json_close_object(&json);
}

static void finish(clear_t *self)
{
    buffer_t answer = buffer_new(0);
    if (self->good == self->count)
        put_cleared(self, &answer);
    else if (self->good > 0)
        put_partial(self, &answer);
    else
        buffer_append(&answer, buffer_text(&self->refusal));
    self->done(self->arg, buffer_ok(&answer) ? buffer_text(&answer) : TEXT(""));
    buffer_release(&answer);
    clear_cancel(&self);
}

static void on_answer(void *arg, text_t answer)
{
    part_t *part = arg;
    clear_t *self = part->clear;
    uint64_t cleared;
    part->call = NULL;
    if (json_kind(json_member(answer, "ok")) == JSON_TRUE && json_u64(json_member(answer, "cleared"), &cleared)) {
        self->good++;
        self->cleared = cleared > self->cleared ? cleared : self->cleared;
    } else if (self->refusal.length == 0)
        buffer_append(&self->refusal, answer);
    if (--self->waiting == 0)
        finish(self);
}

clear_t *clear_start(history_client_t *history, text_t request, requester_fn *done, void *arg)
{
    size_t count = history_count(history);
    clear_t *self = calloc(1, sizeof *self + count * sizeof *self->parts);
    if (!self)
        return NULL;
    self->done = done;
    self->arg = arg;
    self->count = count;
    self->refusal = buffer_new(0);
    for (size_t i = 0; i < count; i++) {
        part_t *part = &self->parts[i];
        part->clear = self;
        part->call = history_ask_one(history, i, request, CLEAR_LIMIT_MS, on_answer, part);
        self->waiting += part->call != NULL;
    }
    if (self->waiting == 0)
        clear_cancel(&self);
    return self;
}

void clear_cancel(clear_t **self_p)
{
    clear_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t i = 0; i < self->count; i++)
        history_cancel(&self->parts[i].call);
    buffer_release(&self->refusal);
    free(self);
}
