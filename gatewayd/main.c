/* gatewayd: trades for browsers and programs, over WebSocket. */
#include "common/config/options.h"
#include "common/zeromq/socket.h"
#include "gatewayd/gateway.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
    config_t *config;
    int exit_code;
    if (!options_start(argc, argv, "gatewayd", "hands trades to clients over WebSocket", &config, &exit_code))
        return exit_code;
    exit_code = EXIT_FAILURE;
    gateway_t *gateway = NULL;
    supervisor_t *supervisor = NULL;
    reload_t *reload = NULL;
    loop_t *loop = loop_new();
    if (!loop || !(gateway = gateway_new(loop, config)) || !(supervisor = supervisor_new(loop)))
        goto done;
    if (!(reload = reload_new(loop, config, supervisor, &gateway_reload_events, gateway)))
        goto done;
    supervisor_ready(supervisor);
    exit_code = loop_run(loop);
    supervisor_stopping(supervisor);
done:
    reload_destroy(&reload);
    supervisor_destroy(&supervisor);
    gateway_destroy(&gateway);
    loop_destroy(&loop);
    socket_shutdown();
    config_destroy(&config);
    return exit_code;
}
