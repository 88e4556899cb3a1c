#include "common/bus/ahead.h"

#include "common/clock.h"
#include "common/log.h"
#include "proto/request.h"

ahead_t ahead_new(bus_t *bus)
{
    return (ahead_t){.bus = bus, .request = buffer_new(REQUEST_MAX)};
}

void ahead_release(ahead_t *self)
{
    buffer_release(&self->request);
}

static void on_told(void *arg, text_t answer)
{
    ahead_t *self = arg;
    static log_limit_t limit;
    uint64_t epoch;
    self->asking = 0;
    if (answer.length > 0 && !ahead_answer_parse(answer, &epoch))
        log_warn_limited(&limit, "follower: connectord has not started a new epoch, although it has less than we have",
                         LOG_SLICE("answer", ((text_t){answer.at, answer.length < 200 ? answer.length : 200})));
}

static cursor_t had(const followed_stream_t *stream)
{
    return (cursor_t){stream->next.epoch, stream->next.seq - 1};
}

/* One stream is enough: the epoch is that of all. Connectord knows better than the bus, which may lag behind what replay brought: nothing happens
 * where it has the trade. */
static void tell(ahead_t *self, const followed_stream_t *stream, int64_t now_ns)
{
    if (self->asking != 0 || (self->asked_ns != 0 && now_ns - self->asked_ns < AHEAD_AGAIN_MS * NS_PER_MS))
        return;
    self->asked_ns = now_ns;
    buffer_clear(&self->request);
    ahead_request_print(&self->request, stream->topic, had(stream));
    self->asking = requester_send(bus_replay(self->bus), buffer_text(&self->request), on_told, self);
}

static void log_ahead(const followed_stream_t *stream)
{
    static log_limit_t limit;
    log_warn_limited(&limit, "follower: the bus has less of a stream than we have: its trades can't be told from those",
                     LOG_SLICE("topic", stream->topic), LOG_SLICE("had", CURSOR_TEXT(had(stream))));
}

bool ahead_look(ahead_t *self, followed_stream_t *stream, int64_t now_ns)
{
    if (!stream->ahead) {
        stream->ahead_ns = 0;
        return false;
    }
    if (stream->ahead_ns == 0)
        stream->ahead_ns = now_ns;
    tell(self, stream, now_ns);
    if (now_ns - stream->ahead_ns <= AHEAD_PATIENCE_MS * NS_PER_MS)
        return false;
    log_ahead(stream);
    return true;
}
