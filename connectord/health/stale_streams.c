#include "connectord/health/stale_streams.h"

#include "common/buffer.h"
#include "common/clock.h"
#include "proto/status.h"

#include <stdlib.h>

enum { PATIENT_TRIES = 3, CALM = 4 };

typedef struct {
    trade_rate_t rate;
    uint32_t tried;   /* resubscribes since the last trade, or on this connection */
    int64_t due_ns;   /* the silence after which the next one is due; 0: the one that made it stale */
    bool reconnected; /* there was a new connection since the last trade */
} watched_stream_t;

struct stale_streams {
    trade_rate_config_t config;
    const text_t *symbols;
    watched_stream_t *streams;
    size_t count, stale;
    int64_t connected_ns; /* when this connection was made */
    uint32_t wait_ms;     /* it is left no sooner than so long after that */
    buffer_t printed;
};

stale_streams_t *stale_streams_new(const trade_rate_config_t *config, const text_t *symbols, size_t count)
{
    stale_streams_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (stale_streams_t){.config = *config, .symbols = symbols, .count = count, .printed = buffer_new(0)};
    self->wait_ms = config->reconnect_ms;
    self->streams = calloc(count + 1, sizeof *self->streams);
    if (!self->streams)
        stale_streams_destroy(&self);
    return self;
}

void stale_streams_destroy(stale_streams_t **self_p)
{
    stale_streams_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    buffer_release(&self->printed);
    free(self->streams);
    free(self);
}

void stale_streams_inherit(stale_streams_t *self, size_t number, const stale_streams_t *other, size_t former)
{
    self->stale -= self->streams[number].rate.stale;
    self->streams[number] = other->streams[former];
    self->stale += self->streams[number].rate.stale;
    self->connected_ns = other->connected_ns;
    self->wait_ms = other->wait_ms;
}

void stale_streams_expect(stale_streams_t *self, size_t number, int64_t now_ns)
{
    stale_streams_rest(self, number);
    trade_rate_expect(&self->streams[number].rate, now_ns);
}

void stale_streams_rest(stale_streams_t *self, size_t number)
{
    watched_stream_t *stream = &self->streams[number];
    stream->tried = 0;
    stream->due_ns = 0;
    if (trade_rate_rest(&stream->rate))
        self->stale--;
}

void stale_streams_rest_all(stale_streams_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        stale_streams_rest(self, i);
}

void stale_streams_fetch(const stale_streams_t *self, size_t number)
{
    __builtin_prefetch(&self->streams[number], 1);
}

bool stale_streams_trade(stale_streams_t *self, size_t number, int64_t now_ns)
{
    watched_stream_t *stream = &self->streams[number];
    stream->reconnected = false;
    if (!trade_rate_trade(&stream->rate, &self->config, now_ns))
        return false;
    stream->tried = 0;
    stream->due_ns = 0;
    self->stale--;
    return true;
}

bool stale_streams_check(stale_streams_t *self, int64_t now_ns)
{
    size_t before = self->stale;
    for (size_t i = 0; i < self->count; i++)
        self->stale += trade_rate_check(&self->streams[i].rate, &self->config, now_ns);
    return self->stale != before;
}

size_t stale_streams_count(const stale_streams_t *self)
{
    return self->stale;
}

bool stale_streams_is_stale(const stale_streams_t *self, size_t number)
{
    return self->streams[number].rate.stale;
}

void stale_streams_connected(stale_streams_t *self, int64_t now_ns)
{
    for (size_t i = 0; i < self->count; i++)
        self->streams[i].reconnected = true;
    self->connected_ns = now_ns;
}

static bool is_due(const watched_stream_t *stream, int64_t now_ns)
{
    return stream->rate.stale && trade_rate_silence_ns(&stream->rate, now_ns) >= stream->due_ns;
}

/* Is each busy stream stale, and was none of them helped by a resubscribe? */
static bool is_dry(const stale_streams_t *self, int64_t now_ns)
{
    size_t busy = 0, helpless = 0;
    for (size_t i = 0; i < self->count; i++) {
        const watched_stream_t *stream = &self->streams[i];
        busy += trade_rate_is_busy(&stream->rate);
        helpless += stream->rate.stale && (stream->tried > 1 || (stream->tried == 1 && is_due(stream, now_ns)));
    }
    return busy > 0 && helpless == busy;
}

static bool may_reconnect(const stale_streams_t *self, int64_t now_ns)
{
    return self->wait_ms > 0 && now_ns - self->connected_ns >= self->wait_ms * NS_PER_MS;
}

remedy_t stale_streams_remedy(const stale_streams_t *self, size_t *at, int64_t now_ns, size_t *number)
{
    bool old = may_reconnect(self, now_ns), dry = self->stale > 0 && old && is_dry(self, now_ns);
    while (self->stale > 0 && *at < self->count) {
        const watched_stream_t *stream = &self->streams[ *number = (*at)++];
        if (dry && stream->rate.stale)
            return REMEDY_RECONNECT;
        if (!is_due(stream, now_ns))
            continue;
        bool hopeless = old && stream->tried >= PATIENT_TRIES && !stream->reconnected;
        return hopeless ? REMEDY_RECONNECT : REMEDY_RESUBSCRIBE;
    }
    return REMEDY_NONE;
}

static void tried_resubscribe(watched_stream_t *stream, int64_t now_ns)
{
    int64_t silence_ns = trade_rate_silence_ns(&stream->rate, now_ns), pause_ns = STALE_STREAMS_PAUSE_MS * NS_PER_MS;
    stream->tried++;
    stream->due_ns = silence_ns + (silence_ns < pause_ns ? silence_ns : pause_ns);
}

void stale_streams_tried(stale_streams_t *self, remedy_t remedy, size_t number, int64_t now_ns)
{
    if (remedy == REMEDY_RESUBSCRIBE)
        tried_resubscribe(&self->streams[number], now_ns);
    if (remedy != REMEDY_RECONNECT)
        return;
    uint32_t shortest_ms = self->config.reconnect_ms;
    if (now_ns - self->connected_ns >= CALM * NS_PER_MS * self->wait_ms)
        self->wait_ms = shortest_ms;
    if (self->wait_ms / STALE_STREAMS_REST < shortest_ms)
        self->wait_ms *= 2;
}

int64_t stale_streams_silence_ns(const stale_streams_t *self, size_t number, int64_t now_ns)
{
    return trade_rate_silence_ns(&self->streams[number].rate, now_ns);
}

text_t stale_streams_print(stale_streams_t *self, int64_t now_ns)
{
    if (self->stale == 0)
        return TEXT("{}");
    buffer_clear(&self->printed);
    buffer_append(&self->printed, TEXT("{"));
    for (size_t i = 0; i < self->count; i++) {
        if (!self->streams[i].rate.stale)
            continue;
        if (self->printed.length > 1)
            buffer_append(&self->printed, TEXT(","));
        status_put_stale(&self->printed, self->symbols[i], stale_streams_silence_ns(self, i, now_ns) / NS_PER_MS);
    }
    buffer_append(&self->printed, TEXT("}"));
    return buffer_ok(&self->printed) ? buffer_text(&self->printed) : TEXT("{}");
}
