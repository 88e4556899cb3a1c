#include "gatewayd/limits.h"

#include "common/log.h"
#include "common/loop/descriptors.h"
#include "common/loop/machine.h"

#include <string.h>
#include <sys/resource.h>

enum {
    FDS_LEAST = 224,          /* of these, where there are few in all */
    FDS_BESIDE_CLIENTS = 512, /* ZeroMQ, HTTP, log, and a reserve */
    MEMORY_PARTS = 4,
    MEMORY_LEAST = 64 << 20,
    MEMORY_MOST = 1 << 30 /* half of what the unit's MemoryMax allows */
};

static slow_t read_slow(const char *name)
{
    if (strcmp(name, "conflate") == 0)
        return SLOW_CONFLATE;
    return strcmp(name, "disconnect") == 0 ? SLOW_DISCONNECT : SLOW_CATCHUP;
}

/* A part of what the machine has, where nothing is configured: the rings and the rest need theirs, and so do other processes. */
static size_t memory_bytes(uint64_t configured)
{
    uint64_t part = machine_memory_bytes() / MEMORY_PARTS;
    if (part < MEMORY_LEAST)
        part = MEMORY_LEAST;
    if (part > MEMORY_MOST)
        part = MEMORY_MOST;
    return (size_t)(configured > 0 ? configured : part);
}

void limits_read(hub_t *hub, const config_t *config)
{
    hub->limits.subscriptions = (size_t)config_integer(config, "gatewayd.subscriptions");
    hub->limits.pending_bytes = (size_t)config_integer(config, "gatewayd.pending_bytes");
    hub->budget->limit_bytes = memory_bytes((uint64_t)config_integer(config, "gatewayd.memory_bytes"));
    hub->limits.slow = read_slow(config_text(config, "gatewayd.slow"));
}

bool limits_take(const char *key)
{
    static const char *const live[] = {"gatewayd.clients_per_address", "gatewayd.subscriptions", "gatewayd.pending_bytes",
                                       "gatewayd.memory_bytes", "gatewayd.slow"};
    for (size_t i = 0; i < sizeof live / sizeof *live; i++)
        if (strcmp(key, live[i]) == 0)
            return true;
    return false;
}

size_t limits_clients(size_t configured)
{
    struct rlimit limit;
    descriptors_limit((unsigned)configured + FDS_BESIDE_CLIENTS);
    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        return configured;
    size_t half = limit.rlim_cur / 2, beside = half < FDS_BESIDE_CLIENTS ? half : FDS_BESIDE_CLIENTS;
    if (beside < FDS_LEAST && half > FDS_LEAST / 2)
        beside = FDS_LEAST;
    size_t most = limit.rlim_cur - beside;
    if (most < configured)
        log_warn("gateway: fewer clients than configured: too few file descriptors", LOG_U64("configured", configured),
                 LOG_U64("clients", most));
    return most < configured ? most : configured;
}
