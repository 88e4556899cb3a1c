#include "common/http/listener.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/loop/share.h"
#include "common/net/host.h"
#include "common/text.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { PAUSE_MS = 100 };

/* One of the addresses that it listens at. */
typedef struct {
    listener_t *listener;
    uv_poll_t poll;
    int fd;
} listening_socket_t;

struct listener {
    listening_socket_t sockets[HOST_ADDRESSES_MAX];
    size_t count;
    size_t open; /* handles that have not closed yet */
    share_t *share;
    loop_timer_t *pause;
    rlim_t fd_limit;
    listener_fn *accepted;
    listener_full_fn *make_room; /* NULL: nobody gives up anything */
    void *arg;
};

static int listen_at(const host_address_t *address, bool share)
{
    int family = address->at.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (share)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){1}, sizeof(int));
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int));
    if (bind(fd, (const struct sockaddr *)&address->at, address->length) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* At all addresses that the host has on this machine. False, with errno, when it has no address or one of them can't be had. */
static bool open_sockets(listener_t *self, const char *host, const char *port, bool share)
{
    host_address_t addresses[HOST_ADDRESSES_MAX];
    size_t count = host_addresses(host, port, addresses);
    errno = EADDRNOTAVAIL;
    for (size_t i = 0; i < count; i++) {
        int fd = listen_at(&addresses[i], share);
        if (fd != -1)
            self->sockets[self->count++] = (listening_socket_t){.listener = self, .fd = fd};
        else if (!host_address_is_elsewhere(errno))
            return false;
    }
    return self->count > 0;
}

static bool is_reserved(const listener_t *self, int fd)
{
    return (rlim_t)fd + LISTENER_FDS_RESERVED >= self->fd_limit;
}

/* The same connection at a descriptor that somebody has given up: the lowest that is free. -1: nobody has. */
static int move_down(listener_t *self, int fd)
{
    int lower = self->make_room && self->make_room(self->arg) ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    close(fd);
    if (lower != -1 && is_reserved(self, lower)) {
        close(lower);
        lower = -1;
    }
    return lower;
}

/* Without a descriptor it could not even be refused, and would be told of again and again: so some are kept. */
static void take(listener_t *self, int fd)
{
    if (is_reserved(self, fd))
        fd = move_down(self, fd);
    if (fd == -1)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    self->accepted(self->arg, fd);
}

static void on_readable(uv_poll_t *handle, int status, int events);

static void watch(void *arg)
{
    listener_t *self = arg;
    for (size_t i = 0; i < self->count; i++)
        uv_poll_start(&self->sockets[i].poll, UV_READABLE, on_readable);
}

/* Without a descriptor or memory the same connection would be told of again and again, at the cost of a whole processor. */
static void rest(listener_t *self, int error)
{
    static log_limit_t limit;
    bool descriptors = error == EMFILE || error == ENFILE;
    log_warn_limited(&limit, "listener: accepting nobody for a moment",
                     LOG_TEXT("because", descriptors ? "there are no descriptors" : "there is no memory"),
                     LOG_U64("descriptors", self->fd_limit));
    for (size_t i = 0; i < self->count; i++)
        uv_poll_stop(&self->sockets[i].poll);
    loop_timer_start(self->pause, PAUSE_MS, 0);
}

/* False when none is left, or it has gone again. */
static bool accept_one(const listening_socket_t *listening)
{
    listener_t *self = listening->listener;
    int fd = accept4(listening->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd == -1 && errno == EMFILE && self->make_room && self->make_room(self->arg))
        fd = accept4(listening->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd == -1 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
        rest(self, errno);
    if (fd != -1)
        take(self, fd);
    return fd != -1;
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    const listening_socket_t *listening = handle->data;
    (void)status, (void)events;
    while (share_begin(listening->listener->share)) { /* else the loop tells of those that wait in its next turn */
        bool accepted = accept_one(listening);
        share_end(listening->listener->share);
        if (!accepted)
            return;
    }
}

/* Splits "HOST:PORT" and "[V6]:PORT" at the last colon. */
static bool split_address(const char *address, char host[static HOST_NAME_MAX_BYTES + 1], const char **port)
{
    const char *colon = strrchr(address, ':');
    uint64_t number;
    if (!colon || !text_to_u64(text_of(colon + 1), &number) || number > 65535)
        return false;
    size_t length = (size_t)(colon - address);
    if (length >= 2 && address[0] == '[' && address[length - 1] == ']') {
        address++;
        length -= 2;
    }
    if (length == 0 || length > HOST_NAME_MAX_BYTES)
        return false;
    memcpy(host, address, length);
    host[length] = '\0';
    *port = colon + 1;
    return true;
}

listener_t *listener_new(loop_t *loop, const char *address, bool share, listener_fn *accepted, void *arg)
{
    char host[HOST_NAME_MAX_BYTES + 1];
    const char *port;
    struct rlimit limit;
    if (!split_address(address, host, &port) || getrlimit(RLIMIT_NOFILE, &limit) == -1) {
        log_error("listener: expected HOST:PORT", LOG_TEXT("found", address));
        return NULL;
    }
    listener_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (listener_t){.fd_limit = limit.rlim_cur, .accepted = accepted, .arg = arg};
    self->share = share_new(loop, SHARE_NEWCOMERS_US, NULL, NULL);
    self->pause = loop_timer_new(loop, watch, self);
    if (!self->share || !self->pause || !open_sockets(self, host, port, share)) {
        log_error("listener: can't listen", LOG_TEXT("address", address), LOG_ERRNO());
        for (size_t i = 0; i < self->count; i++)
            close(self->sockets[i].fd);
        share_destroy(&self->share);
        loop_timer_destroy(&self->pause);
        free(self);
        return NULL;
    }
    for (size_t i = 0; i < self->count; i++) {
        listening_socket_t *listening = &self->sockets[i];
        listening->poll.data = listening;
        uv_poll_init(loop_uv(loop), &listening->poll, listening->fd);
    }
    watch(self);
    self->open = self->count;
    return self;
}

void listener_on_full(listener_t *self, listener_full_fn *make_room)
{
    self->make_room = make_room;
}

void listener_take_waiting(listener_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        while (accept_one(&self->sockets[i]))
            ;
}

static void on_closed(uv_handle_t *handle)
{
    listener_t *self = ((listening_socket_t *)handle->data)->listener;
    if (--self->open == 0)
        free(self);
}

void listener_destroy(listener_t **self_p)
{
    listener_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    share_destroy(&self->share);
    loop_timer_destroy(&self->pause);
    for (size_t i = 0; i < self->count; i++) {
        uv_poll_stop(&self->sockets[i].poll);
        close(self->sockets[i].fd);
        uv_close((uv_handle_t *)&self->sockets[i].poll, on_closed);
    }
}
