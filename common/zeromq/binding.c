#include "common/zeromq/binding.h"

#include <errno.h>
#include <string.h>

static bool bind_by(zsock_t *zsock, bool ipv6, const char *endpoint, binding_t *bound)
{
    size_t size = ENDPOINT_MAX;
    zsock_set_ipv6(zsock, ipv6);
    if (zsock_bind(zsock, "%s", endpoint) == -1)
        return false;
    if (bound->count < HOST_ADDRESSES_MAX &&
        zmq_getsockopt(zsock_resolve(zsock), ZMQ_LAST_ENDPOINT, bound->at[bound->count], &size) == 0)
        bound->count++;
    return true;
}

static bool bind_any(zsock_t *zsock, const char *endpoint, binding_t *bound)
{
    return bind_by(zsock, true, endpoint, bound) || (zmq_errno() != EADDRINUSE && bind_by(zsock, false, endpoint, bound));
}

/* At least one, and all that the machine has. */
static bool bind_host(zsock_t *zsock, const char *endpoint, binding_t *bound)
{
    char addresses[HOST_ADDRESSES_MAX][ENDPOINT_MAX];
    size_t count = endpoint_addresses(endpoint, addresses), had = 0;
    errno = ENODEV;
    for (size_t i = 0; i < count; i++) {
        if (bind_by(zsock, endpoint_kind(addresses[i]) == ENDPOINT_IPV6, addresses[i], bound))
            had++;
        else if (!host_address_is_elsewhere(zmq_errno()))
            return false;
    }
    return had > 0;
}

/* ZeroMQ knows interfaces by name, and no hosts: it has no such device then. */
static bool bind_name(zsock_t *zsock, const char *endpoint, binding_t *bound)
{
    if (bind_by(zsock, false, endpoint, bound))
        return true;
    if (zmq_errno() != ENODEV)
        return false;
    if (bind_by(zsock, true, endpoint, bound)) /* an interface that has IPv6 only */
        return true;
    return zmq_errno() == ENODEV && bind_host(zsock, endpoint, bound);
}

bool binding_make(zsock_t *zsock, const char *endpoint, binding_t *bound)
{
    bound->count = 0;
    switch (endpoint_kind(endpoint)) {
    case ENDPOINT_PLAIN:
        return bind_by(zsock, false, endpoint, bound);
    case ENDPOINT_IPV6:
        return bind_by(zsock, true, endpoint, bound);
    case ENDPOINT_ANY:
        return bind_any(zsock, endpoint, bound);
    case ENDPOINT_NAME:
        return bind_name(zsock, endpoint, bound);
    }
    return false;
}

bool binding_is_local(const binding_t *bound)
{
    for (size_t i = 0; i < bound->count; i++)
        if (!endpoint_is_local(bound->at[i]))
            return false;
    return true;
}

size_t binding_end(zsock_t *zsock, binding_t *bound)
{
    size_t ended = 0;
    for (size_t i = 0; i < bound->count; i++)
        ended += zmq_unbind(zsock_resolve(zsock), bound->at[i]) == 0;
    bound->count = 0;
    return ended;
}
