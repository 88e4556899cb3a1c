#include "gatewayd/gateway.h"

#include "common/bus/requester.h"
#include "common/log.h"
#include "common/net/guesses.h"
#include "gatewayd/admission/bearer.h"
#include "gatewayd/clients/catchup.h"
#include "gatewayd/clients/fanout.h"
#include "gatewayd/clients/pace.h"
#include "gatewayd/doors/http.h"
#include "gatewayd/doors/ws.h"
#include "gatewayd/history/history_client.h"
#include "gatewayd/history/page_cache.h"
#include "gatewayd/limits.h"
#include "gatewayd/listeners.h"
#include "gatewayd/methods/client_grant.h"
#include "gatewayd/operator/operator_door.h"
#include "gatewayd/rates/rates.h"
#include "gatewayd/rest/rest_http.h"
#include "gatewayd/rest/sse.h"
#include "gatewayd/streams/market.h"
#include "gatewayd/streams/offers.h"
#include "gatewayd/streams/recent.h"
#include "gatewayd/subscribe/subscribe.h"
#include "gatewayd/tape.h"
#include "gatewayd/tokens.h"

#include <stdlib.h>

enum {
    WAITING_BESIDE_CLIENTS =
        32, /* HTTP connections of an address: a browser has six, and some of a crowd are about to be clients */
    PROBE_TICKS = 1000 / HUB_TICK_MS,
    CHECK_TICKS = 1000 / HUB_TICK_MS,
    ORIGINS_MAX = 1000
};

struct gateway {
    loop_t *loop;
    hub_t hub;
    tokens_t tokens;
    budget_t budget;
    const char *bus[BUSES_MAX], *replay[BUSES_MAX], *history[BUSES_MAX];
    const char *origins[ORIGINS_MAX], *cors[ORIGINS_MAX];
    hosts_t hosts;
    listeners_t listeners;
    size_t bus_count, history_count, origin_count, cors_count;
    size_t clients_max;               /* what there are file descriptors for */
    requester_t *asker;               /* of history */
    requester_t *replayer[BUSES_MAX]; /* of each connectord */
    tape_t *tape;
    admission_t *admission;
    ws_t *ws;
    rest_http_t *rest_http;
    const operator_lists_t *lists; /* for operators */
    operator_door_t *operator_door;
    bool drain_ordered; /* for the next tick */
    http_t *http;
    loop_timer_t *tick;
    uint64_t ticks;
};

static bool take_turn(void *arg)
{
    gateway_t *self = arg;
    return turns_step(&self->hub.turns);
}

static void on_wanted(void *arg, text_t symbol, bool wanted)
{
    gateway_t *self = arg;
    if (self->tape)
        tape_want(self->tape, symbol, wanted);
}

static void on_drain(void *arg)
{
    gateway_t *self = arg;
    self->drain_ordered = !self->hub.draining;
}

/* As SIGTERM begins, but the process stays, without clients: whoever watches it sees /ready, and ends it. */
static void drain(gateway_t *self)
{
    self->drain_ordered = false;
    self->hub.draining = true;
    log_info("gateway: draining", LOG_U64("clients", self->hub.client_count));
    http_unshare(self->http);
    ws_leave(self->ws);
}

static void on_tick(void *arg)
{
    gateway_t *self = arg;
    if (self->drain_ordered)
        drain(self);
    tape_tick(self->tape);
    subscribe_tick(&self->hub);
    catchup_tick(&self->hub);
    tokens_tick(&self->tokens, hub_now_ns(&self->hub));
    if (self->ticks % PROBE_TICKS == 0)
        history_probe(self->hub.history);
    if (self->ticks % CHECK_TICKS == 0)
        ws_check(self->ws);
    if (self->ticks % CHECK_TICKS == 0)
        recent_tick(self->hub.recent, hub_now_ns(&self->hub));
    self->ticks++;
}

/* --- building it --- */

static size_t read_list(const config_t *config, const char *path, const char **list, size_t max)
{
    size_t count = config_count(config, "%s", path);
    for (size_t i = 0; i < count && i < max; i++)
        list[i] = config_text(config, "%s.%zu", path, i);
    return count < max ? count : max;
}

