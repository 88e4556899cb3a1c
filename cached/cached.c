#include "cached/cached.h"

#include <stdlib.h>

#include "cached/archive/write_behind.h"
#include "cached/cached_metrics.h"
#include "cached/stores/kinds.h"
#include "common/bus/bus_metrics.h"
#include "common/bus/follower.h"
#include "common/clock.h"
#include "common/http/probe.h"
#include "common/json/json_write.h"
#include "common/log.h"
#include "common/zeromq/guard.h"
#include "common/zeromq/guard_report.h"
#include "common/zeromq/socket.h"
#include "proto/record.h"

enum {
    BUSES_MAX = 16,
    SOCKETS = 1,  /* that are bound: history */
    AGE_MS = 1000 /* how often memory drops what is too old */
};

struct cached {
    const char *bus[BUSES_MAX], *replay[BUSES_MAX]; /* the configuration's */
    retention_t *keep_memory, *keep_store;
    catalog_t *catalog;
    write_behind_t *write_behind; /* NULL: nothing is kept beyond memory */
    const char *store;            /* its kind */
    store_reader_t *reader;       /* NULL with it */
    rebuild_t *rebuild;           /* NULL with it */
    loop_timer_t *ageing;
    history_t *history;
    socket_t *router;
    follower_t *follower;
    probe_t *probe;
    int64_t future_ns; /* candles leave out trades that are further ahead … */
    uint64_t future;   /* … so many of them */
};

/* To candles, or to coverage. A trade of the future belongs to no time that has been. */
static bool add_up(cached_t *self, memory_log_t *memory_log, const trade_t *trade)
{
    if (!record_is_trade(trade))
        return !memory_log_coverage(memory_log) || coverage_series_take(memory_log_coverage(memory_log), trade);
    candle_place_t place = {trade->timestamp_ns, trade->cursor};
    if (!trade_is_future(trade, self->future_ns))
        return candles_add(memory_log_candles(memory_log), place, trade->price, trade->qty);
    self->future++;
    return true;
}

/* Every trade passes here, from the store, from replay and from the bus: those of a stream once, and in order. `memory_log`
 * is the stream's, or the one that will be; NULL: there can't be more. */
static void keep(cached_t *self, memory_log_t *memory_log, text_t topic, const trade_t *trade, text_t json)
{
    static log_limit_t limit;
    memory_log_trade_t entry = {.cursor = trade->cursor, .timestamp_ns = trade_time_ns(trade), .json = json};
    bool kept = memory_log && memory_log_append(memory_log, &entry) && add_up(self, memory_log, trade);
    if (!kept)
        log_error_limited(&limit, "cached: can't keep a trade: too many streams, or out of memory", LOG_SLICE("topic", topic),
                          LOG_U64("seq", trade->cursor.seq));
}

static void on_trade(void *arg, text_t topic, const trade_t *trade, text_t json)
{
    cached_t *self = arg;
    keep(self, catalog_memory_log(self->catalog, topic), topic, trade, json);
}

static void on_gap(void *arg, text_t topic, cursor_t from, cursor_t to)
{
    static log_limit_t limit;
    cached_t *self = arg;
    memory_log_t *memory_log = catalog_memory_log(self->catalog, topic);
    if (memory_log)
        memory_log_skip(memory_log, to);
    log_warn_limited(&limit, "cached: trades lost", LOG_SLICE("topic", topic), LOG_SLICE("from", CURSOR_TEXT(from)),
                     LOG_SLICE("to", CURSOR_TEXT(to)));
}

static void on_renewed(void *arg, text_t topic, cursor_t former, cursor_t last)
{
    (void)former; /* what is here keeps the cursors that it came with */
    cached_t *self = arg;
    memory_log_t *memory_log = catalog_memory_log(self->catalog, topic);
    if (memory_log)
        memory_log_skip(memory_log, last);
}

static void on_status(void *arg, const status_t *status)
{
    cached_t *self = arg;
    catalog_offer(self->catalog, status);
}

static void on_drained(void *arg)
{
    (void)arg; /* nothing is held back that would have to be flushed */
}

static void on_silent(void *arg, size_t bus, bool silent)
{
    (void)arg, (void)bus, (void)silent; /* the follower has logged it, and is not caught up meanwhile */
}

/* What the stream had before is not to be had: whoever asks for it learns that it is missing. */
static void on_stream(void *arg, text_t topic, cursor_t last)
{
    cached_t *self = arg;
    memory_log_t *memory_log = catalog_memory_log(self->catalog, topic);
    if (!memory_log)
        return;
    memory_log_skip(memory_log, last);
    if (self->write_behind)
        write_behind_keep(self->write_behind, memory_log);
}

static void on_found(void *arg, text_t topic)
{
    cached_t *self = arg;
    follower_hold(self->follower, topic);
}

