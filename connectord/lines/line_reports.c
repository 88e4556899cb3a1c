/* What a line tells of itself: passed on with its number, and what it means for the source as a whole. */
#include "common/clock.h"
#include "connectord/lines/redundant_lines_state.h"

void redundant_lines_tell(redundant_lines_t *self, status_event_t event)
{
    if (event != STATUS_HEARTBEAT && event != STATUS_GAP)
        self->since_ns = clock_real_ns();
    self->events->on_status(self->arg, event);
}

void redundant_lines_tell_line(const redundant_lines_t *self, const redundant_line_t *line)
{
    self->events->on_line(self->arg, (size_t)(line - self->lines), line->state == LINE_UP);
}

static void line_made(redundant_lines_t *self, redundant_line_t *line)
{
    self->up += line->state != LINE_UP;
    line->state = LINE_UP;
    line->up_ns = clock_mono_ns();
    recorder_connected(self->recorder, (size_t)(line - self->lines));
    redundant_lines_tell_line(self, line);
    if (self->up > 1) {
        redundant_lines_tell(self, STATUS_HEARTBEAT);
        return;
    }
    status_event_t event = self->told_lost ? STATUS_RESTORED : STATUS_CONNECTED;
    self->told_lost = false;
    redundant_lines_tell(self, event);
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
    redundant_lines_tell_line(self, line);
    self->up -= was_up;
    self->lost = line;
    if (self->up == 0 && !self->told_lost && (was_up || !any_in_the_making(self))) {
        self->told_lost = true;
        redundant_lines_tell(self, STATUS_LOST);
    } else if (was_up) {
        redundant_lines_tell(self, STATUS_HEARTBEAT);
    }
}

static bool on_trade(void *arg, source_t *source, trade_t *trade, memo_t *memo)
{
    (void)source;
    const redundant_line_t *line = arg;
    const redundant_lines_t *self = line->lines;
    return self->events->on_trade(self->arg, (size_t)(line - self->lines), trade, memo);
}

static bool on_former(void *arg, source_t *source, trade_t *trade, memo_t *memo)
{
    (void)source;
    const redundant_line_t *line = arg;
    const redundant_lines_t *self = line->lines;
    return self->events->on_former(self->arg, (size_t)(line - self->lines), trade, memo);
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
        redundant_lines_tell(self, event);
        self->telling = NULL;
        break;
    case STATUS_HEARTBEAT:
    case STATUS_WITHDRAWN: /* which no source says of itself */
        redundant_lines_tell(self, event);
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

const source_events_t redundant_lines_source_events = {.on_trade = on_trade,
                                                       .on_former = on_former,
                                                       .on_tail = on_tail,
                                                       .on_symbol = on_symbol,
                                                       .on_offer = on_offer,
                                                       .on_settle = on_settle,
                                                       .on_status = on_status,
                                                       .may_leave = may_leave,
                                                       .on_received = on_received,
                                                       .on_mark = on_mark};
