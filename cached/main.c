/* cached: remembers trades and answers history queries. */
#include "cached/cached.h"
#include "common/daemon/daemon.h"

static void *start(loop_t *loop, const config_t *config)
{
    return cached_new(loop, config);
}

static void stop(void *process)
{
    cached_t *cached = process;
    cached_destroy(&cached);
}

static const daemon_t program = {
    .name = "cached",
    .purpose = "remembers trades and answers history queries",
    .start = start,
    .stop = stop,
    .reload = &cached_reload_events,
};

int main(int argc, char **argv)
{
    return daemon_main(argc, argv, &program);
}
