#include "common/daemon/daemon.h"

#include "common/curve/curve.h"
#include "common/zeromq/socket.h"

#include <stdlib.h>

/* The one of this program: what checks a configuration is not told. */
static const daemon_t *running;

static bool check(const config_t *config, void (*report)(const char *mistake))
{
    bool own = !running->check || running->check(config, report);
    return curve_check(config, running->name, report) && own;
}

/* What is reloaded: the process, and the keys of its sockets. */
typedef struct {
    const reload_events_t *events;
    void *process;
} daemon_reload_t;

static bool reload_takes(void *arg, const config_t *config, const char *key)
{
    const daemon_reload_t *self = arg;
    return self->events->takes && self->events->takes(self->process, config, key);
}

static void reload_apply(void *arg, const config_t *config)
{
    const daemon_reload_t *self = arg;
    if (self->events->apply)
        self->events->apply(self->process, config);
    socket_renew_keys();
}

/* Ready only when everything is: the supervisor starts what depends on it then. */
static int run(loop_t *loop, const config_t *config, const reload_events_t *reload_events, void *process)
{
    int exit_code = EXIT_FAILURE;
    daemon_reload_t reloaded = {reload_events, process};
    const reload_events_t events = {.section = reload_events->section, .takes = reload_takes, .apply = reload_apply};
    sd_notify_t *sd_notify = sd_notify_new(loop);
    reload_t *reload = sd_notify ? reload_new(loop, config, sd_notify, &events, &reloaded) : NULL;
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
    running = daemon;
    if (!options_start(argc, argv, daemon->name, daemon->purpose, check, &config, &exit_code))
        return exit_code; /* --help, --version, --check and mistakes end here */
    exit_code = EXIT_FAILURE;
    loop_t *loop = loop_new();
    void *process = loop && curve_read(config, daemon->name) ? daemon->start(loop, config) : NULL;
    if (process) {
        exit_code = run(loop, config, daemon->reload, process);
        daemon->stop(process);
    }
    loop_destroy(&loop);
    socket_shutdown();
    curve_forget();
    config_destroy(&config);
    return exit_code;
}
