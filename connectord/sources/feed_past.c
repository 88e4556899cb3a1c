#include "common/clock.h"
#include "common/log.h"
#include "connectord/journal/fingerprint.h"
#include "connectord/sources/feed_state.h"

static feed_route_t *route_of(void *arg)
{
    return arg;
}

/* Of all that happens to many streams at a time the bus hears once. */
static void tell_soon(feed_t *self)
{
    self->untold = true;
    loop_timer_start(self->remembering, 1, 0);
}

/* --- what backfill says --- */

static void on_publish(void *arg, trade_t *trade, bool asked)
{
    feed_route_t *route = route_of(arg);
    feed_route_take(route, trade, feed_route_time(route, trade));
    if (!asked || !route->asked.backfill.busy)
        return;
    route->filled.last_seq = journal_last(route->stream);
    if (route->filled.first_seq == 0)
        route->filled.first_seq = route->filled.last_seq;
}

static void on_hole(void *arg, id_range_t ids, int64_t after_ns)
{
    feed_route_t *route = route_of(arg);
    static log_limit_t limit;
    log_warn_limited(&limit, "backfill: trades are missing for good",
                     LOG_SLICE("source", redundant_lines_config(route->feed->lines)->name), LOG_SLICE("symbol", route->symbol),
                     LOG_U64("first_id", ids.from), LOG_U64("missing", ids.to - ids.from));
    cover_found_hole(&route->cover,
                     &(cover_hole_t){.from_ns = ids.before_ns + 1,
                                     .to_ns = after_ns > 0 ? after_ns : clock_real_ns(),
                                     .before = {journal_epoch(route->feed->shared->journal), journal_last(route->stream)},
                                     .known = true,
                                     .missing = ids.to - ids.from,
                                     .first_id = ids.from,
                                     .last_id = ids.to - 1});
}

static void on_done(void *arg, const backfill_outcome_t *outcome)
{
    feed_route_t *route = route_of(arg);
    cover_filled_t filled = route->filled;
    filled.trades += outcome->filled;
    if (filled.first_ns == 0 || (outcome->filled > 0 && outcome->first_ns < filled.first_ns))
        filled.first_ns = outcome->first_ns;
    if (outcome->last_ns > filled.last_ns)
        filled.last_ns = outcome->last_ns;
    route->filled = (cover_filled_t){0};
    if (outcome->filled > 0)
        log_info("backfill: done", LOG_SLICE("source", redundant_lines_config(route->feed->lines)->name),
                 LOG_SLICE("symbol", route->symbol), LOG_U64("trades", outcome->filled), LOG_U64("missing", outcome->given_up),
                 LOG_TEXT("late", outcome->late ? "true" : "false"));
    route->feed->late += outcome->late;
    route->feed->given_up += outcome->given_up;
    uint64_t holes = route->cover.holes.count;
    cover_settled(&route->cover, &filled, clock_real_ns());
    if (route->cover.holes.count > holes)
        tell_soon(route->feed);
}

static const backfill_events_t backfill_events = {.publish = on_publish, .hole = on_hole, .done = on_done};

/* What an answer says of a known id has to agree with what was published: only recent ones can be compared. */
static bool agrees(asked_symbol_t *symbol, const trade_t *trade, const trade_t *held)
{
    feed_route_t *route = symbol->backfill.arg;
    seen_trade_t seen = feed_route_seen(route, trade);
    return held ? fingerprint_timeless(held) == seen.fingerprint : seen_trades_look(&route->seen, &seen) != DEDUP_CONFLICT;
}

/* --- the feed --- */

