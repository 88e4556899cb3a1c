/* A range of a stream of which the caller may see only a part: where that begins and ends history is asked first. */
#pragma once

#include "gatewayd/clients/caller.h"
#include "gatewayd/forms/reply.h"
#include "gatewayd/methods/arguments.h"

typedef void bounded_range_fn(caller_t *caller, const arguments_t *arguments, reply_t *reply);

/* Calls go_on with the same arguments, whose from and to are within what may be seen, and to whom all is visible; or answers with an
 * error. */
void bounded_range_find(caller_t *caller, const arguments_t *arguments, reply_t *reply, bounded_range_fn *go_on);