static void read_config(gateway_t *self, const config_t *config)
{
    hub_t *hub = &self->hub;
    self->bus_count = hub->buses.count = read_list(config, "gatewayd.bus", self->bus, BUSES_MAX);
    read_list(config, "gatewayd.replay", self->replay, BUSES_MAX);
    self->history_count = read_list(config, "gatewayd.history", self->history, BUSES_MAX);
    self->origin_count = read_list(config, "gatewayd.origins", self->origins, ORIGINS_MAX);
    self->cors_count = read_list(config, "gatewayd.cors", self->cors, ORIGINS_MAX);
    hosts_init(&self->hosts, config, "gatewayd.hosts");
    memcpy(hub->buses.endpoints, self->bus, sizeof hub->buses.endpoints);
    limits_read(hub, config);
}

static bool open_history(gateway_t *self, const config_t *config)
{
    uint32_t timeout_ms = (uint32_t)config_integer(config, "gatewayd.history_timeout_ms");
    void *replays[BUSES_MAX];
    self->asker = requester_new(self->loop, "history", self->history, self->history_count, timeout_ms);
    if (!self->asker)
        return false;
    for (size_t i = 0; i < self->bus_count; i++) {
        replays[i] = self->replayer[i] = requester_new(self->loop, "replay", &self->replay[i], 1, timeout_ms);
        if (!self->replayer[i])
            return false;
    }
    self->hub.history = history_client_new(&history_requester, self->asker, replays, self->bus_count);
    return self->hub.history != NULL;
}

static bool open_hub(gateway_t *self, const config_t *config)
{
    self->hub.offers = offers_new();
    self->hub.markets = markets_new((size_t)config_integer(config, "gatewayd.ring_bytes"), on_wanted, self);
    self->hub.recent = recent_new(self->hub.offers, self->hub.markets, &self->hub.buses);
    self->hub.answers = share_new(self->loop, SHARE_ANSWERS_US, NULL, NULL);
    self->hub.turns.share = share_new(self->loop, SHARE_ANSWERS_US, take_turn, self);
    self->hub.pace = pace_new(self->loop, &self->hub.counts.bytes);
    self->hub.pages = page_cache_new();
    self->hub.guesses = guesses_new();
    self->hub.rates = rates_new(config);
    return self->hub.offers && self->hub.markets && self->hub.recent && self->hub.pace && self->hub.pages &&
           self->hub.guesses && self->hub.rates && self->hub.answers && self->hub.turns.share && open_history(self, config);
}

static bool open_bus(gateway_t *self)
{
    follower_config_t config = {.bus = self->bus, .replay = self->replay, .count = self->bus_count, .start = FOLLOW_FROM_LAST};
    self->tape = tape_new(self->loop, &self->hub, &config);
    return self->tape != NULL;
}

static bool open_stream(void *arg, http_connection_t *connection, const http_request_t *request, const rest_query_t *query,
                        text_t headers, grant_t **grant, unsigned *status, buffer_t *answer)
{
    gateway_t *self = arg;
    return sse_open(self->admission, &self->hub, connection, request, query, headers, grant, status, answer);
}

static auth_refusal_t admit(void *arg, text_t authorization, identity_t *out)
{
    const gateway_t *self = arg;
    return grants_judge(self->tokens.grants, bearer_of_header(authorization), out);
}

static operator_door_t *open_operator(gateway_t *self, const config_t *config, const origins_t *origins)
{
    operator_door_config_t door = {
        .hub = &self->hub, .lists = self->lists, .origins = *origins, .admit = admit, .drain = on_drain, .arg = self};
    operator_door_t *opened = operator_door_new(self->loop, &door);
    if (opened && !operator_door_configure(opened, config))
        operator_door_destroy(&opened);
    return opened;
}

static bool open_web(gateway_t *self, const config_t *config)
{
    size_t clients = (size_t)config_integer(config, "gatewayd.clients");
    size_t per_address = (size_t)config_integer(config, "gatewayd.clients_per_address");
    ws_config_t ws = {.message_bytes = (size_t)config_integer(config, "gatewayd.message_bytes"),
                      .silence_ms = config_integer(config, "gatewayd.silence_ms")};
    http_settings_t http = {.server = {.strict_seconds = (uint32_t)config_integer(config, "gatewayd.hsts_seconds"),
                                       .hosts = &self->hosts,
                                       .per_address = per_address + WAITING_BESIDE_CLIENTS,
                                       .proxies = &self->listeners.proxies,
                                       .budget = &self->budget},
                            .origins = {{self->origins, self->origin_count}, {self->cors, self->cors_count}},
                            .deflates = config_flag(config, "gatewayd.deflate")};
    memcpy(http.server.listen, self->listeners.places, sizeof http.server.listen);
    self->clients_max = limits_clients(clients);
    self->admission = admission_new(&self->hub, self->clients_max, per_address);
    self->ws = !self->admission ? NULL : ws_new(self->loop, &self->hub, self->admission, &ws);
    self->rest_http = !self->ws ? NULL : rest_http_new(&self->hub, open_stream, self, &http.origins);
    self->operator_door = !self->rest_http ? NULL : open_operator(self, config, &http.origins);
    http_doors_t doors = {.ws = self->ws,
                          .open_ws = ws_open,
                          .operator_door = self->operator_door,
                          .ask_operator = operator_door_on_request,
                          .rest = self->rest_http,
                          .ask_rest = rest_http_on_request};
    self->http = !self->operator_door ? NULL : http_new(self->loop, &http, &self->hub, self->admission, &doors);
    if (self->http)
        listeners_log(&self->listeners, self->tokens.grants != NULL);
    return self->http != NULL;
}

