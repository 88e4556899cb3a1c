#include "connectord/lines/redundant_lines.h"

#include "common/clock.h"
#include "connectord/lines/line_cover.h"
#include "connectord/lines/redundant_lines_state.h"

#include <assert.h>
#include <stdlib.h>

static void renew(redundant_lines_t *self, redundant_line_t *line)
{
    log_info("lines: rotated", LOG_SLICE("source", self->config.name), LOG_U64("line", (uint64_t)(line - self->lines)));
    source_stop(line->source);
    line->state = LINE_MAKING;
    redundant_lines_tell_line(self, line);
    self->up--;
    source_start(line->source);
    redundant_lines_tell(self, STATUS_HEARTBEAT);
}

/* Would nothing be missed without it? */
static bool is_dispensable(redundant_lines_t *self, size_t line)
{
    line_cover_t covers[LINES_MAX];
    for (size_t i = 0; i < self->count; i++)
        covers[i] = (line_cover_t){self->lines[i].source, self->lines[i].state == LINE_UP, self->lines[i].up_ns};
    if (!line_cover_is_settled(covers, self->count, line, clock_mono_ns()))
        return false;
    bool covered = self->events->is_covered(self->arg, line);
    if (covered && line_cover_is_whole(covers, self->count, line))
        return true;
    log_warn_limited(&self->lag_limit,
                     covered ? "lines: not rotated yet: others lack a symbol" : "lines: not rotated yet: this one lags",
                     LOG_SLICE("source", self->config.name), LOG_U64("line", line));
    return false;
}

/* A line that is down, or in the making, will be a new one anyway. A single one has nobody to stand in for it: what it misses is asked for afterwards. */
static bool on_turn(void *arg, size_t number)
{
    redundant_lines_t *self = arg;
    redundant_line_t *line = &self->lines[number];
    if (line->state != LINE_UP)
        return true;
    if (self->count == 1)
        return source_lose(line->source, TEXT("renewed before the exchange ends the connection"));
    bool dispensable = is_dispensable(self, number);
    if (dispensable)
        renew(self, line);
    return dispensable;
}

/* Adds a line with settings of its own. */
static bool add_line(redundant_lines_t *self, const connector_t *connector, loop_t *loop, web_t *web,
                     const source_config_t *config)
{
    source_config_t copy;
    if (!source_config_copy(&copy, config))
        return false;
    copy.messages_per_minute = config->messages_per_minute / config->lines;
    copy.messages_per_minute += copy.messages_per_minute == 0;
    redundant_line_t *line = &self->lines[self->count];
    line->lines = self;
    line->source = connector ? source_new_with(connector, loop, web, &copy, &redundant_lines_source_events, line)
                             : source_new(loop, web, &copy, &redundant_lines_source_events, line);
    self->count += line->source != NULL;
    return line->source != NULL;
}

static bool prepare(redundant_lines_t *self, const connector_t *connector, loop_t *loop, web_t *web,
                    const source_config_t *config)
{
    assert(config->lines >= 1 && config->lines <= LINES_MAX);
    self->since_ns = clock_real_ns();
    self->rotation = rotation_new(loop, config, connector ? connector : connector_find(config->connector), on_turn, self);
    self->recorder = recorder_new(loop, config->name);
    bool prepared = self->rotation && self->recorder;
    for (size_t i = 0; prepared && i < config->lines; i++)
        prepared = add_line(self, connector, loop, web, config);
    return prepared;
}

redundant_lines_t *redundant_lines_new(loop_t *loop, web_t *web, source_config_t *config,
                                       const redundant_lines_events_t *events, void *arg)
{
    return redundant_lines_new_with(NULL, loop, web, config, events, arg);
}

redundant_lines_t *redundant_lines_new_with(const connector_t *connector, loop_t *loop, web_t *web, source_config_t *config,
                                            const redundant_lines_events_t *events, void *arg)
{
    redundant_lines_t *self = calloc(1, sizeof *self);
    if (self) {
        *self = (redundant_lines_t){.config = *config, .events = events, .arg = arg, .failing = buffer_new(0)};
        *config = (source_config_t){0};
        if (!prepare(self, connector, loop, web, &self->config))
            redundant_lines_destroy(&self);
    }
    source_config_release(config);
    return self;
}

