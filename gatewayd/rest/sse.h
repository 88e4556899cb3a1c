/* Streams of events over HTTP: the boundary between http_server.h and sse_format.h.
 *
 * A stream is a client_t whose frames are events (DIALECT_SSE): they go out as they stand in the rings, but for the ids of a connection with several
 * streams, which differ.
 */
#pragma once

#include "common/http/http_server.h"
#include "gatewayd/admission/admission.h"
#include "gatewayd/auth/grants.h"
#include "gatewayd/rest/rest.h"

enum {
    SSE_HEARTBEAT_MS = 10000,     /* checked every 5 s: a comment every 15 s at most */
    SSE_DEAD_MS = HTTP_STREAM_MS, /* a peer whose system takes nothing for this long is gone */
    SSE_LEAVE_MS = 5000 /* for a peer to take what waits for it, when clients are sent away: it comes back for the rest */
};

/* Begins a stream for the query of a request, whose connection it has then, and *grant, which is NULL then. headers: further lines for its answer. False when it can't be: then *status
 * and `answer` are the answer: a problem, or with 200 events that end at once. Those are for an EventSource (whose Accept names
 * text/event-stream) that a 503 would end for good, although it is only to come back later. */
bool sse_open(admission_t *admission, hub_t *hub, http_connection_t *connection, const http_request_t *request,
              const rest_query_t *query, text_t headers, grant_t **grant, unsigned *status, buffer_t *answer);
