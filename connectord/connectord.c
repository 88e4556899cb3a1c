#include "connectord/connectord.h"

#include "common/clock.h"
#include "common/http/http_connection.h"
#include "common/http/probe.h"
#include "common/json/json_write.h"
#include "common/log.h"
#include "common/timestamp.h"
#include "common/zeromq/guard.h"
#include "common/zeromq/guard_report.h"
#include "connectord/overlay/symbol_orders.h"
#include "connectord/publish/replay.h"
#include "connectord/sources/feeds.h"
#include "connectord/sources/past_metrics.h"
#include "connectord/sources/source_metrics.h"
#include "connectord/sources/witness_metrics.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    HEARTBEAT_MS = 1000,
    EARLY_HEARTBEAT_MS = 100, /* at least, behind the one before */
    READING_ON_MS = 500,      /* after the start, when there are connections */
    SPARE_MS = 250,           /* between looks whether the journal has a spare segment */
    SOCKETS = 2,              /* that are bound: bus and replay */
    MS_DIGITS = 3,
    FD_LIMIT = 8192
};

struct connectord {
    feed_shared_t shared; /* loop, web, journal, publisher, demand, groups */
    renewal_t renewal;    /* of the journal */
    symbol_orders_t *orders;
    replay_t *replay;
    probe_t *probe;
    loop_turn_t *flush;       /* of the journal */
    loop_timer_t *reading_on; /* in it */
    loop_timer_t *spare;      /* of the journal */
    loop_timer_t *heartbeat;
    int64_t beat_ns; /* when the last one was sent */
    feeds_t *feeds;
};

static void on_heartbeat(void *arg)
{
    connectord_t *self = arg;
    self->beat_ns = clock_mono_ns();
    for (size_t i = 0; i < feeds_count(self->feeds); i++)
        feed_heartbeat(feeds_at(self->feeds, i));
}

/* A process that was started serves as soon as it has heard a status: it need not wait for the next heartbeat. */
static void on_subscriber(void *arg)
{
    connectord_t *self = arg;
    int64_t wait_ms = EARLY_HEARTBEAT_MS - (clock_mono_ns() - self->beat_ns) / NS_PER_MS;
    if (self->heartbeat)
        loop_timer_start(self->heartbeat, wait_ms > 0 ? (uint64_t)wait_ms : 0, HEARTBEAT_MS);
}

static void put_source(json_writer_t *json, const status_t *status)
{
    json_open_object(json, NULL);
    json_put_text(json, "name", status->source);
    json_put_bool(json, "connected", status->connected);
    json_put_time(json, "since", status->since_ns, MS_DIGITS);
    json_put_text(json, "breaker", status->breaker);
    json_put_u64(json, "health", status->health);
    json_put_raw(json, "stale", status->stale);
    json_put_raw(json, "failing", status->failing);
    json_put_u64(json, "id_conflicts", status->id_conflicts);
    json_put_u64(json, "future", status->future);
    json_put_u64(json, "unjournaled", status->unjournaled);
    json_close_object(json);
}

static void put_journal(json_writer_t *json, const journal_t *journal, text_t stuck)
{
    json_open_object(json, "journal");
    json_put_u64(json, "bytes", journal_bytes(journal));
    json_put_u64(json, "position", journal_position(journal));
    json_put_bool(json, "spare", journal_has_spare(journal));
    json_put_text(json, "stuck", stuck);
    json_close_object(json);
}

static void put_overlay(json_writer_t *json, overlay_counts_t counts)
{
    json_open_object(json, "overlay");
    json_put_u64(json, "added", counts.added);
    json_put_u64(json, "removed", counts.removed);
    json_put_bool(json, "damaged", counts.damaged);
    json_close_object(json);
}

/* Ready: the sockets are bound, or there were no connectord; and at least one source, if there are any, is connected. A stream that starves or a
 * subscription that fails is named, but a restart would mend neither. */
