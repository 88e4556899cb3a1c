/* Requests of HTTP/1.1 and 1.0 (RFC 9110, RFC 9112): the head of one, read in place. Strict: what two readers might understand differently
 * is refused. Knows no transport, allocates nothing.
 */
#pragma once

#include "common/text.h"

enum {
    HTTP_HEAD_MAX =
        20480, /* bytes of the request line and the fields: 16 KiB of cookies and tokens, and what else a browser sends */
    HTTP_FIELDS_MAX = 64
};

typedef struct {
    text_t name, value; /* without white space around it */
} http_field_t;

/* All slices are of the bytes that were read. */
typedef struct {
    text_t method;
    text_t path;  /* begins with '/', or is "*"; as it was sent: http_decode */
    text_t query; /* behind the '?', as it was sent; empty where there is none */
    text_t host;  /* its Host; empty: it has none. Behind a trusted proxy: what that was asked for, where it says so */
    http_field_t fields[HTTP_FIELDS_MAX];
    size_t field_count;
    bool old;        /* HTTP/1.0 */
    bool keeps;      /* another request may follow on the connection */
    bool body;       /* one follows: … */
    bool coded;      /* … in pieces (Transfer-Encoding), or … */
    uint64_t length; /* … of so many bytes */
    bool websocket;  /* it asks for one, with GET */
} http_request_t;

typedef enum {
    HTTP_PARTIAL, /* more must come */
    HTTP_WHOLE,
    HTTP_REFUSED,
} http_reading_t;

/* Why a request is refused. */
typedef struct {
    unsigned status;
    const char *reason;
} http_refusal_t;

/* Reads the head at the start of `bytes`. *length: its bytes, if it is complete. O(bytes). */
http_reading_t http_request_read(http_request_t *self, text_t bytes, size_t *length, http_refusal_t *refusal);

/* The value of the first field of this name, in any case; empty where there is none. */
text_t http_request_field(const http_request_t *self, const char *name);

/* How many fields have this name; and is the word, in any case, in the lists that they are? */
size_t http_request_count(const http_request_t *self, const char *name);
bool http_request_lists(const http_request_t *self, const char *name, const char *word);

static inline bool http_request_is(const http_request_t *self, const char *method)
{
    return text_equal(self->method, text_of(method));
}

/* Decodes percent-encoding; in a query, '+' is a space. `room` has text.length bytes, and holds the result when
 * there was something to decode. False where what follows a '%' is not two digits. */
typedef enum { HTTP_PATH, HTTP_QUERY } http_part_t;
bool http_decode(http_part_t part, text_t text, char *room, text_t *decoded);
