#include "cached/archive/rebuild.h"

#include <stdlib.h>

#include "cached/archive/store_listing.h"
#include "cached/stores/store_handle.h"
#include "common/backoff.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/loop/worker.h"
#include "proto/record.h"
#include "proto/trade.h"

enum {
    PIECE = 10000,       /* trades read at a time: between two pieces it can be ended */
    POSTPONED_MS = 1000, /* until a stream is looked at again that memory has nothing of yet */
    CLOSE_MS = 1000      /* how long a piece under way is waited for at the end */
};

static const backoff_config_t retry = {.initial_ms = 100, .maximum_ms = 10000, .multiplier = 2, .jitter = 0.2};

struct rebuild {
    catalog_t *catalog;
    int64_t future_ns;
    worker_t *worker;
    loop_timer_t *pause;
    backoff_t backoff;
    bool started, ending, failing;
    bool listed; /* `listing` tells what the store had at the start */
    size_t at;   /* the stream whose turn it is */
    uint64_t trades;

    /* The thread's while it is at work. */
    store_handle_t handle;
    store_listing_t listing;
    candles_t *candles;          /* what the stream had before memory … */
    coverage_series_t *coverage; /* … and what it said, if it is one of coverage */
    kept_topic_t topic;
    store_query_t query; /* the next piece */
    uint64_t count;      /* trades of the last piece */
    bool full;           /* no memory for all of it */
    store_result_t result;
    char error[STORE_ERROR_MAX];
};

/* --- on the thread --- */

static bool on_trade(void *arg, const store_trade_t *stored)
{
    rebuild_t *self = arg;
    trade_t trade;
    candle_place_t place = {.cursor = stored->cursor};
    self->count++;
    self->query.from = cursor_behind(stored->cursor);
    if (!record_parse(stored->json, &trade)) /* never so, as long as nobody else writes into the store */
        return true;
    if (text_equal(trade.channel, TEXT(CHANNEL_COVERAGE)))
        self->full = !coverage_series_take(self->coverage, &trade) || self->full;
    if (!record_is_trade(&trade) || trade_is_future(&trade, self->future_ns))
        return true;
    place.timestamp_ns = trade.timestamp_ns;
    self->full = !candles_add(self->candles, place, trade.price, trade.qty) || self->full;
    return true;
}

static store_result_t read_on(void *arg, const store_kind_t *kind, void *store, char *error)
{
    rebuild_t *self = arg;
    if (!self->listed)
        return store_listing_load(&self->listing, kind, store, error);
    return kind->read.range(store, &self->query, on_trade, self, error);
}

static void work(void *arg)
{
    rebuild_t *self = arg;
    self->count = 0;
    self->result = store_handle_use(&self->handle, read_on, self, self->error);
}

/* --- on the loop --- */

static void worked(void *arg);

static void run(rebuild_t *self)
{
    worker_run(self->worker, work, worked, self);
}

/* NULL: there was no memory for it. */
static memory_log_t *memory_log_of(const rebuild_t *self, size_t number)
{
    store_listing_stream_t stream = store_listing_at(&self->listing, number);
    return catalog_find(self->catalog, KEPT_TEXT(&stream.topic));
}

static bool is_to_come(const memory_log_t *memory_log)
{
    return memory_log && candles_older_to_come(memory_log_candles(memory_log));
}

static void expect_all(rebuild_t *self)
{
    for (size_t i = 0; i < store_listing_count(&self->listing); i++) {
        store_listing_stream_t stream = store_listing_at(&self->listing, i);
        const memory_log_t *memory_log = catalog_memory_log(self->catalog, KEPT_TEXT(&stream.topic));
        if (memory_log && stream.trades > 0)
            candles_expect_older(memory_log_candles(memory_log));
    }
    self->listed = true;
}

/* Where the stream's candles, or its coverage, begin, or will begin: what is stored before it is not in them. False when nobody can tell yet, since nothing of
 * it has come, from the store or from the journal. */
static bool find_edge(const memory_log_t *memory_log, cursor_t *edge)
{
    static const cursor_t none = {0, 0};
    *edge = memory_log_added_from(memory_log);
    if (cursor_compare(*edge, none) == 0)
        *edge = cursor_behind(memory_log_known(memory_log));
    return cursor_compare(*edge, cursor_behind(none)) != 0;
}

