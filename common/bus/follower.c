/* Over 400 lines, but one idea: the promise that no trade is missed is kept here, from what the bus says to what replay is
 * asked for, and reads best in one piece. */
#include "common/bus/follower.h"

#include "common/bus/ahead.h"
#include "common/bus/bus.h"
#include "common/bus/followed_stream.h"
#include "common/clock.h"
#include "common/json/json.h"
#include "common/table.h"
#include "proto/record.h"
#include "proto/request.h"
#include "proto/topic.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUSES_MAX = 16, TICK_MS = 250, STREAMS_MAX = 1000000 };

/* One connectord. */
typedef struct {
    follower_t *follower;
    bus_t *bus;       /* owned */
    bool listed;      /* the streams that its journal has are known (FOLLOW_FROM_FIRST) */
    uint64_t listing; /* the request for them under way; 0: none */
    uint64_t run;     /* the process that its statuses come from, … */
    uint64_t epoch;   /* … and the epoch that it had when it was first heard */
    ahead_t ahead;
} link_t;

struct follower {
    follower_config_t config;
    const follower_events_t *events;
    void *arg;
    stream_sink_t sink;
    link_t links[BUSES_MAX]; /* by the buses' numbers */
    table_t *streams;        /* topic → followed_stream_t, for every stream heard of; owned */
    followed_stream_t *last; /* the one looked for last: trades of one stream often come one after another */
    table_t *symbols;        /* the subscribed symbols */
    bool all;
    loop_timer_t *tick;
    buffer_t request;
    follower_counts_t counts;
};

static bool wanted(const follower_t *self, text_t symbol)
{
    return self->all || table_get(self->symbols, symbol);
}

static void repair(followed_stream_t *stream);

static void on_repaired(void *arg, text_t answer)
{
    followed_stream_t *stream = arg;
    follower_t *self = stream->owner;
    if (followed_stream_repaired(stream, answer))
        repair(stream); /* the next page, or what came meanwhile; else the tick tries again */
    self->events->on_drained(self->arg);
}

static void repair(followed_stream_t *stream)
{
    follower_t *self = stream->owner;
    if (!followed_stream_needs_repair(stream))
        return;
    buffer_clear(&self->request);
    followed_stream_repair_request(stream, &self->request);
    stream->repair = requester_send(bus_replay(self->links[stream->bus].bus), buffer_text(&self->request), on_repaired, stream);
}

/* The stream of a topic, made when it is new; NULL when there can't be more. */
static followed_stream_t *stream_of(follower_t *self, text_t topic)
{
    if (self->last && text_equal(self->last->topic, topic))
        return self->last;
    followed_stream_t *stream = table_get(self->streams, topic);
    if (stream)
        self->last = stream;
    if (stream || table_count(self->streams) >= STREAMS_MAX)
        return stream;
    stream = followed_stream_new(topic, &self->counts, &self->sink, self->arg);
    if (!stream)
        return NULL;
    stream->owner = self;
    if (!table_put(self->streams, stream->topic, stream))
        followed_stream_destroy(&stream);
    return stream;
}

/* The same, for what came from a bus; NULL too when the stream is another bus's: two connectords must not share a source. */
static followed_stream_t *stream_from(follower_t *self, const bus_t *bus, text_t topic)
{
    followed_stream_t *stream = stream_of(self, topic);
    if (stream && stream->bus == FOLLOWED_STREAM_NO_BUS)
        stream->bus = bus_number(bus);
    return stream && stream->bus == bus_number(bus) ? stream : NULL;
}

static void begin(follower_t *self, followed_stream_t *stream)
{
    cursor_t present = {stream->next.epoch, stream->newest}, start = present;
    if (self->config.start == FOLLOW_FROM_FIRST && stream->resume.epoch != 0)
        start = stream->resume;
    else if (self->config.start == FOLLOW_FROM_FIRST)
        start.seq = 0;
    followed_stream_begin(stream, start);
    stream->fresh = start.seq == 0;
    self->events->on_stream(self->arg, stream->topic, start);
    followed_stream_reaches(stream, present);
    repair(stream);
}

