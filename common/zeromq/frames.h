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

/* The frames of one message, up to `limit` into parts, which the caller closes; the others are discarded. False when no message waits. */
bool frames_take(void *zmq, zmq_msg_t *parts, size_t limit, frames_t *taken);

/* Discards at most this many frames of the message in progress. Are there more? */
bool frames_skip(void *zmq, size_t limit);

/* The connection that a message came by: its User-Id, which is a number, and its descriptor. False: nobody's. */
bool frames_origin(zmq_msg_t *part, uint64_t *id, int *fd);

/* The public key of who sent it, as zap.h gave it; empty without CURVE. Valid until the message is closed. */
text_t frames_key(zmq_msg_t *part);

/* more: ZMQ_SNDMORE, or 0 with the last frame. False when it can't be queued now. */
bool frames_send(void *zmq, text_t frame, int more);

/* A prepared message, as the last frame. On false the caller still owns it. */
bool frames_send_message(void *zmq, zmq_msg_t *message);
