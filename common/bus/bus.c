#include "common/bus/bus.h"

#include "common/bus/source_presence.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/zeromq/socket.h"
#include "proto/record.h"
#include "proto/topic.h"

#include <stdlib.h>

/* A short queue is used again while it is warm, and what does not fit waits at the publisher; a million messages made a slow reader slower by the
 * page faults of their memory (2.4 µs a trade in ZeroMQ's thread, 0.7 with this one). */
enum { QUEUE_LIMIT = 10000, REPLAY_TIMEOUT_MS = 2000 };

struct bus {
    size_t number;
    const char *endpoint;
    const bus_events_t *events;
    void *arg;
    uint64_t *malformed;
    socket_t *sub;
    requester_t *replay;
    source_presence_t *presence; /* of its sources */
    int64_t heard_ns;            /* when something last came, without the time in which this process did not run */
    int64_t anew_ns;             /* when the connection was last made */
    bool heard, silent;
};

void bus_complain(bus_t *self, const char *message, text_t topic, text_t found)
{
    static log_limit_t limit;
    ++*self->malformed;
    if (found.length > 200)
        found.length = 200;
    log_warn_limited(&limit, message, LOG_SLICE("topic", topic), LOG_SLICE("found", found));
}

/* What was not heard of is told as if it had been. */
static void tell_withdrawn(bus_t *self, int64_t now_ns)
{
    char name[SOURCE_MAX];
    size_t length;
    while ((length = source_presence_take_absent(self->presence, name)) > 0) {
        status_t status = {.event = STATUS_WITHDRAWN,
                           .source = {name, length},
                           .since_ns = now_ns,
                           .time_ns = now_ns,
                           .reason = TEXT("no longer heard"),
                           .symbols = TEXT("{}")};
        log_warn("follower: a source is silent, although its connectord is not", LOG_SLICE("source", status.source));
        self->events->on_status(self->arg, self, &status);
    }
}

/* Who is on the bus. */
static void note_presence(bus_t *self, const status_t *status)
{
    if (status->event == STATUS_WITHDRAWN)
        source_presence_forget(self->presence, status->source);
    else
        source_presence_note(self->presence, status->source, status->time_ns);
    tell_withdrawn(self, status->time_ns);
}

static void on_trade(bus_t *self, text_t topic, text_t json)
{
    trade_t trade;
    if (record_parse(json, &trade) && record_is_of(&trade, topic))
        self->events->on_trade(self->arg, self, topic, &trade, json);
    else
        bus_complain(self, "follower: malformed record on the bus", topic, json);
}

static void on_status(bus_t *self, text_t topic, text_t json)
{
    status_t status;
    if (!status_parse(json, &status) ||
        !text_equal(status.source, (text_t){topic.at + strlen(TOPIC_STATUS), topic.length - strlen(TOPIC_STATUS)})) {
        bus_complain(self, "follower: malformed status on the bus", topic, json);
        return;
    }
    self->events->on_status(self->arg, self, &status);
    note_presence(self, &status);
}

static void on_message(void *arg, const text_t *frames, size_t count)
{
    bus_t *self = arg;
    if (count == 2 && text_starts_with(frames[0], TEXT(TOPIC_STATUS)))
        on_status(self, frames[0], frames[1]);
    else if (count == 2)
        on_trade(self, frames[0], frames[1]);
    else
        bus_complain(self, "follower: expected a topic and a body on the bus", frames[0], frames[count - 1]);
}

static void set_silent(bus_t *self, bool silent)
{
    if (self->silent == silent)
        return;
    self->silent = silent;
    if (silent)
        log_warn("follower: the bus is silent", LOG_TEXT("bus", self->endpoint));
    else
        log_info("follower: the bus is back", LOG_TEXT("bus", self->endpoint));
    self->events->on_silent(self->arg, self, silent);
}

static void on_drained(void *arg)
{
    bus_t *self = arg;
    self->heard_ns = clock_mono_ns();
    self->heard = true;
    set_silent(self, false);
    self->events->on_drained(self->arg);
}

static const socket_events_t sub_events = {.name = "bus", .on_message = on_message, .on_drained = on_drained};

bus_t *bus_new(loop_t *loop, size_t number, const char *const *endpoint, const char *const *replay, uint64_t *malformed,
               const bus_events_t *events, void *arg)
{
    bus_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (bus_t){.number = number,
                    .endpoint = *endpoint,
                    .events = events,
                    .arg = arg,
                    .malformed = malformed,
                    .heard_ns = clock_mono_ns()};
    self->presence = source_presence_new();
    self->replay = requester_new(loop, "replay", replay, 1, REPLAY_TIMEOUT_MS);
    self->sub = socket_new(loop, SOCKET_SUB, QUEUE_LIMIT, &sub_events, self);
    if (!self->presence || !self->replay || !self->sub || !socket_connect(self->sub, self->endpoint)) {
        bus_destroy(&self);
        return NULL;
    }
    socket_subscribe(self->sub, TEXT(TOPIC_STATUS));
    return self;
}

void bus_destroy(bus_t **self_p)
{
    bus_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    socket_destroy(&self->sub);
    requester_destroy(&self->replay);
    source_presence_destroy(&self->presence);
    free(self);
}

size_t bus_number(const bus_t *self)
{
    return self->number;
}

requester_t *bus_replay(const bus_t *self)
{
    return self->replay;
}

void bus_subscribe(bus_t *self, text_t prefix)
{
    socket_subscribe(self->sub, prefix);
}

void bus_unsubscribe(bus_t *self, text_t prefix)
{
    socket_unsubscribe(self->sub, prefix);
}

void bus_tick(bus_t *self, int64_t now_ns)
{
    if (now_ns - self->heard_ns > BUS_SILENCE_MS * NS_PER_MS)
        set_silent(self, true);
    if (self->silent && now_ns - self->anew_ns > BUS_SILENCE_MS * NS_PER_MS) {
        self->anew_ns = now_ns;
        socket_reconnect(self->sub);
    }
}

bool bus_has_more(const bus_t *self)
{
    return socket_has_more(self->sub);
}

void bus_pause(bus_t *self, bool paused)
{
    socket_pause(self->sub, paused);
}

bool bus_heard(const bus_t *self)
{
    return self->heard && !self->silent;
}
