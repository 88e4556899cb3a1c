/* A WebSocket client's frames, sent on a transport. */
#pragma once

#include "common/text.h"
#include "common/websocket/frame_reader.h"
#include "connectord/websocket/transport.h"

enum { FRAME_WRITER_BYTES_MAX = 8192 /* of one payload */ };

typedef enum { SEND_TEXT = 1, SEND_CLOSE = 8, SEND_PONG = 10 } send_kind_t;

typedef struct {
    bool pong_due;
    size_t pong_length;
    char pong[FRAME_CONTROL_MAX];
    unsigned char out[FRAME_OUT_HEAD_MAX + FRAME_WRITER_BYTES_MAX];
} frame_writer_t;

/* False when the connection is no longer usable: lws closes it then. */
bool frame_writer_frame(frame_writer_t *self, transport_t *transport, send_kind_t kind, text_t payload);

/* Sends a close frame, behind which nothing follows, now rather than when lws next has time, since at the end of the process there is none.
 * code: 2 bytes or none. Nothing is sent if the kernel takes nothing. */
void frame_writer_goodbye(frame_writer_t *self, transport_t *transport, text_t code);

/* Has a ping answered when the connection is next writable: call frame_writer_pong then, if pong_due. Of several
 * pings at a time the last is answered, which is what RFC 6455 asks for (5.5.3). */
void frame_writer_pinged(frame_writer_t *self, transport_t *transport, text_t content);
bool frame_writer_pong(frame_writer_t *self, transport_t *transport);
