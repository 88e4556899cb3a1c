/* gatewayd: trades for browsers and programs, over WebSocket. */
#include "common/config/options.h"
#include "common/zeromq/socket.h"
#include "gatewayd/gateway.h"
#include "gatewayd/methods/methods.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
    config_t *config;
    int exit_code;
    if (!options_start(argc, argv, "gatewayd", "hands trades to clients over WebSocket", &config, &exit_code))
        return exit_code;
    exit_code = EXIT_FAILURE;
    gateway_t *gateway = NULL;
    sd_notify_t *sd_notify = NULL;
    reload_t *reload = NULL;
    loop_t *loop = loop_new();
    if (!loop || !(gateway = gateway_new(loop, config, &methods_events)) || !(sd_notify = sd_notify_new(loop)))
        goto done;
    if (!(reload = reload_new(loop, config, sd_notify, &gateway_reload_events, gateway)))
        goto done;
    sd_notify_ready(sd_notify);
    exit_code = loop_run(loop);
    sd_notify_stopping(sd_notify);
done:
    reload_destroy(&reload);
    sd_notify_destroy(&sd_notify);
    gateway_destroy(&gateway);
    loop_destroy(&loop);
    socket_shutdown();
    config_destroy(&config);
    return exit_code;
}
