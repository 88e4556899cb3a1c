#include "common/requester.h"

#include "common/buffer.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/socket.h"

#include <assert.h>
#include <stdlib.h>

enum {
    ENDPOINTS_MAX = 16,
    QUEUE_LIMIT = 10000,
    TICK_MS = 20, /* how often what could not be sent is tried again, and time-outs are looked for */
    SLOT_BITS = 16,
    SLOTS_MAX = 1 << SLOT_BITS
};

typedef struct {
    uint64_t id; /* on the wire, and the handle; 0: the slot is free. Its low bits are the slot's number */
    char *text;  /* the request with its id; owned */
    size_t length;
    size_t endpoint, tries; /* whom it was sent to, and how many have been asked */
    bool sent;              /* false: no connection to anyone yet */
    int64_t deadline_ns;
    requester_fn *done;
    void *arg;
} pending_t;

struct requester {
    socket_t *sockets[ENDPOINTS_MAX];
    size_t count;
    size_t preferred; /* the endpoint that answered last */
    int64_t timeout_ns;
    bool alive;
    loop_timer_t *tick;
    pending_t *slots;
    size_t slot_count, in_use;
    uint64_t counter;
};

static pending_t *find(requester_t *self, uint64_t id)
{
    size_t slot = id & (SLOTS_MAX - 1);
    return id != 0 && slot < self->slot_count && self->slots[slot].id == id ? &self->slots[slot] : NULL;
}

static void forget(requester_t *self, pending_t *pending)
{
    free(pending->text);
    *pending = (pending_t){0};
    if (--self->in_use == 0)
        loop_timer_stop(self->tick);
}

/* Forgets first: `done` may send new requests, which may move the slots. */
static void finish(requester_t *self, pending_t *pending, text_t answer)
{
    requester_fn *done = pending->done;
    void *arg = pending->arg;
    forget(self, pending);
    done(arg, answer);
}

/* To the endpoint whose turn it is, or to the next that takes it: a socket without a connection refuses. */
static void transmit(requester_t *self, pending_t *pending, int64_t now_ns)
{
    text_t frames[] = {{"", 0}, {pending->text, pending->length}};
    pending->sent = false;
    for (size_t i = 0; i < self->count && !pending->sent; i++) {
        size_t endpoint = (pending->endpoint + i) % self->count;
        if (!socket_send(self->sockets[endpoint], frames, 2))
            continue;
        pending->endpoint = endpoint;
        pending->sent = true;
    }
    pending->deadline_ns = now_ns + self->timeout_ns;
}

static void on_timeout(requester_t *self, pending_t *pending, int64_t now_ns)
{
    if (pending->sent && self->preferred == pending->endpoint)
        self->preferred = (self->preferred + 1) % self->count;
    if (++pending->tries >= self->count) {
        self->alive = false;
        finish(self, pending, (text_t){0});
        return;
    }
    pending->endpoint = (pending->endpoint + 1) % self->count;
    transmit(self, pending, now_ns);
}

static void on_tick(void *arg)
{
    requester_t *self = arg;
    int64_t now_ns = clock_mono_ns();
    for (size_t slot = 0; slot < self->slot_count; slot++) { /* by number: `done` may move the slots */
        pending_t *pending = &self->slots[slot];
        if (pending->id == 0)
            continue;
        if (now_ns >= pending->deadline_ns) {
            on_timeout(self, pending, now_ns);
        } else if (!pending->sent) {
            int64_t deadline_ns = pending->deadline_ns;
            transmit(self, pending, now_ns);
            if (!pending->sent)
                pending->deadline_ns = deadline_ns;
        }
    }
}

