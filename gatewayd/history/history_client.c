#include "gatewayd/history/history_client.h"

#include "common/json/json.h"
#include "common/list.h"
#include "proto/request.h"
#include "proto/trade.h"

#include <assert.h>
#include <stdlib.h>

enum { REPLAYS_MAX = 16 };

struct history_client {
    const history_service_t *service;
    void *services[1 + REPLAYS_MAX]; /* history first */
    size_t count;
    list_t calls;
    bool alive;
    history_call_t *probe;
};

struct history_call {
    list_t in_client;
    history_client_t *client;
    size_t asked; /* the service's number */
    uint64_t handle;
    requester_fn *done;           /* of a plain question */
    history_range_fn *range_done; /* of a range */
    void *arg;
    cursor_t from;
    bool unheard; /* of a journal nothing was heard: it may have what is asked for */
    buffer_t request;
    buffer_t lacking; /* history's answer that lacks something, while the replays are asked */
};

static uint64_t send_by_requester(void *service, text_t request, requester_fn *done, void *arg)
{
    return requester_send(service, request, done, arg);
}

static void cancel_by_requester(void *service, uint64_t handle)
{
    requester_cancel(service, handle);
}

static size_t endpoints_of_requester(const void *service)
{
    return requester_endpoints(service);
}

static uint64_t send_to_by_requester(void *service, size_t endpoint, text_t request, uint32_t limit_ms, requester_fn *done,
                                     void *arg)
{
    return requester_send_to(service, endpoint, request, limit_ms, done, arg);
}

const history_service_t history_requester = {.send = send_by_requester,
                                             .cancel = cancel_by_requester,
                                             .endpoints = endpoints_of_requester,
                                             .send_to = send_to_by_requester};

static history_call_t *call_new(history_client_t *self, void *arg)
{
    history_call_t *call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    call->client = self;
    call->arg = arg;
    call->request = buffer_new(REQUEST_MAX);
    call->lacking = buffer_new(0);
    list_init(&call->in_client);
    list_append(&self->calls, &call->in_client);
    return call;
}

static void call_free(history_call_t *call)
{
    list_remove(&call->in_client);
    buffer_release(&call->request);
    buffer_release(&call->lacking);
    free(call);
}

static void on_answer(void *arg, text_t answer)
{
    history_call_t *call = arg;
    requester_fn *done = call->done;
    void *done_arg = call->arg;
    call_free(call);
    done(done_arg, answer);
}

/* The cursor of a page's first trade; false when it has none. */
static bool first_cursor(const range_answer_t *page, cursor_t *cursor)
{
    json_walk_t walk = json_walk(page->trades);
    return json_next(&walk) && trade_cursor(walk.value, cursor);
}

/* Does the page begin where it was asked to, without a hole? */
static bool complete(const history_call_t *call, const range_answer_t *page)
{
    cursor_t first;
    return page->missing == 0 && first_cursor(page, &first) && cursor_compare(first, call->from) == 0;
}

/* Does history's page reach further back than the journal's? */
static bool reaches_further(const range_answer_t *history, const range_answer_t *journal)
{
    cursor_t history_first, journal_first;
    if (!first_cursor(history, &history_first))
        return false;
    return !first_cursor(journal, &journal_first) || cursor_compare(history_first, journal_first) < 0;
}

static void finish_range(history_call_t *call, range_certainty_t certainty, const range_answer_t *page)
{
    list_remove(&call->in_client);
    call->range_done(call->arg, certainty, page);
    call_free(call);
}

static void on_range_answer(void *arg, text_t answer);

/* Sends the range to the next service that takes it, from call->asked on; false when there is none. */
static bool ask_next(history_call_t *call)
{
    history_client_t *self = call->client;
    for (; call->asked < self->count; call->asked++) {
        call->handle = self->service->send(self->services[call->asked], buffer_text(&call->request), on_range_answer, call);
        if (call->handle != 0)
            return true;
        call->unheard = true;
    }
    return false;
}

