#include "tests/bench/played_bus.h"

#include "common/clock.h"
#include "proto/request.h"
#include "proto/status.h"
#include "proto/topic.h"
#include "tests/bench/sample.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <zmq.h>

enum { PAGE_BYTES = 1 << 22, ROUTE_MAX = 256, POLL_MS = 50 };

struct bus {
    void *context, *publish, *replay;
    unsigned symbols;
    const sample_form_t *form;
    _Atomic uint64_t *last; /* seq of each symbol */
    int64_t beat_ns;        /* when the next heartbeat is due */
    buffer_t names, status; /* of the heartbeat */
    buffer_t answer;        /* of replay's thread */
    pthread_t thread;
    bool running;
    atomic_bool ending;
};

/* --- replay --- */

static void answer_streams(played_bus_t *self, const request_t *request)
{
    char topic[TOPIC_MAX];
    const char *comma = "";
    answer_begin(&self->answer, request);
    buffer_printf(&self->answer, ",\"epoch\":%llu,\"streams\":[", (unsigned long long)SAMPLE_EPOCH);
    for (unsigned i = 0; i < self->symbols; i++) {
        size_t length = self->form->topic(topic, i);
        text_t name = {topic, length};
        if (request->topic.length > 0 && !text_equal(request->topic, name))
            continue;
        buffer_printf(&self->answer, "%s{\"topic\":\"%.*s\",\"first\":\"%llu-1\",\"last\":\"%llu-%llu\"}", comma,
                      TEXT_ARG(name), (unsigned long long)SAMPLE_EPOCH, (unsigned long long)SAMPLE_EPOCH,
                      (unsigned long long)atomic_load(&self->last[i]));
        comma = ",";
    }
    buffer_append(&self->answer, TEXT("]}"));
}

static unsigned symbol_of(text_t topic)
{
    unsigned symbol = 0;
    const char *at = memmem(topic.at, topic.length, ".S", 2), *end = topic.at + topic.length;
    for (int i = 0; at && i < 4 && at + 2 + i < end; i++)
        symbol = symbol * 10 + (unsigned)(at[2 + i] - '0');
    return symbol;
}

static void answer_range(played_bus_t *self, const request_t *request)
{
    unsigned symbol = symbol_of(request->topic);
    uint64_t last = symbol < self->symbols ? atomic_load(&self->last[symbol]) : 0, taken = 0;
    uint64_t seq = request->has_from && request->from.epoch == SAMPLE_EPOCH ? request->from.seq : 1;
    if (request->has_to && request->to.seq < last)
        last = request->to.seq;
    seq += seq == 0;
    answer_begin(&self->answer, request);
    buffer_append(&self->answer, TEXT(",\"trades\":["));
    for (; seq <= last && taken < request->count && self->answer.length < PAGE_BYTES; seq++, taken++) {
        char trade[SAMPLE_MAX];
        buffer_append(&self->answer, taken ? TEXT(",") : TEXT(""));
        buffer_append(&self->answer, (text_t){trade, self->form->record(trade, symbol, seq)});
    }
    buffer_append(&self->answer, TEXT("],\"missing\":0"));
    if (seq <= last)
        buffer_printf(&self->answer, ",\"next\":\"%llu-%llu\"", (unsigned long long)SAMPLE_EPOCH, (unsigned long long)seq);
    buffer_append(&self->answer, TEXT("}"));
}

static void answer_one(played_bus_t *self, text_t json)
{
    request_t request;
    buffer_clear(&self->answer);
    if (!request_parse(json, &request, &self->answer))
        return;
    if (text_equal(request.op, TEXT("range")))
        answer_range(self, &request);
    else if (text_equal(request.op, TEXT("streams")))
        answer_streams(self, &request);
    else
        answer_error(&self->answer, &request, ERROR_UNKNOWN_OP, "expected range or streams");
}

/* Peer, an empty frame, the request. */
static void serve(played_bus_t *self)
{
    char route[ROUTE_MAX], empty[1], json[REQUEST_MAX];
    int peer = zmq_recv(self->replay, route, sizeof route, 0);
    int gap = zmq_recv(self->replay, empty, sizeof empty, 0);
    int length = zmq_recv(self->replay, json, sizeof json, 0);
    if (peer <= 0 || gap != 0 || length <= 0 || length > (int)sizeof json)
        return;
    answer_one(self, (text_t){json, (size_t)length});
    zmq_send(self->replay, route, (size_t)peer, ZMQ_SNDMORE);
    zmq_send(self->replay, "", 0, ZMQ_SNDMORE);
    zmq_send(self->replay, self->answer.bytes, self->answer.length, 0);
}