/* Not before memory is filled: that comes first, and candles begin there. Until then they are told to be incomplete. */
static void rebuild_candles(cached_t *self)
{
    if (write_behind_warm_up(self->write_behind))
        rebuild_start(self->rebuild);
}

static void on_open(void *arg)
{
    cached_t *self = arg;
    follower_subscribe_all(self->follower);
    rebuild_candles(self);
}

static void on_stored_trade(void *arg, memory_log_t *memory_log, const trade_t *trade, text_t json)
{
    keep(arg, memory_log, memory_log_topic(memory_log), trade, json);
}

static void on_warmed_up(void *arg, text_t topic, cursor_t last)
{
    cached_t *self = arg;
    follower_resume(self->follower, topic, last);
}

static void on_full(void *arg)
{
    rebuild_candles(arg);
}

static requester_t *replay_of(void *arg, text_t topic)
{
    cached_t *self = arg;
    return follower_replay(self->follower, topic);
}

static const write_behind_events_t write_behind_events = {
    .on_found = on_found,
    .on_open = on_open,
    .warm_up = {.on_trade = on_stored_trade, .on_warmed_up = on_warmed_up, .on_full = on_full},
    .replay = replay_of,
};

static void on_age(void *arg)
{
    cached_t *self = arg;
    catalog_age(self->catalog, clock_real_ns());
}

static void on_request(void *arg, text_t asker, text_t body, size_t parts)
{
    cached_t *self = arg;
    const char *lacking = NULL;
    if (parts == 1)
        lacking = history_handle(self->history, asker, socket_rights(self->router), body);
    else
        history_refuse(self->history, asker, parts);
    if (lacking)
        socket_deny(self->router, lacking, TEXT(""));
}

static void on_answer(void *arg, text_t peer, text_t answer)
{
    static log_limit_t limit;
    cached_t *self = arg;
    if (!socket_answer(self->router, peer, answer))
        log_warn_limited(&limit, "history: a peer does not read its answers: dropped");
}

static const follower_events_t follower_events = {
    .on_trade = on_trade,
    .on_gap = on_gap,
    .on_renewed = on_renewed,
    .on_status = on_status,
    .on_drained = on_drained,
    .on_silent = on_silent,
    .on_stream = on_stream,
};

static const socket_events_t router_events = {.name = "history", .on_request = on_request};

/* Without one when memory is all that is wanted. */
static bool open_write_behind(cached_t *self, loop_t *loop, const config_t *config)
{
    const char *url = config_text(config, "cached.store");
    const store_kind_t *kind = store_kind(url);
    if (!kind) { /* the schema knows more of them than this build */
        log_error("cached: unknown kind of store");
        return false;
    }
    if (strcmp(kind->scheme, "memory") == 0)
        return true;
    self->store = kind->scheme;
    self->write_behind = write_behind_new(loop, &(write_behind_config_t){kind, url}, self->catalog, &write_behind_events, self);
    self->reader = store_reader_new(loop, kind, url);
    self->rebuild = rebuild_new(loop, kind, url, self->catalog, self->future_ns);
    return self->write_behind && self->reader && self->rebuild;
}

static bool is_ready(const void *arg)
{
    const cached_t *self = arg;
    return follower_caught_up(self->follower) && (!self->write_behind || write_behind_serves(self->write_behind));
}

static bool follow(cached_t *self, loop_t *loop, const config_t *config)
{
    size_t count = config_count(config, "cached.bus");
    for (size_t i = 0; i < count && i < BUSES_MAX; i++) {
        self->bus[i] = config_text(config, "cached.bus.%zu", i);
        self->replay[i] = config_text(config, "cached.replay.%zu", i);
    }
    follower_config_t following = {.bus = self->bus, .replay = self->replay, .count = count, .start = FOLLOW_FROM_FIRST};
    self->follower = follower_new(loop, &following, &follower_events, self);
    if (!self->follower)
        return false;
    history_on_ready(self->history, is_ready, self);
    history_follow(self->history, self->follower);
    if (!self->write_behind)
        follower_subscribe_all(self->follower);
    return true;
}

static bool read_retention(cached_t *self, const config_t *config)
{
    retention_t *memory = retention_new(config, "cached.retention.memory");
    retention_t *store = retention_new(config, "cached.retention.store");
    if (!memory || !store) {
        retention_destroy(&memory);
        retention_destroy(&store);
        return false;
    }
    catalog_retain(self->catalog, memory);
    if (self->write_behind)
        write_behind_retain(self->write_behind, store);
    history_retain(self->history, memory, store);
    retention_destroy(&self->keep_memory);
    retention_destroy(&self->keep_store);
    self->keep_memory = memory;
    self->keep_store = store;
    return true;
}

static bool reload_takes(void *arg, const config_t *config, const char *key)
{
    (void)arg, (void)config;
    return strcmp(key, "cached.retention.memory") == 0 || strcmp(key, "cached.retention.store") == 0;
}

