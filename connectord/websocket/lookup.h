/* A host's addresses, looked up beside the loop: libwebsockets asks the resolver itself and would stop the whole process while a name
 * server does not answer.
 */
#pragma once

#include "common/loop/loop.h"

#include <stddef.h>

enum { LOOKUP_ADDRESSES = 32 }; /* of a host; more are left out */

typedef struct {
    char text[64]; /* numeric, with a NUL */
} lookup_address_t;

typedef struct lookup lookup_t;

/* count 0: none, and `error` says why. Called once, from the loop; the lookup is over then. Valid during the call. */
typedef void lookup_fn(void *arg, const lookup_address_t *addresses, size_t count, const char *error);

/* host: a name or an address. NULL when the system refuses. */
lookup_t *lookup_start(loop_t *loop, const char *host, lookup_fn *done, void *arg);

/* `done` will not be called. Takes NULL; not for one that is over. */
void lookup_cancel(lookup_t **self);
