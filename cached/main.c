/* cached: remembers trades and answers history queries. */
#include <stdlib.h>

#include "cached/cached.h"
#include "common/config/options.h"
#include "common/config/reload.h"
#include "common/zeromq/socket.h"

int main(int argc, char **argv)
{
    config_t *config;
    int rc;
    if (!options_start(argc, argv, "cached", "remembers trades and answers history queries", &config, &rc))
        return rc; /* --help, --version, --check and mistakes end here */
    rc = EXIT_FAILURE;
    cached_t *cached = NULL;
    probe_t *probe = NULL;
    sd_notify_t *sd_notify = NULL;
    reload_t *reload = NULL;
    loop_t *loop = loop_new();
    if (!loop || !(cached = cached_new(loop, config)))
        goto done;
    if (!(probe = probe_new(loop, config, "cached", &cached_probe, cached)))
        goto done;
    if (!(sd_notify = sd_notify_new(loop)) || !(reload = reload_new(loop, config, sd_notify, &cached_reload_events, cached)))
        goto done;
    sd_notify_ready(sd_notify);
    rc = loop_run(loop);
    sd_notify_stopping(sd_notify);
done:
    reload_destroy(&reload);
    sd_notify_destroy(&sd_notify);
    probe_destroy(&probe);
    cached_destroy(&cached);
    loop_destroy(&loop);
    socket_shutdown();
    config_destroy(&config);
    return rc;
}
