#include "common/zeromq/guard.h"

#include "common/array.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/zeromq/endpoint.h"
#include "common/zeromq/guard_report.h"
#include "common/zeromq/guard_state.h"
#include "common/zeromq/guard_watch.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

enum { MUTE_MS = 1000 /* for so long a connection may be silent although others want its place */ };

static guard_config_t configured = {.networks = {"local"},
                                    .network_count = 1,
                                    .connections = GUARD_CONNECTIONS,
                                    .memory_bytes = GUARD_MEMORY_BYTES,
                                    .sockets = 1};

void guard_read(const config_t *config, const char *section, size_t sockets)
{
    size_t count = config_count(config, "%s.peers", section);
    configured = (guard_config_t){.connections = (size_t)config_integer(config, "%s.connections", section),
                                  .memory_bytes = (uint64_t)config_integer(config, "%s.memory_bytes", section),
                                  .sockets = sockets};
    while (configured.network_count < count && configured.network_count < GUARD_NETWORKS_MAX) {
        configured.networks[configured.network_count] = config_text(config, "%s.peers.%zu", section, configured.network_count);
        configured.network_count++;
    }
}

guard_t *guard_new(const guard_socket_t *socket)
{
    guard_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->socket = *socket;
    self->config = configured;
    self->share_bytes = configured.memory_bytes / configured.sockets;
    pthread_mutex_lock(&guards_lock);
    bool watched = guards || guard_watch_begin();
    if (watched) {
        self->next = guards;
        guards = self;
    }
    pthread_mutex_unlock(&guards_lock);
    if (!watched) {
        free(self);
        return NULL;
    }
    return self;
}

void guard_destroy(guard_t **self_p)
{
    guard_t *self = *self_p, **link = &guards;
    if (!self)
        return;
    *self_p = NULL;
    pthread_mutex_lock(&guards_lock);
    while (*link != self)
        link = &(*link)->next;
    *link = self->next;
    bool last = !guards;
    pthread_mutex_unlock(&guards_lock);
    if (last)
        guard_watch_end();
    for (size_t i = 0; i < self->count; i++)
        free(self->peers[i]);
    free(self->peers);
    free(self->by_fd);
    free(self);
}

static bool admits_this_machine_only(const guard_t *self)
{
    return self->config.network_count == 1 && strcmp(self->config.networks[0], "local") == 0;
}

void guard_bound(guard_t *self, const char *endpoint)
{
    const char *colon = strrchr(endpoint, ':');
    if (strncmp(endpoint, "tcp://", strlen("tcp://")) != 0 || !colon)
        return;
    text_to_u64(text_of(colon + 1), &self->port);
    if (!endpoint_is_local(endpoint) && admits_this_machine_only(self))
        log_warn("guard: only this machine is admitted, although the socket listens on a network: add others to `peers`",
                 LOG_TEXT("socket", self->socket.name), LOG_TEXT("endpoint", endpoint));
}

/* --- who comes --- */

/* Is the descriptor, which the monitor told of a moment ago, still that of a connection to this socket? */
static bool is_ours(const guard_t *self, int fd)
{
    struct sockaddr_storage own = {0};
    socklen_t size = sizeof own;
    in_port_t port = 0;
    if (getsockname(fd, (struct sockaddr *)&own, &size) == -1)
        return false;
    if (own.ss_family == AF_INET)
        memcpy(&port, (const char *)&own + offsetof(struct sockaddr_in, sin_port), sizeof port);
    else if (own.ss_family == AF_INET6)
        memcpy(&port, (const char *)&own + offsetof(struct sockaddr_in6, sin6_port), sizeof port);
    return ntohs(port) == self->port;
}

