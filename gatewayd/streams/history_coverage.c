#include "gatewayd/streams/history_coverage.h"

#include "common/json/json.h"
#include "gatewayd/streams/ring_recent.h"
#include "proto/record.h"
#include "proto/request.h"
#include "proto/trade.h"

/* What an answer has of a stream: trades without a hole from `newest` down to `from`. */
typedef struct {
    live_stream_t *live_stream;
    bool any, broken;
    cursor_t newest, from;
    int64_t least_ns; /* the oldest trade of others behind its last one, which history took before its next one */
    text_t least_source;
} coverage_span_t;

typedef struct {
    coverage_span_t runs[RING_RECENT_STREAMS_MAX];
    size_t count;
    bool stranger; /* there is something of a stream that has no ring */
} lesson_t;

static coverage_span_t *span_of(lesson_t *self, text_t source)
{
    for (size_t i = 0; i < self->count; i++)
        if (text_equal(self->runs[i].live_stream->source, source))
            return &self->runs[i];
    self->stranger = true;
    return NULL;
}

static void extend(coverage_span_t *run, cursor_t cursor)
{
    if (run->broken)
        return;
    if (!run->any)
        run->newest = run->from = cursor;
    else if (cursor.epoch == run->from.epoch && cursor.seq + 1 == run->from.seq)
        run->from = cursor;
    else
        run->broken = true;
    run->any = true;
}

/* Streams are merged, so that what is next of each of the others is older than this trade. */
static void note_older(lesson_t *self, coverage_span_t *run, int64_t time_ns)
{
    text_t source = run->live_stream->source;
    for (size_t i = 0; i < self->count; i++) {
        coverage_span_t *other = &self->runs[i];
        bool less = time_ns < other->least_ns || (time_ns == other->least_ns && text_compare(source, other->least_source) < 0);
        if (other == run) {
            other->least_ns = INT64_MAX;
        } else if (less) {
            other->least_ns = time_ns;
            other->least_source = source;
        }
    }
}

static void read_trades(lesson_t *self, text_t trades)
{
    for (json_walk_t walk = json_walk(trades); json_next(&walk);) {
        trade_t trade;
        coverage_span_t *run = NULL;
        if (record_parse(walk.value, &trade))
            run = span_of(self, trade.source);
        else
            self->stranger = true;
        if (!run)
            continue;
        extend(run, trade.cursor);
        note_older(self, run, trade_time_ns(&trade));
        ring_prepend_trade(run->live_stream->ring, trade.cursor, walk.value);
    }
}

/* Where the answer goes on. A stream that is not among them ends. */
static void read_places(const lesson_t *self, text_t next)
{
    for (size_t i = 0; i < self->count; i++) {
        const coverage_span_t *run = &self->runs[i];
        history_coverage_t *coverage = &run->live_stream->coverage;
        cursor_t place;
        bool goes_on = request_place(next, run->live_stream->source, &place);
        bool subscribes = run->any && !run->broken && place.epoch == run->from.epoch && place.seq + 1 == run->from.seq;
        if (run->any)
            *coverage = (history_coverage_t){
                .known = true, .whole = !goes_on && !run->broken, .from = goes_on && subscribes ? place : run->from};
        else if (goes_on)
            *coverage = (history_coverage_t){.known = true, .from = place};
        else
            *coverage =
                (history_coverage_t){.known = true, .whole = true, .from = cursor_behind(ring_last(run->live_stream->ring))};
        cursor_t newest = run->any ? run->newest : coverage->from;
        coverage->known =
            cursor_compare(newest, ring_floor(run->live_stream->ring)) >= 0; /* else what lies between is not known */
    }
}

static void find_strangers(lesson_t *self, text_t next)
{
    for (json_walk_t walk = json_walk(next); json_next(&walk);)
        span_of(self, walk.key);
}

static void learn(market_t *market, text_t source, text_t answer, int64_t now_ns)
{
    lesson_t lesson = {.count = 0};
    text_t trades = json_member(answer, "trades"), next = json_member(answer, "next");
    if (json_kind(trades) != JSON_ARRAY || json_kind(json_member(answer, "incomplete")) == JSON_TRUE)
        return;
    LIST_EACH(item, &market->live_streams)
    {
        live_stream_t *live_stream = LIST_OWNER(item, live_stream_t, in_market);
        bool asked = source.length == 0 || text_equal(source, live_stream->source);
        if (asked && live_stream->ring && lesson.count < RING_RECENT_STREAMS_MAX)
            lesson.runs[lesson.count++] =
                (coverage_span_t){.live_stream = live_stream, .least_ns = INT64_MAX, .least_source = live_stream->source};
    }
    read_trades(&lesson, trades);
    read_places(&lesson, next);
    find_strangers(&lesson, next);
    for (size_t i = 0; i < lesson.count; i++) {
        const coverage_span_t *run = &lesson.runs[i];
        run->live_stream->coverage.at_ns = now_ns;
        run->live_stream->coverage.before_ns = run->least_ns;
        run->live_stream->coverage.before_source = run->least_source;
    }
    if (source.length == 0)
        market->whole_ns = lesson.stranger ? 0 : now_ns;
    market_changed(market);
}

void history_coverage_learn(markets_t *markets, const recent_query_t *question, text_t answer, int64_t now_ns)
{
    market_t *market = markets_find(markets, question->symbol);
    if (market && !recent_query_bounded(question))
        learn(market, question->source, answer, now_ns);
}

void history_coverage_forget(markets_t *markets)
{
    market_t *market;
    for (size_t at = 0; (market = markets_each(markets, &at));) {
        market->whole_ns = 0;
        LIST_EACH(item, &market->live_streams)
        LIST_OWNER(item, live_stream_t, in_market)->coverage.known = false;
        market_changed(market);
    }
}
