/* What the answer to a request means: for the connection, for the symbol that was asked for, and for the records in it. */
#pragma once

#include "connectord/http/http_source.h"

/* An http_client_answer_fn; arg is the http_poll_t. */
void http_answer_take(void *arg, const http_client_answer_t *answer);
