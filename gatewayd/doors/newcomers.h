/* Connections whose handshake is done and that are still to be made clients, in the order in which they came: thousands may
 * come at once. They are opened in a share of the loop's time; whoever only asks something by HTTP does not wait behind
 * them. */
#pragma once

#include "common/http/byte_stream.h"
#include "common/loop/share.h"
#include "common/text.h"

typedef struct newcomers newcomers_t;
typedef struct newcomer newcomer_t;

/* It is its turn. The connection is the callee's now. answer: goes out first; behind: has been read already, behind the
 * handshake. */
typedef void newcomer_fn(void *arg, byte_stream_t stream, text_t answer, text_t behind);

/* NULL when memory runs out. */
newcomers_t *newcomers_new(loop_t *loop, newcomer_fn *open);

/* Call it when nobody waits. */
void newcomers_destroy(newcomers_t **self);

/* Queues one, with `arg` for its turn; the texts are copied. NULL when memory runs out, and the connection is closed. */
newcomer_t *newcomers_add(newcomers_t *self, byte_stream_t stream, text_t answer, text_t behind, void *arg);

/* It is not to be opened: closes the connection. Fine where *newcomer is NULL, as the one who asks sets it when its turn has
 * come. */
void newcomer_cancel(newcomer_t **newcomer);
