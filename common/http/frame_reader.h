/* What a WebSocket brings either side (RFC 6455, section 5), taken apart where it lies.
 *
 * Strict: what was not agreed on, a mask where there must not be one, none where there must be, an unknown opcode, a length in more bytes than it
 * takes, a control frame that is not whole or longer than 125 bytes, and fragments out of their order break the connection.
 */
#pragma once

#include "common/text.h"

enum { FRAME_HEAD_MAX = 14, FRAME_CONTROL_MAX = 125 };

/* Zeroed at the beginning of a connection, but for what it is to read. */
typedef struct {
    bool from_client;                   /* every frame is masked, and is unmasked where it lies: the input can be written to */
    bool deflates;                      /* permessage-deflate (RFC 7692) is agreed on: a message may be a compressed one */
    unsigned char head[FRAME_HEAD_MAX]; /* of the frame that comes */
    size_t head_length;
    uint64_t left;   /* bytes of its payload that are to come, once its head is there */
    uint64_t masked; /* bytes of it that have been unmasked */
    bool in_frame;
    bool in_message, binary, packed; /* a message has begun; it is binary, compressed */
    unsigned char control[FRAME_CONTROL_MAX];
    size_t control_length;
} frame_reader_t;

typedef enum { FRAME_PIECE, FRAME_CLOSE, FRAME_PING, FRAME_PONG } frame_kind_t;

/* A piece of a message, as much as is there; or a control frame, whole. */
typedef struct {
    frame_kind_t kind;
    bool binary, packed, last; /* of a piece: its message is binary, compressed; ends with it */
    text_t bytes;              /* in the input, or in the reader: valid until the next call */
} frame_t;

typedef enum {
    FRAME_NONE, /* the input is used up */
    FRAME_FOUND,
    FRAME_BROKEN /* *wrong says why; nothing can be read after it */
} frame_found_t;

/* Takes the next one from the beginning of *input, which moves on. Cost: that of looking at the head, whatever the payload's length, and of
 * unmasking. */
frame_found_t frame_reader_next(frame_reader_t *self, text_t *input, frame_t *frame, const char **wrong);

/* What is wrong with the payload of a close frame (section 7.4), or NULL; *code is the one to answer with then, 1002 or 1007. Else *code is what it
 * says, 1005 where it says nothing. */
const char *frame_close_read(text_t payload, unsigned *code);

enum { FRAME_OUT_HEAD_MAX = 8 };

/* A client's frame, whole: the head goes to `out`, behind it `length` bytes (at most 65,535) that stand at out + FRAME_OUT_HEAD_MAX are masked
 * and moved up to it. Returns the frame's length. mask: 32 bits that nobody can foretell. */
size_t frame_seal(unsigned char *out, unsigned opcode, size_t length, uint32_t mask);
