#include "connectord/backfill/backfill.h"

#include "common/clock.h"

#include <stdlib.h>

void backfill_init(backfill_t *self, const backfill_config_t *config, const backfill_events_t *events, void *arg)
{
    *self = (backfill_t){.config = config, .events = events, .arg = arg, .ask_ns = INT64_MAX};
}

void backfill_release(backfill_t *self)
{
    id_line_release(&self->line);
    held_trades_release(&self->held);
}

void backfill_had(backfill_t *self, uint64_t id, int64_t time_ns)
{
    id_line_take(&self->line, id, time_ns);
}

void backfill_forget(backfill_t *self, id_range_t ids)
{
    id_line_drop(&self->line, ids);
}

/* The lowest ids that are missing. False: none are, as far as is known. */
static bool first_missing(const backfill_t *self, id_range_t *range)
{
    const id_line_t *line = &self->line;
    uint64_t held = held_trades_first(&self->held);
    *range = (id_range_t){line->next, held, line->last_ns};
    if (line->count > 0)
        *range = line->missing[0];
    else if (held == UINT64_MAX)
        range->to = self->tail + 1;
    return line->next > 0 && range->to > range->from;
}

/* Trades are missing, or may be: they are asked for when that time has come. */
static void begin(backfill_t *self, int64_t ask_ns)
{
    if (self->busy && self->tries + self->failures == 0 && ask_ns < self->ask_ns)
        self->ask_ns = ask_ns; /* sooner than was thought, but not within a pause */
    if (self->busy)
        return;
    self->busy = true;
    self->tries = self->failures = 0;
    self->failing_ns = 0;
    self->outcome = (backfill_outcome_t){0};
    self->ask_ns = ask_ns;
}

static void end_if_whole(backfill_t *self)
{
    id_range_t range;
    if (!self->busy || self->open || self->asking || first_missing(self, &range))
        return;
    self->busy = self->late = false;
    self->ask_ns = INT64_MAX;
    self->events->done(self->arg, &self->outcome);
}

static void note_filled(backfill_outcome_t *outcome, int64_t time_ns)
{
    outcome->filled++;
    if (outcome->first_ns == 0 || time_ns < outcome->first_ns)
        outcome->first_ns = time_ns;
    if (time_ns > outcome->last_ns)
        outcome->last_ns = time_ns;
}

static void publish(backfill_t *self, trade_t *trade, uint64_t id, bool asked)
{
    if (asked && self->busy)
        note_filled(&self->outcome, trade->timestamp_ns);
    if (id < self->line.next)
        self->outcome.late++;
    id_line_take(&self->line, id, trade->timestamp_ns);
    self->events->publish(self->arg, trade, asked);
}

static void publish_held(backfill_t *self)
{
    trade_t trade;
    held_trade_t held = held_trades_take(&self->held, &trade);
    publish(self, &trade, held.id, held.asked);
    free(held.json);
    if (held_trades_count(&self->held) == 0)
        self->held_since_ns = 0;
}

/* What was held for the one that came last. */
static void publish_contiguous(backfill_t *self)
{
    while (held_trades_first(&self->held) <= self->line.next)
        publish_held(self);
}

/* What is still missing comes late from now on. */
static void end_hold(backfill_t *self)
{
    while (held_trades_count(&self->held) > 0)
        publish_held(self);
    self->late = self->busy;
}

/* Is it held, or else to be published after all? False: it is known. */
static bool hold(backfill_t *self, trade_t *trade, uint64_t id, bool asked, int64_t now_ns)
{
    held_verdict_t verdict = self->late ? HELD_NO_MEMORY : held_trades_add(&self->held, trade, id, asked);
    begin(self, now_ns + BACKFILL_REORDER_MS * NS_PER_MS);
    if (verdict == HELD_TAKEN && self->held_since_ns == 0)
        self->held_since_ns = now_ns;
    if (verdict == HELD_NO_MEMORY) {
        end_hold(self);
        publish(self, trade, id, asked);
    } else if (held_trades_count(&self->held) > BACKFILL_HELD_MAX) {
        end_hold(self);
    }
    return verdict != HELD_TWICE;
}

