/* Takes and sends the frames of ZeroMQ's messages without waiting. For socket.c. */
#pragma once

#include "common/text.h"

#include <zmq.h>

enum { FRAMES_MAX = 10000 /* of a message, that are counted; of one with more the rest is to be skipped */ };

typedef struct {
    size_t count; /* frames that were taken; the first of them, as many as were asked for, are kept */
    size_t bytes; /* of them */
    bool more;    /* there are others behind them */
} frames_t;

/* The frames of one message, as many as `limit` into parts, which are to be closed then; the others are thrown away. False when no message waits. */
bool frames_take(void *zmq, zmq_msg_t *parts, size_t limit, frames_t *taken);

/* Throws away so many of the frames of the message that was begun, at most. Are there more? */
bool frames_skip(void *zmq, size_t limit);

/* The connection that a message came by: its User-Id, which is a number, and its descriptor. False: nobody's. */
bool frames_origin(zmq_msg_t *part, uint64_t *id, int *fd);

/* more: ZMQ_SNDMORE, or 0 with the last frame. False when it can't be queued now. */
bool frames_send(void *zmq, text_t frame, int more);

/* A message that was made before, as the last frame. On false it is the caller's still. */
bool frames_send_message(void *zmq, zmq_msg_t *message);
