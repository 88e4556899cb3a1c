#include "connectord/health/starvation.h"

#include "common/buffer.h"
#include "common/clock.h"
#include "proto/status.h"

#include <stdlib.h>

enum { PATIENT_TRIES = 3, CALM = 4 };

typedef struct {
    pulse_t pulse;
    uint32_t tried;   /* resubscribes since the last trade, or on this connection */
    int64_t due_ns;   /* the silence after which the next one is due; 0: the one that made it stale */
    bool reconnected; /* there was a new connection since the last trade */
} stream_t;

struct starvation {
    pulse_config_t config;
    const text_t *symbols;
    stream_t *streams;
    size_t count, stale;
    int64_t connected_ns; /* when this connection was made */
    uint32_t wait_ms;     /* it is left no sooner than so long after that */
    buffer_t printed;
};

starvation_t *starvation_new(const pulse_config_t *config, const text_t *symbols, size_t count)
{
    starvation_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (starvation_t){.config = *config, .symbols = symbols, .count = count, .printed = buffer_new(0)};
    self->wait_ms = config->reconnect_ms;
    self->streams = calloc(count + 1, sizeof *self->streams);
    if (!self->streams)
        starvation_destroy(&self);
    return self;
}

void starvation_destroy(starvation_t **self_p)
{
    starvation_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    buffer_release(&self->printed);
    free(self->streams);
    free(self);
}

void starvation_inherit(starvation_t *self, size_t number, const starvation_t *other, size_t former)
{
    self->stale -= self->streams[number].pulse.stale;
    self->streams[number] = other->streams[former];
    self->stale += self->streams[number].pulse.stale;
    self->connected_ns = other->connected_ns;
    self->wait_ms = other->wait_ms;
}

void starvation_expect(starvation_t *self, size_t number, int64_t now_ns)
{
    starvation_rest(self, number);
    pulse_expect(&self->streams[number].pulse, now_ns);
}

void starvation_rest(starvation_t *self, size_t number)
{
    stream_t *stream = &self->streams[number];
    stream->tried = 0;
    stream->due_ns = 0;
    if (pulse_rest(&stream->pulse))
        self->stale--;
}

void starvation_rest_all(starvation_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        starvation_rest(self, i);
}

bool starvation_trade(starvation_t *self, size_t number, int64_t now_ns)
{
    stream_t *stream = &self->streams[number];
    stream->reconnected = false;
    if (!pulse_trade(&stream->pulse, &self->config, now_ns))
        return false;
    stream->tried = 0;
    stream->due_ns = 0;
    self->stale--;
    return true;
}

bool starvation_check(starvation_t *self, int64_t now_ns)
{
    size_t before = self->stale;
    for (size_t i = 0; i < self->count; i++)
        self->stale += pulse_check(&self->streams[i].pulse, &self->config, now_ns);
    return self->stale != before;
}

size_t starvation_count(const starvation_t *self)
{
    return self->stale;
}

bool starvation_is_stale(const starvation_t *self, size_t number)
{
    return self->streams[number].pulse.stale;
}

void starvation_connected(starvation_t *self, int64_t now_ns)
{
    for (size_t i = 0; i < self->count; i++)
        self->streams[i].reconnected = true;
    self->connected_ns = now_ns;
}

static bool is_due(const stream_t *stream, int64_t now_ns)
{
    return stream->pulse.stale && pulse_silence_ns(&stream->pulse, now_ns) >= stream->due_ns;
}

/* Is each busy stream stale, and was none of them helped by a resubscribe? */
static bool is_dry(const starvation_t *self, int64_t now_ns)
{
    size_t busy = 0, helpless = 0;
    for (size_t i = 0; i < self->count; i++) {
        const stream_t *stream = &self->streams[i];
        busy += pulse_is_busy(&stream->pulse);
        helpless += stream->pulse.stale && (stream->tried > 1 || (stream->tried == 1 && is_due(stream, now_ns)));
    }
    return busy > 0 && helpless == busy;
}

static bool may_reconnect(const starvation_t *self, int64_t now_ns)
{
    return self->wait_ms > 0 && now_ns - self->connected_ns >= self->wait_ms * NS_PER_MS;
}

remedy_t starvation_remedy(const starvation_t *self, size_t *at, int64_t now_ns, size_t *number)
{
    bool old = may_reconnect(self, now_ns), dry = self->stale > 0 && old && is_dry(self, now_ns);
    while (self->stale > 0 && *at < self->count) {
        const stream_t *stream = &self->streams[ *number = (*at)++];
        if (dry && stream->pulse.stale)
            return REMEDY_RECONNECT;
        if (!is_due(stream, now_ns))
            continue;
        bool hopeless = old && stream->tried >= PATIENT_TRIES && !stream->reconnected;
        return hopeless ? REMEDY_RECONNECT : REMEDY_RESUBSCRIBE;
    }
    return REMEDY_NONE;
}

static void tried_resubscribe(stream_t *stream, int64_t now_ns)
{
    int64_t silence_ns = pulse_silence_ns(&stream->pulse, now_ns), pause_ns = STARVATION_PAUSE_MS * NS_PER_MS;
    stream->tried++;
    stream->due_ns = silence_ns + (silence_ns < pause_ns ? silence_ns : pause_ns);
}

void starvation_tried(starvation_t *self, remedy_t remedy, size_t number, int64_t now_ns)
{
    if (remedy == REMEDY_RESUBSCRIBE)
        tried_resubscribe(&self->streams[number], now_ns);
    if (remedy != REMEDY_RECONNECT)
        return;
    uint32_t shortest_ms = self->config.reconnect_ms;
    if (now_ns - self->connected_ns >= CALM * NS_PER_MS * self->wait_ms)
        self->wait_ms = shortest_ms;
    if (self->wait_ms / STARVATION_REST < shortest_ms)
        self->wait_ms *= 2;
}

int64_t starvation_silence_ns(const starvation_t *self, size_t number, int64_t now_ns)
{
    return pulse_silence_ns(&self->streams[number].pulse, now_ns);
}

text_t starvation_print(starvation_t *self, int64_t now_ns)
{
    if (self->stale == 0)
        return TEXT("{}");
    buffer_clear(&self->printed);
    buffer_append(&self->printed, TEXT("{"));
    for (size_t i = 0; i < self->count; i++) {
        if (!self->streams[i].pulse.stale)
            continue;
        if (self->printed.length > 1)
            buffer_append(&self->printed, TEXT(","));
        status_put_stale(&self->printed, self->symbols[i], starvation_silence_ns(self, i, now_ns) / NS_PER_MS);
    }
    buffer_append(&self->printed, TEXT("}"));
    return buffer_ok(&self->printed) ? buffer_text(&self->printed) : TEXT("{}");
}
