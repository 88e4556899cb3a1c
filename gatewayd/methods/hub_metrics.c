#include "gatewayd/methods/hub_metrics.h"

#include "common/bus/bus_metrics.h"
#include "common/net/guesses.h"
#include "gatewayd/history/delays.h"
#include "gatewayd/history/history_client.h"
#include "gatewayd/streams/market.h"
#include "gatewayd/streams/recent.h"

#define COUNT(member, name, help)                                                                                              \
    {                                                                                                                          \
        "dataflow_" name "_total", help, offsetof(hub_t, member)                                                               \
    }

static const metric_count_t counters[] = {
    COUNT(counts.clients, "gateway_clients", "Clients that connected"),
    COUNT(counts.writes, "gateway_writes", "Writes to clients' connections, of one or more frames"),
    COUNT(counts.bytes, "gateway_sent_bytes", "Bytes of all frames sent"),
    COUNT(counts.trades, "gateway_sent_trades",
          "Trades sent to clients from the rings; a gap counts as the trades it stands for"),
    COUNT(counts.looks, "gateway_waiting_looks", "Checks whether a waiting subscribe can continue"),
    COUNT(rpc_counts.requests, "rpc_requests", "JSON-RPC requests and notifications from clients"),
    COUNT(rpc_counts.errors, "rpc_errors", "Error replies"),
};

static void print_slow(metrics_t *metrics, const hub_counts_t *counts)
{
    metrics_family(metrics, "dataflow_gateway_slow_clients_total", METRIC_COUNTER,
                   "Clients that fell behind: caught up from history, conflated, disconnected as gatewayd.slow says, or "
                   "overflowed by replies they did not read");
    metrics_u64(metrics, METRIC_LABELS({"action", TEXT("catchup")}), counts->caught);
    metrics_u64(metrics, METRIC_LABELS({"action", TEXT("conflated")}), counts->conflated);
    metrics_u64(metrics, METRIC_LABELS({"action", TEXT("disconnected")}), counts->disconnected);
    metrics_u64(metrics, METRIC_LABELS({"action", TEXT("overflowed")}), counts->overflowed);
}

static void print_recent(metrics_t *metrics, const recent_counts_t *counts)
{
    metrics_family(metrics, "dataflow_gateway_recent_total", METRIC_COUNTER,
                   "Queries for recent trades answered from the rings, and sent to history");
    metrics_u64(metrics, METRIC_LABELS({"by", TEXT("rings")}), counts->answered);
    metrics_u64(metrics, METRIC_LABELS({"by", TEXT("history")}), counts->asked);
}

static void print_budget(metrics_t *metrics, const budget_t *budget)
{
    metrics_gauge(metrics, "dataflow_gateway_waiting_bytes", "Bytes waiting for clients, of all transports",
                  budget->held_bytes);
    metrics_gauge(metrics, "dataflow_gateway_waiting_limit_bytes", "Limit of waiting bytes (gatewayd.memory_bytes)",
                  budget->limit_bytes);
    metrics_family(metrics, "dataflow_gateway_crowded_total", METRIC_COUNTER,
                   "Replies refused, and connections closed, because too many bytes waited");
    metrics_u64(metrics, METRIC_LABELS({"action", TEXT("refused")}), budget->refused);
    metrics_u64(metrics, METRIC_LABELS({"action", TEXT("given_up")}), budget->given_up);
}

/* What the readers' places in the rings tell. */
typedef struct {
    uint64_t rings, lag_bytes; /* the largest */
} client_places_t;

static void look_at(const live_stream_t *live_stream, client_places_t *places)
{
    if (!live_stream->ring)
        return;
    places->rings++;
    for (size_t i = 0; i < live_stream->reader_count; i++) {
        const reader_t *reader = live_stream->readers[i];
        uint64_t lag_bytes = reader->state == READER_LIVE ? ring_head(reader->ring) - reader->position : 0;
        if (lag_bytes > places->lag_bytes)
            places->lag_bytes = lag_bytes;
    }
}

static void look_into(const market_t *market, client_places_t *places)
{
    LIST_EACH(item, &market->live_streams)
    look_at(LIST_OWNER(item, live_stream_t, in_market), places);
    LIST_EACH(item, &market->delayed)
    look_into(LIST_OWNER(item, market_t, in_live), places);
}

static client_places_t look_around(const markets_t *markets)
{
    client_places_t places = {0};
    const market_t *market;
    for (size_t at = 0; (market = markets_each(markets, &at));)
        look_into(market, &places);
    return places;
}

static void print_sources(metrics_t *metrics, const hub_t *hub)
{
    const offer_t *offer;
    metrics_family(metrics, "dataflow_gateway_source_up", METRIC_GAUGE, "1: the source recently reported that it is connected");
    for (size_t i = 0; (offer = offers_at(hub->offers, i)); i++)
        metrics_u64(metrics, METRIC_LABELS({"source", offer->name}), offer_up(offer));
}

static void print_buses(metrics_t *metrics, const hub_t *hub)
{
    metrics_family(metrics, "dataflow_gateway_bus_silent", METRIC_GAUGE, "1: the bus is silent, without even a heartbeat");
    for (size_t i = 0; i < hub->buses.count; i++)
        metrics_u64(metrics, METRIC_LABELS({"bus", text_of(hub->buses.endpoints[i])}), hub->buses.silent[i]);
}

static void print_delays(metrics_t *metrics, const delays_t *delays)
{
    metrics_gauge(metrics, "dataflow_gateway_delayed_streams", "Streams that roles with a delay read later",
                  delays_streams(delays));
    metrics_counter(metrics, "dataflow_gateway_delayed_records_total", "Records that became due for such a role",
                    delays_records(delays));
}

void hub_metrics(metrics_t *metrics, const hub_t *hub)
{
    client_places_t places = look_around(hub->markets);
    metrics_gauge(metrics, "dataflow_gateway_clients", "Clients connected", hub->client_count);
    metrics_gauge(metrics, "dataflow_gateway_subscriptions", "Subscriptions of all clients", hub->subscription_count);
    metrics_gauge(metrics, "dataflow_gateway_waiting_subscribes",
                  "Subscribes waiting for a source or a stream, or to ask history again", hub->waits.count);
    metrics_gauge(metrics, "dataflow_gateway_catching_clients", "Clients reading from history what the rings lack",
                  hub->catching_count);
    metrics_gauge(metrics, "dataflow_gateway_questions_waiting", "History queries waiting for their turn", hub->turns.waiting);
    metrics_gauge(metrics, "dataflow_gateway_rings", "Streams that clients read", places.rings);
    metrics_gauge(metrics, "dataflow_gateway_ring_lag_bytes", "The farthest that a client is behind the head of a ring",
                  places.lag_bytes);
    if (hub->delays)
        print_delays(metrics, hub->delays);
    metrics_counters(metrics, counters, sizeof counters / sizeof *counters, hub);
    print_slow(metrics, &hub->counts);
    print_recent(metrics, recent_counts(hub->recent));
    if (hub->budget)
        print_budget(metrics, hub->budget);
    if (hub->guesses)
        metrics_counter(metrics, "dataflow_gateway_wrong_tokens_total", "Wrong tokens for clearHistory",
                        guesses_wrong(hub->guesses));
    bus_metrics(metrics, &hub->buses.counted);
    print_buses(metrics, hub);
    print_sources(metrics, hub);
    metrics_gauge(metrics, "dataflow_gateway_history_up", "1: history answers", history_alive(hub->history));
}