/* Where a trade stands that has come since the connection began shows whether the time before it is complete. */
static void look_at_tail(backfill_t *self, uint64_t id)
{
    self->open &= id + 1 < self->line.next;
}

static void note_in_page(backfill_t *self, uint64_t id)
{
    self->page_count++;
    if (id > self->page_last)
        self->page_last = id;
}

bool backfill_take(backfill_t *self, trade_t *trade, uint64_t id, backfill_origin_t origin, int64_t now_ns)
{
    id_place_t place = id_line_look(&self->line, id);
    bool asked = origin != BACKFILL_LIVE, taken = place != ID_KNOWN;
    if (origin == BACKFILL_ASKED && self->forgotten)
        return false;
    if (origin == BACKFILL_ASKED)
        note_in_page(self, id);
    else
        look_at_tail(self, id);
    if (place == ID_AHEAD)
        taken = hold(self, trade, id, asked, now_ns);
    else if (taken)
        publish(self, trade, id, asked);
    if (taken && origin == BACKFILL_ASKED)
        self->page_gained = true;
    publish_contiguous(self);
    if (origin != BACKFILL_FORMER) /* behind one there may be others, which belong to the episode: it ends soon enough */
        end_if_whole(self);
    return taken;
}

void backfill_restart(backfill_t *self, uint64_t next)
{
    end_hold(self);
    int64_t last_ns = self->line.last_ns; /* whatever comes now was made later */
    id_line_release(&self->line);
    self->line = (id_line_t){.next = next, .last_ns = last_ns};
    self->tail = 0;
    self->open = self->late = false;
    self->forgotten = self->asking;
    end_if_whole(self);
}

void backfill_tail(backfill_t *self, uint64_t id, int64_t now_ns)
{
    if (self->line.next == 0)
        return;
    look_at_tail(self, id);
    if (id > self->tail && id >= self->line.next) {
        self->tail = id;
        begin(self, now_ns + BACKFILL_GREETING_MS * NS_PER_MS); /* it may be told before its trade is */
    }
    end_if_whole(self);
}

void backfill_resume(backfill_t *self, int64_t now_ns)
{
    if (self->line.next == 0)
        return;
    self->open = true;
    self->outdated = self->asking;
    self->failures = 0;
    self->failing_ns = 0;
    begin(self, now_ns + BACKFILL_GREETING_MS * NS_PER_MS);
}

int64_t backfill_next_ns(const backfill_t *self)
{
    int64_t ask_ns = self->busy && !self->asking ? self->ask_ns : INT64_MAX;
    int64_t hold_ns = self->held_since_ns > 0 ? self->held_since_ns + self->config->hold_ms * NS_PER_MS : INT64_MAX;
    return ask_ns < hold_ns ? ask_ns : hold_ns;
}

static void give_up(backfill_t *self, id_range_t range)
{
    trade_t after = {0};
    if (held_trades_first(&self->held) == range.to)
        held_trades_find(&self->held, range.to, &after);
    self->outcome.given_up += range.to - range.from;
    id_line_drop(&self->line, range);
    self->events->hole(self->arg, range, after.timestamp_ns);
    publish_contiguous(self);
}

/* Whether anything came after the last trade will show when the next one comes: that alone is never given up. */
static void lose_patience(backfill_t *self)
{
    id_range_t range;
    while (first_missing(self, &range))
        give_up(self, range);
    self->failing_ns = 0;
    end_if_whole(self);
}

