#include "common/http/http_server.h"

#include "common/clock.h"
#include "common/http/http_shared.h"
#include "common/http/listener.h"
#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    SWEEP_MS = 1000,
    LOOKED_AT_MAX = 8, /* connections, for one place */
    GIVEN_UP_MAX = 8   /* places, for the memory of one handshake */
};

/* A place where it listens. */
typedef struct {
    http_server_t *server;
    listener_t *listener;
    bool share, introduced;
    tls_identity_t *identity;
} http_place_t;

struct http_server {
    http_shared_t shared;
    http_config_t config;
    http_place_t places[HTTP_LISTENERS_MAX];
    loop_timer_t *sweep;
    uint64_t given_up; /* places, for others */
};

/* One that is woken gets its turn. */
static bool serve_woken(void *arg)
{
    http_server_t *self = arg;
    list_t *item = list_take(&self->shared.woken);
    if (item)
        http_connection_turn(LIST_OWNER(item, http_connection_t, in_woken));
    return !list_empty(&self->shared.woken);
}

static void on_sweep(void *arg)
{
    http_server_t *self = arg;
    list_t *next;
    if (self->config.budget)
        budget_tick(self->config.budget);
    for (list_t *item = self->shared.connections.next; item != &self->shared.connections; item = next) {
        http_connection_t *connection = LIST_OWNER(item, http_connection_t, in_server);
        next = item->next;
        http_connection_check(connection);
    }
}

/* Whose place is needed: of the newcomer's address, or of any; NULL: there is room. newcomer: NULL where no descriptor is free. */
static connection_slot_t *choose(const http_server_t *self, const http_connection_t *newcomer)
{
    size_t most = self->config.connections;
    bool counted =
        newcomer && !proxies_have(self->config.proxies, &newcomer->peer); /* a proxy's connections are those of many */
    connection_slot_t *slot = counted ? connection_slots_excess(self->shared.slots, &newcomer->slot) : NULL;
    bool full = !newcomer || (most > 0 && connection_slots_count(self->shared.slots) > most);
    return !slot && full ? connection_slots_victim(self->shared.slots) : slot;
}

static void tell(const http_server_t *self, const http_connection_t *connection, const http_connection_t *newcomer)
{
    static log_limit_t limit;
    char room[HTTP_PEER_MAX];
    log_warn_limited(&limit, "http: no place is left: closed the connection that waited longest",
                     LOG_SLICE("peer", http_peer(connection, room)),
                     LOG_TEXT("because", newcomer ? "there are too many" : "descriptors or memory are short"),
                     LOG_U64("connections", connection_slots_count(self->shared.slots)));
}

/* Its request may have come just now, and not have been looked at: so it is before the connection is closed. */
static bool give_up_slot(http_server_t *self, const http_connection_t *newcomer)
{
    connection_slot_t *slot = choose(self, newcomer), *looked_at = NULL;
    for (int i = 0; slot && slot != looked_at && i < LOOKED_AT_MAX; i++) {
        looked_at = slot;
        http_connection_look(LIST_OWNER(slot, http_connection_t, slot));
        slot = choose(self, newcomer);
    }
    if (!slot)
        return false;
    http_connection_t *connection = LIST_OWNER(slot, http_connection_t, slot);
    tell(self, connection, newcomer);
    self->given_up++;
    http_connection_close(connection);
    return true;
}

static bool on_full(void *arg)
{
    const http_place_t *place = arg;
    return give_up_slot(place->server, NULL);
}

/* Only a proxy may say whose connection it is. */
static bool may_introduce(const http_server_t *self, const ip_address_t *peer)
{
    static log_limit_t limit;
    char room[IP_ADDRESS_MAX];
    if (proxies_have(self->config.proxies, peer))
        return true;
    if (self->config.proxies)
        self->config.proxies->strangers++;
    log_warn_limited(&limit, "http: refused a connection where only proxies may connect",
                     LOG_SLICE("found", ip_address_print(peer, room)));
    return false;
}

/* How long it has to wait, if it does. False: it is closed at once. */
static bool may_come(const http_server_t *self, const ip_address_t *peer, bool secure, uint32_t *wait_s)
{
    bool close = false, counts = self->config.wait_s && !proxies_have(self->config.proxies, peer);
    *wait_s = counts ? self->config.wait_s(self->shared.arg, peer, &close) : 0;
    return *wait_s == 0 || (!close && !secure);
}

/* A handshake takes memory. Where that is short those who have waited longest give up theirs, or a crowd that never ends its handshakes would keep all others out. */
static void give_up_memory(http_server_t *self)
{
    for (int i = 0; i < GIVEN_UP_MAX && budget_short(self->config.budget, BYTE_STREAM_SHAKING_BYTES); i++)
        if (!give_up_slot(self, NULL))
            return;
}

/* Somebody may have to give up a place for it: of the same address, where that has more than it may, or where there are too
 * many in all. */
static void let_in(http_server_t *self, http_connection_t *newcomer, uint32_t wait_s)
{
    if (wait_s > 0)
        http_connection_refuse(newcomer, wait_s);
    give_up_slot(self, newcomer);
    if (newcomer->stream.tls)
        give_up_memory(self);
}

/* By the word of a proxy. */
static void on_known(http_shared_t *shared, http_connection_t *newcomer)
{
    http_server_t *self = LIST_OWNER(shared, http_server_t, shared);
    uint32_t wait_s;
    if (may_come(self, &newcomer->peer, newcomer->stream.tls != NULL, &wait_s))
        let_in(self, newcomer, wait_s);
    else
        http_connection_close(newcomer);
}

