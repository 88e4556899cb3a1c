#include "gatewayd/peer_socket.h"

#include "common/clock.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>

static bool read_info(int fd, struct tcp_info *info)
{
    socklen_t length = sizeof *info;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &length) == 0 &&
           length >= offsetof(struct tcp_info, tcpi_last_data_recv) + sizeof info->tcpi_last_data_recv;
}

int64_t peer_socket_heard_ns(int fd, int64_t now_ns, int64_t otherwise_ns)
{
    struct tcp_info info;
    return read_info(fd, &info) ? now_ns - (int64_t)info.tcpi_last_data_recv * NS_PER_MS : otherwise_ns;
}

bool peer_socket_left(int fd)
{
    struct tcp_info info;
    return !read_info(fd, &info) || info.tcpi_state == TCP_CLOSE_WAIT || info.tcpi_state == TCP_LAST_ACK ||
           info.tcpi_state == TCP_CLOSE;
}