/* Where streams end now: one, or (an empty topic) all of the bus. */
static uint64_t ask_streams(link_t *link, text_t topic, requester_fn *done, void *arg)
{
    buffer_t *request = &link->follower->request;
    buffer_clear(request);
    streams_request_print(request, topic);
    return requester_send(bus_replay(link->bus), buffer_text(request), done, arg);
}

static void on_located(void *arg, text_t answer)
{
    followed_stream_t *stream = arg;
    follower_t *self = stream->owner;
    streams_item_t item;
    json_walk_t walk;
    stream->repair = 0;
    if (streams_answer_parse(answer, &walk) && json_next(&walk) && streams_item_parse(walk.value, &item) &&
        text_equal(item.topic, stream->topic))
        followed_stream_reaches(stream, item.last);
    begin(self, stream); /* without an answer, where the last status said */
    self->events->on_drained(self->arg);
}

/* Follow a stream that was heard of. A status may be a second old: who wants what comes from now on asks where that is. */
static void follow(follower_t *self, followed_stream_t *stream)
{
    uint64_t request =
        self->config.start == FOLLOW_FROM_LAST ? ask_streams(&self->links[stream->bus], stream->topic, on_located, stream) : 0;
    if (request != 0)
        followed_stream_locate(stream, request);
    else
        begin(self, stream);
}

static void follow_if_wanted(follower_t *self, followed_stream_t *stream)
{
    if (stream->state == FOLLOWED_STREAM_UNWANTED && stream->next.epoch != 0 && wanted(self, stream->symbol))
        follow(self, stream);
}

/* A stream of this bus is known to reach up to `last`. */
static void stream_known(follower_t *self, const bus_t *bus, text_t topic, cursor_t last)
{
    followed_stream_t *stream = stream_from(self, bus, topic);
    if (!stream)
        return;
    followed_stream_reaches(stream, last);
    follow_if_wanted(self, stream);
    repair(stream);
    if (stream->ahead)
        ahead_look(&self->links[stream->bus].ahead, stream, clock_mono_ns());
}

static void on_trade(void *arg, bus_t *bus, text_t topic, const trade_t *trade, text_t json)
{
    follower_t *self = arg;
    if (!wanted(self, record_subject_in(topic, trade)))
        return; /* unsubscribed; it was under way already */
    followed_stream_t *stream = stream_from(self, bus, topic);
    if (!stream) {
        bus_complain(bus, "follower: the stream comes from two buses, or there are too many streams", topic, trade->source);
        return;
    }
    if (!followed_stream_is_followed(stream)) {
        followed_stream_reaches(stream, (cursor_t){trade->cursor.epoch, trade->cursor.seq - 1});
        follow_if_wanted(self, stream);
    }
    if (followed_stream_is_followed(stream))
        followed_stream_live(stream, trade, json);
    else
        followed_stream_reaches(stream, trade->cursor); /* it is being located: that comes before it begins */
    repair(stream);
}

/* --- what comes from the bus --- */

static followed_stream_t *find_stream(const follower_t *self, text_t symbol, text_t source)
{
    char name[TOPIC_MAX];
    size_t length = topic_print(name, symbol, source);
    return table_get(self->streams, (text_t){name, length});
}

/* A connectord that was followed in its former epoch has renewed its journal: the streams go on in the new one. */
static void renew(follower_t *self, const status_t *status)
{
    text_t symbol;
    uint64_t seq;
    for (json_walk_t walk = json_walk(status->former); status_next_symbol(&walk, &symbol, &seq);) {
        followed_stream_t *stream = find_stream(self, symbol, status->source);
        if (stream)
            stream->former = seq;
    }
    for (json_walk_t walk = json_walk(status->symbols); status_next_symbol(&walk, &symbol, &seq);) {
        followed_stream_t *stream = find_stream(self, symbol, status->source);
        if (!stream)
            continue;
        followed_stream_renewed(stream, (cursor_t){status->former_epoch, stream->former}, status->epoch);
        stream->former = 0;
    }
}