bool backfill_due(backfill_t *self, int64_t now_ns, past_place_t *place)
{
    id_range_t range;
    if (self->held_since_ns > 0 && now_ns - self->held_since_ns >= self->config->hold_ms * NS_PER_MS)
        end_hold(self);
    if (!self->busy || self->asking || now_ns < self->ask_ns)
        return false;
    if (self->failing_ns > 0 && now_ns - self->failing_ns >= self->config->patience_ms * NS_PER_MS)
        lose_patience(self);
    bool missing = first_missing(self, &range);
    *place = (past_place_t){range.from - 1, range.before_ns};
    if (!missing)
        *place = (past_place_t){self->line.next - 1, self->line.last_ns};
    end_if_whole(self);
    return self->busy;
}

void backfill_asked(backfill_t *self, const past_place_t *place)
{
    id_range_t range;
    self->asking = true;
    self->outdated = self->forgotten = false;
    self->place = *place;
    self->page_count = 0;
    self->page_last = 0;
    self->page_gained = false;
    self->asked_to = first_missing(self, &range) ? range.to : 0;
}

static int64_t pause_ns(unsigned times)
{
    int64_t ms = (int64_t)BACKFILL_PAUSE_MS << (times < 8 ? times - 1 : 7);
    return (ms < BACKFILL_PAUSE_MAX_MS ? ms : BACKFILL_PAUSE_MAX_MS) * NS_PER_MS;
}

/* An exchange whose pages are windows may have what lies behind an empty one. */
static id_range_t within_page(id_range_t range, const past_t *past)
{
    if (past->window && range.to - range.from > past->page)
        range.to = range.from + past->page;
    return range;
}

/* One that is not full, or has nothing new: it may begin with trades that are known. */
static bool is_last_page(const backfill_t *self, const past_t *past)
{
    return !self->outdated && (self->page_count < past->page || self->line.next == self->place.id + 1);
}

/* Was it in vain? The first of what is missing is still the same; or live trades came, which shows nothing of the others where an id makes no sense: what lies
 * before that they are always the first of; nor does a page that is not full, for the exchange has no more than that now. */
static bool was_in_vain(const backfill_t *self, const past_t *past, const id_range_t *missing)
{
    bool gained = self->page_gained && self->page_count >= past->page;
    return !self->forgotten && (missing->from == self->place.id + 1 || (missing->to == self->asked_to && !gained));
}

void backfill_answered(backfill_t *self, const past_t *past, int64_t now_ns)
{
    id_range_t range;
    bool missing = first_missing(self, &range);
    bool moved = !missing || !was_in_vain(self, past, &range);
    self->asking = false;
    self->failures = 0;
    self->failing_ns = 0;
    if (moved || self->tries == 0 || self->page_last < self->vain_to)
        self->vain_to = self->page_last;
    self->tries = moved ? 0 : self->tries + 1;
    self->ask_ns = now_ns + (moved ? 0 : pause_ns(self->tries));
    if (!missing && is_last_page(self, past))
        self->open = false;
    if (self->tries >= BACKFILL_TRIES) {
        give_up(self, within_page(range, past));
        while (first_missing(self, &range) && range.to <= self->vain_to)
            give_up(self, range);
        self->tries = 0;
        self->ask_ns = now_ns;
    }
    end_if_whole(self);
}

void backfill_unanswered(backfill_t *self, int64_t now_ns)
{
    id_range_t range;
    bool missing = first_missing(self, &range);
    self->asking = false;
    self->failures++;
    if (!missing || self->failing_ns == 0)
        self->failing_ns = missing ? now_ns : 0;
    self->ask_ns = now_ns + pause_ns(self->failures);
    end_if_whole(self);
}

void backfill_cancelled(backfill_t *self)
{
    self->asking = false;
}

uint64_t backfill_missing(const backfill_t *self)
{
    uint64_t missing = id_line_missing(&self->line), next = self->line.next;
    uint64_t held = held_trades_first(&self->held);
    if (next == 0 || (held == UINT64_MAX && self->tail < next))
        return missing;
    uint64_t to =
        held != UINT64_MAX ? held : self->tail + 1; /* what is missing between those that are held is not counted yet */
    return missing + to - next;
}