/* Is there a place for one more? It is that of the one that has been silent for the longest time, where that is long enough. */
static bool make_place(const guard_t *self, int64_t now_ns)
{
    guard_peer_t *oldest = NULL;
    size_t staying = 0;
    for (size_t i = 0; i < self->count; i++) {
        guard_peer_t *peer = self->peers[i];
        if (guard_is_dropped(peer))
            continue;
        staying++;
        if (peer->id == 0 && (!oldest || peer->since_ns < oldest->since_ns))
            oldest = peer;
    }
    if (staying < self->config.connections)
        return true;
    if (!oldest || now_ns - oldest->since_ns < MUTE_MS * NS_PER_MS)
        return false;
    guard_shut(oldest, "silent: too many connections, and this one has said nothing");
    return true;
}

static bool has_room(guard_t *self, int fd)
{
    return ARRAY_RESERVE(&self->peers, &self->room, self->count + 1, ARRAY_UNBOUNDED) &&
           ARRAY_RESERVE(&self->by_fd, &self->fds, (size_t)fd + 1, ARRAY_UNBOUNDED);
}

static guard_peer_t *add_peer(guard_t *self, int fd)
{
    guard_peer_t *peer = calloc(1, sizeof *peer);
    socklen_t size = sizeof peer->cookie;
    if (!peer)
        return NULL;
    peer->fd = fd;
    peer->first_id = self->last_id + 1;
    peer->since_ns = clock_mono_ns();
    getsockopt(fd, SOL_SOCKET, SO_COOKIE, &peer->cookie, &size);
    pthread_mutex_lock(&guards_lock);
    bool room = has_room(self, fd);
    if (room) {
        self->peers[self->count++] = self->by_fd[fd] = peer;
        peer->even.messages = atomic_load(&self->messages);
        peer->even.bytes = atomic_load(&self->bytes);
        guard_watch_wake();
    }
    pthread_mutex_unlock(&guards_lock);
    if (room)
        return peer;
    free(peer);
    return NULL;
}

static void refuse(guard_t *self, int fd, const char *address, const char *reason)
{
    guard_tell_end(self, address, reason);
    if (is_ours(self, fd))
        guard_end_connection(fd);
}

void guard_accepted(guard_t *self, int fd)
{
    struct sockaddr_storage from = {.ss_family = AF_UNIX};
    socklen_t size = sizeof from;
    char address[NETWORK_ADDRESS_MAX];
    if (fd < 0)
        return;
    guard_disconnected(self, fd);                     /* of another connection's end something was missed */
    getpeername(fd, (struct sockaddr *)&from, &size); /* where it has gone already, the monitor will say so */
    network_print(&from, address);
    if (!network_admits(self->config.networks, self->config.network_count, &from)) {
        refuse(self, fd, address, "address: not admitted");
    } else if (!make_place(self, clock_mono_ns())) {
        refuse(self, fd, address, "full: too many connections");
    } else {
        guard_peer_t *peer = add_peer(self, fd);
        if (peer)
            memcpy(peer->address, address, sizeof address);
        else
            refuse(self, fd, address, "memory: out of memory");
    }
}

static guard_peer_t *peer_of_fd(const guard_t *self, int fd)
{
    return fd >= 0 && (size_t)fd < self->fds ? self->by_fd[fd] : NULL;
}

void guard_disconnected(guard_t *self, int fd)
{
    guard_peer_t *peer = peer_of_fd(self, fd);
    if (!peer)
        return;
    pthread_mutex_lock(&guards_lock);
    self->by_fd[fd] = NULL;
    for (size_t i = 0; i < self->count; i++)
        if (self->peers[i] == peer)
            self->peers[i] = self->peers[--self->count];
    pthread_mutex_unlock(&guards_lock);
    if (atomic_load(&peer->reason))
        guard_tell_end(self, peer->address, atomic_load(&peer->reason));
    if (peer->id > 0 && self->socket.on_gone)
        self->socket.on_gone(self->socket.arg, peer->id);
    free(peer);
}

void guard_failed(guard_t *self, int fd, const char *reason)
{
    guard_peer_t *peer = peer_of_fd(self, fd);
    const char *none = NULL;
    if (peer)
        atomic_compare_exchange_strong(&peer->reason, &none, reason);
}