static void reload_apply(void *arg, const config_t *config)
{
    if (!read_retention(arg, config))
        log_error("cached: out of memory for the new retention: unchanged");
}

const reload_events_t cached_reload_events = {.section = "cached", .takes = reload_takes, .apply = reload_apply};

static bool open_history(cached_t *self, const config_t *config)
{
    self->history = history_new(&(history_config_t){.catalog = self->catalog,
                                                    .reader = self->reader,
                                                    .write_behind = self->write_behind,
                                                    .rebuild = self->rebuild,
                                                    .token = config_text(config, "cached.token"),
                                                    .on_answer = on_answer,
                                                    .arg = self});
    return self->history != NULL;
}

static void put_write_behind(const cached_t *self, json_writer_t *json)
{
    static const char *const states[] = {"opening", "up", "away", "refused"};
    write_behind_counts_t counts = write_behind_counts(self->write_behind);
    json_open_object(json, "store");
    json_put_text(json, "kind", text_of(self->store));
    json_put_text(json, "state", text_of(states[counts.state]));
    json_put_text(json, "error", text_of(counts.error));
    json_put_u64(json, "lag", counts.lag_trades);
    json_close_object(json);
    if (write_behind_warm_up(self->write_behind))
        return;
    json_open_object(json, "warming");
    json_put_u64(json, "streams", counts.warming);
    json_put_u64(json, "done", counts.warmed);
    json_put_u64(json, "trades", counts.warmed_trades);
    json_close_object(json);
}

static void cached_ready(void *arg, buffer_t *out, bool *ready)
{
    const cached_t *self = arg;
    const follower_counts_t *counts = follower_counts(self->follower);
    *ready = is_ready(self);
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_bool(&json, "ready", *ready);
    json_put_bool(&json, "caught_up", *ready);
    json_put_u64(&json, "streams", catalog_streams(self->catalog));
    json_put_u64(&json, "trades", catalog_trades(self->catalog));
    json_open_object(&json, "gaps");
    json_put_u64(&json, "seen", counts->gaps_seen);
    json_put_u64(&json, "repaired", counts->gaps_repaired);
    json_put_u64(&json, "lost", counts->gaps_lost);
    json_close_object(&json);
    json_put_u64(&json, "ahead", counts->ahead);
    if (self->write_behind)
        put_write_behind(self, &json);
    json_close_object(&json);
}

static void cached_metrics(void *arg, metrics_t *metrics)
{
    const cached_t *self = arg;
    bus_metrics(metrics, follower_counts(self->follower));
    guard_metrics(metrics);
    cached_metrics_print(metrics, self->catalog, self->history);
    metrics_counter(metrics, "dataflow_candles_future_total", "Trades from the future, which candles leave out", self->future);
    if (self->write_behind)
        store_metrics_print(metrics, self->write_behind);
}

static const probe_answers_t probe_answers = {.ready = cached_ready, .metrics = cached_metrics};

cached_t *cached_new(loop_t *loop, const config_t *config)
{
    cached_t *self = calloc(1, sizeof *self);
    if (!self)
        goto no_memory;
    self->future_ns = config_integer(config, "cached.future_ms") * NS_PER_MS;
    guard_read(config, "cached", SOCKETS);
    self->catalog = catalog_new((uint64_t)config_integer(config, "cached.trades"));
    self->ageing = loop_timer_new(loop, on_age, self);
    if (!self->catalog || !self->ageing)
        goto no_memory;
    if (!open_write_behind(self, loop, config))
        goto fail;
    if (!open_history(self, config) || !read_retention(self, config))
        goto no_memory;
    self->router = socket_new(loop, SOCKET_ROUTER, 0, &router_events, self);
    if (!self->router || !socket_bind(self->router, config_text(config, "cached.history")) || !follow(self, loop, config))
        goto fail;
    if (!(self->probe = probe_new(loop, config, "cached", &probe_answers, self)))
        goto fail;
    loop_timer_start(self->ageing, AGE_MS, AGE_MS);
    log_info("cached: started", LOG_TEXT("history", config_text(config, "cached.history")),
             LOG_I64("trades", config_integer(config, "cached.trades")));
    return self;
no_memory:
    log_error("cached: out of memory");
fail:
    cached_destroy(&self);
    return NULL;
}

void cached_destroy(cached_t **self)
{
    cached_t *cached = *self;
    if (!cached)
        return;
    probe_destroy(&cached->probe);
    store_reader_destroy(&cached->reader);
    rebuild_destroy(&cached->rebuild);
    write_behind_destroy(&cached->write_behind); /* it asks the follower's replay */
    follower_destroy(&cached->follower);
    history_destroy(&cached->history);
    socket_destroy(&cached->router);
    catalog_destroy(&cached->catalog);
    loop_timer_destroy(&cached->ageing);
    retention_destroy(&cached->keep_memory);
    retention_destroy(&cached->keep_store);
    free(cached);
    *self = NULL;
}
