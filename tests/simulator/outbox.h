/* What is to be sent on one connection: complete WebSocket frames (RFC 6455, 5.2), ready to go out as they are.
 *
 * Frames lie in runs, one after the other, and each run goes out in one write. A run ends where a frame ends, so whatever else
 * the connection has to say (a pong, a close) fits between two runs.
 */
#pragma once

#include <stddef.h>

enum {
    OUTBOX_RUN_BYTES = 64 * 1024, /* a larger frame has a run of its own */
};

/* The first byte of a frame: whether a message ends here, and what it is. */
typedef enum {
    FRAME_TEXT = 0x81,
    FRAME_BINARY = 0x82,
    FRAME_TEXT_BEGIN = 0x01,
    FRAME_TEXT_MIDDLE = 0x00,
    FRAME_TEXT_END = 0x80,
    FRAME_PING = 0x89,
} outbox_frame_t;

typedef struct outbox outbox_t;

/* capacity_bytes: what may wait at most. NULL when memory runs out. */
outbox_t *outbox_new(size_t capacity_bytes);
void outbox_destroy(outbox_t **self);

/* Appends a frame and returns where its payload goes, which the caller fills at once. NULL when it would go beyond the
 * capacity, or memory runs out. */
char *outbox_append(outbox_t *self, outbox_frame_t frame, size_t payload_length);

/* Bytes that wait. */
size_t outbox_length(const outbox_t *self);

/* The oldest run, NULL when there is none; and that it has been sent. */
unsigned char *outbox_run(outbox_t *self, size_t *length);
void outbox_run_sent(outbox_t *self);

void outbox_clear(outbox_t *self);
