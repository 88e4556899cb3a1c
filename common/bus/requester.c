/* Over 400 lines, but one idea: every way that a question can end (answered, refused, too late, cancelled, its link lost) is
 * in this one table of what is open. */
#include "common/bus/requester.h"

#include "common/array.h"
#include "common/buffer.h"
#include "common/bus/replica.h"
#include "common/clock.h"
#include "common/json/json.h"
#include "common/json/json_write.h"
#include "common/log.h"
#include "common/zeromq/socket.h"
#include "proto/request.h"

#include <assert.h>
#include <stdlib.h>

enum {
    ENDPOINTS_MAX = 16,
    TICK_MS = 20,       /* how often what could not be sent is tried again, and time-outs are looked for */
    OVERTIME_MS = 2000, /* for services that were all asked in vain: a slow answer is better than none */
    BREAKS_MAX = 8,     /* connections that may break under a request: it may be what breaks them */
    SLOT_BITS = 16,
    SLOTS_MAX = 1 << SLOT_BITS,
    QUEUE_LIMIT = SLOTS_MAX /* a DEALER's queue never fills (socket.c) */
};

typedef struct {
    uint64_t id; /* on the wire, and the handle; 0: the slot is free. Its low bits are the slot's number */
    char *text;  /* the request with its id; owned */
    size_t length;
    size_t endpoint; /* whom it was sent to */
    bool sent;       /* false: no connection to anyone now */
    bool overtime;   /* nobody is left to be asked: whoever answers now */
    uint32_t asked;  /* a bit for each endpoint that is not to be asked (again) */
    size_t tries, breaks;
    int64_t limit_ns; /* it is for one endpoint, once, and may take so long; 0: a question, or a probe */
    int64_t sent_ns, deadline_ns;
    requester_fn *done;
    void *arg;
} pending_t;

typedef struct {
    requester_t *requester;
    const char *name;
    socket_t *socket;
    replica_t replica;
} endpoint_t;