/* When the process before heard of the source last, as far as its trades show: of the newest of each stream. */
static int64_t heard_before(const feed_t *self)
{
    const feed_shared_t *shared = self->shared;
    int64_t heard_ns = 0;
    journal_stream_t *stream;
    text_t subject, source;
    for (size_t i = 0; (stream = journal_stream_at(shared->journal, i)); i++) {
        trade_t trade = {0};
        if (topic_parse(journal_topic(stream), &subject, &source) && subject_is_symbol(subject) &&
            text_equal(source, redundant_lines_config(self->lines)->name) &&
            record_parse(journal_read(shared->journal, stream, journal_last(stream)), &trade) && trade.received_ns > heard_ns)
            heard_ns = trade.received_ns;
    }
    return heard_ns;
}

/* A stream at a time: there may be thousands. */
static void on_remembering(void *arg)
{
    feed_t *self = arg;
    if (feed_remember_next(self))
        loop_timer_start(self->remembering, 1, 0);
    else if (self->untold)
        feed_tell(self);
}

bool feed_past_open(feed_t *self)
{
    if (!(self->remembering = loop_timer_new(self->shared->loop, on_remembering, self)))
        return false;
    const source_config_t *config = redundant_lines_config(self->lines);
    const connector_t *connector = connector_find(config->connector);
    self->covers = connector->misses;
    if (self->covers)
        self->heard_ns = heard_before(self);
    if (!feed_witness_open(self))
        return false;
    if (!connector->past || !config->backfill.enabled)
        return true;
    const past_asker_config_t asker = {.past = connector->past,
                                       .url = config->backfill.url,
                                       .ca = config->ca,
                                       .source = config->name,
                                       .requests_per_minute = config->backfill.requests_per_minute};
    self->backfill = (backfill_config_t){config->backfill.hold_ms, config->backfill.patience_ms};
    self->asker = past_asker_new(self->shared->loop, self->shared->rest_hosts, &asker, agrees);
    return self->asker != NULL;
}

void feed_past_close(feed_t *self)
{
    feed_witness_close(self);
    past_asker_destroy(&self->asker);
    loop_timer_destroy(&self->remembering);
}

/* --- a route --- */

bool feed_past_add(feed_route_t *route)
{
    feed_t *feed = route->feed;
    bool trades = subject_is_symbol(route->symbol);
    if (trades && feed->asker) {
        route->asked = (asked_symbol_t){.symbol = route->symbol, .asker = feed->asker};
        backfill_init(&route->asked.backfill, &feed->backfill, &backfill_events, route);
    }
    if (!trades || !feed->covers)
        return true;
    return cover_init(&route->cover, feed->shared->journal, feed->shared->backpressure, &feed->uncovered, route->stream,
                      feed->heard_ns) &&
           feed_witness_add(route);
}

/* Counters only grow, whatever becomes of their route. */
static void keep_counts(feed_route_t *route)
{
    const backfill_t *backfill = &route->asked.backfill;
    route->feed->late += backfill->busy ? backfill->outcome.late : 0;
    route->feed->given_up += backfill->busy ? backfill->outcome.given_up : 0;
}

void feed_past_remove(feed_route_t *route)
{
    feed_witness_remove(route);
    keep_counts(route);
    if (route->asked.asker)
        past_asker_leave(&route->asked);
    backfill_release(&route->asked.backfill);
}

bool feed_past_counts(const feed_route_t *route, const trade_t *trade, uint64_t *id)
{
    return route->asked.asker && text_to_u64(trade->id, id) && *id > 0 && *id <= INT64_MAX;
}

/* The ids go on from this one; 0: from whichever comes. */
static void restart(feed_route_t *route, uint64_t id)
{
    backfill_restart(&route->asked.backfill, id);
    seen_trades_restart(&route->seen, id);
}

/* A numbering that goes on from elsewhere says nothing of what was missed. */
static void leap(feed_route_t *route, uint64_t id)
{
    int64_t now_ns = clock_real_ns();
    log_warn("feed: the exchange counts its trades from elsewhere now",
             LOG_SLICE("source", redundant_lines_config(route->feed->lines)->name), LOG_SLICE("symbol", route->symbol),
             LOG_U64("expected", route->asked.backfill.line.next), LOG_U64("found", id));
    cover_lost(&route->cover);
    cover_found_hole(&route->cover, &(cover_hole_t){.from_ns = route->asked.backfill.line.last_ns + 1, .to_ns = now_ns});
    cover_settled(&route->cover, &(cover_filled_t){0}, now_ns);
    tell_soon(route->feed);
    restart(route, id);
}

