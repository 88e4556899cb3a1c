/* WebSocket frames (RFC 6455, section 5.2) as a server sends them: final, unmasked, ready to go out as they are. */
#pragma once

#include "common/buffer.h"

enum { FRAME_HEADER_MAX = 10 };

/* The header of a text frame. Returns its length: 2, 4 or 10. */
size_t frame_header(char out[static FRAME_HEADER_MAX], uint64_t payload_length);

/* A ping without a payload. */
#define FRAME_PING TEXT("\x89\0")

/* A JSON-RPC notification in a text frame: {"jsonrpc":"2.0","method":"<method>","params":<params>}. `method` needs no escapes,
 * `params` is JSON. frame_notify writes exactly frame_notify_length bytes. */
size_t frame_notify_length(text_t method, text_t params);
void frame_notify(char *out, text_t method, text_t params);

/* The params of a frame that frame_notify has written for this method. */
text_t frame_params(text_t frame, text_t method);

/* Appends a message in a text frame. */
void frame_append(buffer_t *out, text_t payload);