/* Who hears of a connectord for the first time after it has renewed its journal was not there in the former epoch. */
static void meet(link_t *link, const status_t *status)
{
    if (status->run == 0)
        return; /* it does not say */
    if (status->run != link->run)
        link->epoch = status->epoch;
    link->run = status->run;
    if (status->former_epoch != 0 && status->epoch != link->epoch)
        renew(link->follower, status);
}

static void on_status(void *arg, bus_t *bus, const status_t *status)
{
    follower_t *self = arg;
    self->events->on_status(self->arg, status);
    meet(&self->links[bus_number(bus)], status);
    char name[TOPIC_MAX];
    text_t symbol;
    uint64_t last;
    json_walk_t walk = json_walk(status->symbols);
    while (status_next_symbol(&walk, &symbol, &last)) {
        size_t length = topic_print(name, symbol, status->source);
        stream_known(self, bus, (text_t){name, length}, (cursor_t){status->epoch, last});
    }
}

static void on_drained(void *arg)
{
    follower_t *self = arg;
    self->events->on_drained(self->arg);
}

static void on_silent(void *arg, bus_t *bus, bool silent)
{
    follower_t *self = arg;
    self->events->on_silent(self->arg, bus_number(bus), silent);
}

static const bus_events_t bus_events = {on_trade, on_status, on_drained, on_silent};

static void on_listed(void *arg, text_t answer)
{
    link_t *link = arg;
    json_walk_t walk;
    link->listing = 0;
    if (!streams_answer_parse(answer, &walk))
        return; /* the tick asks again */
    link->listed = true;
    while (json_next(&walk)) {
        streams_item_t item;
        if (streams_item_parse(walk.value, &item))
            stream_known(link->follower, link->bus, item.topic, item.last);
        else
            bus_complain(link->bus, "follower: malformed stream in replay's list", TEXT(""), walk.value);
    }
}

static void list_streams(link_t *link)
{
    if (!link->listed && link->listing == 0)
        link->listing = ask_streams(link, TEXT(""), on_listed, link);
}

static void on_tick(void *arg)
{
    follower_t *self = arg;
    int64_t now_ns = clock_mono_ns();
    self->counts.ahead = 0;
    for (size_t i = 0; i < self->config.count; i++) {
        link_t *link = &self->links[i];
        bus_tick(link->bus, now_ns);
        if (self->all)
            list_streams(link);
    }
    size_t at = 0;
    followed_stream_t *stream;
    while ((stream = table_each(self->streams, &at))) {
        repair(stream);
        self->counts.ahead +=
            stream->bus != FOLLOWED_STREAM_NO_BUS && ahead_look(&self->links[stream->bus].ahead, stream, now_ns);
    }
}

static bool open_bus(follower_t *self, loop_t *loop, size_t number)
{
    link_t *link = &self->links[number];
    link->follower = self;
    link->bus = bus_new(loop, number, &self->config.bus[number], &self->config.replay[number], &self->counts.malformed,
                        &bus_events, self);
    link->ahead = ahead_new(link->bus);
    return link->bus != NULL;
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
    self->sink = (stream_sink_t){.on_trade = events->on_trade, .on_gap = events->on_gap, .on_renewed = events->on_renewed};
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
    for (size_t i = 0; i < self->config.count; i++) {
        bus_subscribe(self->links[i].bus, TEXT(""));
        list_streams(&self->links[i]); /* until a tick asks it may be a while */
    }
}

