/* The body of an answer, as the messages that a mapping reads: JSON is one, NDJSON one for each line, CSV one for each row.
 * */
#pragma once

#include "connectord/mapping/http_protocol.h"

enum { HTTP_BODY_MAX = 16 << 20 };

typedef struct {
    void (*message)(void *arg, text_t json); /* not checked; valid during the call */
    void (*fault)(void *arg, const char *reason, text_t sample);
} http_body_events_t;

/* Which format it has: the one that is wanted, or that of the content type; JSON where that says nothing. False with what
 * was expected and found: it says something else, such as text/html. */
bool http_body_format(http_format_t wanted, text_t content_type, http_format_t *format, char error[static MAPPING_ERROR_MAX]);

/* Calls `message` for each of its messages, and `fault` for what is wrong. Returns whether it could be read as a whole,
 * whatever is in it. */
bool http_body_read(http_format_t format, text_t body, const http_body_events_t *events, void *arg);
