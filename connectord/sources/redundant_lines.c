#include "connectord/sources/redundant_lines.h"

#include "common/clock.h"
#include "common/log.h"
#include "connectord/recording/recorder.h"
#include "connectord/sources/line_cover.h"
#include "connectord/sources/rotation.h"

#include <assert.h>
#include <stdlib.h>

_Static_assert((int)LINES_MAX <= (int)RECORDED_LINES_MAX, "each line can be recorded");

typedef enum {
    LINE_MAKING, /* nothing is known of it: at the start, and while a rotation reconnects it */
    LINE_UP,
    LINE_DOWN
} line_state_t;

typedef struct {
    redundant_lines_t *lines;
    source_t *source;
    line_state_t state;
    int64_t up_ns; /* since when it has been up (clock_mono_ns) */
} redundant_line_t;

struct redundant_lines {
    source_config_t config;
    const redundant_lines_events_t *events;
    void *arg;
    redundant_line_t lines[LINES_MAX];
    size_t count, up;
    bool told_lost;                  /* and nothing since */
    int64_t heard_ns;                /* when a line received a message */
    int64_t since_ns;                /* since when the source has been connected, or not */
    const redundant_line_t *telling; /* the one whose gap is being told */
    const redundant_line_t *lost;    /* the one that was lost last */
    buffer_t failing;                /* of the status that was made last */
    recorder_t *recorder;
    rotation_t *rotation;
    log_limit_t lag_limit;
};

static void tell(redundant_lines_t *self, status_event_t event)
{
    if (event != STATUS_HEARTBEAT && event != STATUS_GAP)
        self->since_ns = clock_real_ns();
    self->events->on_status(self->arg, event);
}

static void tell_line(const redundant_lines_t *self, const redundant_line_t *line)
{
    self->events->on_line(self->arg, (size_t)(line - self->lines), line->state == LINE_UP);
}

static void line_made(redundant_lines_t *self, redundant_line_t *line)
{
    self->up += line->state != LINE_UP;
    line->state = LINE_UP;
    line->up_ns = clock_mono_ns();
    recorder_connected(self->recorder, (size_t)(line - self->lines));
    tell_line(self, line);
    if (self->up > 1) {
        tell(self, STATUS_HEARTBEAT);
        return;
    }
    status_event_t event = self->told_lost ? STATUS_RESTORED : STATUS_CONNECTED;
    self->told_lost = false;
    tell(self, event);
}

static bool any_in_the_making(const redundant_lines_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->lines[i].state == LINE_MAKING)
            return true;
    return false;
}

/* A source that has never been connected is lost when each of its lines has failed. */
static void line_lost(redundant_lines_t *self, redundant_line_t *line)
{
    bool was_up = line->state == LINE_UP;
    line->state = LINE_DOWN;
    tell_line(self, line);
    self->up -= was_up;
    self->lost = line;
    if (self->up == 0 && !self->told_lost && (was_up || !any_in_the_making(self))) {
        self->told_lost = true;
        tell(self, STATUS_LOST);
    } else if (was_up) {
        tell(self, STATUS_HEARTBEAT);
    }
}

static bool on_trade(void *arg, source_t *source, trade_t *trade)
{
    (void)source;
    const redundant_line_t *line = arg;
    const redundant_lines_t *self = line->lines;
    return self->events->on_trade(self->arg, (size_t)(line - self->lines), trade);
}

static bool on_former(void *arg, source_t *source, trade_t *trade)
{
    (void)source;
    const redundant_line_t *line = arg;
    const redundant_lines_t *self = line->lines;
    return self->events->on_former(self->arg, (size_t)(line - self->lines), trade);
}

static void on_tail(void *arg, source_t *source, text_t symbol, uint64_t last_id)
{
    (void)source;
    const redundant_line_t *line = arg;
    const redundant_lines_t *self = line->lines;
    self->events->on_tail(self->arg, (size_t)(line - self->lines), symbol, last_id);
}

static void on_symbol(void *arg, source_t *source, text_t symbol)
{
    (void)source;
    const redundant_line_t *line = arg;
    line->lines->events->on_symbol(line->lines->arg, symbol);
}

static receipt_t on_offer(void *arg, source_t *source, trade_t *trade)
{
    (void)source;
    const redundant_line_t *line = arg;
    const redundant_lines_t *self = line->lines;
    return self->events->on_offer(self->arg, (size_t)(line - self->lines), trade);
}

static bool on_settle(void *arg, text_t subject, cursor_t *end)
{
    const redundant_line_t *line = arg;
    return line->lines->events->on_settle(line->lines->arg, subject, end);
}

static void on_status(void *arg, source_t *source, status_event_t event)
{
    (void)source;
    redundant_line_t *line = arg;
    redundant_lines_t *self = line->lines;
    switch (event) {
    case STATUS_CONNECTED:
    case STATUS_RESTORED:
        line_made(self, line);
        break;
    case STATUS_LOST:
        line_lost(self, line);
        break;
    case STATUS_GAP:
        self->telling = line;
        tell(self, event);
        self->telling = NULL;
        break;
    case STATUS_HEARTBEAT:
    case STATUS_WITHDRAWN: /* which no source says of itself */
        tell(self, event);
        break;
    }
}

/* Does no other line stand in for this one? A symbol may be left where no other line is without it for a moment, too, and the connection
 * where no other is being made. What every line has lost is nothing to be careful with. */
static bool may_leave(void *arg, const source_t *source, text_t symbol)
{
    const redundant_line_t *line = arg;
    const redundant_lines_t *self = line->lines;
    for (size_t i = 0; i < self->count; i++) {
        const redundant_line_t *other = &self->lines[i];
        bool without = other->state == LINE_UP && symbol.length > 0 && !source_has(other->source, symbol) &&
                       source_failure(other->source, symbol).length == 0;
        if (other->source != source && (other->state == LINE_MAKING || without))
            return false;
    }
    return true;
}

static void on_received(void *arg, text_t message, int64_t received_ns)
{
    const redundant_line_t *line = arg;
    redundant_lines_t *self = line->lines;
    self->heard_ns = received_ns;
    recorder_message(self->recorder, (size_t)(line - self->lines), message, received_ns);
}

static void on_mark(void *arg, const recorded_line_t *mark)
{
    const redundant_line_t *line = arg;
    const redundant_lines_t *self = line->lines;
    recorder_mark(self->recorder, (size_t)(line - self->lines), mark);
}

static const source_events_t source_events = {.on_trade = on_trade,
                                              .on_former = on_former,
                                              .on_tail = on_tail,
                                              .on_symbol = on_symbol,
                                              .on_offer = on_offer,
                                              .on_settle = on_settle,
                                              .on_status = on_status,
                                              .may_leave = may_leave,
                                              .on_received = on_received,
                                              .on_mark = on_mark};

static void renew(redundant_lines_t *self, redundant_line_t *line)
{
    log_info("lines: rotated", LOG_SLICE("source", self->config.name), LOG_U64("line", (uint64_t)(line - self->lines)));
    source_stop(line->source);
    line->state = LINE_MAKING;
    tell_line(self, line);
    self->up--;
    source_start(line->source);
    tell(self, STATUS_HEARTBEAT);
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
    line->source = connector ? source_new_with(connector, loop, web, &copy, &source_events, line)
                             : source_new(loop, web, &copy, &source_events, line);
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
