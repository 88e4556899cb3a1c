/* Asks one of several equivalent ROUTER services (history, replay) and hands over the answer.
 *
 * A request goes to the service with the least to do, in turn if equal. If it does not answer in time the next one is
 * asked, until each has been; then any may answer within two more seconds. If its connection breaks the request is sent again at once, to another one or over the next
 * connection. The first answer counts, and only that. Of several services one that did not answer, or is new, is
 * skipped until a probe shows that it serves ({"op":"ready"}, history.md); if all are skipped they are asked all the same.
 *
 * Requests and answers are JSON objects (proto/history.md, proto/replay.md); they are matched by the "id" member that this adds.
 */
#pragma once

#include "common/loop/loop.h"
#include "common/text.h"

typedef struct requester requester_t;

/* answer: the whole JSON object as received (not necessarily valid), or an empty slice if no endpoint answered. Valid
 * during the call. New requests may be sent from within. */
typedef void requester_fn(void *arg, text_t answer);

/* service: what is asked, "history" or "replay", a literal: with CURVE, whose keys are trusted. endpoints: count ZeroMQ addresses, 1 to 16; the texts must outlive the requester. timeout_ms: how long to wait for each try at
 * least; longer if the service usually takes longer (round_trip.h). */
requester_t *requester_new(loop_t *loop, const char *service, const char *const *endpoints, size_t count, uint32_t timeout_ms);

/* request: a JSON object with at least one member, without "id". It is copied. Returns a handle for requester_cancel, or 0
 * when there is no memory or 65,536 requests wait already: `done` will not be called then. */
uint64_t requester_send(requester_t *self, text_t request, requester_fn *done, void *arg);

size_t requester_endpoints(const requester_t *self);

/* The same to the endpoint of this number (of requester_endpoints) only, and once: for what each is to do, or what takes longer than a
 * question. The answer is waited for up to limit_ms, a connection as long as a try; without one, or when it breaks, `done` has an
 * empty slice. The time it takes is not counted as the service's round trip. */
uint64_t requester_send_to(requester_t *self, size_t endpoint, text_t request, uint32_t limit_ms, requester_fn *done,
                           void *arg);

/* `done` will not be called. A handle that is already done is fine. */
void requester_cancel(requester_t *self, uint64_t handle);

/* Calls no `done` from now on. */
void requester_destroy(requester_t **self);