/* Subscribes or unsubscribes on every bus to `trade.<symbol>.`, or another subject's, whatever the source. */
static void tell_buses(follower_t *self, text_t symbol, void (*tell)(bus_t *, text_t))
{
    char prefix[TOPIC_MAX];
    size_t length = topic_print(prefix, symbol, TEXT(""));
    for (size_t i = 0; i < self->config.count; i++)
        tell(self->links[i].bus, (text_t){prefix, length});
}

void follower_subscribe(follower_t *self, text_t symbol)
{
    if (self->all || table_get(self->symbols, symbol) || !table_put(self->symbols, symbol, self))
        return;
    tell_buses(self, symbol, bus_subscribe);
    size_t at = 0;
    followed_stream_t *stream;
    while ((stream = table_each(self->streams, &at))) {
        if (text_equal(stream->symbol, symbol))
            follow_if_wanted(self, stream);
    }
}

void follower_unsubscribe(follower_t *self, text_t symbol)
{
    if (!table_remove(self->symbols, symbol))
        return;
    tell_buses(self, symbol, bus_unsubscribe);
    size_t at = 0;
    followed_stream_t *stream;
    while ((stream = table_each(self->streams, &at))) {
        if (!text_equal(stream->symbol, symbol))
            continue;
        if (stream->repair != 0)
            requester_cancel(bus_replay(self->links[stream->bus].bus), stream->repair);
        followed_stream_end(stream);
    }
}

void follower_hold(follower_t *self, text_t topic)
{
    followed_stream_t *stream = stream_of(self, topic);
    if (stream)
        followed_stream_hold(stream);
}

void follower_resume(follower_t *self, text_t topic, cursor_t last)
{
    followed_stream_t *stream = stream_of(self, topic);
    if (!stream)
        return;
    followed_stream_resume(stream, last);
    follow_if_wanted(self, stream);
}

requester_t *follower_replay(const follower_t *self, text_t topic)
{
    const followed_stream_t *stream = table_get(self->streams, topic);
    return stream && stream->bus != FOLLOWED_STREAM_NO_BUS ? bus_replay(self->links[stream->bus].bus) : NULL;
}

const follower_counts_t *follower_stream_counts(const follower_t *self, text_t topic)
{
    const followed_stream_t *stream = table_get(self->streams, topic);
    return stream ? &stream->own : NULL;
}

const follower_counts_t *follower_counts(const follower_t *self)
{
    return &self->counts;
}

bool follower_caught_up(const follower_t *self)
{
    if (self->counts.ahead > 0)
        return false;
    for (size_t i = 0; i < self->config.count; i++) {
        const link_t *link = &self->links[i];
        if (!bus_heard(link->bus) || (self->all && !link->listed))
            return false;
    }
    size_t at = 0;
    const followed_stream_t *stream;
    while (self->config.start == FOLLOW_FROM_FIRST && (stream = table_each(self->streams, &at))) {
        if (stream->state == FOLLOWED_STREAM_STARTING || stream->state == FOLLOWED_STREAM_WAITING)
            return false;
    }
    return true;
}

bool follower_has_more(const follower_t *self)
{
    for (size_t i = 0; i < self->config.count; i++)
        if (bus_has_more(self->links[i].bus))
            return true;
    return false;
}

void follower_pause(follower_t *self, bool paused)
{
    for (size_t i = 0; i < self->config.count; i++)
        bus_pause(self->links[i].bus, paused);
}

void follower_destroy(follower_t **self_p)
{
    follower_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t i = 0; i < self->config.count; i++) {
        bus_destroy(&self->links[i].bus);
        ahead_release(&self->links[i].ahead);
    }
    size_t at = 0;
    followed_stream_t *stream;
    while (self->streams && (stream = table_each(self->streams, &at)))
        followed_stream_destroy(&stream);
    table_destroy(&self->streams);
    table_destroy(&self->symbols);
    loop_timer_destroy(&self->tick);
    buffer_release(&self->request);
    free(self);
}
