/* What the request for a stream of events is answered with: the head of the stream, or why there is none. */
#pragma once

#include "common/http/http_server.h"

/* Is it an EventSource that asks? */
bool sse_answer_browser(const http_request_t *request);

/* Makes of a 503 or 429 for an EventSource, which it would end for good, a 200 with events that end at once: it comes back then.
 * Returns the status. answer: the problem; what is to be the body. */
unsigned sse_answer_soften(bool browser, unsigned status, buffer_t *answer);

/* The same of any status, for an EventSource that is to come back after so long. */
void sse_answer_later(uint64_t retry_ms, buffer_t *answer);

/* Answers with a problem, softened. headers: further lines, to which some are appended. */
void sse_answer_problem(http_connection_t *connection, bool browser, unsigned status, buffer_t *headers, buffer_t *problem);

/* Sends the head of a stream, which the end of the connection ends. */
void sse_answer_begin(http_connection_t *connection, text_t headers);
