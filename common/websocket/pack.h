/* WebSocket's permessage-deflate (RFC 7692) with no context takeover: each message is compressed on its own, so what one client gets is
 * right for all. Knows no transport. Its state exists once in the process, is allocated when
 * first needed, and is not thread-safe.
 */
#pragma once

#include "common/buffer.h"

/* We compress within this many bits of window: enough to see the previous trades of a batch. */
#define PACK_WINDOW_BITS 12

/* What was agreed on. */
typedef struct {
    bool window; /* the client wants to be told of our window */
} pack_terms_t;

/* Can we accept what a client offers? `offers`: its Sec-WebSocket-Extensions; looks at the offer of permessage-deflate with this number, from 0 on. */
bool pack_accepts(text_t offers, size_t number, pack_terms_t *terms);

/* Compresses the pieces, together one message. Returns how many bytes were written; 0 when `room` is not a few bytes more than
 * it takes, or memory runs out. Costs some 8 µs for 250 bytes. */
size_t pack_message(const text_t *pieces, size_t count, char *out, size_t room);

typedef enum { UNPACK_DONE, UNPACK_TOO_LONG, UNPACK_INVALID } unpack_t;

/* Appends the inflated bytes, up to the limit of `out`. Running out of memory counts as too long. */
unpack_t unpack_message(text_t packed, buffer_t *out);
