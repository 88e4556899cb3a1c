/* What a stream had before: the window of its last trades, in which repeats are recognized. */
#include "connectord/journal/fingerprint.h"
#include "connectord/sources/feed_state.h"

enum { BEHIND_LOSS_MAX = 200000 /* trades, if the window is smaller */ };

/* Where ids tell trades apart the time may be written in several ways. */
uint64_t feed_route_print(const feed_route_t *route, const trade_t *trade)
{
    return route->asked.asker ? fingerprint_timeless(trade) : fingerprint(trade);
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
        uint64_t print = feed_route_print(route, &trade);
        feed_past_had(route, &trade);
        if (dedup_look(route->dedup, trade.id, print) != DEDUP_SEEN)
            dedup_add(route->dedup, trade.id, print, 0);
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
    dedup_t *fresh = dedup_new(redundant_lines_config(route->feed->lines)->dedup_window);
    if (!fresh)
        return;
    dedup_destroy(&route->dedup);
    route->dedup = fresh;
    feed_past_restart(route);
    route->remembered = false;
    if (redundant_lines_count(route->feed->lines) > 1)
        dedup_keep(route->dedup, line_progress_since_ns(&route->progress));
}
