/* Giving on what answers had: in slices, so that others on the loop get their turn, not while exchanges are held back, and
 * each record once. */
#pragma once

#include "connectord/http/http_source.h"

/* There is something to give on. */
void http_giver_start(http_source_t *self);

/* A callback of self->giver; arg is a http_source_t. */
void http_giver_run(void *arg);

/* All that the poll brought has been given on, or it brought nothing: it is due again later. */
void http_giver_end_poll(http_source_t *self, http_poll_t *poll);
