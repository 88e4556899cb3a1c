/* connectord: takes trades from exchanges, journals them, and publishes them on the bus. */
#include "common/config/options.h"
#include "common/zeromq/socket.h"
#include "connectord/connectord.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
    config_t *config;
    int exit_code;
    if (!options_start(argc, argv, "connectord", "takes trades from exchanges and publishes them", &config, &exit_code))
        return exit_code;
    exit_code = EXIT_FAILURE;
    connectord_t *connectord = NULL;
    sd_notify_t *sd_notify = NULL;
    reload_t *reload = NULL;
    loop_t *loop = loop_new();
    if (!loop || !(connectord = connectord_new(loop, config)) || !(sd_notify = sd_notify_new(loop)))
        goto done;
    if (!(reload = reload_new(loop, config, sd_notify, &connectord_reload_events, connectord)))
        goto done;
    sd_notify_ready(sd_notify);
    exit_code = loop_run(loop);
    sd_notify_stopping(sd_notify);
done:
    reload_destroy(&reload);
    sd_notify_destroy(&sd_notify);
    connectord_destroy(&connectord);
    loop_destroy(&loop);
    socket_shutdown();
    config_destroy(&config);
    return exit_code;
}
