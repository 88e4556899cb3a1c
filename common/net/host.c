#include "common/net/host.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>

static bool is_known(const host_address_t *addresses, size_t count, const struct addrinfo *address)
{
    for (size_t i = 0; i < count; i++)
        if (addresses[i].length == address->ai_addrlen && memcmp(&addresses[i].at, address->ai_addr, address->ai_addrlen) == 0)
            return true;
    return false;
}

size_t host_addresses(const char *host, const char *port, host_address_t addresses[static HOST_ADDRESSES_MAX])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    size_t count = 0;
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return 0;
    for (const struct addrinfo *at = found; at && count < HOST_ADDRESSES_MAX; at = at->ai_next) {
        if (at->ai_addrlen > sizeof addresses->at || is_known(addresses, count, at))
            continue;
        memset(&addresses[count], 0, sizeof *addresses);
        memcpy(&addresses[count].at, at->ai_addr, at->ai_addrlen);
        addresses[count++].length = at->ai_addrlen;
    }
    freeaddrinfo(found);
    return count;
}

bool host_address_is_elsewhere(int error)
{
    return error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}