static void connectord_ready(void *arg, buffer_t *out, bool *ready)
{
    connectord_t *self = arg;
    size_t connected = 0, count = feeds_count(self->feeds);
    for (size_t i = 0; i < count; i++)
        connected += feed_status(feeds_at(self->feeds, i), STATUS_HEARTBEAT).connected;
    const journal_t *journal = self->shared.journal;
    text_t stuck = backpressure_reason(self->shared.backpressure);
    *ready = (connected > 0 || count == 0) && stuck.length == 0;
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_bool(&json, "ready", *ready);
    json_put_u64(&json, "epoch", journal_epoch(journal));
    json_put_text(&json, "epoch_began", text_of(journal_began(journal)));
    json_open_array(&json, "sources");
    for (size_t i = 0; i < count; i++) {
        status_t status = feed_status(feeds_at(self->feeds, i), STATUS_HEARTBEAT);
        put_source(&json, &status);
    }
    json_close_array(&json);
    put_journal(&json, journal, stuck);
    put_overlay(&json, overlay_counts(self->shared.overlay));
    json_close_object(&json);
}

static void on_flush(void *arg)
{
    connectord_t *self = arg;
    journal_flush(self->shared.journal);
}

static void on_spare(void *arg)
{
    connectord_t *self = arg;
    journal_keep_spare(self->shared.journal);
}

/* The journal takes no trades, or takes them again. */
static void on_pressure(void *arg)
{
    on_heartbeat(arg);
}

static void on_losing(void *arg)
{
    connectord_t *self = arg;
    for (size_t i = 0; i < feeds_count(self->feeds); i++)
        feed_lose(feeds_at(self->feeds, i));
}

static const backpressure_events_t pressure_events = {.on_change = on_pressure, .on_losing = on_losing};

static void on_safe(void *arg, const journal_stream_t *stream, text_t json)
{
    connectord_t *self = arg;
    publisher_trade(self->shared.publisher, journal_topic(stream), json);
}

/* Whoever follows must hear of the new epoch before its trades. */
static void on_renewed(void *arg)
{
    on_heartbeat(arg);
}

/* In what the journal had at the start: nobody waits for it. */
static void on_reading_on(void *arg)
{
    connectord_t *self = arg;
    if (!feeds_remember(self->feeds) && !journal_read_on(self->shared.journal))
        loop_timer_stop(self->reading_on);
}

static groups_t *new_groups(loop_t *loop, const config_t *config)
{
    failover_config_t failover = {
        .after_ms = (uint32_t)config_integer(config, "connectord.failover.after_ms"),
        .hysteresis_ms = (uint32_t)config_integer(config, "connectord.failover.hysteresis_ms"),
    };
    return groups_new(loop, failover, feed_role_changed);
}

static const metric_count_t replay_metrics[] = {
    {"dataflow_replay_answers_total", "Replay requests answered", offsetof(replay_counts_t, answers)},
    {"dataflow_replay_errors_total", "Replay requests answered with an error", offsetof(replay_counts_t, errors)},
    {"dataflow_replay_bytes_total", "Bytes of the answers", offsetof(replay_counts_t, bytes)},
};

static void overlay_metrics(metrics_t *metrics, const overlay_t *overlay, const symbol_orders_t *orders)
{
    overlay_counts_t counts = overlay_counts(overlay);
    metrics_family(metrics, "dataflow_overlay_symbols", METRIC_GAUGE,
                   "Symbols that operators have added to what the configuration has, or removed from it");
    metrics_u64(metrics, METRIC_LABELS({"change", TEXT("added")}), counts.added);
    metrics_u64(metrics, METRIC_LABELS({"change", TEXT("removed")}), counts.removed);
    metrics_counter(metrics, "dataflow_overlay_changes_total", "Changes of symbols that operators have made", counts.changes);
    metrics_gauge(metrics, "dataflow_overlay_damaged", "1: the overlay's file was set aside at the start", counts.damaged);
    if (orders) /* not when it is asked while the process ends */
        metrics_counter(metrics, "dataflow_overlay_refused_total", "Orders to change symbols without the token",
                        symbol_orders_counts(orders).refused);
}

