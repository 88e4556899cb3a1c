#include "common/clock.h"
#include "common/log.h"
#include "common/zeromq/envelope.h"
#include "common/zeromq/frames.h"
#include "common/zeromq/socket_state.h"

#include <assert.h>

enum {
    LOOK_MESSAGES = 16, /* are taken, or so many bytes, before the clock is looked at: some 30 ns */
    LOOK_BYTES = 16 << 10,
    HEAD_BYTES = 2,      /* of a frame, in ZMTP; at least */
    SUBSCRIBE_BYTES = 11 /* of a subscription, less the byte that stands for it here */
};

static_assert((int)SOCKET_FRAMES > (int)ENVELOPE_FRAMES, "a request's first frame behind its envelope is kept");

static void hand_over_request(socket_t *self, const text_t *frames, size_t kept, size_t count)
{
    static log_limit_t limit;
    char envelope[ENVELOPE_MAX];
    text_t asker = {envelope, envelope_read(frames, kept, envelope)}, own[ENVELOPE_FRAMES];
    if (asker.length == 0) {
        log_warn_limited(&limit,
                         "socket: dropped a request: expected an envelope of at most 16 frames that ends with an empty one",
                         LOG_U64("frames", count));
        return;
    }
    size_t before = envelope_frames(asker, own);
    self->events->on_request(self->arg, asker, count > before ? frames[before] : TEXT(""), count - before);
}

/* A message and who sent it. */
typedef struct {
    guard_peer_t *peer; /* NULL: nobody that is known */
    bool gone;          /* it was, and has gone or will: it can't be answered */
} message_sender_t;

/* Of what is left when a subscriber has gone ZeroMQ tells, too, in nobody's name: the monitor has told before. */
static void hand_over(socket_t *self, message_sender_t sender, const text_t *frames, size_t kept, size_t count)
{
    if (sender.gone || (self->curve.on && self->publishes && sender.peer && !socket_curve_takes(self, frames, count)))
        return;
    if (self->events->on_request)
        hand_over_request(self, frames, kept, count);
    else if (self->events->on_message && count <= SOCKET_FRAMES)
        self->events->on_message(self->arg, frames, count);
    else if (self->events->on_peer && sender.peer)
        self->events->on_peer(self->arg, guard_peer_id(sender.peer), frames, kept);
}

static void count_taken(socket_t *self, guard_peer_t *peer, text_t first, const frames_t *taken)
{
    size_t head = HEAD_BYTES + (self->curve.on ? CURVE_FRAME_BYTES : 0);
    if (self->publishes) {
        guard_took(peer, taken->bytes + SUBSCRIBE_BYTES + head - HEAD_BYTES);
    } else {
        guard_took(peer, taken->bytes - first.length + head * (taken->count - 1)); /* the first frame is the ROUTER's */
        if (guard_route(peer).length == 0)
            guard_set_route(peer, first);
    }
    if (taken->more)
        guard_drop(self->guard, peer, "frames: too many in a message");
}

static message_sender_t sender_of(socket_t *self, zmq_msg_t *part, text_t first, const frames_t *taken)
{
    uint64_t id;
    int fd;
    if (!self->guard || !frames_origin(part, &id, &fd))
        return (message_sender_t){0};
    if (self->curve.on && self->publishes)
        socket_hear_monitor(self); /* what takes effect must be of a peer that is there */
    guard_peer_t *peer = guard_peer(self->guard, id, fd);
    if (peer)
        count_taken(self, peer, first, taken);
    bool known = !peer || !self->curve.on || socket_curve_sender(self, peer, frames_key(part));
    return (message_sender_t){.peer = peer, .gone = !known || !peer || guard_is_dropped(peer)};
}

bool socket_take(socket_t *self, size_t *bytes)
{
    zmq_msg_t parts[SOCKET_FRAMES];
    text_t frames[SOCKET_FRAMES] = {0};
    frames_t taken;
    guard_enter(self->guard);
    bool complete = frames_take(self->zmq, parts, SOCKET_FRAMES, &taken);
    guard_leave(self->guard);
    if (!complete) {
        if (self->guard)
            guard_drained(self->guard);
        socket_curve_drained(self);
        return false;
    }
    size_t kept = taken.count < SOCKET_FRAMES ? taken.count : SOCKET_FRAMES;
    for (size_t i = 0; i < kept; i++)
        frames[i] = (text_t){zmq_msg_data(&parts[i]), zmq_msg_size(&parts[i])};
    message_sender_t sender = sender_of(self, &parts[kept - 1], frames[0], &taken);
    self->skipping = taken.more;
    *bytes += taken.bytes;
    if (!taken.more)
        hand_over(self, sender, frames, kept, taken.count);
    for (size_t i = 0; i < kept; i++)
        zmq_msg_close(&parts[i]);
    return true;
}

size_t socket_take_batch(socket_t *self, size_t batch, bool *full)
{
    int64_t until_ns = clock_mono_ns() + SOCKET_TURN_US * (NS_PER_MS / 1000);
    size_t taken = 0, unseen = 0, bytes = 0;
    *full = false;
    while (!*full && !self->destroyed && !self->paused && !self->skipping && socket_take(self, &bytes)) {
        *full = ++taken == batch;
        if (++unseen < LOOK_MESSAGES && bytes < LOOK_BYTES && !self->unread)
            continue;
        unseen = bytes = 0;
        *full = *full || clock_mono_ns() >= until_ns;
    }
    return taken;
}
