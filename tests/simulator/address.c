#include "tests/simulator/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* 0, or errno. */
static int try_bind(const struct sockaddr_in *address)
{
    const int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
               sizeof on); /* as the server's own: connections of the last one don't matter */
    const int error = bind(fd, (const struct sockaddr *)address, sizeof *address) == -1 ? errno : 0;
    close(fd);
    return error;
}

bool address_try(const char *host, int port, char numeric[INET_ADDRSTRLEN])
{
    const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(host, NULL, &hints, &found);
    const char *problem = error ? gai_strerror(error) : NULL;
    if (found) {
        struct sockaddr_in address;
        memcpy(&address, found->ai_addr, sizeof address);
        address.sin_port = htons((in_port_t)port);
        inet_ntop(AF_INET, &address.sin_addr, numeric, INET_ADDRSTRLEN);
        error = try_bind(&address);
        problem = error ? strerror(error) : NULL;
        freeaddrinfo(found);
    }
    if (problem)
        fprintf(stderr, "exchange-simulator: --listen %s:%d: %s\n", host, port, problem);
    return !problem;
}