static void connectord_metrics(void *arg, metrics_t *metrics)
{
    connectord_t *self = arg;
    const journal_t *journal = self->shared.journal;
    size_t count = feeds_count(self->feeds);
    status_t *statuses = calloc(count + 1, sizeof *statuses);
    for (size_t i = 0; statuses && i < count; i++)
        statuses[i] = feed_status(feeds_at(self->feeds, i), STATUS_HEARTBEAT);
    source_metrics(metrics, statuses, statuses ? count : 0);
    free(statuses);
    witness_metrics(metrics, self->feeds);
    past_metrics(metrics, self->feeds);
    metrics_counter(metrics, "dataflow_journal_appended_bytes_total",
                    "The journal's position: bytes appended since it was created", journal_position(journal));
    metrics_gauge(metrics, "dataflow_journal_bytes", "Bytes that the journal holds", journal_bytes(journal));
    metrics_gauge(metrics, "dataflow_journal_spare", "1: the next segment is already allocated on disk",
                  journal_has_spare(journal));
    metrics_gauge(metrics, "dataflow_journal_stuck", "1: the journal takes no trades, and exchanges are held back",
                  backpressure_reason(self->shared.backpressure).length > 0);
    metrics_gauge(metrics, "dataflow_journal_epoch", "The journal's epoch", journal_epoch(journal));
    metrics_counter(metrics, "dataflow_journal_renewals_total",
                    "New epochs because a follower had later trades than the journal", self->renewal.count);
    overlay_metrics(metrics, self->shared.overlay, self->orders);
    guard_metrics(metrics);
    if (self->replay) /* not when it is asked while the process ends */
        metrics_counters(metrics, replay_metrics, sizeof replay_metrics / sizeof *replay_metrics, replay_counts(self->replay));
}

/* What is posted to a source: /push/<its name>. */
static bool connectord_request(void *arg, http_connection_t *from, const http_request_t *request)
{
    const connectord_t *self = arg;
    const text_t folder = TEXT("/push/");
    if (!text_starts_with(request->path, folder))
        return false;
    feed_t *feed = feeds_find(self->feeds, (text_t){request->path.at + folder.length, request->path.length - folder.length});
    if (!feed || !feed_post(feed, from, request))
        http_answer(from, &(http_answer_t){.status = 404,
                                           .content_type = "application/json",
                                           .body = TEXT(HTTP_ERROR_BODY("no source with connector push has this name"))});
    return true;
}

static const probe_answers_t probe_answers = {
    .ready = connectord_ready, .metrics = connectord_metrics, .request = connectord_request};

/* The journal and what the feeds stand on. */
static bool connectord_open(connectord_t *self, const config_t *config)
{
    feed_shared_t *shared = &self->shared;
    shared->run =
        (uint64_t)((clock_real_ns() + clock_steady_ns()) / NS_PER_US); /* another one also where the wall clock stands */
    shared->health = (uint32_t)config_integer(config, "connectord.failover.health");
    uint64_t journal_capacity = (uint64_t)config_integer(config, "connectord.journal.bytes");
    shared->journal_path = config_text(config, "connectord.journal.path");
    shared->journal = journal_open(shared->journal_path, journal_capacity, (uint64_t)(clock_real_ns() / NS_PER_US));
    uint32_t hold_ms = (uint32_t)config_integer(config, "connectord.journal.hold_ms");
    return shared->journal && (shared->overlay = overlay_open(shared->journal_path)) &&
           (shared->web = web_new(shared->loop, FD_LIMIT)) &&
           (shared->backpressure =
                backpressure_new(shared->loop, shared->web, shared->journal, hold_ms, &pressure_events, self)) &&
           (shared->demand = demand_new(&feed_demand_events)) && (shared->groups = new_groups(shared->loop, config)) &&
           (shared->rest_hosts = rest_hosts_new(shared->loop)) &&
           (shared->publisher =
                publisher_new(shared->loop, config_text(config, "connectord.publish"),
                              (int)config_integer(config, "connectord.publish_queue"), shared->demand, on_subscriber, self)) &&
           (self->feeds = feeds_new(shared));
}

static const source_config_t *find_source(void *arg, text_t source)
{
    const feed_t *feed = feeds_find(arg, source);
    return feed ? feed_config(feed) : NULL;
}

