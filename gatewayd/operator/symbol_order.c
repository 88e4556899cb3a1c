#include "gatewayd/operator/symbol_order.h"

#include "common/json/json.h"

#include <stdlib.h>

typedef struct {
    symbol_order_t *order;
    history_call_t *call; /* NULL: it has answered, or can't be asked */
} order_part_t;

struct symbol_order {
    symbol_order_done_fn *done;
    void *arg;
    size_t waiting, good, unheard;
    buffer_t answer;  /* the first that is ok */
    buffer_t refusal; /* the first other one, but for those that do not have the source */
    buffer_t absence; /* one of those */
    size_t count;
    order_part_t parts[];
};

static const struct {
    const char *code;
    unsigned status;
} statuses[] = {
    {ERROR_INVALID_SOURCE, 404}, {ERROR_INVALID_SYMBOL, 400}, {ERROR_LIMIT, 409},
    {ERROR_FORBIDDEN, 502},      {ERROR_UNAVAILABLE, 503},
};

/* Of one that makes no sense, too: 502. */
static unsigned status_of(text_t answer)
{
    text_t code;
    if (!json_plain_string(json_member(json_member(answer, "error"), "code"), &code))
        return 502;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (text_equal(code, text_of(statuses[i].code)))
            return statuses[i].status;
    return 502;
}

static text_t message_of(text_t answer)
{
    text_t message = json_member(json_member(answer, "error"), "message");
    if (json_kind(message) != JSON_STRING || message.length < 2)
        return TEXT("a connectord's answer is not one of its protocol");
    return (text_t){message.at + 1, message.length - 2};
}

static void tell_partial(const symbol_order_t *self)
{
    buffer_t text = buffer_new(0);
    buffer_printf(&text, "done by %zu connectord, and by another one not: %.*s", self->good,
                  TEXT_ARG(message_of(buffer_text(&self->refusal))));
    self->done(self->arg, 502, buffer_text(&text));
    buffer_release(&text);
}

/* One that did not answer may be any: it matters only where no other one has the source. */
static void finish(symbol_order_t *self)
{
    text_t refusal = buffer_text(&self->refusal), absence = buffer_text(&self->absence);
    if (self->good > 0 && refusal.length > 0)
        tell_partial(self);
    else if (self->good > 0)
        self->done(self->arg, 200, buffer_text(&self->answer));
    else if (refusal.length > 0)
        self->done(self->arg, status_of(refusal), message_of(refusal));
    else if (self->unheard > 0)
        self->done(self->arg, 504, TEXT("no connectord that could have the source answered"));
    else
        self->done(self->arg, 404, message_of(absence));
    symbol_order_cancel(&self);
}

static void keep_first(buffer_t *kept, text_t answer)
{
    if (kept->length == 0)
        buffer_append(kept, answer);
}

static void on_answer(void *arg, text_t answer)
{
    order_part_t *part = arg;
    symbol_order_t *self = part->order;
    part->call = NULL;
    bool valid = answer.length > 0 && json_valid(answer);
    if (answer.length == 0) {
        self->unheard++;
    } else if (valid && json_kind(json_member(answer, "ok")) == JSON_TRUE) {
        self->good++;
        keep_first(&self->answer, answer);
    } else if (valid && status_of(answer) == 404) {
        keep_first(&self->absence, answer);
    } else {
        keep_first(&self->refusal, valid ? answer : TEXT("{}"));
    }
    if (--self->waiting == 0)
        finish(self);
}

symbol_order_t *symbol_order_start(history_client_t *history, text_t request, symbol_order_done_fn *done, void *arg)
{
    size_t count = history_replays(history);
    symbol_order_t *self = calloc(1, sizeof *self + count * sizeof *self->parts);
    if (!self)
        return NULL;
    *self = (symbol_order_t){
        .done = done, .arg = arg, .count = count, .answer = buffer_new(0), .refusal = buffer_new(0), .absence = buffer_new(0)};
    for (size_t i = 0; i < count; i++) {
        order_part_t *part = &self->parts[i];
        part->order = self;
        part->call = history_ask_replay(history, i, request, SYMBOL_ORDER_LIMIT_MS, on_answer, part);
        self->waiting += part->call != NULL;
        self->unheard += part->call == NULL;
    }
    if (self->waiting == 0)
        symbol_order_cancel(&self);
    return self;
}

void symbol_order_cancel(symbol_order_t **self_p)
{
    symbol_order_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t i = 0; i < self->count; i++)
        history_cancel(&self->parts[i].call);
    buffer_release(&self->answer);
    buffer_release(&self->refusal);
    buffer_release(&self->absence);
    free(self);
}
