#include "common/http/http_shared.h"

#include "common/clock.h"
#include "common/log.h"

#include <stdlib.h>

enum { SWEEP_MS = 1000, SHOWN_MAX = 128 /* bytes of a Host in the log */, LOOKED_AT_MAX = 8 /* connections, for one place */ };

/* One that is woken gets its turn. */
static bool serve_woken(void *arg)
{
    http_server_t *self = arg;
    list_t *item = list_take(&self->woken);
    if (item)
        http_connection_turn(LIST_OWNER(item, http_connection_t, in_woken));
    return !list_empty(&self->woken);
}

void http_server_wake(http_server_t *self)
{
    share_wake(self->answers);
}

static void on_sweep(void *arg)
{
    http_server_t *self = arg;
    list_t *next;
    if (self->config.budget)
        budget_tick(self->config.budget);
    for (list_t *item = self->connections.next; item != &self->connections; item = next) {
        http_connection_t *connection = LIST_OWNER(item, http_connection_t, in_server);
        next = item->next;
        http_connection_check(connection);
    }
}

static void on_accepted(void *arg, int fd)
{
    http_connection_new(arg, fd);
}

/* Whose place is needed: of the newcomer's address, or of any; NULL: there is room. newcomer: NULL where no descriptor is free. */
static connection_slot_t *choose(const http_server_t *self, const http_connection_t *newcomer)
{
    size_t most = self->config.connections;
    connection_slot_t *slot = newcomer ? connection_slots_excess(self->slots, &newcomer->slot) : NULL;
    bool full = !newcomer || (most > 0 && connection_slots_count(self->slots) > most);
    return !slot && full ? connection_slots_victim(self->slots) : slot;
}

static void tell(const http_server_t *self, const http_connection_t *connection, const http_connection_t *newcomer)
{
    static log_limit_t limit;
    char room[HTTP_PEER_MAX];
    if (log_allowed(&limit, clock_mono_ns()))
        log_warn("http: no place left: closed the connection that waited longest",
                 LOG_SLICE("peer", http_peer(connection, room)),
                 LOG_TEXT("because", newcomer ? "too many connections" : "no descriptor is free"),
                 LOG_U64("connections", connection_slots_count(self->slots)), LOG_U64("suppressed", log_suppressed(&limit)));
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
    return give_up_slot(arg, NULL);
}

void http_server_make_room(http_server_t *self, const http_connection_t *newcomer)
{
    give_up_slot(self, newcomer);
}

bool http_server_knows(const http_server_t *self, const http_request_t *request)
{
    static log_limit_t limit;
    const hosts_t *hosts = self->config.hosts;
    text_t host = http_request_field(request, "Host");
    if (!hosts || hosts_know(hosts, host))
        return true;
    if (log_allowed(&limit, clock_mono_ns()))
        log_warn("http: refused an unknown Host", LOG_SLICE("found", text_cut(host, SHOWN_MAX)),
                 LOG_TEXT("known_by", hosts->key), LOG_U64("suppressed", log_suppressed(&limit)));
    return false;
}

static bool open_server(http_server_t *self, loop_t *loop)
{
    self->requests = share_new(loop, SHARE_REQUESTS_US, NULL, NULL);
    self->answers = share_new(loop, SHARE_ANSWERS_US, serve_woken, self);
    self->slots = connection_slots_new(self->config.per_address);
    self->sweep = loop_timer_new(loop, on_sweep, self);
    bool good = self->requests && self->answers && self->slots && self->sweep;
    self->listener = good ? listener_new(loop, self->config.address, on_accepted, self) : NULL;
    if (!self->listener)
        return false;
    listener_on_full(self->listener, on_full);
    loop_timer_start(self->sweep, SWEEP_MS, SWEEP_MS);
    return true;
}

http_server_t *http_server_new(loop_t *loop, const http_config_t *config, http_request_fn *request, void *arg)
{
    http_server_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (http_server_t){.uv = loop_uv(loop), .request = request, .arg = arg, .config = *config, .head = buffer_new(0)};
    list_init(&self->connections);
    list_init(&self->woken);
    if (!open_server(self, loop))
        http_server_destroy(&self);
    return self;
}

void http_server_limit(http_server_t *self, size_t per_address)
{
    connection_slots_limit(self->slots, per_address);
}

void http_server_metrics(const http_server_t *self, metrics_t *metrics)
{
    metrics_gauge(metrics, "dataflow_http_connections", "HTTP connections, without WebSockets",
                  connection_slots_count(self->slots));
    metrics_counter(metrics, "dataflow_http_given_up_total", "Waiting connections closed to make room for others",
                    self->given_up);
}

void http_server_destroy(http_server_t **self_p)
{
    http_server_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    listener_destroy(&self->listener);
    loop_timer_destroy(&self->sweep);
    while (!list_empty(&self->connections))
        http_connection_close(LIST_OWNER(self->connections.next, http_connection_t, in_server));
    connection_slots_destroy(&self->slots);
    buffer_release(&self->head);
    share_destroy(&self->requests);
    share_destroy(&self->answers);
    free(self);
}
