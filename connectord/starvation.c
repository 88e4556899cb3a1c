#include "connectord/starvation.h"

#include "common/buffer.h"
#include "common/clock.h"
#include "proto/status.h"

#include <stdlib.h>

struct starvation {
    pulse_config_t config;
    const text_t *symbols;
    pulse_t *pulses;
    size_t count, stale;
    buffer_t printed;
};

starvation_t *starvation_new(const pulse_config_t *config, const text_t *symbols, size_t count)
{
    starvation_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (starvation_t){.config = *config, .symbols = symbols, .count = count, .printed = buffer_new(0)};
    self->pulses = calloc(count + 1, sizeof *self->pulses);
    if (!self->pulses)
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
    free(self->pulses);
    free(self);
}

void starvation_inherit(starvation_t *self, size_t number, const starvation_t *other, size_t former)
{
    self->stale -= self->pulses[number].stale;
    self->pulses[number] = other->pulses[former];
    self->stale += self->pulses[number].stale;
}

void starvation_expect(starvation_t *self, size_t number, int64_t now_ns)
{
    starvation_rest(self, number);
    pulse_expect(&self->pulses[number], now_ns);
}

void starvation_rest(starvation_t *self, size_t number)
{
    if (pulse_rest(&self->pulses[number]))
        self->stale--;
}

void starvation_rest_all(starvation_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        starvation_rest(self, i);
}

bool starvation_trade(starvation_t *self, size_t number, int64_t now_ns)
{
    bool was = pulse_trade(&self->pulses[number], &self->config, now_ns);
    if (was)
        self->stale--;
    return was;
}

bool starvation_check(starvation_t *self, int64_t now_ns)
{
    size_t before = self->stale;
    for (size_t i = 0; i < self->count; i++)
        self->stale += pulse_check(&self->pulses[i], &self->config, now_ns);
    return self->stale != before;
}

size_t starvation_count(const starvation_t *self)
{
    return self->stale;
}

text_t starvation_print(starvation_t *self, int64_t now_ns)
{
    if (self->stale == 0)
        return TEXT("{}");
    buffer_clear(&self->printed);
    buffer_append(&self->printed, TEXT("{"));
    for (size_t i = 0; i < self->count; i++) {
        if (!self->pulses[i].stale)
            continue;
        if (self->printed.length > 1)
            buffer_append(&self->printed, TEXT(","));
        status_put_stale(&self->printed, self->symbols[i], pulse_silence_ns(&self->pulses[i], now_ns) / NS_PER_MS);
    }
    buffer_append(&self->printed, TEXT("}"));
    return buffer_ok(&self->printed) ? buffer_text(&self->printed) : TEXT("{}");
}
