/* Takes and sends the frames of ZeroMQ's messages without waiting. For socket.c. */
#pragma once

#include "common/text.h"

#include <zmq.h>

/* All frames of one message into parts, which are to be closed then; false when no message waits. Frames beyond the limit are taken and thrown away, and
 * *count tells. */
bool frames_take(void *zmq, zmq_msg_t *parts, size_t limit, size_t *count);

/* more: ZMQ_SNDMORE, or 0 with the last frame. False when it can't be queued now. */
bool frames_send(void *zmq, text_t frame, int more);

/* A message that was made before, as the last frame. On false it is the caller's still. */
bool frames_send_message(void *zmq, zmq_msg_t *message);
