/* HTTP answers that any page may have which cors.h lists. */
#pragma once

#include "common/http/http_server.h"
#include "gatewayd/admission/cors.h"

/* Answers 200 with a JSON body and what cors says; an empty one answers a preflight, for these methods. */
void cors_answer(const cors_t *reading, http_connection_t *connection, const http_request_t *request, const char *methods,
                 text_t json);

/* There is no memory for the answer. */
void cors_answer_failure(http_connection_t *connection);
