/* connectord: takes trades from exchanges into the journal, and serves them on the bus and the replay socket. */
#pragma once

#include "common/config/reload.h"

typedef struct connectord connectord_t;

/* Are the files that sources are made of as they have to be? options_check_fn. */
bool connectord_check(const config_t *config, void (*report)(const char *mistake));

/* Opens the journal, binds the sockets and starts the sources of the configuration, which must outlive it. NULL with log lines. */
connectord_t *connectord_new(loop_t *loop, const config_t *config);

/* What it takes from a reloaded configuration: connectord.token, and connectord.sources. A source whose settings changed restarts with them; where
 * only its symbols did, it continues. With a connectord_t. */
extern const reload_events_t connectord_reload_events;

/* Closes the links, and has the journal on disk when it returns. The loop must not be running. */
void connectord_destroy(connectord_t **self);