static void *run_replay(void *arg)
{
    played_bus_t *self = arg;
    while (!atomic_load(&self->ending)) {
        zmq_pollitem_t item = {.socket = self->replay, .events = ZMQ_POLLIN};
        if (zmq_poll(&item, 1, POLL_MS) == 1)
            serve(self);
    }
    return NULL;
}

/* --- the bus --- */

static void heartbeat(played_bus_t *self)
{
    const char *comma = "{";
    char symbol[SAMPLE_SYMBOL_LENGTH];
    buffer_clear(&self->names);
    for (unsigned i = 0; i < self->symbols; i++, comma = ",")
        buffer_printf(&self->names, "%s\"%s%.*s\":%llu", comma, self->form->before, (int)sample_symbol(symbol, i), symbol,
                      (unsigned long long)atomic_load(&self->last[i]));
    buffer_append(&self->names, TEXT("}"));
    status_t status = {.event = STATUS_HEARTBEAT,
                       .source = TEXT(SAMPLE_SOURCE),
                       .connected = true,
                       .health = 100,
                       .epoch = SAMPLE_EPOCH,
                       .breaker = TEXT("closed"),
                       .stale = TEXT("{}"),
                       .channels = text_of(self->form->channels),
                       .time_ns = clock_real_ns(),
                       .since_ns = clock_real_ns(),
                       .symbols = buffer_text(&self->names)};
    buffer_clear(&self->status);
    status_print(&self->status, &status);
    static const char topic[] = "status." SAMPLE_SOURCE;
    zmq_send(self->publish, topic, sizeof topic - 1, ZMQ_SNDMORE);
    zmq_send(self->publish, self->status.bytes, self->status.length, 0);
}

void played_bus_turn(played_bus_t *self, int64_t now_ns)
{
    if (now_ns < self->beat_ns)
        return;
    self->beat_ns = now_ns + NS_PER_S / 5;
    heartbeat(self);
}

void played_bus_publish(played_bus_t *self, unsigned symbol)
{
    char topic[TOPIC_MAX], trade[SAMPLE_MAX];
    uint64_t seq = atomic_load_explicit(&self->last[symbol], memory_order_relaxed) + 1;
    atomic_store(&self->last[symbol], seq);
    zmq_send(self->publish, topic, self->form->topic(topic, symbol), ZMQ_SNDMORE);
    zmq_send(self->publish, trade, self->form->record(trade, symbol, seq), 0);
}

static void *bind_socket(void *context, int type, const char *endpoint)
{
    void *socket = zmq_socket(context, type);
    zmq_setsockopt(socket, ZMQ_LINGER, &(int){0}, sizeof(int));
    if (type == ZMQ_PUB)
        zmq_setsockopt(socket, ZMQ_XPUB_NODROP, &(int){1}, sizeof(int));
    if (zmq_bind(socket, endpoint) == 0)
        return socket;
    zmq_close(socket);
    return NULL;
}

played_bus_t *played_bus_new(const char *publish, const char *replay, unsigned symbols, const sample_form_t *form)
{
    played_bus_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->symbols = symbols;
    self->form = form;
    self->last = calloc(symbols, sizeof *self->last);
    self->names = buffer_new(0);
    self->status = buffer_new(0);
    self->answer = buffer_new(0);
    self->context = zmq_ctx_new();
    self->publish = bind_socket(self->context, ZMQ_PUB, publish);
    self->replay = bind_socket(self->context, ZMQ_ROUTER, replay);
    if (!self->last || !self->publish || !self->replay)
        played_bus_destroy(&self);
    else
        self->running = pthread_create(&self->thread, NULL, run_replay, self) == 0;
    return self;
}

void played_bus_destroy(played_bus_t **self_ref)
{
    played_bus_t *self = *self_ref;
    if (!self)
        return;
    atomic_store(&self->ending, true);
    if (self->running)
        pthread_join(self->thread, NULL);
    if (self->publish)
        zmq_close(self->publish);
    if (self->replay)
        zmq_close(self->replay);
    zmq_ctx_term(self->context);
    buffer_release(&self->names);
    buffer_release(&self->status);
    buffer_release(&self->answer);
    free(self->last);
    free(self);
    *self_ref = NULL;
}
