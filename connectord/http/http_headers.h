/* The headers that a source is asked with: texts of its definition, its token, and what stands in files, which is read
 * again for each connection. */
#pragma once

#include "connectord/mapping/http_protocol.h"

enum { HTTP_HEADERS_ERROR_MAX = 320, HTTP_HEADERS_FILE_MAX = 8192 /* bytes */, HTTP_HEADERS_EXTRA = 2 };

typedef struct {
    buffer_t texts;                                               /* of the lines */
    text_t lines[HTTP_PROTOCOL_HEADERS_MAX + HTTP_HEADERS_EXTRA]; /* "Name: value" */
    size_t count;
} http_headers_t;

/* Reads them. False with the header, the file, and what was expected and found, but for what stands in it;
 * http_headers_release after both. */
bool http_headers_read(http_headers_t *self, const http_protocol_t *protocol, const char *token,
                       char error[static HTTP_HEADERS_ERROR_MAX]);
void http_headers_release(http_headers_t *self);
