#include "common/follower.h"

#include "common/attendance.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/requester.h"
#include "common/socket.h"
#include "common/stream.h"
#include "common/table.h"
#include "proto/request.h"
#include "proto/topic.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUSES_MAX = 16, QUEUE_LIMIT = 1000000, REPLAY_TIMEOUT_MS = 2000, TICK_MS = 250, STREAMS_MAX = 1000000 };

/* One connectord: its bus and its replay. */
typedef struct {
    follower_t *follower;
    size_t number;
    socket_t *sub;
    requester_t *replay;
    attendance_t *attendance; /* of its sources */
    int64_t heard_ns;         /* when something last came */
    bool heard, silent;
    bool listed;      /* the streams that its journal has are known (FOLLOW_FROM_FIRST) */
    uint64_t listing; /* the request for them under way; 0: none */
} bus_t;

struct follower {
    follower_config_t config;
    const follower_events_t *events;
    void *arg;
    stream_sink_t sink;
    bus_t buses[BUSES_MAX];
    table_t *streams; /* topic → stream_t, for every stream heard of; owned */
    table_t *symbols; /* the subscribed symbols */
    bool all;
    loop_timer_t *tick;
    buffer_t request;
    follower_counts_t counts;
};

static void complain(follower_t *self, const char *message, text_t topic, text_t found)
{
    static log_limit_t limit;
    self->counts.malformed++;
    if (found.length > 200)
        found.length = 200;
    if (log_allowed(&limit, clock_mono_ns()))
        log_warn(message, LOG_SLICE("topic", topic), LOG_SLICE("found", found), LOG_U64("suppressed", log_suppressed(&limit)));
}

static bool wanted(const follower_t *self, text_t symbol)
{
    return self->all || table_get(self->symbols, symbol);
}

static void repair(stream_t *stream);

static void on_repaired(void *arg, text_t answer)
{
    stream_t *stream = arg;
    follower_t *self = stream->owner;
    if (stream_repaired(stream, answer))
        repair(stream); /* the next page, or what came meanwhile; else the tick tries again */
    self->events->on_drained(self->arg);
}

static void repair(stream_t *stream)
{
    follower_t *self = stream->owner;
    if (!stream_needs_repair(stream))
        return;
    buffer_clear(&self->request);
    stream_repair_request(stream, &self->request);
    stream->repair = requester_send(self->buses[stream->bus].replay, buffer_text(&self->request), on_repaired, stream);
}

/* The stream of a topic, made when it is new; NULL when there can't be more. */
static stream_t *stream_of(follower_t *self, text_t topic)
{
    stream_t *stream = table_get(self->streams, topic);
    if (stream || table_count(self->streams) >= STREAMS_MAX)
        return stream;
    stream = stream_new(topic, &self->counts, &self->sink, self->arg);
    if (!stream)
        return NULL;
    stream->owner = self;
    if (!table_put(self->streams, stream->topic, stream))
        stream_destroy(&stream);
    return stream;
}

/* The same, for what came from a bus; NULL too when the stream is another bus's: two connectords must not share a source. */
static stream_t *stream_from(bus_t *bus, text_t topic)
{
    stream_t *stream = stream_of(bus->follower, topic);
    if (stream && stream->bus == STREAM_NO_BUS)
        stream->bus = bus->number;
    return stream && stream->bus == bus->number ? stream : NULL;
}

static void begin(follower_t *self, stream_t *stream)
{
    cursor_t present = {stream->next.epoch, stream->newest}, start = present;
    if (self->config.start == FOLLOW_FROM_FIRST && stream->resume.epoch != 0)
        start = stream->resume;
    else if (self->config.start == FOLLOW_FROM_FIRST)
        start.seq = 0;
    stream_begin(stream, start);
    stream->fresh = start.seq == 0;
    self->events->on_stream(self->arg, stream->topic, start);
    stream_reaches(stream, present);
    repair(stream);
}

/* Where streams end now: one, or (an empty topic) all of the bus. */
static uint64_t ask_streams(bus_t *bus, text_t topic, requester_fn *done, void *arg)
{
    buffer_t *request = &bus->follower->request;
    buffer_clear(request);
    streams_request_print(request, topic);
    return requester_send(bus->replay, buffer_text(request), done, arg);
}