void redundant_lines_record(redundant_lines_t *self, const source_config_t *settings)
{
    recorder_use(self->recorder, settings->record ? settings->record : "", settings->record_bytes, settings->record_files);
}

void redundant_lines_start(redundant_lines_t *self)
{
    redundant_lines_record(self, &self->config);
    for (size_t i = 0; i < self->count; i++)
        source_start(self->lines[i].source);
    rotation_start(self->rotation);
}

void redundant_lines_want(redundant_lines_t *self, text_t symbol)
{
    for (size_t i = 0; i < self->count; i++)
        source_want(self->lines[i].source, symbol);
}

void redundant_lines_release(redundant_lines_t *self, text_t symbol)
{
    for (size_t i = 0; i < self->count; i++)
        source_release(self->lines[i].source, symbol);
}

bool redundant_lines_change_symbols(redundant_lines_t *self, source_config_t *symbols)
{
    bool changed = true;
    for (size_t i = 0; changed && i < self->count; i++) {
        source_config_t copy;
        if (!(changed = source_config_copy(&copy, symbols)))
            break;
        changed = source_change_symbols(self->lines[i].source, &copy);
        source_config_release(&copy);
    }
    if (changed)
        source_config_swap_symbols(&self->config, symbols);
    return changed;
}

const source_config_t *redundant_lines_config(const redundant_lines_t *self)
{
    return &self->config;
}

size_t redundant_lines_count(const redundant_lines_t *self)
{
    return self->count;
}

size_t redundant_lines_connected(const redundant_lines_t *self)
{
    return self->up;
}

bool redundant_lines_is_up(const redundant_lines_t *self, size_t line)
{
    return line < self->count && self->lines[line].state == LINE_UP;
}

bool redundant_lines_has(const redundant_lines_t *self, text_t symbol)
{
    bool has = false;
    for (size_t i = 0; !has && i < self->count; i++)
        has = self->lines[i].state == LINE_UP && source_has(self->lines[i].source, symbol);
    return has;
}

int64_t redundant_lines_heard_ns(const redundant_lines_t *self)
{
    return self->heard_ns;
}

void redundant_lines_describe(redundant_lines_t *self, status_t *status)
{
    line_view_t views[LINES_MAX];
    const line_view_t *lost = self->lost ? &views[self->lost - self->lines] : NULL;
    const line_view_t *telling = self->telling ? &views[self->telling - self->lines] : NULL;
    for (size_t i = 0; i < self->count; i++)
        views[i] = (line_view_t){self->lines[i].source, self->lines[i].state == LINE_UP};
    lines_status_describe(status, views, self->count, lost, telling, &self->failing);
    status->since_ns = self->since_ns;
}

bool redundant_lines_post(redundant_lines_t *self, http_connection_t *from, const http_request_t *request)
{
    return source_post(self->lines[0].source, from, request);
}

bool redundant_lines_lose(redundant_lines_t *self, text_t reason)
{
    bool lost = false;
    for (size_t i = 0; i < self->count; i++)
        lost |= source_lose(self->lines[i].source, reason);
    return lost;
}

void redundant_lines_stop(redundant_lines_t *self)
{
    rotation_stop(self->rotation);
    for (size_t i = 0; i < self->count; i++) {
        source_stop(self->lines[i].source);
        self->lines[i].state = LINE_DOWN;
    }
    self->up = 0;
}

void redundant_lines_destroy(redundant_lines_t **self_ref)
{
    redundant_lines_t *self = *self_ref;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        source_destroy(&self->lines[i].source);
    recorder_destroy(&self->recorder);
    rotation_destroy(&self->rotation);
    buffer_release(&self->failing);
    source_config_release(&self->config);
    free(self);
    *self_ref = NULL;
}
