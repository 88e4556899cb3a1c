/* What a WebSocket brings to either side (RFC 6455, section 5), parsed in place.
 *
 * Strict: extensions not agreed on, a mask where there must be none, none where there must be one, an unknown opcode, a length in more bytes than it
 * needs, a control frame that is fragmented or longer than 125 bytes, and fragments out of order break the connection.
 */
#pragma once

#include "common/text.h"

enum { FRAME_HEAD_MAX = 14, FRAME_CONTROL_MAX = 125 };

/* Zeroed at the start of a connection, except for what it should read. Small: a server has one for each client. */
typedef struct {
    uint64_t left;                      /* bytes of the frame's payload still to come, once its head has arrived */
    unsigned char *control;             /* the payload of a control frame that came in several parts; owned, else NULL */
    unsigned char head[FRAME_HEAD_MAX]; /* of the frame that comes */
    uint8_t head_length;
    uint8_t control_length;
    uint8_t turn;         /* the byte of the mask that comes next */
    bool from_client : 1; /* every frame is masked, and is unmasked where it lies: the input can be written to */
    bool deflates : 1;    /* permessage-deflate (RFC 7692) is agreed on: a message may be a compressed one */
    bool in_frame : 1;
    bool in_message : 1, binary : 1, packed : 1; /* a message has begun; it is binary, compressed */
} frame_reader_t;

/* Frees what is kept of a frame. */
void frame_reader_release(frame_reader_t *self);

typedef enum { FRAME_PIECE, FRAME_CLOSE, FRAME_PING, FRAME_PONG } frame_kind_t;

/* A piece of a message, as much as has arrived; or a whole control frame. */
typedef struct {
    frame_kind_t kind;
    bool binary, packed, last; /* of a piece: its message is binary, compressed; ends with it */
    uint64_t more;             /* of a piece: bytes of its frame that are to come */
    text_t bytes;              /* in the input, or in the reader: valid until the next call */
} frame_t;

typedef enum {
    FRAME_NONE, /* the input is used up */
    FRAME_FOUND,
    FRAME_BROKEN /* *wrong says why; nothing can be read after it */
} frame_found_t;

/* Takes the next one from the start of *input, which moves on. Cost: parsing the head, whatever the payload's length, and
 * unmasking; memory for a control frame that is cut in two, without which the connection breaks. */
frame_found_t frame_reader_next(frame_reader_t *self, text_t *input, frame_t *frame, const char **wrong);

/* What is wrong with the payload of a close frame (section 7.4), or NULL; *code is the one to answer with then, 1002 or 1007. Else *code is what it
 * says, 1005 if it says nothing. */
const char *frame_close_read(text_t payload, unsigned *code);

enum { FRAME_OUT_HEAD_MAX = 8 };

/* A client's frame, whole: the head goes to `out`, behind it `length` bytes (at most 65,535) that stand at out + FRAME_OUT_HEAD_MAX are masked
 * and moved up to it. Returns the frame's length. mask: 32 unpredictable bits. */
size_t frame_seal(unsigned char *out, unsigned opcode, size_t length, uint32_t mask);
