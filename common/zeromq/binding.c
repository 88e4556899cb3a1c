#include "common/zeromq/binding.h"

#include "common/zeromq/endpoint.h"

#include <errno.h>

static bool bind_by(zsock_t *zsock, bool ipv6, const char *endpoint)
{
    zsock_set_ipv6(zsock, ipv6);
    return zsock_bind(zsock, "%s", endpoint) != -1;
}

static bool bind_any(zsock_t *zsock, const char *endpoint)
{
    return bind_by(zsock, true, endpoint) || (zmq_errno() != EADDRINUSE && bind_by(zsock, false, endpoint));
}

/* At least one, and all that the machine has. */
static bool bind_host(zsock_t *zsock, const char *endpoint)
{
    char addresses[HOST_ADDRESSES_MAX][ENDPOINT_MAX];
    size_t count = endpoint_addresses(endpoint, addresses), bound = 0;
    errno = ENODEV;
    for (size_t i = 0; i < count; i++) {
        if (bind_by(zsock, endpoint_kind(addresses[i]) == ENDPOINT_IPV6, addresses[i]))
            bound++;
        else if (!host_address_is_elsewhere(zmq_errno()))
            return false;
    }
    return bound > 0;
}

/* ZeroMQ knows interfaces by name, and no hosts: it has no such device then. */
static bool bind_name(zsock_t *zsock, const char *endpoint)
{
    if (bind_by(zsock, false, endpoint))
        return true;
    if (zmq_errno() != ENODEV)
        return false;
    if (bind_by(zsock, true, endpoint)) /* an interface that has IPv6 only */
        return true;
    return zmq_errno() == ENODEV && bind_host(zsock, endpoint);
}

bool binding_make(zsock_t *zsock, const char *endpoint)
{
    switch (endpoint_kind(endpoint)) {
    case ENDPOINT_PLAIN:
        return bind_by(zsock, false, endpoint);
    case ENDPOINT_IPV6:
        return bind_by(zsock, true, endpoint);
    case ENDPOINT_ANY:
        return bind_any(zsock, endpoint);
    case ENDPOINT_NAME:
        return bind_name(zsock, endpoint);
    }
    return false;
}
