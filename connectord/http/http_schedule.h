/* What a source is asked over HTTP, and when: what is due first goes first, within the limit of messages and of requests at
 * a time. */
#pragma once

#include "connectord/http/http_source.h"

/* Asks what is due, and sees to it that self->timer is called when something is. May lose the connection. */
void http_schedule(http_source_t *self);
