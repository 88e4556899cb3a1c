/* connectord: exchanges' trades into the journal, and out on the bus and the replay socket. */
#pragma once

#include "common/config.h"
#include "common/loop.h"

typedef struct connectord connectord_t;

/* Opens the journal, binds the sockets and starts the sources of the configuration, which must outlive it. NULL with log lines. */
connectord_t *connectord_new(loop_t *loop, const config_t *config);

/* Says goodbye upstream, and has the journal on the disk when it returns. The loop must not be running. */
void connectord_destroy(connectord_t **self);
