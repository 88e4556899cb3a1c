/* The command line that every program takes: --config FILE --set a.b=c --check --print --version --help, and from it the
 * configuration and the log. daemon.h has the rest of main ().
 *
 * Without --config, DATAFLOW_CONFIG names the file; without either, the defaults apply. --help lists the keys of the
 * program's own section and of "log", from the schema. --check reads everything, reports, and ends (0 or 1). --print shows
 * the configuration in effect and ends. A wrong option ends with 2.
 */
#pragma once

#include "common/config/config.h"

/* What --check looks at beside the schema: files that the configuration names, and without which a program starts all the
 * same. False, with each mistake reported: "connectord.sources.0.definition: …". */
typedef bool options_check_fn(const config_t *config, void (*report)(const char *mistake));

/* check: NULL: there is nothing more. True: go on; *config is the caller's and the log is open. False: end with *exit_code.
 * `program` is a literal. */
bool options_start(int argc, char **argv, const char *program, const char *purpose, options_check_fn *check, config_t **config,
                   int *exit_code);
