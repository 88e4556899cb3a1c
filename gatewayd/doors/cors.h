/* Which web pages from elsewhere may read what the gateway answers to HTTP (https://fetch.spec.whatwg.org/#http-cors-protocol). */
#pragma once

#include "common/buffer.h"

typedef struct {
    const char *const *origins; /* as browsers send them, or "*" for any; they outlive it */
    size_t count;
} cors_t;

/* Appends the header lines for a page of this origin; an empty one: the request is no page's. */
void cors_append(const cors_t *self, text_t origin, buffer_t *out);

/* The same for the answer to a preflight (OPTIONS); asked: its Access-Control-Request-Headers, which a page of an origin that is named may all send;
 * methods: "GET, HEAD". */
void cors_append_preflight(const cors_t *self, text_t origin, text_t asked, const char *methods, buffer_t *out);