static bool connectord_serve(connectord_t *self, const config_t *config)
{
    self->renewal = renewal_new(self->shared.journal, on_renewed, self, clock_mono_ns());
    symbol_orders_events_t events = {.order = feeds_order_symbol, .find = find_source, .arg = self->feeds};
    self->orders = symbol_orders_new(self->shared.overlay, config_text(config, "connectord.token"), &events);
    self->replay = self->orders ? replay_new(self->shared.loop, config_text(config, "connectord.replay"), self->shared.journal,
                                             &self->renewal, (replay_others_t){symbol_orders_answer, self->orders})
                                : NULL;
    self->probe = probe_new(self->shared.loop, config, "connectord", &probe_answers, self);
    self->heartbeat = loop_timer_new(self->shared.loop, on_heartbeat, self);
    self->spare = loop_timer_new(self->shared.loop, on_spare, self);
    self->reading_on = loop_timer_new(self->shared.loop, on_reading_on, self);
    self->flush = loop_turn_new(self->shared.loop, on_flush, self);
    return self->replay && self->probe && self->heartbeat && self->spare && self->reading_on && self->flush;
}

bool connectord_check(const config_t *config, void (*report)(const char *mistake))
{
    return feeds_check(config, report);
}

connectord_t *connectord_new(loop_t *loop, const config_t *config)
{
    connectord_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->shared.loop = loop;
    guard_read(config, "connectord", SOCKETS);
    if (!connectord_open(self, config) || !feeds_apply(self->feeds, config) || !connectord_serve(self, config)) {
        connectord_destroy(&self);
        return NULL;
    }
    journal_on_safe(self->shared.journal, on_safe, self);
    loop_timer_start(self->heartbeat, 0, HEARTBEAT_MS);
    loop_timer_start(self->spare, 0, SPARE_MS);
    loop_timer_start(self->reading_on, READING_ON_MS, 1);
    log_info("connectord: started", LOG_U64("sources", feeds_count(self->feeds)),
             LOG_TEXT("publish", config_text(config, "connectord.publish")),
             LOG_TEXT("replay", config_text(config, "connectord.replay")));
    return self;
}

static bool reload_takes(void *arg, const config_t *config, const char *key)
{
    (void)arg, (void)config;
    return text_starts_with(text_of(key), TEXT("connectord.sources")) || text_equal(text_of(key), TEXT("connectord.token"));
}

static void reload_apply(void *arg, const config_t *config)
{
    connectord_t *self = arg;
    if (!symbol_orders_set_token(self->orders, config_text(config, "connectord.token")))
        log_error("connectord: out of memory: orders are refused until the next reload");
    feeds_apply(self->feeds, config);
    loop_timer_start(self->reading_on, READING_ON_MS, 1);
}

const reload_events_t connectord_reload_events = {.section = "connectord", .takes = reload_takes, .apply = reload_apply};

void connectord_destroy(connectord_t **self_ref)
{
    connectord_t *self = *self_ref;
    if (!self)
        return;
    if (self->feeds)
        feeds_stop(self->feeds);
    if (self->shared.journal) {
        journal_sync(self->shared.journal); /* the goodbyes can be under way meanwhile */
        journal_on_safe(self->shared.journal, NULL, NULL);
    }
    loop_turn_destroy(&self->flush);
    loop_timer_destroy(&self->heartbeat);
    loop_timer_destroy(&self->spare);
    loop_timer_destroy(&self->reading_on);
    replay_destroy(&self->replay);
    symbol_orders_destroy(&self->orders);
    probe_destroy(&self->probe);
    feeds_destroy(&self->feeds);
    rest_hosts_destroy(&self->shared.rest_hosts);
    backpressure_destroy(&self->shared.backpressure);
    groups_destroy(&self->shared.groups);
    publisher_destroy(&self->shared.publisher);
    demand_destroy(&self->shared.demand);
    web_destroy(&self->shared.web);
    overlay_close(&self->shared.overlay);
    journal_close(&self->shared.journal);
    free(self);
    *self_ref = NULL;
}