static const char clients_key[] = "gatewayd.clients";

/* The limit of descriptors is that of the start. */
static bool room_for_clients(const gateway_t *self, const config_t *config)
{
    return (size_t)config_integer(config, clients_key) <= self->clients_max;
}

static bool reload_takes(void *arg, const config_t *config, const char *key)
{
    const gateway_t *self = arg;
    if (strcmp(key, clients_key) == 0)
        return room_for_clients(arg, config);
    return limits_take(key) || rates_take(key) || auth_takes(key) || listeners_take(&self->listeners, config, key);
}

static void reload_apply(void *arg, const config_t *config)
{
    gateway_t *self = arg;
    limits_read(&self->hub, config);
    rates_read(self->hub.rates, config);
    size_t clients = room_for_clients(self, config) ? (size_t)config_integer(config, clients_key) : self->clients_max;
    size_t per_address = (size_t)config_integer(config, "gatewayd.clients_per_address");
    admission_limit(self->admission, clients, per_address);
    http_limit(self->http, per_address + WAITING_BESIDE_CLIENTS);
    listeners_renew(&self->listeners, config);
    tokens_renew(&self->tokens, config);
    operator_door_configure(self->operator_door, config);
}

const reload_events_t gateway_reload_events = {.section = "gatewayd", .takes = reload_takes, .apply = reload_apply};

gateway_t *gateway_new(loop_t *loop, const config_t *config, method_fn *call, const operator_lists_t *lists)
{
    gateway_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->loop = loop;
    hub_init(&self->hub);
    self->hub.loop = loop;
    self->hub.call = call;
    self->lists = lists;
    self->hub.let_in = client_grant_begin;
    self->hub.catch_up = catchup_step;
    budget_init(&self->budget, 0);
    self->hub.budget = &self->budget;
    read_config(self, config);
    self->tick = loop_timer_new(loop, on_tick, self);
    if (!self->tick || !tokens_open(&self->tokens, self->loop, config, &self->hub) || !open_hub(self, config) ||
        !open_bus(self) || !listeners_open(&self->listeners, config, &self->hosts) || !open_web(self, config)) {
        gateway_destroy(&self);
        return NULL;
    }
    loop_timer_start(self->tick, 0, HUB_TICK_MS);
    return self;
}

void gateway_destroy(gateway_t **self_p)
{
    gateway_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    loop_timer_destroy(&self->tick);
    if (self->tape)
        tape_end(self->tape); /* so that there is a last frame */
    if (self->http) {
        http_unshare(self->http);
        fanout_finish(&self->hub);
        ws_goodbye(self->ws);
        ws_stop(self->ws);
        http_stop(self->http);
    }
    http_destroy(&self->http);
    listeners_close(&self->listeners);
    operator_door_destroy(&self->operator_door);
    rest_http_destroy(&self->rest_http);
    ws_destroy(&self->ws);
    admission_destroy(&self->admission);
    tape_destroy(&self->tape);
    history_client_destroy(&self->hub.history);
    recent_destroy(&self->hub.recent);
    pace_destroy(&self->hub.pace);
    share_destroy(&self->hub.answers);
    share_destroy(&self->hub.turns.share);
    page_cache_destroy(&self->hub.pages);
    guesses_destroy(&self->hub.guesses);
    rates_destroy(&self->hub.rates);
    markets_destroy(&self->hub.markets);
    waits_release(&self->hub.waits);
    offers_destroy(&self->hub.offers);
    tokens_close(&self->tokens);
    requester_destroy(&self->asker);
    for (size_t i = 0; i < self->bus_count; i++)
        requester_destroy(&self->replayer[i]);
    free(self);
}
