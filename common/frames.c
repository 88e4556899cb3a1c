#include "common/frames.h"

#include <errno.h>

bool frames_take(void *zmq, zmq_msg_t *parts, size_t limit, size_t *count)
{
    *count = 0;
    int more;
    do {
        zmq_msg_t surplus;
        zmq_msg_t *part = *count < limit ? &parts[*count] : &surplus;
        zmq_msg_init(part);
        int rc;
        do
            rc = zmq_msg_recv(part, zmq, ZMQ_DONTWAIT);
        while (rc == -1 && errno == EINTR);
        if (rc == -1) {
            zmq_msg_close(part);
            return false;
        }
        more = zmq_msg_more(part);
        if (part == &surplus)
            zmq_msg_close(part);
        ++*count;
    } while (more);
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
