/* connectord: takes trades from exchanges, journals them, and publishes them on the bus. */
#include "common/daemon/daemon.h"
#include "connectord/connectord.h"

static void *start(loop_t *loop, const config_t *config)
{
    return connectord_new(loop, config);
}

static void stop(void *process)
{
    connectord_t *connectord = process;
    connectord_destroy(&connectord);
}

static const daemon_t program = {
    .name = "connectord",
    .purpose = "takes trades from exchanges and publishes them",
    .check = connectord_check,
    .start = start,
    .stop = stop,
    .reload = &connectord_reload_events,
};

int main(int argc, char **argv)
{
    return daemon_main(argc, argv, &program);
}
