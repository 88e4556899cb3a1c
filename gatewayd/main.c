/* gatewayd: trades for browsers and programs, over WebSocket. */
#include "common/options.h"
#include "common/socket.h"
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
    loop_t *loop = loop_new();
    if (loop && (gateway = gateway_new(loop, config)))
        exit_code = loop_run(loop);
    gateway_destroy(&gateway);
    loop_destroy(&loop);
    socket_shutdown();
    config_destroy(&config);
    return exit_code;
}
