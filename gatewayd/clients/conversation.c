#include "gatewayd/clients/conversation.h"

#include "gatewayd/forms/dialect.h"
#include "gatewayd/streams/ring.h"

enum {
    OUTBOX_MAX = 64 << 20 /* bytes; one message may be larger than pending_bytes, but not than this */
};

/* Of the frames that the link took it may have to keep the last one, where it is not ready: so much of them. */
static size_t kept_of(const conversation_t *self, text_t frames)
{
    text_t rest = frames, payload;
    size_t last = 0;
    if (client_end_ready(&self->end))
        return 0;
    for (const char *start = rest.at; frame_next(&rest, &payload); start = rest.at)
        last = (size_t)(rest.at - start);
    return last;
}

/* Is there room for so many bytes more? A single message may be of any length, else a client could never get it: what waits
 * beside it counts; and a little may wait beside it whatever others hold. */
static bool make_room(conversation_t *self, size_t length)
{
    size_t limit = self->caller.hub->limits.pending_bytes;
    if (self->end.closing)
        return false;
    if (self->outbox.length == 0)
        self->longest = 0;
    bool little = self->outbox.length + length <= self->longest + BUDGET_LITTLE;
    if (length > limit && length > self->longest)
        self->longest = length;
    if (self->outbox.length + length <= limit + self->longest && (little || budget_admits(&self->caller.account, length)))
        return true;
    self->caller.hub->counts.overflowed++;
    conversation_end(self, CLOSE_POLICY, TEXT("too many bytes wait to be read"));
    return false;
}

static void send_outbox(conversation_t *self)
{
    size_t length = self->outbox.length, taken = conversation_send_now(self, buffer_text(&self->outbox), &self->outbox);
    if (taken < length)
        buffer_consume(&self->outbox, taken);
    else
        buffer_release(&self->outbox); /* most clients are silent most of the time */
}

/* The frame that ends `owner` becomes the outbox, which is empty. */
static void adopt(conversation_t *self, text_t frame, buffer_t *owner)
{
    if (!make_room(self, frame.length))
        return;
    buffer_release(&self->outbox);
    self->outbox = buffer_take(owner);
    self->outbox.limit = OUTBOX_MAX;
    buffer_consume(&self->outbox, self->outbox.length - frame.length);
    conversation_wake(self);
}

/* From where it stands, when nothing goes before it: most answers do, and large ones are not copied so. */
static bool send_in_place(conversation_t *self, text_t json, buffer_t *owner)
{
    char header[FRAME_HEADER_MAX];
    if (self->end.closing || self->end.link->dialect != DIALECT_RPC || self->outbox.length > 0)
        return false;
    bool ready = client_end_ready(&self->end);
    if (!ready && !owner)
        return false;
    size_t length = frame_header(header, json.length), whole = length + json.length;
    char *frame = (char *)(uintptr_t)json.at - length; /* there is room (rpc.h) */
    memcpy(frame, header, length);
    if (ready && conversation_send_now(self, (text_t){frame, whole}, owner) == whole)
        return true;
    if (owner) /* a link takes the whole of a frame, or nothing of it */
        adopt(self, (text_t){frame, whole}, owner);
    else
        conversation_send_frame(self, (text_t){frame, whole});
    return true;
}

/* --- caller_events_t --- */

static size_t waiting(caller_t *caller)
{
    const conversation_t *self = LIST_OWNER(caller, conversation_t, caller);
    size_t bytes = self->kept + self->incoming + (self->batches ? self->batches->bytes : 0);
    bytes += self->outbox.length > 0 ? self->outbox.capacity : 0;
    bytes += self->later.length > 0 ? self->later.capacity : 0;
    return bytes;
}

static void on_crowded(caller_t *caller, text_t why)
{
    conversation_end(LIST_OWNER(caller, conversation_t, caller), CLOSE_POLICY, why);
}

/* Who does not take what there is gets no more from history meanwhile. */
static bool is_ready(caller_t *caller)
{
    const conversation_t *self = LIST_OWNER(caller, conversation_t, caller);
    return !self->end.closing && self->outbox.length < CONVERSATION_COPIED_MAX && client_end_ready(&self->end);
}

static bool gathers(caller_t *caller)
{
    const conversation_t *self = LIST_OWNER(caller, conversation_t, caller);
    return self->batches && self->batches->bytes > BUDGET_LITTLE;
}

static const caller_events_t caller_events = {.waiting = waiting, .crowded = on_crowded, .ready = is_ready, .gathers = gathers};

/* --- conversation.h --- */

void conversation_open(conversation_t *self, hub_t *hub, const client_link_t *link, void *link_arg,
                       const conversation_events_t *events)
{
    *self = (conversation_t){.end = {.link = link, .arg = link_arg},
                             .events = events,
                             .outbox = buffer_new(OUTBOX_MAX),
                             .later = buffer_new(OUTBOX_MAX)};
    list_init(&self->in_hub);
    caller_open(&self->caller, hub, &caller_events, dialect_form(link->dialect));
    list_append(&hub->clients, &self->in_hub);
}

