#include "connectord/publish/replay.h"

#include "common/clock.h"
#include "common/curve/rights.h"
#include "common/json/json_plain.h"
#include "common/log.h"
#include "common/zeromq/socket.h"

#include <stdlib.h>

enum { ANSWER_MAX = REPLAY_ANSWER_BYTES * 2 };

struct replay {
    socket_t *socket;
    journal_t *journal;
    renewal_t *renewal;
    replay_others_t others;
    buffer_t answer;
    buffer_t plain; /* the request, where it had escapes */
    replay_counts_t counts;
};

/* Seqs of the present epoch: [from, to], nothing when from > to; and how many were asked for that can't be had. */
typedef struct {
    uint64_t from, to, missing;
} seqs_t;

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What an epoch that is gone had between two cursors. */
static uint64_t missing_of_old_epoch(const request_t *request)
{
    bool within = request->has_from && request->from.epoch == request->to.epoch && request->to.seq >= request->from.seq;
    return within ? request->to.seq - request->from.seq + (request->from.seq > 0) : 0;
}

static seqs_t seqs_asked_for(const request_t *request, uint64_t epoch, uint64_t first, uint64_t last)
{
    seqs_t seqs = {first, last, 0};
    if (request->has_to && request->to.epoch < epoch)
        return (seqs_t){1, 0, missing_of_old_epoch(request)};
    if (request->has_to && request->to.epoch == epoch)
        seqs.to = least(request->to.seq, last);
    if (!request->has_from || request->from.epoch < epoch)
        return seqs; /* a reader of an older epoch sees by the trades' cursors that another one began */
    if (request->from.epoch > epoch)
        return (seqs_t){1, 0, 0};
    uint64_t from = request->from.seq > 0 ? request->from.seq : 1;
    if (from < first && seqs.to >= from)
        seqs.missing = least(first - 1, seqs.to) - from + 1;
    if (from > first)
        seqs.from = from;
    return seqs;
}

static void answer_range(journal_t *journal, text_t rights, const request_t *request, buffer_t *answer)
{
    (void)rights; /* may_ask has looked at them */
    const journal_stream_t *stream = journal_find(journal, request->topic);
    if (!stream) {
        answer_error(answer, request, ERROR_INVALID_TOPIC, "Invalid topic: %.*s", TEXT_ARG(request->topic));
        return;
    }
    uint64_t epoch = journal_epoch(journal);
    seqs_t seqs = seqs_asked_for(request, epoch, journal_first(stream), journal_last(stream));
    json_writer_t json = answer_begin(answer, request);
    json_open_array(&json, "trades");
    uint64_t count = 0, seq = seqs.from;
    for (; seq <= seqs.to && count < request->count; seq++) {
        text_t trade = journal_read(journal, stream, seq);
        if (trade.length == 0) {
            seqs.missing++;
            continue;
        }
        if (answer->length + trade.length > REPLAY_ANSWER_BYTES)
            break;
        count++;
        json_put_raw(&json, NULL, trade);
    }
    json_close_array(&json);
    json_put_u64(&json, "missing", seqs.missing);
    if (seq <= seqs.to)
        cursor_put(&json, "next", (cursor_t){epoch, seq});
    json_close_object(&json);
}

static void put_stream(json_writer_t *json, const journal_stream_t *stream, uint64_t epoch)
{
    json_open_object(json, NULL);
    json_put_text(json, "topic", journal_topic(stream));
    cursor_put(json, "first", (cursor_t){epoch, journal_first(stream)});
    cursor_put(json, "last", (cursor_t){epoch, journal_last(stream)});
    json_close_object(json);
}

static void answer_streams(journal_t *journal, text_t rights, const request_t *request, buffer_t *answer)
{
    uint64_t epoch = journal_epoch(journal);
    const journal_stream_t *stream;
    json_writer_t json = answer_begin(answer, request);
    json_put_u64(&json, "epoch", epoch);
    json_open_array(&json, "streams");
    if (request->topic.length > 0) {
        if ((stream = journal_find(journal, request->topic)))
            put_stream(&json, stream, epoch);
    } else {
        for (size_t i = 0; (stream = journal_stream_at(journal, i)); i++)
            if (rights_cover(rights, journal_topic(stream)))
                put_stream(&json, stream, epoch);
    }
    json_close_array(&json);
    json_close_object(&json);
}