/* Is it too far ahead to say anything of those between? */
static bool leaps(const feed_route_t *route, uint64_t id)
{
    uint64_t next = route->asked.backfill.line.next;
    return next > 0 && id > next && id - next > PAST_JUMP_MAX;
}

/* One that leaps, or lies before others that have come: does it, with the one before, show that the exchange counts from elsewhere? One alone shows nothing. */
static bool counts_from_elsewhere(feed_route_t *route, uint64_t id)
{
    bool again = route->stray_id > 0 && id == route->stray_id + 1;
    route->stray_id = again ? 0 : id;
    return again;
}

/* The id does not follow the others, or has come before. */
static bool take_stray(feed_route_t *route, trade_t *trade, uint64_t id, backfill_origin_t origin)
{
    bool old = origin == BACKFILL_FORMER && !leaps(route, id);
    if (old || !feed_route_take(route, trade, feed_route_time(route, trade)))
        return false;
    if (counts_from_elsewhere(route, id))
        leap(route, id + 1);
    return true;
}

bool feed_past_take(feed_route_t *route, trade_t *trade, uint64_t id, backfill_origin_t origin)
{
    backfill_t *backfill = &route->asked.backfill;
    if (feed_stands_by(route->feed))
        backfill_restart(backfill, id);
    bool leapt = leaps(route, id), known = id_line_look(&backfill->line, id) == ID_KNOWN;
    bool taken = !leapt && backfill_take(backfill, trade, id, origin, clock_mono_ns());
    if (backfill->busy)
        past_asker_look_after(&route->asked);
    if (leapt || known)
        return take_stray(route, trade, id, origin);
    route->stray_id = 0;
    return taken; /* or it is held already */
}

static void forget(void *arg, uint64_t first_id, uint64_t last_id)
{
    backfill_forget(arg, (id_range_t){.from = first_id, .to = last_id + 1});
}

/* The first trade published after a loss whose outcome is not known yet; 0: nothing was lost. */
static uint64_t unsettled_seq(const feed_route_t *route)
{
    bool unsettled = route->cover.state == COVER_UNKNOWN || route->cover.state == COVER_SETTLING;
    return route->asked.asker && unsettled ? route->cover.unknown_seq : 0;
}

/* What is missing follows the last trade before the loss, however many live ones were published since. */
uint64_t feed_past_since(const feed_route_t *route)
{
    uint64_t seq = unsettled_seq(route);
    return seq > 1 ? seq - 1 : UINT64_MAX;
}

/* The process before had asked for it, but did not come to tell so: live trades wait for those, or run ahead of them. */
static void note_filled_before(feed_route_t *route, const trade_t *trade, id_place_t place)
{
    cover_filled_t *filled = &route->filled;
    uint64_t since = unsettled_seq(route);
    if (since == 0 || trade->cursor.seq < since)
        return;
    route->ran_ahead |= place == ID_AHEAD;
    if (place != ID_MISSING && (route->ran_ahead || place != ID_NEXT))
        return;
    if (filled->trades++ == 0)
        filled->first_seq = trade->cursor.seq;
    filled->last_seq = trade->cursor.seq;
    if (filled->first_ns == 0 || trade->timestamp_ns < filled->first_ns)
        filled->first_ns = trade->timestamp_ns;
    if (trade->timestamp_ns > filled->last_ns)
        filled->last_ns = trade->timestamp_ns;
}

