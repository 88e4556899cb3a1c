/* connectord: takes trades from exchanges, journals them, and publishes them on the bus. */
#include "common/options.h"
#include "common/socket.h"
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
    loop_t *loop = loop_new();
    if (!loop || !(connectord = connectord_new(loop, config)))
        goto done;
    exit_code = loop_run(loop);
done:
    connectord_destroy(&connectord);
    loop_destroy(&loop);
    socket_shutdown();
    config_destroy(&config);
    return exit_code;
}
