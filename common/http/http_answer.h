/* The response to an HTTP request (http_request.h), as text. Knows no stream. */
#pragma once

#include "common/buffer.h"

typedef struct {
    unsigned status;
    const char *content_type;
    text_t headers; /* further ones, each ended with \r\n; empty: Cache-Control: no-store */
    text_t body;
} http_answer_t;

/* The body of an error's answer; `reason` is a literal without anything to escape. */
#define HTTP_ERROR_BODY(reason) "{\"error\":\"" reason "\"}\n"

/* What the head says about the connection. */
typedef enum { HTTP_STAYS, HTTP_STAYS_OLD /* of HTTP/1.0, where that is to be said */, HTTP_ENDS } http_future_t;

/* The Date field, which every response of a server with a clock has (RFC 9110, section 6.6.1): now, as an IMF-fixdate, printed once a
 * second. Valid until the next call; from one thread only. */
text_t http_date_line(void);

/* Appends the status line and the headers. more: further ones that the connection has, each ended with \r\n. */
void http_answer_print(const http_answer_t *self, http_future_t future, text_t more, buffer_t *out);