static void on_answer(void *arg, const text_t *frames, size_t count)
{
    requester_t *self = arg;
    uint64_t id;
    text_t answer = frames[count - 1];
    if (count != 2 || frames[0].length != 0 || !json_valid(answer) || !json_u64(json_member(answer, "id"), &id)) {
        static log_limit_t limit;
        if (log_allowed(&limit, clock_mono_ns()))
            log_warn("requester: not an answer", LOG_U64("frames", count), LOG_U64("bytes", answer.length),
                     LOG_U64("suppressed", log_suppressed(&limit)));
        return;
    }
    pending_t *pending = find(self, id);
    if (!pending)
        return; /* cancelled, or another endpoint was quicker */
    self->preferred = pending->endpoint;
    self->alive = true;
    finish(self, pending, answer);
}

static const socket_events_t socket_events = {.on_message = on_answer};

requester_t *requester_new(loop_t *loop, const char *const *endpoints, size_t count, uint32_t timeout_ms)
{
    assert(count >= 1 && count <= ENDPOINTS_MAX);
    requester_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->timeout_ns = timeout_ms * NS_PER_MS;
    self->count = count;
    self->tick = loop_timer_new(loop, on_tick, self);
    for (size_t i = 0; i < count; i++) {
        self->sockets[i] = socket_new(loop, SOCKET_DEALER, QUEUE_LIMIT, &socket_events, self);
        if (!self->sockets[i] || !socket_connect(self->sockets[i], endpoints[i]))
            requester_destroy(&self);
        if (!self)
            return NULL;
    }
    if (!self->tick)
        requester_destroy(&self);
    return self;
}

/* A free slot, by number; SLOTS_MAX when there is none. */
static size_t free_slot(requester_t *self)
{
    if (self->in_use < self->slot_count) {
        size_t slot = self->counter % self->slot_count; /* begin behind the newest: most likely free */
        while (self->slots[slot].id != 0)
            slot = (slot + 1) % self->slot_count;
        return slot;
    }
    size_t wider = self->slot_count ? self->slot_count * 2 : 16;
    pending_t *slots = wider <= SLOTS_MAX ? realloc(self->slots, wider * sizeof *slots) : NULL;
    if (!slots)
        return SLOTS_MAX;
    memset(slots + self->slot_count, 0, (wider - self->slot_count) * sizeof *slots);
    size_t slot = self->slot_count;
    self->slots = slots;
    self->slot_count = wider;
    return slot;
}

/* {"op":… becomes {"id":7,"op":… */
static bool with_id(pending_t *pending, text_t request)
{
    buffer_t out = buffer_new(0);
    buffer_printf(&out, "{\"id\":%llu,", (unsigned long long)pending->id);
    buffer_append(&out, (text_t){request.at + 1, request.length - 1});
    if (!buffer_ok(&out)) {
        buffer_release(&out);
        return false;
    }
    pending->text = out.bytes; /* moved */
    pending->length = out.length;
    return true;
}

uint64_t requester_send(requester_t *self, text_t request, requester_fn *done, void *arg)
{
    assert(request.length > 2 && request.at[0] == '{');
    size_t slot = free_slot(self);
    if (slot == SLOTS_MAX)
        return 0;
    pending_t *pending = &self->slots[slot];
    *pending = (pending_t){.id = ++self->counter << SLOT_BITS | slot, .done = done, .arg = arg, .endpoint = self->preferred};
    self->in_use++;
    if (!with_id(pending, request)) {
        forget(self, pending);
        return 0;
    }
    transmit(self, pending, clock_mono_ns());
    if (!loop_timer_running(self->tick))
        loop_timer_start(self->tick, TICK_MS, TICK_MS);
    return pending->id;
}

void requester_cancel(requester_t *self, uint64_t handle)
{
    pending_t *pending = find(self, handle);
    if (pending)
        forget(self, pending);
}

bool requester_alive(const requester_t *self)
{
    return self->alive;
}

void requester_destroy(requester_t **self_p)
{
    requester_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t i = 0; i < self->count; i++)
        socket_destroy(&self->sockets[i]);
    for (size_t i = 0; i < self->slot_count; i++)
        free(self->slots[i].text);
    free(self->slots);
    loop_timer_destroy(&self->tick);
    free(self);
}