void feed_past_had(feed_route_t *route, const trade_t *trade)
{
    uint64_t id;
    backfill_t *backfill = &route->asked.backfill;
    if (!feed_past_counts(route, trade, &id))
        return;
    id_place_t place = id_line_look(&backfill->line, id);
    bool strays = place == ID_KNOWN || leaps(route, id);
    if (!strays)
        note_filled_before(route, trade, place);
    if (strays && !counts_from_elsewhere(route, id))
        return;
    if (strays)
        restart(route, id);
    route->stray_id = 0;
    backfill_had(backfill, id, trade->timestamp_ns);
}

/* Was the stream last heard too long ago? How much is missing then nobody asks. */
static bool is_too_old(const feed_route_t *route)
{
    int64_t age_ns = redundant_lines_config(route->feed->lines)->backfill.age_ms * NS_PER_MS;
    int64_t trade_ns = route->asked.backfill.line.last_ns, heard_ns = route->cover.unknown_ns;
    return clock_real_ns() - (trade_ns > heard_ns ? trade_ns : heard_ns) > age_ns;
}

/* What came meanwhile is not asked for. */
static void lose(feed_route_t *route)
{
    uint64_t holes = route->cover.holes.count;
    cover_lost(&route->cover);
    if (route->cover.holes.count > holes)
        tell_soon(route->feed);
}

static void resume(feed_route_t *route)
{
    backfill_t *backfill = &route->asked.backfill;
    route->resumes = false;
    if (backfill->line.next > 0 && (route->stood_by || is_too_old(route)))
        restart(route, 0);
    route->stood_by = false;
    backfill_resume(backfill, clock_mono_ns());
    if (backfill->busy)
        past_asker_look_after(&route->asked);
    else /* there is nothing to go on from */
        lose(route);
}

void feed_past_remembered(feed_route_t *route)
{
    if (!route->asked.asker)
        return;
    if (route->cover.stream)
        cover_known_holes(&route->cover, forget, &route->asked.backfill);
    if (route->resumes)
        resume(route);
}

void feed_past_tail(feed_route_t *route, uint64_t last_id)
{
    uint64_t next = route->asked.backfill.line.next;
    if (!route->asked.asker || last_id == 0 || (last_id > next && last_id - next > PAST_JUMP_MAX))
        return;
    backfill_tail(&route->asked.backfill, last_id, clock_mono_ns());
    if (route->asked.backfill.busy)
        past_asker_look_after(&route->asked);
}

/* It is subscribed, and its source's turn. What another source of the group had meanwhile is not missing here. */
static void begin(feed_route_t *route)
{
    if (route->stood_by) {
        route->cover.unknown_ns = 0;
        feed_witness_forget(route);
    }
    bool unknown = cover_begin(&route->cover, clock_real_ns());
    route->resumes = route->asked.asker != NULL;
    if (!route->resumes) {
        route->stood_by = false;
        if (unknown)
            lose(route);
    } else if (route->remembered) {
        resume(route);
    } else {
        loop_timer_start(route->feed->remembering, 1, 0);
    }
}

static void end(feed_route_t *route)
{
    int64_t heard_ns = redundant_lines_heard_ns(route->feed->lines);
    cover_end(&route->cover, heard_ns > 0 ? heard_ns : clock_real_ns());
}

void feed_past_look(feed_route_t *route)
{
    const feed_t *feed = route->feed;
    route->stood_by |= feed_stands_by(feed);
    bool subscribed = redundant_lines_has(feed->lines, route->symbol) && !feed_stands_by(feed);
    if (subscribed == route->subscribed || !subject_is_symbol(route->symbol))
        return;
    route->subscribed = subscribed;
    if (subscribed)
        begin(route);
    else
        end(route);
}

void feed_past_restart(feed_route_t *route)
{
    if (!route->asked.asker)
        return;
    past_asker_leave(&route->asked);
    keep_counts(route);
    backfill_release(&route->asked.backfill);
    backfill_init(&route->asked.backfill, &route->feed->backfill, &backfill_events, route);
    route->filled = (cover_filled_t){0};
    route->ran_ahead = false;
}