static void on_located(void *arg, text_t answer)
{
    stream_t *stream = arg;
    follower_t *self = stream->owner;
    streams_item_t item;
    json_walk_t walk;
    stream->repair = 0;
    if (streams_answer_parse(answer, &walk) && json_next(&walk) && streams_item_parse(walk.value, &item) &&
        text_equal(item.topic, stream->topic))
        stream_reaches(stream, item.last);
    begin(self, stream); /* without an answer, where the last status said */
    self->events->on_drained(self->arg);
}

/* Follow a stream that was heard of. A status may be a second old: who wants what comes from now on asks where that is. */
static void follow(follower_t *self, stream_t *stream)
{
    if (self->config.start == FOLLOW_FROM_LAST)
        stream->repair = ask_streams(&self->buses[stream->bus], stream->topic, on_located, stream);
    if (stream->repair == 0)
        begin(self, stream);
}

static void follow_if_wanted(follower_t *self, stream_t *stream)
{
    if (!stream->followed && !stream->waits && stream->repair == 0 && stream->next.epoch != 0 && wanted(self, stream->symbol))
        follow(self, stream);
}

/* A stream of this bus is known to reach up to `last`. */
static void stream_known(bus_t *bus, text_t topic, cursor_t last)
{
    follower_t *self = bus->follower;
    stream_t *stream = stream_from(bus, topic);
    if (!stream)
        return;
    stream_reaches(stream, last);
    follow_if_wanted(self, stream);
    repair(stream);
}

static void on_trade(bus_t *bus, text_t topic, text_t json)
{
    follower_t *self = bus->follower;
    trade_t trade;
    text_t symbol, source;
    if (!topic_parse(topic, &symbol, &source) || !trade_parse(json, &trade) || !text_equal(symbol, trade.symbol) ||
        !text_equal(source, trade.source)) {
        complain(self, "follower: malformed trade on the bus", topic, json);
        return;
    }
    if (!wanted(self, symbol))
        return; /* unsubscribed; it was under way already */
    stream_t *stream = stream_from(bus, topic);
    if (!stream) {
        complain(self, "follower: the stream comes from two buses, or there are too many streams", topic, source);
        return;
    }
    if (!stream->followed) {
        stream_reaches(stream, (cursor_t){trade.cursor.epoch, trade.cursor.seq - 1});
        follow_if_wanted(self, stream);
    }
    if (stream->followed)
        stream_live(stream, &trade, json);
    else
        stream_reaches(stream, trade.cursor); /* it is being located: that comes before it begins */
    repair(stream);
}

/* What was not heard of is told as if it had been. */
static void tell_withdrawn(bus_t *bus, int64_t now_ns)
{
    char name[SOURCE_MAX];
    size_t length;
    while ((length = attendance_take_absent(bus->attendance, name)) > 0) {
        status_t status = {.event = STATUS_WITHDRAWN,
                           .source = {name, length},
                           .since_ns = now_ns,
                           .time_ns = now_ns,
                           .reason = TEXT("not heard of any more"),
                           .symbols = TEXT("{}")};
        log_warn("follower: a source is heard of no more, although its connectord is", LOG_SLICE("source", status.source));
        bus->follower->events->on_status(bus->follower->arg, &status);
    }
}

/* Who is on the bus. */
static void attend(bus_t *bus, const status_t *status)
{
    if (status->event == STATUS_WITHDRAWN)
        attendance_forget(bus->attendance, status->source);
    else
        attendance_note(bus->attendance, status->source, status->time_ns);
    tell_withdrawn(bus, status->time_ns);
}