static void on_range_answer(void *arg, text_t answer)
{
    history_call_t *call = arg;
    range_answer_t page = {0}, lacking;
    bool from_history = call->asked == 0;
    bool readable = range_answer_parse(answer, &page);
    if (from_history && readable && complete(call, &page)) {
        finish_range(call, RANGE_OPEN, &page);
        return;
    }
    bool has_lacking = call->lacking.length > 0 && range_answer_parse(buffer_text(&call->lacking), &lacking);
    if (!from_history && readable) { /* the journal, which knows */
        if (has_lacking && reaches_further(&lacking, &page))
            finish_range(call, RANGE_OPEN, &lacking);
        else
            finish_range(call, RANGE_FINAL, &page);
        return;
    }
    if (from_history && readable)
        buffer_append(&call->lacking, answer);
    call->unheard = call->unheard || (!from_history && answer.length == 0);
    call->asked++;
    if (ask_next(call))
        return;
    if (call->lacking.length == 0 || !range_answer_parse(buffer_text(&call->lacking), &lacking))
        finish_range(call, RANGE_UNKNOWN, &(range_answer_t){.trades = {"", 0}});
    else
        finish_range(call, call->unheard ? RANGE_UNKNOWN : RANGE_OPEN, &lacking);
}

static void on_probed(void *arg, text_t answer)
{
    history_client_t *self = arg;
    self->probe = NULL;
    self->alive = answer.length > 0;
}

history_client_t *history_client_new(const history_service_t *service, void *history, void *const *replays, size_t replay_count)
{
    assert(replay_count <= REPLAYS_MAX);
    history_client_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->service = service;
    self->services[0] = history;
    for (size_t i = 0; i < replay_count; i++)
        self->services[1 + i] = replays[i];
    self->count = 1 + replay_count;
    list_init(&self->calls);
    return self;
}

void history_client_destroy(history_client_t **self_p)
{
    history_client_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    list_t *item;
    while ((item = list_take(&self->calls))) {
        history_call_t *call = LIST_OWNER(item, history_call_t, in_client);
        history_cancel(&call);
    }
    free(self);
}

history_call_t *history_range(history_client_t *self, text_t topic, cursor_t from, cursor_t to, uint64_t count,
                              history_range_fn *done, void *arg)
{
    history_call_t *call = call_new(self, arg);
    if (!call)
        return NULL;
    call->range_done = done;
    call->from = from;
    range_request_print(&call->request, topic, from, &to, count);
    if (buffer_ok(&call->request) && ask_next(call))
        return call;
    call_free(call);
    return NULL;
}

history_call_t *history_ask(history_client_t *self, text_t request, requester_fn *done, void *arg)
{
    history_call_t *call = call_new(self, arg);
    if (!call)
        return NULL;
    call->done = done;
    call->handle = self->service->send(self->services[0], request, on_answer, call);
    if (call->handle != 0)
        return call;
    call_free(call);
    return NULL;
}

size_t history_count(const history_client_t *self)
{
    return self->service->endpoints(self->services[0]);
}

/* To an endpoint of a service, by their numbers. */
static history_call_t *ask_endpoint(history_client_t *self, size_t service, size_t endpoint, text_t request, uint32_t limit_ms,
                                    requester_fn *done, void *arg)
{
    history_call_t *call = call_new(self, arg);
    if (!call)
        return NULL;
    call->done = done;
    call->asked = service;
    call->handle = self->service->send_to(self->services[service], endpoint, request, limit_ms, on_answer, call);
    if (call->handle != 0)
        return call;
    call_free(call);
    return NULL;
}

history_call_t *history_ask_one(history_client_t *self, size_t number, text_t request, uint32_t limit_ms, requester_fn *done,
                                void *arg)
{
    return ask_endpoint(self, 0, number, request, limit_ms, done, arg);
}

size_t history_replays(const history_client_t *self)
{
    return self->count - 1;
}

history_call_t *history_ask_replay(history_client_t *self, size_t number, text_t request, uint32_t limit_ms, requester_fn *done,
                                   void *arg)
{
    return ask_endpoint(self, 1 + number, 0, request, limit_ms, done, arg);
}

void history_cancel(history_call_t **call_p)
{
    history_call_t *call = *call_p;
    if (!call)
        return;
    *call_p = NULL;
    call->client->service->cancel(call->client->services[call->asked], call->handle);
    call_free(call);
}

void history_probe(history_client_t *self)
{
    if (self->probe)
        return;
    self->probe = history_ask(self, TEXT(REQUEST_OF("symbols")), on_probed, self);
    if (!self->probe)
        self->alive = false;
}

bool history_alive(const history_client_t *self)
{
    return self->alive;
}
