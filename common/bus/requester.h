/* Asks one of several ROUTER services that know the same (history, replay) and hands over the answer.
 *
 * A request goes to the service that has least to do, in turn where that is equal. When it does not answer in time the next one is
 * asked, until each has been, and then whoever answers within two seconds more; when its connection breaks the request is sent again at once, to another one or over the next
 * connection. Whoever answers first, nothing is answered twice. Of several services one that did not answer, or is new, is left
 * out until a probe shows that it serves ({"op":"ready"}, history.md); when all are left out they are asked all the same.
 *
 * Requests and answers are JSON objects (proto/history.md, proto/replay.md); they are matched by the "id" member that this adds.
 */
#pragma once

#include "common/loop/loop.h"
#include "common/text.h"

typedef struct requester requester_t;

/* answer: the whole JSON object as it came (valid JSON is not promised), or an empty slice when no endpoint answered. Valid
 * during the call. New requests may be sent from within. */
typedef void requester_fn(void *arg, text_t answer);

/* endpoints: count ZeroMQ addresses, 1 to 16; the texts must outlive the requester. timeout_ms: how long each try is waited for at
 * least; longer where a service was seen to take longer (round_trip.h). */
requester_t *requester_new(loop_t *loop, const char *const *endpoints, size_t count, uint32_t timeout_ms);

/* request: a JSON object with at least one member, without "id". It is copied. Returns a handle for requester_cancel, or 0
 * when there is no memory or 65,536 requests wait already: `done` will not be called then. */
uint64_t requester_send(requester_t *self, text_t request, requester_fn *done, void *arg);

size_t requester_endpoints(const requester_t *self);

/* The same to the endpoint of this number (of requester_endpoints) alone, and once: for what each is to do, or what takes longer than a
 * question. The answer is waited for up to limit_ms, a connection as long as a try; without one, or when it breaks, `done` has an
 * empty slice. How long it takes says nothing of how well that service does: it is neither learned nor held against it. */
uint64_t requester_send_to(requester_t *self, size_t endpoint, text_t request, uint32_t limit_ms, requester_fn *done,
                           void *arg);

/* `done` will not be called. A handle that is already done is fine. */
void requester_cancel(requester_t *self, uint64_t handle);

/* Calls no `done` from now on. */
void requester_destroy(requester_t **self);