static void on_status(bus_t *bus, text_t topic, text_t json)
{
    follower_t *self = bus->follower;
    status_t status;
    if (!status_parse(json, &status) ||
        !text_equal(status.source, (text_t){topic.at + strlen(TOPIC_STATUS), topic.length - strlen(TOPIC_STATUS)})) {
        complain(self, "follower: malformed status on the bus", topic, json);
        return;
    }
    self->events->on_status(self->arg, &status);
    char name[TOPIC_MAX];
    text_t symbol;
    uint64_t last;
    json_walk_t walk = json_walk(status.symbols);
    while (status_next_symbol(&walk, &symbol, &last)) {
        size_t length = topic_print(name, symbol, status.source);
        stream_known(bus, (text_t){name, length}, (cursor_t){status.epoch, last});
    }
    attend(bus, &status);
}

static void on_message(void *arg, const text_t *frames, size_t count)
{
    bus_t *bus = arg;
    bus->heard_ns = clock_mono_ns();
    if (count == 2 && text_starts_with(frames[0], TEXT(TOPIC_TRADE)))
        on_trade(bus, frames[0], frames[1]);
    else if (count == 2 && text_starts_with(frames[0], TEXT(TOPIC_STATUS)))
        on_status(bus, frames[0], frames[1]);
    else
        complain(bus->follower, "follower: expected a topic and a body on the bus", frames[0], frames[count - 1]);
}

static void set_silent(bus_t *bus, bool silent)
{
    follower_t *self = bus->follower;
    if (bus->silent == silent)
        return;
    bus->silent = silent;
    if (silent)
        log_warn("follower: the bus is silent", LOG_TEXT("bus", self->config.bus[bus->number]));
    else
        log_info("follower: the bus is back", LOG_TEXT("bus", self->config.bus[bus->number]));
    self->events->on_silent(self->arg, bus->number, silent);
}

static void on_drained(void *arg)
{
    bus_t *bus = arg;
    bus->heard = true;
    set_silent(bus, false);
    bus->follower->events->on_drained(bus->follower->arg);
}

static const socket_events_t sub_events = {.on_message = on_message, .on_drained = on_drained};

static void on_listed(void *arg, text_t answer)
{
    bus_t *bus = arg;
    json_walk_t walk;
    bus->listing = 0;
    if (!streams_answer_parse(answer, &walk))
        return; /* the tick asks again */
    bus->listed = true;
    while (json_next(&walk)) {
        streams_item_t item;
        if (streams_item_parse(walk.value, &item))
            stream_known(bus, item.topic, item.last);
        else
            complain(bus->follower, "follower: malformed stream in the list of replay", TEXT(""), walk.value);
    }
}

static void on_tick(void *arg)
{
    follower_t *self = arg;
    int64_t now_ns = clock_mono_ns();
    for (size_t i = 0; i < self->config.count; i++) {
        bus_t *bus = &self->buses[i];
        if (now_ns - bus->heard_ns > FOLLOWER_SILENCE_MS * NS_PER_MS)
            set_silent(bus, true);
        if (self->all && !bus->listed && bus->listing == 0)
            bus->listing = ask_streams(bus, TEXT(""), on_listed, bus);
    }
    size_t at = 0;
    stream_t *stream;
    while ((stream = table_each(self->streams, &at)))
        repair(stream);
}

static bool open_bus(follower_t *self, loop_t *loop, size_t number)
{
    bus_t *bus = &self->buses[number];
    *bus = (bus_t){.follower = self, .number = number, .heard_ns = clock_mono_ns()};
    bus->replay = requester_new(loop, &self->config.replay[number], 1, REPLAY_TIMEOUT_MS);
    bus->sub = socket_new(loop, SOCKET_SUB, QUEUE_LIMIT, &sub_events, bus);
    bus->attendance = attendance_new();
    if (!bus->replay || !bus->sub || !bus->attendance || !socket_connect(bus->sub, self->config.bus[number]))
        return false;
    socket_subscribe(bus->sub, TEXT(TOPIC_STATUS));
    return true;
}

follower_t *follower_new(loop_t *loop, const follower_config_t *config, const follower_events_t *events, void *arg)
{
    assert(config->count >= 1 && config->count <= BUSES_MAX);
    follower_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->config = *config;
    self->events = events;
    self->arg = arg;
    self->sink = (stream_sink_t){.on_trade = events->on_trade, .on_gap = events->on_gap};
    self->request = buffer_new(0);
    self->streams = table_new();
    self->symbols = table_new();
    self->tick = loop_timer_new(loop, on_tick, self);
    bool ok = self->streams && self->symbols && self->tick;
    for (size_t i = 0; ok && i < config->count; i++)
        ok = open_bus(self, loop, i);
    if (!ok) {
        follower_destroy(&self);
        return NULL;
    }
    loop_timer_start(self->tick, 0, TICK_MS);
    return self;
}