void conversation_cancel(conversation_t *self)
{
    self->end.closing = true;
    caller_cancel(&self->caller);
}

void conversation_close(conversation_t *self)
{
    buffer_release(&self->outbox);
    buffer_release(&self->later);
    caller_close(&self->caller);
    list_remove(&self->in_hub);
}

void conversation_end(conversation_t *self, unsigned code, text_t reason)
{
    client_end_close(&self->end, code, reason);
    if (self->incoming > 0)
        conversation_hears(self, 0); /* the rest of it is not wanted, and the link keeps none */
}

uint64_t conversation_limited(conversation_t *self)
{
    uint64_t wait_ms = 0;
    if (caller_ask(&self->caller, &wait_ms) == RATE_ENDED)
        conversation_end(self, CLOSE_TOO_MANY, TEXT("too many requests in spite of refusals"));
    return wait_ms;
}

size_t conversation_send_now(conversation_t *self, text_t frames, buffer_t *owner)
{
    size_t taken = self->end.link->send(self->end.arg, frames, owner);
    self->caller.hub->counts.writes++;
    self->caller.hub->counts.bytes += taken;
    self->sent_bytes += taken;
    bool moved = owner && owner->length == 0; /* the link has the memory, and may have moved what stands in it */
    if (!self->end.link->counts)
        self->kept = moved ? taken : kept_of(self, (text_t){frames.at, taken});
    return taken;
}

bool conversation_send_outbox(conversation_t *self)
{
    bool large = self->outbox.length >= CONVERSATION_COPIED_MAX;
    if (!client_end_ready(&self->end) || (large && !share_begin(self->caller.hub->answers)))
        return false;
    send_outbox(self);
    if (large)
        share_end(self->caller.hub->answers);
    return true;
}

void conversation_send(conversation_t *self, text_t json)
{
    if (!make_room(self, frame_length(self->end.link->dialect, json)))
        return;
    frame_append(&self->outbox, self->end.link->dialect, json);
    conversation_wake(self);
}

void conversation_notify(conversation_t *self, text_t method, text_t params)
{
    if (!make_room(self, frame_notify_length(self->end.link->dialect, method, params)))
        return;
    frame_append_notification(&self->outbox, self->end.link->dialect, method, params);
    conversation_wake(self);
}

void conversation_send_frame(conversation_t *self, text_t frame)
{
    if (!make_room(self, frame.length))
        return;
    buffer_append(&self->outbox, frame);
    conversation_wake(self);
}

void conversation_hears(conversation_t *self, size_t bytes)
{
    size_t more = bytes > self->incoming ? bytes - self->incoming : 0;
    bool admitted =
        more == 0 || budget_admits_begun(&self->caller.account, more); /* who only begins leaves some for who is served */
    self->incoming = bytes;
    caller_account(&self->caller);
    if (!admitted)
        conversation_end(self, CLOSE_POLICY,
                         TEXT("too much has come of a message that is not whole, and others need the memory"));
}

void conversation_wake(conversation_t *self)
{
    caller_account(&self->caller);
    if (!self->corked && !self->end.closing)
        client_end_wake(&self->end);
}

buffer_t *conversation_frames(conversation_t *self, bool batches, buffer_t *batch)
{
    return batches ? batch : &self->outbox;
}

void conversation_batch(conversation_t *self, buffer_t *batch)
{
    text_t frames = buffer_text(batch);
    while (frames.length > 0) {
        text_t rest = frames, message;
        size_t length = 0;
        while (frame_next(&rest, &message) && (length == 0 || (size_t)(rest.at - frames.at) <= RING_RUN_MAX))
            length = (size_t)(rest.at - frames.at);
        frame_append_batch(&self->outbox, self->end.link->dialect, (text_t){frames.at, length});
        frames = (text_t){frames.at + length, frames.length - length};
    }
    buffer_release(batch);
}

void conversation_cork(conversation_t *self)
{
    self->corked = true;
}

void conversation_uncork(conversation_t *self)
{
    self->corked = false;
    conversation_release(self);
    self->events->pump(self);
}

void conversation_answer(conversation_t *self, text_t json, buffer_t *owner)
{
    caller_answered(&self->caller, json.length);
    if (!send_in_place(self, json, owner))
        conversation_send(self, json);
    conversation_release(self);
    caller_account(&self->caller);
}

void conversation_hold(conversation_t *self)
{
    self->holding = true;
}

void conversation_notify_later(conversation_t *self, text_t method, text_t params)
{
    self->holding = true;
    frame_append_notification(&self->later, self->end.link->dialect, method, params);
}

void conversation_release(conversation_t *self)
{
    if (!self->holding || self->gathering || (self->batches && self->batches->count > 0))
        return;
    self->holding = false;
    if (self->later.length > 0)
        conversation_send_frame(self, buffer_text(&self->later));
    buffer_release(&self->later);
    self->events->released(self);
    conversation_wake(self);
}
