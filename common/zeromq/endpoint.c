#include "common/zeromq/endpoint.h"

#include "common/text.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>

/* The host of "tcp://HOST:PORT"; empty of other endpoints. */
static text_t host_of(const char *endpoint, const char **port)
{
    const char *colon = strrchr(endpoint, ':');
    const text_t tcp = TEXT("tcp://");
    if (!text_starts_with(text_of(endpoint), tcp) || colon < endpoint + tcp.length)
        return TEXT("");
    *port = colon + 1;
    return (text_t){endpoint + tcp.length, (size_t)(colon - endpoint) - tcp.length};
}

endpoint_kind_t endpoint_kind(const char *endpoint)
{
    const char *port;
    text_t host = host_of(endpoint, &port);
    char text[INET_ADDRSTRLEN];
    struct in_addr address;
    if (host.length == 0)
        return ENDPOINT_PLAIN;
    if (host.at[0] == '[')
        return ENDPOINT_IPV6;
    if (text_equal(host, TEXT("*")))
        return ENDPOINT_ANY;
    snprintf(text, sizeof text, "%.*s", TEXT_ARG(host));
    return host.length < sizeof text && inet_pton(AF_INET, text, &address) == 1 ? ENDPOINT_PLAIN : ENDPOINT_NAME;
}

bool endpoint_is_local(const char *endpoint)
{
    static const char *const loopback[] = {"tcp://127.", "tcp://[::1]:", "tcp://[::ffff:127."};
    for (size_t i = 0; i < sizeof loopback / sizeof *loopback; i++)
        if (text_starts_with(text_of(endpoint), text_of(loopback[i])))
            return true;
    return !text_starts_with(text_of(endpoint), TEXT("tcp://"));
}

size_t endpoint_addresses(const char *endpoint, char addresses[static HOST_ADDRESSES_MAX][ENDPOINT_MAX])
{
    host_address_t found[HOST_ADDRESSES_MAX];
    char name[HOST_NAME_MAX_BYTES + 1], numeric[INET6_ADDRSTRLEN + 32];
    const char *port = "";
    size_t count = 0;
    snprintf(name, sizeof name, "%.*s", TEXT_ARG(host_of(endpoint, &port)));
    size_t all = host_addresses(name, port, found);
    for (size_t i = 0; i < all; i++) {
        const struct sockaddr *at = (const struct sockaddr *)&found[i].at;
        if (getnameinfo(at, found[i].length, numeric, sizeof numeric, NULL, 0, NI_NUMERICHOST) == 0)
            snprintf(addresses[count++], ENDPOINT_MAX, at->sa_family == AF_INET6 ? "tcp://[%s]:%s" : "tcp://%s:%s", numeric,
                     port);
    }
    return count;
}
