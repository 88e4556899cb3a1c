/* Answers that a service's peers have not read yet, in bytes per peer. A peer is a connection: if that is a proxy's, everyone
 * behind it.
 *
 * ZeroMQ bounds its queues by messages, and a thousand answers of some MiB are more than a server can hold. So each answer is a message that
 * counts for its peer until ZeroMQ has handed it to the network or discarded it, and a peer with too much waiting gets no more.
 */
#pragma once

#include "common/text.h"

#include <zmq.h>

typedef struct unread unread_t;

/* limit_bytes: what may wait for one peer; what goes beyond it is refused. NULL when memory runs out. */
unread_t *unread_new(size_t limit_bytes);

/* Messages in flight outlive it. */
void unread_destroy(unread_t **self);

/* Makes a message with a copy of `body`, counted for `peer` (any bytes, 1 to 255) until it is closed, on whatever thread, with so many bytes more that
 * the frames before it take. False, and no message, when more than the limit would wait for that peer, or memory runs out. One body is always
 * taken, however long. */
bool unread_message(unread_t *self, text_t peer, size_t more_bytes, text_t body, zmq_msg_t *message);

/* Bytes that wait for all peers. */
size_t unread_all_bytes(const unread_t *self);

/* Bytes that wait for the peer. */
size_t unread_bytes(const unread_t *self, text_t peer);

/* Peers that are remembered: those with something waiting and at most as many again, or 64. */
size_t unread_peers(const unread_t *self);
