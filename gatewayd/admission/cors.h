/* Which foreign web pages may read the gateway's HTTP responses (https://fetch.spec.whatwg.org/#http-cors-protocol). */
#pragma once

#include "common/buffer.h"

typedef struct {
    const char *const *origins; /* as browsers send them, or "*" for any; they outlive it */
    size_t count;
} cors_t;

/* Appends the header lines for a page of this origin; empty: the request is not from a page. */
void cors_append(const cors_t *self, text_t origin, buffer_t *out);

/* The same for the response to a preflight (OPTIONS); asked: its Access-Control-Request-Headers, all of which a page of a named origin may send;
 * methods: "GET, HEAD". */
void cors_append_preflight(const cors_t *self, text_t origin, text_t asked, const char *methods, buffer_t *out);
