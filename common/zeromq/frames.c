#include "common/zeromq/frames.h"

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

/* One that nobody wants. False: there was none. */
static bool skip_frame(void *zmq, frames_t *taken)
{
    zmq_msg_t surplus;
    if (!take_frame(zmq, &surplus))
        return false;
    taken->count++;
    taken->bytes += zmq_msg_size(&surplus);
    taken->more = zmq_msg_more(&surplus);
    zmq_msg_close(&surplus);
    return true;
}

bool frames_take(void *zmq, zmq_msg_t *parts, size_t limit, frames_t *taken)
{
    *taken = (frames_t){.more = true};
    while (taken->more && taken->count < limit) {
        zmq_msg_t *part = &parts[taken->count];
        if (!take_frame(zmq, part))
            return false;
        taken->count++;
        taken->bytes += zmq_msg_size(part);
        taken->more = zmq_msg_more(part);
    }
    while (taken->more && taken->count < FRAMES_MAX)
        if (!skip_frame(zmq, taken))
            return false;
    return true;
}

bool frames_skip(void *zmq, size_t limit)
{
    frames_t skipped = {.more = true};
    while (skipped.more && skipped.count < limit && skip_frame(zmq, &skipped))
        continue;
    return skipped.more;
}

bool frames_origin(zmq_msg_t *part, uint64_t *id, int *fd)
{
    const char *user = zmq_msg_gets(part, "User-Id");
    *fd = zmq_msg_get(part, ZMQ_SRCFD);
    return user && text_to_u64(text_of(user), id) && *fd >= 0;
}

text_t frames_key(zmq_msg_t *part)
{
    const char *key = zmq_msg_gets(part, "Key");
    return key ? text_of(key) : TEXT("");
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