void guard_forget(guard_t *self)
{
    while (self->count > 0)
        guard_disconnected(self, self->peers[self->count - 1]->fd);
}

bool guard_admits(const guard_t *self, text_t address)
{
    struct sockaddr_storage from = network_address(address);
    return network_admits(self->config.networks, self->config.network_count, &from);
}

uint64_t guard_next_id(guard_t *self)
{
    return ++self->last_id;
}

/* --- who speaks --- */

guard_peer_t *guard_peer(guard_t *self, uint64_t id, int fd)
{
    guard_peer_t *peer = peer_of_fd(self, fd);
    if (!peer || id < peer->first_id)
        return NULL;
    if (peer->id == 0)
        peer->id = id;
    return peer->id == id ? peer : NULL;
}

uint64_t guard_peer_id(const guard_peer_t *peer)
{
    return peer->id;
}

/* What is complete shows that all before it was, too. */
void guard_took(guard_peer_t *peer, size_t bytes)
{
    uint64_t taken = atomic_fetch_add(&peer->taken, bytes) + bytes, complete = atomic_load(&peer->complete);
    if (complete > taken)
        atomic_fetch_add(&peer->taken, complete - taken);
    atomic_store(&peer->forgiven, 0);
}

void guard_drained(guard_t *self)
{
    atomic_store(&self->drained, true);
}

/* Only the loop writes it. */
static void add(atomic_uint_fast64_t *number, uint64_t more)
{
    atomic_store_explicit(number, atomic_load_explicit(number, memory_order_relaxed) + more, memory_order_relaxed);
}

void guard_enter(guard_t *self)
{
    if (self)
        add(&self->calls, 1);
}

void guard_leave(guard_t *self)
{
    if (self)
        add(&self->calls, 1);
}

void guard_published(guard_t *self, size_t bytes)
{
    add(&self->messages, 1);
    add(&self->bytes, bytes);
}

void guard_set_key(guard_peer_t *peer, text_t key, uint64_t rights)
{
    peer->rights = rights;
    memcpy(peer->key, key.at, key.length < GUARD_KEY ? key.length : GUARD_KEY);
}

text_t guard_key(const guard_peer_t *peer)
{
    return text_of(peer->key);
}

uint64_t guard_rights(const guard_peer_t *peer)
{
    return peer->rights;
}

/* --- who has to go --- */

void guard_drop(guard_t *self, guard_peer_t *peer, const char *reason)
{
    (void)self;
    guard_shut(peer, reason);
}

void guard_drop_id(guard_t *self, uint64_t id, const char *reason)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->peers[i]->id == id)
            guard_shut(self->peers[i], reason);
}

void guard_denied(guard_t *self, guard_peer_t *peer, size_t bytes)
{
    size_t all = 0;
    guard_peer_t *greatest = peer;
    peer->denied += bytes;
    for (size_t i = 0; i < self->count; i++) {
        guard_peer_t *other = self->peers[i];
        all += guard_is_dropped(other) ? 0 : other->denied;
        if (!guard_is_dropped(other) && other->denied > greatest->denied)
            greatest = other;
    }
    if (all > GUARD_DENIED_BYTES)
        guard_shut(greatest, "denied: too many subscriptions that it may not have");
}

bool guard_is_dropped(const guard_peer_t *peer)
{
    return atomic_load(&peer->reason) != NULL;
}

void guard_set_route(guard_peer_t *peer, text_t route)
{
    peer->route_length = route.length <= GUARD_ROUTE_MAX ? route.length : 0;
    memcpy(peer->route, route.at, peer->route_length);
}

text_t guard_route(const guard_peer_t *peer)
{
    return (text_t){peer->route, peer->route_length};
}

guard_peer_t *guard_at(const guard_t *self, size_t number)
{
    return number < self->count ? self->peers[number] : NULL;
}

uint64_t guard_share_bytes(const guard_t *self)
{
    return self->share_bytes;
}