static void on_accepted(void *arg, int fd)
{
    const http_place_t *place = arg;
    http_server_t *self = place->server;
    ip_address_t peer = ip_address_of_peer(fd);
    uint32_t wait_s = 0;
    if (place->introduced ? !may_introduce(self, &peer) : !may_come(self, &peer, place->identity != NULL, &wait_s)) {
        close(fd);
        return;
    }
    http_connection_t *newcomer = http_connection_new(&self->shared, fd, &peer, place->identity, place->introduced);
    if (!newcomer)
        return;
    if (!place->introduced)
        let_in(self, newcomer, wait_s);
    http_connection_begin(newcomer);
}

static bool open_places(http_server_t *self, loop_t *loop)
{
    for (size_t i = 0; i < HTTP_LISTENERS_MAX && self->config.listen[i].address; i++) {
        const http_listen_t *listen = &self->config.listen[i];
        http_place_t *place = &self->places[i];
        *place = (http_place_t){
            .server = self, .share = listen->share, .introduced = listen->introduced, .identity = listen->identity};
        place->listener = listener_new(loop, listen->address, listen->share, on_accepted, place);
        if (!place->listener)
            return false;
        listener_on_full(place->listener, on_full);
    }
    return true;
}

static bool open_server(http_server_t *self, loop_t *loop)
{
    self->shared.requests = share_new(loop, SHARE_REQUESTS_US, NULL, NULL);
    self->shared.answers = share_new(loop, SHARE_ANSWERS_US, serve_woken, self);
    self->shared.slots = connection_slots_new(self->config.per_address);
    self->sweep = loop_timer_new(loop, on_sweep, self);
    bool good = self->shared.requests && self->shared.answers && self->shared.slots && self->sweep;
    if (!good || !open_places(self, loop))
        return false;
    loop_timer_start(self->sweep, SWEEP_MS, SWEEP_MS);
    return true;
}

http_server_t *http_server_new(loop_t *loop, const http_config_t *config, http_request_fn *request, void *arg)
{
    http_server_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (http_server_t){.shared = {.uv = loop_uv(loop),
                                       .request = request,
                                       .arg = arg,
                                       .hosts = config->hosts,
                                       .proxies = config->proxies,
                                       .known = on_known,
                                       .answered = config->answered,
                                       .budget = config->budget,
                                       .head = buffer_new(0)},
                            .config = *config};
    if (config->strict_seconds > 0)
        snprintf(self->shared.strict, sizeof self->shared.strict, "Strict-Transport-Security: max-age=%u\r\n",
                 config->strict_seconds);
    list_init(&self->shared.connections);
    list_init(&self->shared.woken);
    if (!open_server(self, loop))
        http_server_destroy(&self);
    return self;
}

void http_server_unshare(http_server_t *self)
{
    for (size_t i = 0; i < HTTP_LISTENERS_MAX; i++) {
        http_place_t *place = &self->places[i];
        if (!place->share || !place->listener)
            continue;
        listener_take_waiting(place->listener);
        listener_destroy(&place->listener);
    }
}

void http_server_limit(http_server_t *self, size_t per_address)
{
    connection_slots_limit(self->shared.slots, per_address);
}

static void tls_metrics(const http_server_t *self, metrics_t *metrics)
{
    tls_counts_t all = {0};
    int64_t until_s = INT64_MAX;
    for (size_t i = 0; i < HTTP_LISTENERS_MAX; i++) {
        tls_identity_t *identity = self->places[i].identity;
        if (!identity)
            continue;
        all.shaken += tls_identity_counts(identity)->shaken;
        all.failed += tls_identity_counts(identity)->failed;
        until_s = tls_identity_until_s(identity) < until_s ? tls_identity_until_s(identity) : until_s;
    }
    if (until_s == INT64_MAX)
        return;
    metrics_counter(metrics, "dataflow_tls_handshakes_total", "TLS handshakes that succeeded", all.shaken);
    metrics_counter(metrics, "dataflow_tls_failed_total", "TLS handshakes that failed", all.failed);
    metrics_gauge(metrics, "dataflow_tls_valid_until_seconds", "When the first certificate expires, in seconds since 1970",
                  until_s > 0 ? (uint64_t)until_s : 0);
}

static void proxy_metrics(const proxies_t *proxies, metrics_t *metrics)
{
    if (!proxies || proxies->count == 0)
        return;
    metrics_counter(metrics, "dataflow_proxy_strangers_total", "Connections refused where only proxies may connect",
                    proxies->strangers);
    metrics_counter(metrics, "dataflow_proxy_refused_total", "Connections of proxies without a valid PROXY header",
                    proxies->refused);
    metrics_counter(metrics, "dataflow_proxy_malformed_total",
                    "Requests of proxies that did not say for whom, and counted as the proxy's own", proxies->malformed);
}

void http_server_metrics(const http_server_t *self, metrics_t *metrics)
{
    metrics_gauge(metrics, "dataflow_http_connections", "Connections that speak HTTP, WebSockets not among them",
                  connection_slots_count(self->shared.slots));
    metrics_counter(metrics, "dataflow_http_given_up_total", "Connections that waited, and were closed to make room for others",
                    self->given_up);
    tls_metrics(self, metrics);
    proxy_metrics(self->config.proxies, metrics);
}

void http_server_destroy(http_server_t **self_p)
{
    http_server_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t i = 0; i < HTTP_LISTENERS_MAX; i++)
        listener_destroy(&self->places[i].listener);
    loop_timer_destroy(&self->sweep);
    while (!list_empty(&self->shared.connections))
        http_connection_close(LIST_OWNER(self->shared.connections.next, http_connection_t, in_server));
    connection_slots_destroy(&self->shared.slots);
    buffer_release(&self->shared.head);
    share_destroy(&self->shared.requests);
    share_destroy(&self->shared.answers);
    free(self);
}
