/* main () of a process that runs until it is told to stop: the command line, the loop, the supervisor, reloading, and the end of it all.
 *
 *     static const daemon_t program = {
 *         .name = "cached", .purpose = "remembers trades and answers history queries", .start = start, .stop = stop, …
 *     };
 *
 *     int main(int argc, char **argv)
 *     {
 *         return daemon_main(argc, argv, &program);
 *     }
 */
#pragma once

#include "common/config/options.h"
#include "common/config/reload.h"

typedef struct {
    const char *name;    /* of the program, and in its log; a literal */
    const char *purpose; /* for --help */

    options_check_fn *check; /* NULL: the schema says it all */

    /* Binds, and starts to serve on `loop`; `config` outlives it. NULL with a log line on failure. */
    void *(*start)(loop_t *loop, const config_t *config);

    /* With what start returned; the loop no longer runs. */
    void (*stop)(void *process);

    const reload_events_t *reload; /* with what start returned, too */
} daemon_t;

/* Returns the exit code: what options_start or loop_run say, EXIT_FAILURE when it could not start. */
int daemon_main(int argc, char **argv, const daemon_t *daemon);
