/* Over 400 lines, but one idea: a request, from the message it comes in to its answer, alone or in a batch. */
#include "gatewayd/forms/rpc.h"

#include "common/buffer.h"
#include "common/json/json.h"
#include "common/json/json_plain.h"
#include "common/list.h"
#include "gatewayd/forms/rpc_message.h"

#include <stdlib.h>

/* The answers of a batch, until all are there. */
typedef struct {
    size_t open; /* requests not answered yet, and one for the reading of the batch itself */
    buffer_t answers;
    size_t counted; /* of rpc_batches_t.bytes */
    bool over;      /* they were too many bytes: nothing of it is worked on any longer, and one error is the answer */
} rpc_batch_t;

struct rpc {
    const rpc_events_t *events;
    void *arg;
    rpc_counts_t *counts;
    dialect_t dialect;
    list_t requests;
    size_t open;
    rpc_batches_t batches;
};

/* The answer that is being written, of whichever peer: it has gone out, or is kept elsewhere, when the next one is begun. So a peer that is silent has no
 * memory for answers, and one that asks costs none. */
static buffer_t out = {.limit = REPLY_MAX};
static size_t mark; /* where in its buffer it begins */

/* A request waiting for its answer. */
typedef struct {
    reply_t reply;
    list_t in_rpc;
    rpc_t *rpc;
    rpc_batch_t *batch; /* NULL: on its own */
    size_t id_length;   /* 0: a notification */
    char id[];          /* raw JSON */
} rpc_request_t;

enum {
    KEPT_BYTES = 65536, /* a buffer that an answer made larger is given back */
    LONG_BYTES = 65536  /* of an answer: it is worth some thought where it goes */
};

#define NULL_ID TEXT("null")
#define HEAD    TEXT("{\"jsonrpc\":\"2.0\",\"id\":")
#define RESULT  TEXT(",\"result\":")

static void make_room(buffer_t *to)
{
    static const char room[RPC_ANSWER_ROOM];
    buffer_clear(to);
    buffer_append(to, (text_t){room, sizeof room});
}

/* Where an answer is written: behind the others of its batch, so that none is copied. That of a batch that is over nobody gets. */
static buffer_t *answer_buffer(rpc_batch_t *batch)
{
    return batch && !batch->over ? &batch->answers : &out;
}

static buffer_t *begin_answer(rpc_batch_t *batch)
{
    buffer_t *to = answer_buffer(batch);
    if (to == &out)
        make_room(to);
    mark = to->length;
    if (to != &out)
        buffer_append(to, to->length > RPC_ANSWER_ROOM ? TEXT(",") : TEXT("["));
    return to;
}

/* It is not sent after all. */
static void drop_answer(rpc_batch_t *batch)
{
    buffer_cut(answer_buffer(batch), mark);
}

static text_t answer_in(const buffer_t *buffer)
{
    return (text_t){buffer->bytes + RPC_ANSWER_ROOM, buffer->length - RPC_ANSWER_ROOM};
}

/* Wraps up a batch when nothing of it is open. */
static void batch_leave(rpc_t *self, rpc_batch_t *batch)
{
    if (--batch->open > 0)
        return;
    self->batches.count--;
    self->batches.bytes -= batch->counted;
    buffer_append(&batch->answers, TEXT("]"));
    if (batch->answers.capacity - batch->answers.length > LONG_BYTES)
        buffer_reserve(&batch->answers, 0); /* what was not needed is given back */
    bool ok = !batch->over && buffer_ok(&batch->answers);
    if (ok && batch->answers.length > RPC_ANSWER_ROOM + 1)
        self->events->on_answer(self->arg, answer_in(&batch->answers), &batch->answers);
    buffer_release(&batch->answers);
    free(batch);
    if (!ok)
        rpc_refuse(self, RPC_INTERNAL_ERROR, "The batch's replies are too large together");
}

static void count_batch(rpc_t *self, rpc_batch_t *batch)
{
    batch->over = batch->over || !buffer_ok(&batch->answers) || batch->answers.length > REPLY_MAX;
    if (batch->over)
        buffer_release(&batch->answers);
    self->batches.bytes += batch->answers.length - batch->counted; /* behind that nothing was written */
    batch->counted = batch->answers.length;
}

/* The answer is whole: it is sent, or stays in its batch. */
static void put_answer(rpc_t *self, rpc_batch_t *batch)
{
    if (batch)
        count_batch(self, batch);
    else
        self->events->on_answer(self->arg, answer_in(&out), NULL);
    if (out.capacity > KEPT_BYTES)
        buffer_release(&out);
}

static void print_error(rpc_t *self, rpc_batch_t *batch, text_t id, int code, const char *reason, text_t message)
{
    self->counts->errors++;
    buffer_t *to = begin_answer(batch);
    buffer_append(to, HEAD);
    buffer_append(to, id);
    dialect_put_error(self->dialect, code, reason, message, to);
    buffer_append(to, TEXT("}"));
}

