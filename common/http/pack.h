/* WebSocket's permessage-deflate (RFC 7692) with no context takeover: each message is compressed by itself, so that what one client gets is
 * right for all. Knows no transport. What it needs to compress and to expand is there once in the process, allocated when it is
 * wanted first, and not for use by several threads.
 */
#pragma once

#include "common/buffer.h"

/* We compress within this many bits of window: enough to see the trades before in a batch. */
#define PACK_WINDOW_BITS 12

/* What was agreed on. */
typedef struct {
    bool window; /* the client wants to be told of our window */
} pack_terms_t;

/* Can we do what a client offers? `offers`: its Sec-WebSocket-Extensions; looks at the offer of permessage-deflate with this number, from 0 on. */
bool pack_accepts(text_t offers, size_t number, pack_terms_t *terms);

/* Compresses the pieces, together one message. Returns how many bytes were written; 0 when `room` bytes are too few, and a few more than
 * what it takes, or memory runs out. Costs some 8 µs for 250 bytes. */
size_t pack_message(const text_t *pieces, size_t count, char *out, size_t room);

typedef enum { UNPACK_DONE, UNPACK_TOO_LONG, UNPACK_INVALID } unpack_t;

/* Appends what was compressed, and no more than the limit of `out`. Too long is also what memory runs out for. */
unpack_t unpack_message(text_t packed, buffer_t *out);
