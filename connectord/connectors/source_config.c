#include "connectord/connectors/source_config.h"

#include "common/hash.h"
#include "common/json/json_write.h"
#include "common/table.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* One that is listed twice counts once. False when memory runs out. */
static bool read_symbols(source_config_t *self, const config_t *config, size_t number)
{
    size_t count = config_count(config, "connectord.sources.%zu.symbols", number);
    self->symbols = calloc(count + 1, sizeof *self->symbols);
    table_t *known = table_new();
    bool read = self->symbols && known;
    for (size_t i = 0; read && i < count; i++) {
        text_t symbol = text_of(config_text(config, "connectord.sources.%zu.symbols.%zu", number, i));
        if (table_get(known, symbol))
            continue;
        self->symbols[self->symbol_count++] = symbol;
        read = table_put(known, symbol, self);
    }
    table_destroy(&known);
    return read;
}

/* ["readings","ticker"] */
static text_t print_latest(const config_t *config, size_t number, buffer_t *out)
{
    json_writer_t json = json_write(out);
    json_open_array(&json, NULL);
    for (size_t i = 0; i < config_count(config, "connectord.sources.%zu.latest", number); i++)
        json_put_text(&json, NULL, text_of(config_text(config, "connectord.sources.%zu.latest.%zu", number, i)));
    json_close_array(&json);
    return buffer_text(out);
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

static source_backfill_t read_backfill(const config_t *config, size_t number)
{
    return (source_backfill_t){
        .enabled = config_flag(config, "connectord.sources.%zu.backfill.enabled", number),
        .url = config_text(config, "connectord.sources.%zu.backfill.url", number),
        .hold_ms = (uint32_t)config_integer(config, "connectord.sources.%zu.backfill.hold_ms", number),
        .patience_ms = (uint32_t)config_integer(config, "connectord.sources.%zu.backfill.patience_ms", number),
        .age_ms = config_integer(config, "connectord.sources.%zu.backfill.age_ms", number),
        .requests_per_minute = (uint32_t)config_integer(config, "connectord.sources.%zu.backfill.requests_per_minute", number),
    };
}

static source_witness_t read_witness(const config_t *config, size_t number)
{
    return (source_witness_t){
        .enabled = config_flag(config, "connectord.sources.%zu.witness.enabled", number),
        .every_ms = (uint32_t)config_integer(config, "connectord.sources.%zu.witness.every_ms", number),
        .delay_ms = (uint32_t)config_integer(config, "connectord.sources.%zu.witness.delay_ms", number),
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

static trade_rate_config_t read_starvation(const config_t *config, size_t number)
{
    return (trade_rate_config_t){
        .enabled = config_flag(config, "connectord.sources.%zu.starvation.enabled", number),
        .probability = config_real(config, "connectord.sources.%zu.starvation.probability", number),
        .minimum_ms = (uint32_t)config_integer(config, "connectord.sources.%zu.starvation.minimum_ms", number),
        .reconnect_ms = (uint32_t)config_integer(config, "connectord.sources.%zu.starvation.reconnect_ms", number),
    };
}

/* Of a file's content; 0: it can't be read. */
static uint64_t file_stamp(const char *path)
{
    char bytes[4096];
    uint64_t stamp = 0;
    FILE *file = path[0] != '\0' ? fopen(path, "re") : NULL;
    for (size_t length; file && (length = fread(bytes, 1, sizeof bytes, file)) > 0;)
        stamp = hash_mix(stamp, text_hash((text_t){bytes, length}));
    if (file)
        fclose(file);
    return stamp;
}

static connector_setting_t read_setting(const config_t *config, size_t number, const schema_key_t *key)
{
    connector_setting_t setting = {.name = key->path + sizeof SCHEMA_SOURCE - 1};
    if (key->type == KEY_TEXT && key->reread)
        setting.stamp = file_stamp(config_text(config, "connectord.sources.%zu.%s", number, setting.name));
    if (key->type == KEY_TEXT)
        setting.text = config_text(config, "connectord.sources.%zu.%s", number, setting.name);
    else if (key->type == KEY_FLAG)
        setting.number = config_flag(config, "connectord.sources.%zu.%s", number, setting.name);
    else if (key->type == KEY_INTEGER)
        setting.number = (double)config_integer(config, "connectord.sources.%zu.%s", number, setting.name);
    else
        setting.number = config_real(config, "connectord.sources.%zu.%s", number, setting.name);
    return setting;
}

static void read_settings(source_config_t *self, const config_t *config, size_t number, source_setting_fn *setting_at)
{
    const schema_key_t *key;
    for (; (key = setting_at(self->setting_count)); self->setting_count++) {
        assert(self->setting_count < CONNECTOR_SETTINGS_MAX);
        self->settings[self->setting_count] = read_setting(config, number, key);
    }
}

bool source_config_read(source_config_t *self, const config_t *config, size_t number, source_setting_fn *setting_at)
{
    buffer_t latest = buffer_new(0);
    source_config_t read = {
        .name = text_of(config_text(config, "connectord.sources.%zu.name", number)),
        .connector = config_text(config, "connectord.sources.%zu.connector", number),
        .url = config_text(config, "connectord.sources.%zu.url", number),
        .token = config_text(config, "connectord.sources.%zu.token", number),
        .ca = config_text(config, "connectord.sources.%zu.ca", number),
        .record = config_text(config, "connectord.sources.%zu.record", number),
        .record_bytes = (uint64_t)config_integer(config, "connectord.sources.%zu.record_bytes", number),
        .record_files = (uint32_t)config_integer(config, "connectord.sources.%zu.record_files", number),
        .latest = print_latest(config, number, &latest),
        .demand = strcmp(config_text(config, "connectord.sources.%zu.subscribe", number), "demand") == 0,
        .grace_ms = (uint32_t)config_integer(config, "connectord.sources.%zu.grace_ms", number),
        .confirm_ms = (uint32_t)config_integer(config, "connectord.sources.%zu.confirm_ms", number),
        .silence_ms = (uint32_t)config_integer(config, "connectord.sources.%zu.silence_ms", number),
        .messages_per_minute = (uint32_t)config_integer(config, "connectord.sources.%zu.messages_per_minute", number),
        .dedup_window = (uint32_t)config_integer(config, "connectord.sources.%zu.dedup_window", number),
        .future_ms = config_integer(config, "connectord.sources.%zu.future_ms", number),
        .lines = (uint32_t)config_integer(config, "connectord.sources.%zu.lines", number),
        .rotate_ms = (uint32_t)config_integer(config, "connectord.sources.%zu.rotate_ms", number),
        .settle_ms = (uint32_t)config_integer(config, "connectord.sources.%zu.settle_ms", number),
        .group = text_of(config_text(config, "connectord.sources.%zu.group", number)),
        .backfill = read_backfill(config, number),
        .witness = read_witness(config, number),
        .backoff = read_backoff(config, number),
        .breaker = read_breaker(config, number),
        .starvation = read_starvation(config, number),
    };
    read_settings(&read, config, number, setting_at);
    bool good = buffer_ok(&latest) && read_symbols(&read, config, number) && source_config_copy(self, &read);
    buffer_release(&latest);
    free(read.symbols);
    if (!good)
        *self = (source_config_t){0};
    return good;
}

/* Copies the strings, each with a NUL behind it, and has them point to the copies. */
static bool own_texts(source_config_t *self)
{
    enum { STRINGS = 6, TEXTS = 3 };
    const char **strings[STRINGS + CONNECTOR_SETTINGS_MAX] = {&self->connector, &self->url,    &self->token,
                                                              &self->ca,        &self->record, &self->backfill.url};
    text_t *texts[TEXTS] = {&self->name, &self->group, &self->latest};
    size_t bytes = 0, count = STRINGS;
    for (size_t i = 0; i < self->setting_count; i++)
        if (self->settings[i].text)
            strings[count++] = &self->settings[i].text;
    for (size_t i = 0; i < count; i++)
        bytes += (*strings[i] ? strlen(*strings[i]) : 0) + 1;
    for (size_t i = 0; i < TEXTS; i++)
        bytes += texts[i]->length + 1;
    char *at = self->texts = calloc(bytes, 1);
    if (!at)
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t length = *strings[i] ? strlen(*strings[i]) : 0;
        *strings[i] = length > 0 ? memcpy(at, *strings[i], length) : at;
        at += length + 1;
    }
    for (size_t i = 0; i < TEXTS; i++) {
        texts[i]->at = texts[i]->length > 0 ? memcpy(at, texts[i]->at, texts[i]->length) : at;
        at += texts[i]->length + 1;
    }
    return true;
}

/* The same for symbols: one piece of memory, with their text behind them. NULL when memory runs out. */
static text_t *copy_symbols(const text_t *others, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += others[i].length;
    text_t *symbols = calloc(1, (count + 1) * sizeof *symbols + bytes);
    if (!symbols)
        return NULL;
    char *at = (char *)(symbols + count + 1);
    for (size_t i = 0; i < count; i++) {
        symbols[i] = (text_t){memcpy(at, others[i].at, others[i].length), others[i].length};
        at += others[i].length;
    }
    return symbols;
}

bool source_config_copy(source_config_t *self, const source_config_t *other)
{
    *self = *other;
    self->texts = NULL;
    self->symbols = copy_symbols(other->symbols, other->symbol_count);
    if (self->symbols && own_texts(self))
        return true;
    source_config_release(self);
    return false;
}

static bool equal(const char *one, const char *other)
{
    return strcmp(one, other) == 0;
}

static bool same_settings(const source_config_t *self, const source_config_t *other)
{
    bool same = self->setting_count == other->setting_count;
    for (size_t i = 0; same && i < self->setting_count; i++) {
        const connector_setting_t *one = &self->settings[i], *another = &other->settings[i];
        same = one->text ? equal(one->text, another->text) && one->stamp == another->stamp : one->number == another->number;
    }
    return same;
}

static bool same_exchange(const source_config_t *self, const source_config_t *other)
{
    return text_equal(self->name, other->name) && equal(self->connector, other->connector) && equal(self->url, other->url) &&
           equal(self->token, other->token) && equal(self->ca, other->ca) && same_settings(self, other);
}

static bool same_subscriptions(const source_config_t *self, const source_config_t *other)
{
    return self->demand == other->demand && self->grace_ms == other->grace_ms && self->confirm_ms == other->confirm_ms &&
           self->silence_ms == other->silence_ms && self->messages_per_minute == other->messages_per_minute &&
           self->dedup_window == other->dedup_window && self->future_ms == other->future_ms && self->lines == other->lines &&
           self->rotate_ms == other->rotate_ms && self->settle_ms == other->settle_ms &&
           text_equal(self->group, other->group) && text_equal(self->latest, other->latest);
}

static bool same_patience(const source_config_t *self, const source_config_t *other)
{
    const backoff_config_t *a = &self->backoff, *b = &other->backoff;
    const breaker_config_t *c = &self->breaker, *d = &other->breaker;
    const trade_rate_config_t *e = &self->starvation, *f = &other->starvation;
    return a->initial_ms == b->initial_ms && a->maximum_ms == b->maximum_ms && a->multiplier == b->multiplier &&
           a->jitter == b->jitter && c->failures == d->failures && c->healthy_ms == d->healthy_ms && c->open_ms == d->open_ms &&
           e->enabled == f->enabled && e->probability == f->probability && e->minimum_ms == f->minimum_ms &&
           e->reconnect_ms == f->reconnect_ms;
}

static bool same_witness(const source_witness_t *self, const source_witness_t *other)
{
    return self->enabled == other->enabled && self->every_ms == other->every_ms && self->delay_ms == other->delay_ms;
}

static bool same_backfill(const source_backfill_t *self, const source_backfill_t *other)
{
    return self->enabled == other->enabled && equal(self->url, other->url) && self->hold_ms == other->hold_ms &&
           self->patience_ms == other->patience_ms && self->age_ms == other->age_ms &&
           self->requests_per_minute == other->requests_per_minute;
}

bool source_config_equal(const source_config_t *self, const source_config_t *other)
{
    return same_exchange(self, other) && same_subscriptions(self, other) && same_patience(self, other) &&
           same_backfill(&self->backfill, &other->backfill) && same_witness(&self->witness, &other->witness);
}

const connector_setting_t *source_config_setting(const source_config_t *self, const char *name)
{
    size_t number = 0;
    while (number < self->setting_count && !equal(self->settings[number].name, name))
        number++;
    assert(number < self->setting_count);
    return &self->settings[number];
}

static int compare_symbols(const void *a, const void *b)
{
    const text_t *one = a, *other = b;
    return text_compare(*one, *other);
}

/* NULL when memory runs out. */
static text_t *sorted_symbols(const source_config_t *self)
{
    text_t *symbols = calloc(self->symbol_count + 1, sizeof *symbols);
    if (symbols && self->symbol_count > 0) {
        memcpy(symbols, self->symbols, self->symbol_count * sizeof *symbols);
        qsort(symbols, self->symbol_count, sizeof *symbols, compare_symbols);
    }
    return symbols;
}

bool source_config_symbols_equal(const source_config_t *self, const source_config_t *other)
{
    text_t *some = sorted_symbols(self), *others = sorted_symbols(other);
    bool same = some && others && self->symbol_count == other->symbol_count;
    for (size_t i = 0; same && i < self->symbol_count; i++)
        same = text_equal(some[i], others[i]);
    free(some);
    free(others);
    return same;
}

bool source_config_set_symbols(source_config_t *self, const text_t *symbols, size_t count)
{
    text_t *copy = copy_symbols(symbols, count);
    if (!copy)
        return false;
    free(self->symbols);
    self->symbols = copy;
    self->symbol_count = count;
    return true;
}

void source_config_swap_symbols(source_config_t *self, source_config_t *other)
{
    text_t *symbols = self->symbols;
    size_t count = self->symbol_count;
    self->symbols = other->symbols;
    self->symbol_count = other->symbol_count;
    other->symbols = symbols;
    other->symbol_count = count;
}

void source_config_release(source_config_t *self)
{
    free(self->symbols);
    free(self->texts);
    self->symbols = NULL;
    self->texts = NULL;
    self->symbol_count = 0;
}
