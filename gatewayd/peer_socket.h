/* What the system knows of the peer of a TCP connection. For boundary files. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* When bytes came last, of whatever frame, whether libwebsockets tells of it or not; now_ns, as the result: CLOCK_MONOTONIC. `otherwise_ns` where the
 * system does not say. A system call. */
int64_t peer_socket_heard_ns(int fd, int64_t now_ns, int64_t otherwise_ns);

/* Has the peer closed it, before we did, or reset it? A system call. */
bool peer_socket_left(int fd);