struct requester {
    socket_events_t socket_events;
    endpoint_t endpoints[ENDPOINTS_MAX];
    size_t count;
    size_t turn; /* of the endpoint to be asked next, where several are as good */
    int64_t timeout_ns;
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

static uint32_t bit(size_t endpoint)
{
    return UINT32_C(1) << endpoint;
}

static uint32_t all_bits(const requester_t *self)
{
    return bit(self->count) - 1;
}

/* --- a request --- */

/* It is no longer waited for at its endpoint. */
static void leave(requester_t *self, pending_t *pending)
{
    if (pending->sent)
        self->endpoints[pending->endpoint].replica.open--;
    pending->sent = false;
}

static void forget(requester_t *self, pending_t *pending)
{
    leave(self, pending);
    free(pending->text);
    *pending = (pending_t){0};
    self->in_use--;
}

/* Forgets first: `done` may send new requests, which may move the slots. */
static void finish(requester_t *self, pending_t *pending, text_t answer)
{
    requester_fn *done = pending->done;
    void *arg = pending->arg;
    forget(self, pending);
    done(arg, answer);
}

/* The best of those not excluded that have a connection; count when there is none. */
static size_t choose(const requester_t *self, uint32_t excluded)
{
    size_t best = self->count;
    for (size_t i = 0; i < self->count; i++) {
        size_t number = (self->turn + i) % self->count;
        const replica_t *replica = &self->endpoints[number].replica;
        if (!(excluded & bit(number)) && replica->linked &&
            (best == self->count || replica_better(replica, &self->endpoints[best].replica)))
            best = number;
    }
    return best;
}

static void wait_for(requester_t *self, pending_t *pending, size_t number, int64_t now_ns)
{
    const replica_t *replica = &self->endpoints[number].replica;
    pending->deadline_ns =
        now_ns + (pending->limit_ns > 0 ? pending->limit_ns : round_trip_timeout_ns(&replica->round_trip, self->timeout_ns));
}

/* Sends it to the best endpoint that takes it. False when none does: it stays where it is. */
static bool transmit(requester_t *self, pending_t *pending, int64_t now_ns)
{
    text_t frames[] = {{"", 0}, {pending->text, pending->length}};
    uint32_t excluded = pending->asked;
    for (size_t number; (number = choose(self, excluded)) < self->count; excluded |= bit(number)) {
        if (!socket_send(self->endpoints[number].socket, frames, 2))
            continue;
        leave(self, pending);
        pending->endpoint = number;
        pending->sent = true;
        pending->sent_ns = now_ns;
        wait_for(self, pending, number, now_ns);
        self->endpoints[number].replica.open++;
        self->turn = (number + 1) % self->count;
        return true;
    }
    return false;
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
    size_t slot = self->slot_count;
    return ARRAY_RESERVE(&self->slots, &self->slot_count, slot + 1, SLOTS_MAX) ? slot : SLOTS_MAX;
}

/* {"op":… becomes {"id":7,"op":… */
static bool with_id(pending_t *pending, text_t request)
{
    buffer_t out = buffer_new(0);
    json_writer_t json = json_write(&out);
    json_open_object(&json, NULL);
    json_put_u64(&json, "id", pending->id);
    json_put_raw(&json, NULL, (text_t){request.at + 1, request.length - 1}); /* members, and the end of the object */
    if (!buffer_ok(&out)) {
        buffer_release(&out);
        return false;
    }
    pending->text = out.bytes; /* moved */
    pending->length = out.length;
    return true;
}

/* excluded: endpoints that are not to be asked. limit_ns: see pending_t. */
static uint64_t ask(requester_t *self, text_t request, uint32_t excluded, int64_t limit_ns, requester_fn *done, void *arg)
{
    assert(request.length > 2 && request.at[0] == '{');
    size_t slot = free_slot(self);
    if (slot == SLOTS_MAX)
        return 0;
    int64_t now_ns = clock_mono_ns();
    pending_t *pending = &self->slots[slot];
    *pending = (pending_t){.id = ++self->counter << SLOT_BITS | slot,
                           .asked = excluded,
                           .limit_ns = limit_ns,
                           .deadline_ns = now_ns + self->timeout_ns,
                           .done = done,
                           .arg = arg};
    self->in_use++;
    if (!with_id(pending, request)) {
        forget(self, pending);
        return 0;
    }
    transmit(self, pending, now_ns);
    if (!loop_timer_running(self->tick))
        loop_timer_start(self->tick, TICK_MS, TICK_MS);
    return pending->id;
}

/* --- which endpoints are in use --- */

static void tell(const endpoint_t *endpoint, const char *message)
{
    static log_limit_t limit;
    if (endpoint->requester->count > 1)
        log_info_limited(&limit, message, LOG_TEXT("endpoint", endpoint->name));
}

static void leave_out(endpoint_t *endpoint, int64_t now_ns)
{
    if (endpoint->replica.used)
        tell(endpoint, "requester: a service does not answer: skipped");
    replica_leave_out(&endpoint->replica, now_ns);
}

/* Who does not know the question serves, too: only a "no" is a no. */
static void on_probed(void *arg, text_t answer)
{
    endpoint_t *endpoint = arg;
    bool serves = answer.length > 0 && json_kind(json_member(answer, "ready")) != JSON_FALSE;
    replica_probed(&endpoint->replica, serves, clock_mono_ns());
    if (serves)
        tell(endpoint, "requester: a service is in use");
}

/* Where there is only one there is nothing to choose, and nothing to probe for. */
static void probe(requester_t *self, int64_t now_ns)
{
    for (size_t i = 0; self->count > 1 && i < self->count; i++) {
        endpoint_t *endpoint = &self->endpoints[i];
        if (replica_probe_due(&endpoint->replica, now_ns))
            endpoint->replica.probing =
                ask(self, TEXT(REQUEST_OF("ready")), all_bits(self) & ~bit(i), 0, on_probed, endpoint) != 0;
    }
}

static bool probes_to_come(const requester_t *self)
{
    for (size_t i = 0; self->count > 1 && i < self->count; i++) {
        if (self->endpoints[i].replica.linked && !self->endpoints[i].replica.used)
            return true;
    }
    return false;
}

/* --- time, links and answers --- */

static void on_timeout(requester_t *self, pending_t *pending, int64_t now_ns)
{
    if (pending->limit_ns > 0) {
        finish(self, pending, (text_t){0});
        return;
    }
    endpoint_t *endpoint = &self->endpoints[pending->endpoint];
    if (pending->sent && !pending->overtime) {
        replica_gave_up(&endpoint->replica, pending->id, pending->sent_ns);
        leave_out(endpoint, now_ns);
        pending->asked |= bit(pending->endpoint);
    }
    bool last = ++pending->tries >= self->count || pending->asked == all_bits(self);
    if (last && (pending->overtime || !pending->sent)) {
        finish(self, pending, (text_t){0});
    } else if (last) {
        pending->overtime = true;
        pending->deadline_ns = now_ns + OVERTIME_MS * NS_PER_MS;
    } else if (!transmit(self, pending, now_ns))
        wait_for(self, pending, pending->endpoint, now_ns); /* there is no other: it may answer yet */
}

static void on_tick(void *arg)
{
    requester_t *self = arg;
    int64_t now_ns = clock_mono_ns();
    for (size_t slot = 0; slot < self->slot_count; slot++) { /* by number: `done` may move the slots */
        pending_t *pending = &self->slots[slot];
        if (pending->id == 0)
            continue;
        if (now_ns >= pending->deadline_ns)
            on_timeout(self, pending, now_ns);
        else if (!pending->sent)
            transmit(self, pending, now_ns);
    }
    probe(self, now_ns);
    if (self->in_use == 0 && !probes_to_come(self))
        loop_timer_stop(self->tick);
}

/* What was asked over the link is asked of another one now, or again when there is a link. */
static void on_link_down(endpoint_t *endpoint, int64_t now_ns)
{
    requester_t *self = endpoint->requester;
    size_t number = (size_t)(endpoint - self->endpoints);
    leave_out(endpoint, now_ns);
    for (size_t slot = 0; slot < self->slot_count; slot++) {
        pending_t *pending = &self->slots[slot];
        if (pending->id == 0 || !pending->sent || pending->endpoint != number)
            continue;
        leave(self, pending);
        pending->overtime = false;
        pending->asked &= ~bit(number); /* it had no chance to answer */
        if (pending->limit_ns > 0 || ++pending->breaks > BREAKS_MAX)
            finish(self, pending, (text_t){0});
        else if (!transmit(self, pending, now_ns))
            wait_for(self, pending, number, now_ns);
    }
}

static void on_link(void *arg, bool up)
{
    endpoint_t *endpoint = arg;
    bool broke = endpoint->replica.linked && !up;
    int64_t now_ns = clock_mono_ns();
    endpoint->replica.linked = up;
    if (broke)
        on_link_down(endpoint, now_ns);
    else if (up)
        replica_leave_out(&endpoint->replica,
                          now_ns); /* until it has been probed: it may be a new process that does not serve yet */
    if (up)
        on_tick(endpoint->requester);
}

/* How long the answer took is learned whether it is still waited for or not. */
static void learn(endpoint_t *endpoint, const pending_t *pending, uint64_t id)
{
    int64_t now_ns = clock_mono_ns();
    bool asked_last = pending && pending->sent && &endpoint->requester->endpoints[pending->endpoint] == endpoint;
    if (pending && pending->limit_ns > 0)
        return;
    if (asked_last && !pending->overtime)
        round_trip_measured(&endpoint->replica.round_trip, now_ns - pending->sent_ns);
    else
        replica_late_answer(&endpoint->replica, id, now_ns);
}

static void on_answer(void *arg, const text_t *frames, size_t count)
{
    endpoint_t *endpoint = arg;
    uint64_t id;
    text_t answer = frames[count - 1];
    if (count != 2 || frames[0].length != 0 || !json_valid(answer) || !json_u64(json_member(answer, "id"), &id)) {
        static log_limit_t limit;
        log_warn_limited(&limit, "requester: not an answer", LOG_U64("frames", count), LOG_U64("bytes", answer.length));
        return;
    }
    pending_t *pending = find(endpoint->requester, id);
    learn(endpoint, pending, id);
    if (pending) /* else it was cancelled, or given up, or another endpoint was quicker */
        finish(endpoint->requester, pending, answer);
}

/* --- public --- */

requester_t *requester_new(loop_t *loop, const char *service, const char *const *endpoints, size_t count, uint32_t timeout_ms)
{
    assert(count >= 1 && count <= ENDPOINTS_MAX);
    requester_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->socket_events = (socket_events_t){.name = service, .on_message = on_answer, .on_link = on_link};
    self->timeout_ns = timeout_ms * NS_PER_MS;
    self->count = count;
    self->tick = loop_timer_new(loop, on_tick, self);
    bool ok = self->tick != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        endpoint_t *endpoint = &self->endpoints[i];
        *endpoint = (endpoint_t){.requester = self, .name = endpoints[i]};
        endpoint->socket = socket_new(loop, SOCKET_DEALER, QUEUE_LIMIT, &self->socket_events, endpoint);
        ok = endpoint->socket && socket_connect(endpoint->socket, endpoints[i]);
    }
    if (!ok)
        requester_destroy(&self);
    return self;
}

uint64_t requester_send(requester_t *self, text_t request, requester_fn *done, void *arg)
{
    return ask(self, request, 0, 0, done, arg);
}

size_t requester_endpoints(const requester_t *self)
{
    return self->count;
}

uint64_t requester_send_to(requester_t *self, size_t endpoint, text_t request, uint32_t limit_ms, requester_fn *done, void *arg)
{
    assert(endpoint < self->count && limit_ms > 0);
    return ask(self, request, all_bits(self) & ~bit(endpoint), limit_ms * NS_PER_MS, done, arg);
}

void requester_cancel(requester_t *self, uint64_t handle)
{
    pending_t *pending = find(self, handle);
    if (pending)
        forget(self, pending);
}

void requester_destroy(requester_t **self_p)
{
    requester_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t i = 0; i < self->count; i++)
        socket_destroy(&self->endpoints[i].socket);
    for (size_t i = 0; i < self->slot_count; i++)
        free(self->slots[i].text);
    free(self->slots);
    loop_timer_destroy(&self->tick);
    free(self);
}