/* An error for what never became a request. */
static void refuse(rpc_t *self, rpc_batch_t *batch, text_t id, int code, const char *message)
{
    print_error(self, batch, id, code, NULL, text_of(message));
    put_answer(self, batch);
}

/* Is it one thing more than the peer may ask? Then it is answered so, where it wants an answer. */
static bool is_too_much(rpc_t *self, rpc_batch_t *batch, text_t id)
{
    uint64_t retry_ms = self->events->limited ? self->events->limited(self->arg) : 0;
    if (retry_ms == 0)
        return false;
    self->counts->errors++;
    if (id.length == 0)
        return true;
    buffer_t *to = begin_answer(batch);
    buffer_append(to, HEAD);
    buffer_append(to, id);
    dialect_put_too_many(self->dialect, retry_ms, to);
    buffer_append(to, TEXT("}"));
    put_answer(self, batch);
    return true;
}

static void request_free(rpc_request_t *request)
{
    list_remove(&request->in_rpc);
    request->rpc->open--;
    free(request);
}

/* Answers with what was written, and ends the request. */
static void finish(rpc_request_t *request)
{
    rpc_t *self = request->rpc;
    rpc_batch_t *batch = request->batch;
    if (request->id_length > 0)
        put_answer(self, batch);
    else
        drop_answer(batch);
    request_free(request);
    if (batch)
        batch_leave(self, batch);
}

/* --- reply_t --- */

static rpc_request_t *request_of(reply_t *reply)
{
    return (rpc_request_t *)reply; /* its first member */
}

static bool is_wanted(const reply_t *reply)
{
    const rpc_batch_t *batch = ((const rpc_request_t *)reply)->batch;
    return !batch || !batch->over;
}

/* Of a batch with a long answer the others are likely to be as long: room for them all, so that nothing is moved while they
 * gather. */
static void expect_others(rpc_batch_t *batch, size_t length)
{
    buffer_t *answers = &batch->answers;
    if (length < LONG_BYTES || batch->over || length < answers->capacity - answers->length)
        return;
    size_t most = (answers->length < REPLY_MAX ? REPLY_MAX - answers->length : 0) + length; /* then the batch is over */
    size_t all = batch->open < most / length ? batch->open * length : most;
    buffer_reserve(answers, answers->length + all + LONG_BYTES);
}

static buffer_t *begin_result(rpc_request_t *request)
{
    buffer_t *to = begin_answer(request->batch);
    buffer_append(to, HEAD);
    buffer_append(to, (text_t){request->id, request->id_length});
    return to;
}

static bool is_admitted(const rpc_t *self, size_t bytes)
{
    return !self->events->admits || self->events->admits(self->arg, bytes);
}

static void finish_result(rpc_request_t *request)
{
    rpc_t *self = request->rpc;
    buffer_t *to = answer_buffer(request->batch);
    buffer_append(to, TEXT("}"));
    bool large = !buffer_ok(to) || to->length - mark > REPLY_MAX;
    bool crowded = !large && request->id_length > 0 && !is_admitted(self, to->length - mark);
    if (large || crowded)
        drop_answer(request->batch);
    if (large)
        reply_error(&request->reply, RPC_INTERNAL_ERROR, "The answer is too large");
    else if (crowded)
        reply_crowded(&request->reply);
    else
        finish(request);
}

static void answer_result(reply_t *reply, text_t result)
{
    rpc_request_t *request = request_of(reply);
    if (request->batch)
        expect_others(request->batch, result.length);
    buffer_t *to = begin_result(request);
    buffer_append(to, RESULT);
    buffer_append(to, result);
    finish_result(request);
}

static void answer_list(reply_t *reply, const reply_list_t *list)
{
    rpc_request_t *request = request_of(reply);
    dialect_put_list(request->rpc->dialect, list, begin_result(request));
    finish_result(request);
}

static void answer_placed(reply_t *reply, char *result, size_t length)
{
    rpc_request_t *request = request_of(reply);
    size_t id = request->id_length, head = HEAD.length + id + RESULT.length;
    if (request->batch || id == 0 || head > REPLY_ROOM - RPC_ANSWER_ROOM) {
        answer_result(reply, (text_t){result, length});
        return;
    }
    if (!is_admitted(request->rpc, length)) {
        reply_crowded(reply);
        return;
    }
    char *answer = result - head;
    memcpy(answer, HEAD.at, HEAD.length);
    memcpy(answer + HEAD.length, request->id, id);
    memcpy(answer + HEAD.length + id, RESULT.at, RESULT.length);
    rpc_t *self = request->rpc;
    self->events->on_answer(self->arg, (text_t){answer, head + length + 1}, NULL);
    request_free(request);
}

static void answer_error(reply_t *reply, int code, const char *reason, text_t message)
{
    rpc_request_t *request = request_of(reply);
    print_error(request->rpc, request->batch, (text_t){request->id, request->id_length}, code, reason, message);
    finish(request);
}

