/* Who asked: what precedes the answer to a request, so that it finds its way back.
 *
 * A request comes to a ROUTER as [connection][…][][request]. The ROUTER names the connection; a proxy names those behind it in the same way, in a
 * frame of its own; a REQ with ZMQ_REQ_CORRELATE adds a number. All this, up to and including the first empty frame, is the
 * envelope (ZeroMQ's RFC 28): an answer repeats it, frame by frame. Here it is one text, which can be copied and kept.
 */
#pragma once

#include "common/text.h"

enum {
    ENVELOPE_FRAMES = 16,                               /* at most, the empty one included */
    ENVELOPE_BYTES = 2048,                              /* of all of them together, at most */
    ENVELOPE_MAX = ENVELOPE_BYTES + 2 * ENVELOPE_FRAMES /* of the text */
};

/* Reads the envelope of a ROUTER's message into `envelope`, whose length it returns. 0: there is no empty frame after the first one, or the
 * envelope is too long. */
size_t envelope_read(const text_t *frames, size_t count, char envelope[static ENVELOPE_MAX]);

/* Its frames, the empty one at the end; returns how many. envelope: what envelope_read made, or a copy, which the frames point into. */
size_t envelope_frames(text_t envelope, text_t frames[static ENVELOPE_FRAMES]);

/* The connection that an envelope came by: its first frame, as the ROUTER named it. The whole text if it is not an envelope. */
text_t envelope_connection(text_t envelope);