static void answer_ahead(journal_t *journal, renewal_t *renewal, const request_t *request, buffer_t *answer)
{
    const journal_stream_t *stream = journal_find(journal, request->topic);
    if (!stream) {
        answer_error(answer, request, ERROR_INVALID_TOPIC, "Invalid topic: %.*s", TEXT_ARG(request->topic));
        return;
    }
    renewal_result_t result = renewal_hear(renewal, stream, request->to, clock_mono_ns());
    if (result == RENEWAL_REFUSED || result == RENEWAL_FAILED) {
        answer_error(answer, request, ERROR_UNAVAILABLE, "No new epoch now: %s",
                     result == RENEWAL_FAILED ? "the journal has no room" : "too many requests, or not credible");
        return;
    }
    json_writer_t json = answer_begin(answer, request);
    json_put_u64(&json, "epoch", journal_epoch(journal));
    json_close_object(&json);
}

static const struct {
    const char *op;
    void (*answer)(journal_t *journal, text_t rights, const request_t *request, buffer_t *answer);
} operations[] = {
    {"range", answer_range},
    {"streams", answer_streams},
};

static void on_request(void *arg, text_t asker, text_t body, size_t parts)
{
    replay_t *self = arg;
    static log_limit_t unsent;
    const char *lacking = NULL;
    if (parts == 1)
        lacking = replay_answer(self->journal, self->renewal, &self->others, socket_rights(self->socket),
                                json_plain(body, &self->plain), &self->answer);
    else
        answer_frames_error(&self->answer, parts);
    if (lacking)
        socket_deny(self->socket, lacking, TEXT(""));
    self->counts.answers++;
    self->counts.errors += answer_is_error(buffer_text(&self->answer));
    self->counts.bytes += self->answer.length;
    if (!socket_answer(self->socket, asker, buffer_text(&self->answer)))
        log_warn_limited(&unsent, "replay: a peer does not read its answers: dropped");
}

static const socket_events_t events = {.name = "replay", .on_request = on_request};

replay_t *replay_new(loop_t *loop, const char *endpoint, journal_t *journal, renewal_t *renewal, replay_others_t others)
{
    replay_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->journal = journal;
    self->renewal = renewal;
    self->others = others;
    self->answer = buffer_new(ANSWER_MAX);
    self->plain = buffer_new(0);
    self->socket = socket_new(loop, SOCKET_ROUTER, 0, &events, self);
    if (!self->socket || !socket_bind(self->socket, endpoint))
        replay_destroy(&self);
    return self;
}

/* False: no such operation. */
static bool answer_op(journal_t *journal, const replay_others_t *others, text_t rights, const request_t *request,
                      buffer_t *answer)
{
    if (others && others->answer(others->arg, request, answer))
        return true;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (text_equal(request->op, text_of(operations[i].op))) {
            operations[i].answer(journal, rights, request, answer);
            return true;
        }
    return false;
}

static bool is_of_journal(text_t op)
{
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (text_equal(op, text_of(operations[i].op)))
            return true;
    return text_equal(op, TEXT("ahead"));
}

/* What was on the bus is for those who might have heard it there; the rest is for operators. NULL: nothing. */
static const char *lacks(text_t rights, const request_t *request)
{
    if (!is_of_journal(request->op))
        return rights_have(rights, TEXT("operate")) ? NULL : "operate";
    if (!rights_have(rights, TEXT("replay")))
        return "replay";
    return request->topic.length == 0 || rights_cover(rights, request->topic) ? NULL : "subscribe";
}

const char *replay_answer(journal_t *journal, renewal_t *renewal, const replay_others_t *others, text_t rights, text_t json,
                          buffer_t *answer)
{
    request_t request;
    buffer_clear(answer);
    journal_flush(journal);
    if (!request_parse(json, &request, answer))
        return NULL;
    const char *lacking = lacks(rights, &request);
    if (lacking) {
        answer_error(answer, &request, ERROR_FORBIDDEN, "this key has no right to %s", lacking);
        return lacking;
    }
    if (text_equal(request.op, TEXT("ahead"))) {
        answer_ahead(journal, renewal, &request, answer);
        return NULL;
    }
    if (!answer_op(journal, others, rights, &request, answer)) {
        answer_error(answer, &request, ERROR_UNKNOWN_OP,
                     "Unknown op: expected range, streams, ahead, offers, add or remove, found %.*s", TEXT_ARG(request.op));
    } else if (!buffer_ok(answer)) {
        buffer_clear(answer);
        answer_error(answer, &request, ERROR_INTERNAL, "Out of memory for the answer");
    }
    return NULL;
}

const replay_counts_t *replay_counts(const replay_t *self)
{
    return &self->counts;
}

void replay_destroy(replay_t **self_ref)
{
    replay_t *self = *self_ref;
    if (!self)
        return;
    socket_destroy(&self->socket);
    buffer_release(&self->answer);
    buffer_release(&self->plain);
    free(self);
    *self_ref = NULL;
}