void follower_subscribe_all(follower_t *self)
{
    self->all = true;
    for (size_t i = 0; i < self->config.count; i++)
        socket_subscribe(self->buses[i].sub, TEXT(TOPIC_TRADE));
}

/* Subscribes or unsubscribes on every bus to `trade.<symbol>.`, whatever the source. */
static void tell_buses(follower_t *self, text_t symbol, void (*tell)(socket_t *, text_t))
{
    char prefix[TOPIC_MAX + 1];
    size_t length = (size_t)snprintf(prefix, sizeof prefix, TOPIC_TRADE "%.*s.", TEXT_ARG(symbol));
    for (size_t i = 0; i < self->config.count; i++)
        tell(self->buses[i].sub, (text_t){prefix, length});
}

void follower_subscribe(follower_t *self, text_t symbol)
{
    if (self->all || table_get(self->symbols, symbol) || !table_put(self->symbols, symbol, self))
        return;
    tell_buses(self, symbol, socket_subscribe);
    size_t at = 0;
    stream_t *stream;
    while ((stream = table_each(self->streams, &at))) {
        if (text_equal(stream->symbol, symbol))
            follow_if_wanted(self, stream);
    }
}

void follower_unsubscribe(follower_t *self, text_t symbol)
{
    if (!table_remove(self->symbols, symbol))
        return;
    tell_buses(self, symbol, socket_unsubscribe);
    size_t at = 0;
    stream_t *stream;
    while ((stream = table_each(self->streams, &at))) {
        if (!text_equal(stream->symbol, symbol))
            continue;
        if (stream->repair != 0)
            requester_cancel(self->buses[stream->bus].replay, stream->repair);
        stream_end(stream);
    }
}

void follower_hold(follower_t *self, text_t topic)
{
    stream_t *stream = stream_of(self, topic);
    if (stream && !stream->followed)
        stream->waits = true;
}

void follower_resume(follower_t *self, text_t topic, cursor_t last)
{
    stream_t *stream = stream_of(self, topic);
    if (!stream || stream->followed)
        return;
    stream->resume = last;
    stream->waits = false;
    follow_if_wanted(self, stream);
}

requester_t *follower_replay(const follower_t *self, text_t topic)
{
    const stream_t *stream = table_get(self->streams, topic);
    return stream && stream->bus != STREAM_NO_BUS ? self->buses[stream->bus].replay : NULL;
}

const follower_counts_t *follower_stream_counts(const follower_t *self, text_t topic)
{
    const stream_t *stream = table_get(self->streams, topic);
    return stream ? &stream->own : NULL;
}

const follower_counts_t *follower_counts(const follower_t *self)
{
    return &self->counts;
}

bool follower_caught_up(const follower_t *self)
{
    for (size_t i = 0; i < self->config.count; i++) {
        const bus_t *bus = &self->buses[i];
        if (!bus->heard || bus->silent || (self->all && !bus->listed))
            return false;
    }
    size_t at = 0;
    const stream_t *stream;
    while (self->config.start == FOLLOW_FROM_FIRST && (stream = table_each(self->streams, &at))) {
        if (stream->initial || stream->waits)
            return false;
    }
    return true;
}

void follower_destroy(follower_t **self_p)
{
    follower_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t i = 0; i < self->config.count; i++) {
        socket_destroy(&self->buses[i].sub);
        requester_destroy(&self->buses[i].replay);
        attendance_destroy(&self->buses[i].attendance);
    }
    size_t at = 0;
    stream_t *stream;
    while (self->streams && (stream = table_each(self->streams, &at)))
        stream_destroy(&stream);
    table_destroy(&self->streams);
    table_destroy(&self->symbols);
    loop_timer_destroy(&self->tick);
    buffer_release(&self->request);
    free(self);
}
