#include "common/zeromq/envelope.h"
#include "common/zeromq/frames.h"
#include "common/zeromq/socket_state.h"

#include <assert.h>

enum {
    SHORT_BYTES = 16 << 10, /* an answer that adds little */
    FRAME_BYTES = 100       /* that libzmq takes for a frame of an envelope */
};

static bool send_envelope(socket_t *self, const text_t *frames, size_t count)
{
    self->look = true;
    for (size_t i = 0; i < count; i++) {
        if (!frames_send(self->zmq, frames[i], ZMQ_SNDMORE))
            return false;
    }
    return true;
}

static size_t unread_by(const socket_t *self, const guard_peer_t *peer)
{
    return guard_is_dropped(peer) ? 0 : unread_bytes(self->unread, guard_route(peer));
}

static guard_peer_t *greediest(const socket_t *self, size_t *all)
{
    guard_peer_t *peer, *greatest = NULL;
    for (size_t i = 0; (peer = guard_at(self->guard, i)); i++) {
        *all += unread_by(self, peer);
        if (!greatest || unread_by(self, peer) > unread_by(self, greatest))
            greatest = peer;
    }
    return greatest;
}

/* For so many bytes more among all that waits to be read: whoever has most of it goes. False when that is the asker itself;
 * and for a long answer as long as too much of those that went is still there: ZeroMQ's thread frees it, when it has its
 * turn. */
static bool make_room(socket_t *self, text_t asker, size_t bytes)
{
    size_t staying = bytes, limit = guard_share_bytes(self->guard), held = unread_all_bytes(self->unread);
    if (bytes + held <= limit)
        return true;
    guard_peer_t *greatest = greediest(self, &staying);
    if (staying > limit) {
        if (!greatest || text_equal(guard_route(greatest), asker))
            return false;
        guard_drop(self->guard, greatest, "unread: too many answers wait for it");
    }
    return bytes <= SHORT_BYTES || bytes + held <= limit + limit / 8;
}

bool socket_answer(socket_t *self, text_t asker, text_t answer)
{
    zmq_msg_t message;
    text_t frames[ENVELOPE_FRAMES];
    size_t count = envelope_frames(asker, frames), before = asker.length + FRAME_BYTES * count;
    assert(self->unread && count > 1);
    if (!make_room(self, frames[0], before + answer.length) ||
        !unread_message(self->unread, frames[0], before, answer, &message))
        return false;
    if (send_envelope(self, frames, count) && frames_send_message(self->zmq, &message))
        return true;
    zmq_msg_close(&message);
    return false;
}
