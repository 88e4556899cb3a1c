#include "common/daemon/daemon.h"

#include "common/zeromq/socket.h"

#include <stdlib.h>

/* Ready only when everything is: the supervisor starts what depends on it then. */
static int run(loop_t *loop, const config_t *config, const reload_events_t *reload_events, void *process)
{
    int exit_code = EXIT_FAILURE;
    sd_notify_t *sd_notify = sd_notify_new(loop);
    reload_t *reload = sd_notify ? reload_new(loop, config, sd_notify, reload_events, process) : NULL;
    if (reload) {
        sd_notify_ready(sd_notify);
        exit_code = loop_run(loop);
        sd_notify_stopping(sd_notify);
    }
    reload_destroy(&reload);
    sd_notify_destroy(&sd_notify);
    return exit_code;
}

int daemon_main(int argc, char **argv, const daemon_t *daemon)
{
    config_t *config;
    int exit_code;
    if (!options_start(argc, argv, daemon->name, daemon->purpose, daemon->check, &config, &exit_code))
        return exit_code; /* --help, --version, --check and mistakes end here */
    exit_code = EXIT_FAILURE;
    loop_t *loop = loop_new();
    void *process = loop ? daemon->start(loop, config) : NULL;
    if (process) {
        exit_code = run(loop, config, daemon->reload, process);
        daemon->stop(process);
    }
    loop_destroy(&loop);
    socket_shutdown();
    config_destroy(&config);
    return exit_code;
}
