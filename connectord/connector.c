#include "connectord/connector.h"

#include <stdlib.h>

extern const connector_t connector_blockchain, connector_replay;

/* A new connector: its line here, and its name below. */
static const connector_t *const connectors[] = {
    &connector_blockchain,
    &connector_replay,
};

const char *connector_names(void)
{
    return "blockchain, replay";
}

const connector_t *connector_find(const char *name)
{
    for (size_t i = 0; i < sizeof connectors / sizeof *connectors; i++)
        if (strcmp(connectors[i]->name, name) == 0)
            return connectors[i];
    return NULL;
}

static bool has_symbol(const source_config_t *self, text_t symbol)
{
    for (size_t i = 0; i < self->symbol_count; i++)
        if (text_equal(self->symbols[i], symbol))
            return true;
    return false;
}

/* One that is listed twice counts once. */
static bool read_symbols(source_config_t *self, const config_t *config, size_t number)
{
    size_t count = config_count(config, "connectord.sources.%zu.symbols", number);
    self->symbols = calloc(count + 1, sizeof *self->symbols);
    if (!self->symbols)
        return false;
    for (size_t i = 0; i < count; i++) {
        text_t symbol = text_of(config_text(config, "connectord.sources.%zu.symbols.%zu", number, i));
        if (!has_symbol(self, symbol))
            self->symbols[self->symbol_count++] = symbol;
    }
    return true;
}

static backoff_config_t read_backoff(const config_t *config, size_t number)
{
    return (backoff_config_t){
        .initial_ms = (uint32_t)config_integer(config, "connectord.sources.%zu.backoff.initial_ms", number),
        .maximum_ms = (uint32_t)config_integer(config, "connectord.sources.%zu.backoff.maximum_ms", number),
        .multiplier = config_real(config, "connectord.sources.%zu.backoff.multiplier", number),
        .jitter = config_real(config, "connectord.sources.%zu.backoff.jitter", number),
    };
}

static breaker_config_t read_breaker(const config_t *config, size_t number)
{
    return (breaker_config_t){
        .failures = (uint32_t)config_integer(config, "connectord.sources.%zu.breaker.failures", number),
        .healthy_ms = (uint32_t)config_integer(config, "connectord.sources.%zu.breaker.healthy_ms", number),
        .open_ms = (uint32_t)config_integer(config, "connectord.sources.%zu.breaker.open_ms", number),
    };
}

static pulse_config_t read_starvation(const config_t *config, size_t number)
{
    return (pulse_config_t){
        .enabled = config_flag(config, "connectord.sources.%zu.starvation.enabled", number),
        .probability = config_real(config, "connectord.sources.%zu.starvation.probability", number),
        .minimum_ms = (uint32_t)config_integer(config, "connectord.sources.%zu.starvation.minimum_ms", number),
    };
}

bool source_config_read(source_config_t *self, const config_t *config, size_t number)
{
    *self = (source_config_t){
        .name = text_of(config_text(config, "connectord.sources.%zu.name", number)),
        .connector = config_text(config, "connectord.sources.%zu.connector", number),
        .url = config_text(config, "connectord.sources.%zu.url", number),
        .token = config_text(config, "connectord.sources.%zu.token", number),
        .ca = config_text(config, "connectord.sources.%zu.ca", number),
        .file = config_text(config, "connectord.sources.%zu.file", number),
        .speed = config_real(config, "connectord.sources.%zu.speed", number),
        .loop = config_flag(config, "connectord.sources.%zu.loop", number),
        .demand = strcmp(config_text(config, "connectord.sources.%zu.subscribe", number), "demand") == 0,
        .grace_ms = (uint32_t)config_integer(config, "connectord.sources.%zu.grace_ms", number),
        .silence_ms = (uint32_t)config_integer(config, "connectord.sources.%zu.silence_ms", number),
        .messages_per_minute = (uint32_t)config_integer(config, "connectord.sources.%zu.messages_per_minute", number),
        .dedup_window = (uint32_t)config_integer(config, "connectord.sources.%zu.dedup_window", number),
        .lines = (uint32_t)config_integer(config, "connectord.sources.%zu.lines", number),
        .rotate_ms = (uint32_t)config_integer(config, "connectord.sources.%zu.rotate_ms", number),
        .settle_ms = (uint32_t)config_integer(config, "connectord.sources.%zu.settle_ms", number),
        .group = text_of(config_text(config, "connectord.sources.%zu.group", number)),
        .backoff = read_backoff(config, number),
        .breaker = read_breaker(config, number),
        .starvation = read_starvation(config, number),
    };
    return read_symbols(self, config, number);
}

bool source_config_copy(source_config_t *self, const source_config_t *other)
{
    *self = *other;
    self->symbols = calloc(other->symbol_count + 1, sizeof *self->symbols);
    if (!self->symbols)
        return false;
    if (other->symbol_count > 0)
        memcpy(self->symbols, other->symbols, other->symbol_count * sizeof *self->symbols);
    return true;
}

void source_config_release(source_config_t *self)
{
    free(self->symbols);
    self->symbols = NULL;
    self->symbol_count = 0;
}