static bool begin(rebuild_t *self, const memory_log_t *memory_log)
{
    cursor_t edge;
    if (!is_to_come(memory_log) || !find_edge(memory_log, &edge))
        return false;
    KEEP_TEXT(&self->topic, memory_log_topic(memory_log));
    self->query = (store_query_t){
        .topic = KEPT_TEXT(&self->topic),
        .to = cursor_before(edge),
        .after_ns = INT64_MIN,
        .before_ns = INT64_MAX,
        .order = STORE_OLDEST_FIRST,
        .limit = PIECE,
    };
    return true;
}

static void finish(rebuild_t *self)
{
    log_info("candles: rebuilt from the store", LOG_U64("streams", store_listing_count(&self->listing)),
             LOG_U64("trades", self->trades));
    store_handle_close(&self->handle);
    store_listing_release(&self->listing);
}

/* Begins with the next stream that there is something to do for. */
static void proceed(rebuild_t *self)
{
    bool postponed = false;
    for (; self->at < store_listing_count(&self->listing); self->at++) {
        const memory_log_t *memory_log = memory_log_of(self, self->at);
        if (begin(self, memory_log)) {
            run(self);
            return;
        }
    }
    for (size_t i = 0; i < store_listing_count(&self->listing); i++)
        postponed = postponed || is_to_come(memory_log_of(self, i));
    self->at = 0;
    if (postponed)
        loop_timer_start(self->pause, POSTPONED_MS, 0);
    else
        finish(self);
}

static void end_stream(rebuild_t *self, memory_log_t *memory_log)
{
    if (is_to_come(memory_log) && (!memory_log_add_past(memory_log, self->candles, self->coverage) || self->full))
        log_error("candles: out of memory for some of them", LOG_SLICE("topic", memory_log_topic(memory_log)));
    candles_older_came(memory_log_candles(memory_log));
    candles_clear(self->candles); /* of a stream that was cleared meanwhile */
    coverage_series_clear(self->coverage);
    self->full = false;
    self->at++;
}

static void on_failure(rebuild_t *self)
{
    if (!self->failing)
        log_warn("candles: can't read the store: older ones are missing for now", LOG_TEXT("error", self->error));
    self->failing = true;
    loop_timer_start(self->pause, backoff_next(&self->backoff), 0);
}

static void worked(void *arg)
{
    rebuild_t *self = arg;
    if (self->ending)
        return;
    self->trades += self->count;
    if (self->result != STORE_OK) {
        on_failure(self);
        return;
    }
    self->failing = false;
    backoff_reset(&self->backoff);
    memory_log_t *memory_log = self->listed ? memory_log_of(self, self->at) : NULL;
    if (!self->listed) {
        expect_all(self);
    } else if (self->count == PIECE && is_to_come(memory_log)) {
        run(self);
        return;
    } else {
        end_stream(self, memory_log);
    }
    proceed(self);
}

/* A piece that failed is read again from where it broke off. */
static void on_paused(void *arg)
{
    rebuild_t *self = arg;
    if (self->failing)
        run(self);
    else
        proceed(self);
}

rebuild_t *rebuild_new(loop_t *loop, const store_kind_t *kind, const char *url, catalog_t *catalog, int64_t future_ns)
{
    rebuild_t *self = calloc(1, sizeof *self);
    if (!self)
        goto no_memory;
    self->handle = (store_handle_t){.kind = kind, .url = url};
    self->catalog = catalog;
    self->future_ns = future_ns;
    self->listing = store_listing_new();
    self->backoff = backoff_new(retry, (uint64_t)clock_mono_ns());
    self->candles = candles_new();
    self->coverage = coverage_series_new();
    self->pause = loop_timer_new(loop, on_paused, self);
    self->worker = worker_new(loop);
    if (self->candles && self->coverage && self->pause && self->worker)
        return self;
no_memory:
    log_error("candles: out of memory");
    rebuild_destroy(&self);
    return NULL;
}

void rebuild_destroy(rebuild_t **self_p)
{
    rebuild_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    self->ending = true;
    loop_timer_destroy(&self->pause);
    bool idle = !self->worker || worker_wait(self->worker, CLOSE_MS);
    worker_destroy(&self->worker);
    if (!idle)
        return; /* the thread uses it still, and the process ends */
    store_handle_close(&self->handle);
    store_listing_release(&self->listing);
    candles_destroy(&self->candles);
    coverage_series_destroy(&self->coverage);
    free(self);
}

void rebuild_start(rebuild_t *self)
{
    if (self->started)
        return;
    self->started = true;
    run(self);
}

bool rebuild_lacks(const rebuild_t *self, const candles_t *candles)
{
    return !self->listed || candles_older_to_come(candles);
}
