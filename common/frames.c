#include "common/frames.h"

#include <errno.h>

static bool take_frame(void *zmq, zmq_msg_t *part)
{
    int rc;
    zmq_msg_init(part);
    do
        rc = zmq_msg_recv(part, zmq, ZMQ_DONTWAIT);
    while (rc == -1 && errno == EINTR);
    if (rc == -1)
        zmq_msg_close(part);
    return rc != -1;
}

/* One that nobody wants. *more: is there another one behind it? */
static bool skip_frame(void *zmq, bool *more)
{
    zmq_msg_t surplus;
    if (!take_frame(zmq, &surplus))
        return false;
    *more = zmq_msg_more(&surplus);
    zmq_msg_close(&surplus);
    return true;
}

bool frames_take(void *zmq, zmq_msg_t *parts, size_t limit, size_t *count)
{
    bool more = true;
    for (*count = 0; more && *count < limit; ++*count) {
        if (!take_frame(zmq, &parts[*count]))
            return false;
        more = zmq_msg_more(&parts[*count]);
    }
    for (; more; ++*count)
        if (!skip_frame(zmq, &more))
            return false;
    return true;
}

bool frames_send(void *zmq, text_t frame, int more)
{
    int rc;
    do
        rc = zmq_send(zmq, frame.at, frame.length, ZMQ_DONTWAIT | more);
    while (rc == -1 && errno == EINTR);
    return rc != -1;
}

bool frames_send_message(void *zmq, zmq_msg_t *message)
{
    int rc;
    do
        rc = zmq_msg_send(message, zmq, ZMQ_DONTWAIT);
    while (rc == -1 && errno == EINTR);
    return rc != -1;
}
