#include "common/listener.h"

#include "common/log.h"
#include "common/text.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

struct listener {
    uv_poll_t poll;
    int fd;
    rlim_t fd_limit;
    listener_fn *accepted;
    void *arg;
};

static int listen_at(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (address->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int));
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int open_socket(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    int fd = listen_at(found);
    freeaddrinfo(found);
    return fd;
}

/* Without a descriptor it could not even be refused, and would be told of again and again: so some are kept. */
static void take(listener_t *self, int fd)
{
    if ((rlim_t)fd + LISTENER_FDS_RESERVED >= self->fd_limit) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    self->accepted(self->arg, fd);
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    listener_t *self = handle->data;
    (void)status, (void)events;
    for (int i = 0; i < LISTENER_ACCEPTS; i++) {
        int fd = accept4(self->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd == -1)
            return; /* none is left, or it has gone again */
        take(self, fd);
    }
}

/* Splits "HOST:PORT" and "[V6]:PORT" at the last colon. */
static bool split_address(const char *address, char host[static 64], const char **port)
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
    if (length == 0 || length >= 64)
        return false;
    memcpy(host, address, length);
    host[length] = '\0';
    *port = colon + 1;
    return true;
}

listener_t *listener_new(loop_t *loop, const char *address, listener_fn *accepted, void *arg)
{
    char host[64];
    const char *port;
    struct rlimit limit;
    if (!split_address(address, host, &port) || getrlimit(RLIMIT_NOFILE, &limit) == -1) {
        log_error("listener: expected HOST:PORT", LOG_TEXT("found", address));
        return NULL;
    }
    listener_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (listener_t){.fd = open_socket(host, port), .fd_limit = limit.rlim_cur, .accepted = accepted, .arg = arg};
    if (self->fd == -1) {
        log_error("listener: can't listen", LOG_TEXT("address", address), LOG_ERRNO());
        free(self);
        return NULL;
    }
    self->poll.data = self;
    uv_poll_init(loop_uv(loop), &self->poll, self->fd);
    uv_poll_start(&self->poll, UV_READABLE, on_readable);
    return self;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void listener_destroy(listener_t **self_p)
{
    listener_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    uv_poll_stop(&self->poll);
    close(self->fd);
    uv_close((uv_handle_t *)&self->poll, on_closed);
}
