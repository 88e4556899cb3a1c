#include "gatewayd/rest/sse_subscribes.h"

#include "proto/topic.h"

static void tell(sse_subscribes_t *self)
{
    self->talk->gathering = false;
    if (self->code == 0)
        self->events->subscribed(self);
    else
        self->events->refused(self, self->code, self->reason, buffer_text(&self->message));
}

/* One of them is answered, or all have been asked. */
static void on_answered(sse_subscribes_t *self)
{
    if (--self->asking == 0 && !self->talk->end.closing)
        tell(self);
}

/* --- reply_kind_t --- */

static void with_result(reply_t *reply, text_t result)
{
    (void)result; /* the readers are where it says */
    on_answered(LIST_OWNER(reply, sse_subscribes_t, reply));
}

static void with_list(reply_t *reply, const reply_list_t *list)
{
    (void)list;
    with_result(reply, TEXT(""));
}

static void with_placed(reply_t *reply, char *result, size_t length)
{
    with_result(reply, (text_t){result, length});
}

static void with_error(reply_t *reply, int code, const char *reason, text_t message)
{
    sse_subscribes_t *self = LIST_OWNER(reply, sse_subscribes_t, reply);
    self->talk->caller.hub->rpc_counts.errors++;
    if (self->code == 0) {
        self->code = code;
        self->reason = reason;
        buffer_append(&self->message, message);
    }
    on_answered(self);
}

static bool is_wanted(const reply_t *reply)
{
    (void)reply;
    return true;
}

static const reply_kind_t reply_kind = {
    .result = with_result, .list = with_list, .placed = with_placed, .error = with_error, .wanted = is_wanted};

/* --- what each asks for --- */

typedef struct {
    text_t channel, key, source, mark;
    buffer_t since;
} wish_t;

static value_t wish_value(const void *from, const char *name)
{
    const wish_t *wish = from;
    if (strcmp(name, "channel") == 0)
        return (value_t){wish->channel, .plain = true};
    if (strcmp(name, "symbol") == 0)
        return (value_t){wish->key, .plain = true};
    if (strcmp(name, "source") == 0 && wish->source.length > 0)
        return (value_t){wish->source, .plain = true};
    if (strcmp(name, "mark") == 0 && wish->mark.length > 0)
        return (value_t){wish->mark, .plain = true};
    if (strcmp(name, "since") == 0 && wish->since.length > 0)
        return (value_t){.text = buffer_text(&wish->since)};
    return (value_t){.plain = true};
}

/* The answers may be there at once, and go out together. */
void sse_subscribes_start(sse_subscribes_t *self, conversation_t *talk, const sse_format_t *format, const sse_wanted_t *wanted,
                          const sse_subscribes_events_t *events)
{
    caller_t *caller = &talk->caller;
    wish_t wish = {.source = wanted->source, .mark = wanted->mark, .since = buffer_new(0)};
    text_t symbols = wanted->symbols, subject;
    *self = (sse_subscribes_t){
        .events = events, .talk = talk, .reply = {&reply_kind}, .asking = 1, .message = buffer_new(REPLY_MESSAGE_MAX)};
    conversation_cork(talk);
    talk->gathering = true;
    while (sse_format_symbol(&symbols, &subject)) {
        buffer_clear(&wish.since);
        subject_split(subject, &wish.channel, &wish.key);
        sse_format_put_since(format, subject, &wish.since);
        caller->hub->rpc_counts.requests++;
        self->asking++;
        caller_call(caller, TEXT("subscribe"), wish_value, &wish, &self->reply);
    }
    buffer_release(&wish.since);
    on_answered(self);
    conversation_uncork(talk);
}

void sse_subscribes_release(sse_subscribes_t *self)
{
    buffer_release(&self->message);
}
