/* What a WebSocket brings its client (RFC 6455, section 5), taken apart where it lies: libwebsockets (4.1.6) copies it byte by byte, which costs
 * more than all that is done with it.
 *
 * Strict: no extension, no mask, no unknown opcode, control frames whole and of 125 bytes at most, fragments in their order. What a peer sends
 * against these rules breaks the connection.
 */
#pragma once

#include "common/text.h"

enum { FRAME_HEAD_MAX = 10, FRAME_CONTROL_MAX = 125 };

/* Zeroed at the beginning of a connection. */
typedef struct {
    unsigned char head[FRAME_HEAD_MAX]; /* of the frame that comes */
    size_t head_length;
    uint64_t left; /* bytes of its payload that are to come, once its head is there */
    bool in_frame;
    bool in_message, binary; /* a message has begun; it is a binary one */
    unsigned char control[FRAME_CONTROL_MAX];
    size_t control_length;
} frame_reader_t;

typedef enum { FRAME_PIECE, FRAME_CLOSE, FRAME_PING, FRAME_PONG } frame_kind_t;

/* A piece of a message, as much as is there; or a control frame, whole. */
typedef struct {
    frame_kind_t kind;
    bool binary, last; /* of a piece: its message is binary; ends with it */
    text_t bytes;      /* in the input, or in the reader: valid until the next call */
} frame_t;

typedef enum {
    FRAME_NONE, /* the input is used up */
    FRAME_FOUND,
    FRAME_BROKEN /* *wrong says why; the connection is of no use any more */
} frame_found_t;

/* Takes the next one from the beginning of *input, which moves on. Cost: that of looking at the head, whatever the payload's length. */
frame_found_t frame_reader_next(frame_reader_t *self, text_t *input, frame_t *frame, const char **wrong);

enum { FRAME_OUT_HEAD_MAX = 8 };

/* A client's frame, whole: the head goes to `out`, behind it `length` bytes (at most 65,535) that stand at out + FRAME_OUT_HEAD_MAX are masked
 * and moved up to it. Returns the frame's length. mask: 32 bits that nobody can foretell. */
size_t frame_seal(unsigned char *out, unsigned opcode, size_t length, uint32_t mask);
