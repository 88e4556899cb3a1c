/* gatewayd: trades for browsers and programs, over WebSocket. */
#include "common/daemon/daemon.h"
#include "gatewayd/gateway.h"
#include "gatewayd/methods/methods.h"

static void *start(loop_t *loop, const config_t *config)
{
    return gateway_new(loop, config, methods_call);
}

static void stop(void *process)
{
    gateway_t *gateway = process;
    gateway_destroy(&gateway);
}

static const daemon_t program = {
    .name = "gatewayd",
    .purpose = "hands trades to clients over WebSocket",
    .start = start,
    .stop = stop,
    .reload = &gateway_reload_events,
};

int main(int argc, char **argv)
{
    return daemon_main(argc, argv, &program);
}
