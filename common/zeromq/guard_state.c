#include "common/zeromq/guard_state.h"

#include <sys/socket.h>

guard_t *guards;
pthread_mutex_t guards_lock = PTHREAD_MUTEX_INITIALIZER;

void guard_end_connection(int fd)
{
    const struct linger none = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    shutdown(fd, SHUT_RDWR);
}

void guard_shut(guard_peer_t *peer, const char *reason)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    const char *none = NULL;
    if (!atomic_compare_exchange_strong(&peer->reason, &none, reason))
        return;
    if (getsockopt(peer->fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 && cookie == peer->cookie)
        guard_end_connection(peer->fd);
}