static const reply_kind_t rpc_reply = {
    .result = answer_result, .list = answer_list, .placed = answer_placed, .error = answer_error, .wanted = is_wanted};

/* --- requests --- */

static rpc_request_t *request_new(rpc_t *self, rpc_batch_t *batch, text_t id)
{
    rpc_request_t *request = malloc(sizeof *request + id.length);
    if (!request)
        return NULL;
    *request = (rpc_request_t){.reply = {&rpc_reply}, .rpc = self, .batch = batch, .id_length = id.length};
    if (id.length > 0)
        memcpy(request->id, id.at, id.length);
    list_init(&request->in_rpc);
    list_append(&self->requests, &request->in_rpc);
    self->open++;
    if (batch)
        batch->open++;
    return request;
}

/* The id is given back as it was written; what the params say is compared with what others wrote. */
static void carry_out(rpc_t *self, rpc_request_t *request, const rpc_message_t *message)
{
    buffer_t plain = buffer_new(0);
    self->events->on_request(self->arg, &request->reply, message->method, json_plain(message->params, &plain));
    buffer_release(&plain);
}

static void receive_one(rpc_t *self, rpc_batch_t *batch, text_t json)
{
    self->counts->requests++;
    rpc_message_t message;
    const char *wrong = rpc_message_read(&message, json);
    text_t id = message.id.length > 0 ? message.id : NULL_ID;
    rpc_request_t *request = NULL;
    if (is_too_much(self, batch, wrong ? id : message.id))
        return;
    if (wrong)
        refuse(self, batch, id, RPC_INVALID_REQUEST, wrong);
    else if (self->open >= RPC_OPEN_MAX || !(request = request_new(self, batch, message.id)))
        refuse(self, batch, id, RPC_LIMIT, "Too many requests are waiting");
    else if (json_kind(message.params) == JSON_ARRAY)
        reply_error(&request->reply, RPC_INVALID_PARAMS, "params: expected an object, found an array");
    else
        carry_out(self, request, &message);
}

static void receive_batch(rpc_t *self, text_t json)
{
    size_t count = 0;
    for (json_walk_t walk = json_walk(json); json_next(&walk);)
        count++;
    if (count == 0 || count > RPC_BATCH_MAX) {
        if (!is_too_much(self, NULL, NULL_ID))
            refuse(self, NULL, NULL_ID, RPC_INVALID_REQUEST,
                   count == 0 ? "Invalid Request: the batch is empty" : "Invalid Request: more than 100 requests in a batch");
        return;
    }
    rpc_batch_t *batch = malloc(sizeof *batch);
    if (!batch) {
        refuse(self, NULL, NULL_ID, RPC_INTERNAL_ERROR, "Out of memory");
        return;
    }
    self->batches.count++;
    *batch = (rpc_batch_t){
        .open = 1, .answers = buffer_new((size_t)2 * REPLY_MAX)}; /* one too large alone is no reason to drop the others */
    make_room(&batch->answers);
    for (json_walk_t walk = json_walk(json); !batch->over && json_next(&walk);)
        receive_one(self, batch, walk.value);
    batch_leave(self, batch);
}

rpc_t *rpc_new(const rpc_events_t *events, void *arg, rpc_counts_t *counts, dialect_t dialect)
{
    rpc_t *self = malloc(sizeof *self);
    if (!self)
        return NULL;
    *self = (rpc_t){.events = events, .arg = arg, .counts = counts, .dialect = dialect};
    list_init(&self->requests);
    return self;
}

void rpc_destroy(rpc_t **self_p)
{
    rpc_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    list_t *item;
    while ((item = list_take(&self->requests))) {
        rpc_request_t *request = LIST_OWNER(item, rpc_request_t, in_rpc);
        rpc_batch_t *batch = request->batch;
        free(request);
        if (batch && --batch->open == 0) {
            buffer_release(&batch->answers);
            free(batch);
        }
    }
    free(self);
}

void rpc_receive(rpc_t *self, text_t message)
{
    message = text_without_mark(message);
    if (!json_valid(message)) {
        if (!is_too_much(self, NULL, NULL_ID))
            rpc_refuse(self, RPC_PARSE_ERROR, "Parse error: expected one JSON value in UTF-8");
        return;
    }
    while (message.at[0] == ' ' || message.at[0] == '\t' || message.at[0] == '\r' || message.at[0] == '\n')
        message = (text_t){message.at + 1, message.length - 1}; /* valid: it ends before a value does */
    if (json_kind(message) == JSON_ARRAY)
        receive_batch(self, message);
    else
        receive_one(self, NULL, message);
}

void rpc_refuse(rpc_t *self, int code, const char *message)
{
    refuse(self, NULL, NULL_ID, code, message);
}

const rpc_batches_t *rpc_batches(const rpc_t *self)
{
    return &self->batches;
}
