/* What a client is sent, ready to send: WebSocket frames (RFC 6455, section 5.2), final and unmasked, as a server sends them;
 * or Server-Sent Events (proto/rest.md), whole, and the same for all who want them: what a reader of one stream gets as it is,
 * and of which a reader of several replaces the id.
 *
 *     id: BTC-USD.blockchain=1763941200123456-42
 *     data: {"epoch":1763941200123456,"seq":42, … }
 */
#pragma once

#include "common/buffer.h"

/* How a message stands in a frame. */
typedef enum {
    DIALECT_RPC,     /* of /ws and REST; a message stands in a frame as it is */
    DIALECT_DEFLATE, /* the same, but compressed by itself (pack.h), or as it is where that is not shorter */
    DIALECT_SIGNALR, /* of the hub; as the argument of an invocation of ReceiveMessage */
    DIALECT_SSE,     /* of streams of events: there is no frame, but an event of a notification, and of others nothing */
    DIALECT_COUNT
} dialect_t;

enum { FRAME_HEADER_MAX = 10, FRAME_REASON_MAX = 123 /* bytes of a close frame's reason */ };

/* The header of a text frame. Returns its length: 2, 4 or 10. */
size_t frame_header(char out[static FRAME_HEADER_MAX], uint64_t payload_length);

/* A ping that asks for a sign of life. */
#define FRAME_ALIVE                                                                                                            \
    TEXT("\x89\x05"                                                                                                            \
         "alive")

/* A JSON-RPC notification in a text frame: {"jsonrpc":"2.0","method":"<method>","params":<params>}. `method` needs no escapes,
 * `params` is JSON. frame_notify writes at most frame_notify_length bytes, exactly as many except in DIALECT_DEFLATE and DIALECT_SSE, and returns how many; these are at most
 * twice as many as there are in DIALECT_RPC and 80. */
size_t frame_notify_length(dialect_t dialect, text_t method, text_t params);
size_t frame_notify(dialect_t dialect, char *out, text_t method, text_t params);
void frame_append_notification(buffer_t *out, dialect_t dialect, text_t method, text_t params);

/* The params of a frame written by frame_notify for this method in DIALECT_RPC. */
text_t frame_params(text_t frame, text_t method);

/* The sum of a record, of which the hash of a mark is made (proto/client.md): CRC-32 as of IEEE 802.3 and zlib, of its JSON text as it stands in the
 * params of its update; in an event line breaks have become spaces. 0.16 µs for 330 bytes. */
uint32_t frame_sum(dialect_t dialect, text_t json);

/* A JSON-RPC message in a frame: its length (the maximum in DIALECT_DEFLATE), and appending it. */
size_t frame_length(dialect_t dialect, text_t json);
void frame_append(buffer_t *out, dialect_t dialect, text_t json);

/* A frame with just this text. */
void frame_append_text(buffer_t *out, text_t payload);

/* A close frame. A reason in UTF-8 that is longer than FRAME_REASON_MAX is cut after a character. */
void frame_append_close(buffer_t *out, unsigned code, text_t reason);

/* Several whole frames of a dialect as one, with all their messages: in DIALECT_RPC as a JSON-RPC batch, an array, in DIALECT_SIGNALR as consecutive
 * records. */
void frame_append_batch(buffer_t *out, dialect_t dialect, text_t frames);

/* A text frame compressed, or as it is if that is not shorter. */
void frame_append_deflated(buffer_t *out, text_t frame);

/* Takes the first of several whole frames, and returns its content. False when there is none. */
bool frame_next(text_t *frames, text_t *payload);

/* Skips the first of several whole frames of a dialect. False when there is none. */
bool frame_skip(dialect_t dialect, text_t *frames);

/* Takes the first of several whole events. False when there is none. */
bool frame_next_event(text_t *events, text_t *event);

/* The place in an event's id, within the event: <subject>.<source>=<cursor>, behind what a trades.update or trades.gap tells.
 * Empty: it has none. */
text_t frame_event_place(text_t event);
