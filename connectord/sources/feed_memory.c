/* What a stream had before: the window of its last trades, in which repeats are recognized. */
#include "connectord/journal/fingerprint.h"
#include "connectord/sources/feed_state.h"

enum { BEHIND_LOSS_MAX = 200000 /* trades, if the window is smaller */ };

/* Where ids tell trades apart the time may be written in several ways. */
seen_trade_t feed_route_seen(const feed_route_t *route, const trade_t *trade)
{
    seen_trade_t seen = {.id = trade->id, .fingerprint = route->asked.asker ? fingerprint_timeless(trade) : fingerprint(trade)};
    if (!feed_past_counts(route, trade, &seen.number))
        seen.number = 0;
    return seen;
}

/* Of several lines one may lag behind by more than the window: then times tell what is to be remembered, and a number has none. */
bool feed_route_new_window(feed_route_t *route)
{
    bool counted = route->asked.asker && redundant_lines_count(route->feed->lines) == 1;
    return seen_trades_init(&route->seen, redundant_lines_config(route->feed->lines)->dedup_window, counted);
}

/* The stream's last trades, so that a restart does not publish again what the exchange repeats. To read them of all streams at the start
 * would take longer than to serve can wait. */
void feed_route_remember(feed_route_t *route)
{
    journal_t *journal = route->feed->shared->journal;
    uint64_t window = redundant_lines_config(route->feed->lines)->dedup_window;
    uint64_t last = journal_last(route->stream), seq = journal_first(route->stream);
    if (last >= seq && last - seq >= window)
        seq = last - window + 1;
    uint64_t since = feed_past_since(route);
    if (since < seq && since >= journal_first(route->stream))
        seq = last - since < BEHIND_LOSS_MAX ? since : seq;
    for (trade_t trade; seq <= last; seq++) {
        if (!record_parse(journal_read(journal, route->stream, seq), &trade) || trade.id.length == 0)
            continue;
        seen_trade_t seen = feed_route_seen(route, &trade);
        feed_past_had(route, &trade);
        if (seen_trades_look(&route->seen, &seen) != DEDUP_SEEN)
            seen_trades_add(&route->seen, &seen, 0);
    }
    route->remembered = true;
    feed_past_remembered(route);
}

bool feed_remember_next(feed_t *self)
{
    while (self->known < self->count && self->routes[self->known]->remembered)
        self->known++;
    if (self->known == self->count)
        return false;
    feed_route_remember(self->routes[self->known]);
    return true;
}

/* What the journal did not get may come again: the trades to recognize are read from the journal once more. Without memory the former ones stay. */
void feed_route_forget(feed_route_t *route)
{
    seen_trades_t former = route->seen;
    if (!feed_route_new_window(route)) {
        seen_trades_release(&route->seen);
        route->seen = former;
        return;
    }
    seen_trades_release(&former);
    feed_past_restart(route);
    route->remembered = false;
    if (redundant_lines_count(route->feed->lines) > 1)
        seen_trades_keep(&route->seen, line_progress_since_ns(&route->progress));
}
