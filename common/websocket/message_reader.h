/* A peer's messages, put together from the pieces in which a WebSocket's frames bring them (frame_reader.h): inflated where they are compressed (RFC 7692),
 * and bounded, compressed and inflated. Text is checked to be UTF-8 as it comes, so that what is wrong is known before the rest of it
 * is there; compressed text, when it is whole.
 *
 * A message that comes in one piece is read where it lies. Between messages there is nothing to keep but a pointer.
 */
#pragma once

#include "common/buffer.h"
#include "common/websocket/frame_reader.h"

/* Zeroed at the start. */
typedef struct {
    struct message_parts *parts; /* of a message of which more is to come; owned; NULL: there are none */
} message_reader_t;

typedef struct {
    text_t text; /* in the piece, or in `memory` */
    bool binary;
    buffer_t memory; /* released by who took it */
} ws_message_t;

/* Why a connection is to be closed: a code of RFC 6455, section 7.4.1, and words for it. */
typedef struct {
    unsigned code;
    const char *why;
} message_fault_t;

typedef enum {
    MESSAGE_MORE,  /* pieces are to come */
    MESSAGE_WHOLE, /* *message is set */
    MESSAGE_BROKEN /* *fault is set; nothing of the message is kept, and what follows of it is not to be taken */
} message_found_t;

/* limit: bytes of a message, the same each time. Running out of memory counts as too long. */
message_found_t message_reader_take(message_reader_t *self, const frame_t *piece, size_t limit, ws_message_t *message,
                                    message_fault_t *fault);

/* Bytes of memory that are held for a message of which more is to come. */
size_t message_reader_held(const message_reader_t *self);

/* Drops what has come of a message. */
void message_reader_release(message_reader_t *self);
