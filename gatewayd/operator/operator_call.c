#include "gatewayd/operator/operator_call.h"

#include "common/json/json.h"
#include "gatewayd/forms/page_token.h"
#include "gatewayd/rest/rest.h"

#include <stdio.h>
#include <stdlib.h>

/* --- what is said --- */

void operator_note(operator_call_t *self, const char *text)
{
    snprintf(self->detail, sizeof self->detail, "%s", text);
}

void operator_refuse(operator_call_t *self, unsigned status, const char *text)
{
    operator_note(self, text);
    self->status = rest_problem(&self->body, status, "%s", text);
}

void operator_refuse_as_told(operator_call_t *self, unsigned status, text_t message)
{
    char room[REQUEST_MAX], quoted[REQUEST_MAX];
    text_t plain = TEXT("");
    int length = snprintf(quoted, sizeof quoted, "\"%.*s\"", TEXT_ARG(message));
    if (length > 0 && (size_t)length < sizeof quoted)
        json_string((text_t){quoted, (size_t)length}, room, &plain);
    snprintf(self->detail, sizeof self->detail, "%.*s", TEXT_ARG(plain));
    self->status = rest_problem(&self->body, status, "%.*s", TEXT_ARG(plain));
}

static void become(operator_call_t *self, unsigned status)
{
    self->status = status;
    if (!buffer_ok(&self->body))
        operator_refuse(self, 503, "Out of memory for the answer");
}

void operator_put_answer(operator_call_t *self, text_t answer)
{
    json_writer_t json = json_write(&self->body);
    json_open_object(&json, NULL);
    json_put_text(&json, "version", TEXT("v1"));
    for (json_walk_t walk = json_walk(answer); json_next(&walk);) {
        if (text_equal(walk.key, TEXT("ok")) || text_equal(walk.key, TEXT("id")))
            continue;
        json_put_name(&json, walk.key);
        json_put_raw(&json, NULL, walk.value);
    }
    json_close_object(&json);
    become(self, 200);
}

/* --- parameters --- */

static bool knows(const char *const *names, text_t name)
{
    while (*names && !text_equal(name, text_of(*names)))
        names++;
    return *names != NULL;
}

bool operator_check_names(operator_call_t *self, const rest_query_t *query, const char *const *names)
{
    for (size_t i = 0; i < query->count; i++) {
        if (knows(names, query->arguments[i].name))
            continue;
        operator_note(self, "an unknown parameter");
        self->status =
            rest_problem(&self->body, 400, "%.*s: no such parameter here", TEXT_ARG(param_found(query->arguments[i].name)));
        return false;
    }
    return true;
}

static bool read_count(operator_call_t *self, const rest_query_t *query, size_t *count)
{
    uint64_t number = OPERATOR_PAGE_DEFAULT;
    text_t text = rest_query_get(query, "count");
    *count = OPERATOR_PAGE_DEFAULT;
    if (text.at && (!text_to_u64(text, &number) || number < 1 || number > OPERATOR_PAGE_MAX)) {
        operator_refuse(self, 400, "count: expected a whole number from 1 to 1000");
        return false;
    }
    *count = (size_t)number;
    return true;
}

_Static_assert(OPERATOR_PAGE_MAX == 1000, "read_count names it");

static bool refuse_cursor(operator_call_t *self)
{
    operator_refuse(self, 400, "cursor: expected the `next` of an earlier page");
    return false;
}

/* --- lists --- */

static void list_end(operator_call_t *self)
{
    list_remove(&self->in_lists);
    become(self, 200);
    self->ready(self->arg);
}

/* Of the list whose turn it is; then it is another one's. */
static bool list_piece(void *arg)
{
    operator_calls_t *calls = arg;
    list_t *first = list_take(&calls->listing);
    if (!first)
        return false;
    operator_call_t *self = LIST_OWNER(first, operator_call_t, in_lists);
    if (calls->lists->clients_step(&self->list) && buffer_ok(&self->body))
        list_append(&calls->listing, &self->in_lists);
    else
        list_end(self);
    return !list_empty(&calls->listing);
}

static void list_clients(operator_call_t *self, const rest_query_t *query)
{
    static const char *const names[] = {"count", "cursor", NULL};
    size_t count;
    uint64_t after = 0;
    text_t cursor = rest_query_get(query, "cursor");
    buffer_t plain = buffer_new(0);
    bool good = operator_check_names(self, query, names) && read_count(self, query, &count);
    if (good && cursor.at && !(page_token_decode(&plain, cursor) && text_to_u64(buffer_text(&plain), &after)))
        good = refuse_cursor(self);
    buffer_release(&plain);
    if (!good)
        return;
    self->calls->lists->clients_begin(&self->list, self->calls->hub, after, count, &self->body);
    list_append(&self->calls->listing, &self->in_lists);
    share_wake(self->calls->share);
}

static void answer_subscriptions(operator_call_t *self, const rest_query_t *query, text_t after, size_t count)
{
    text_t client = rest_query_get(query, "client");
    uint64_t id = 0;
    if (client.at && !text_to_u64(client, &id)) {
        operator_refuse(self, 400, "client: expected the id of a client");
        return;
    }
    const operator_lists_t *lists = self->calls->lists;
    subscription_list_t printed = client.at ? lists->streams_of(self->calls->hub, id, after, count, &self->body)
                                            : lists->streams(self->calls->hub, after, count, &self->body);
    if (printed == SUBSCRIPTION_LIST_NO_CLIENT)
        operator_refuse(self, 404, "client: there is no client of this id, or it has left");
    else if (printed == SUBSCRIPTION_LIST_NO_MEMORY)
        operator_refuse(self, 503, "Out of memory for the answer");
    else
        become(self, 200);
}

static void list_subscriptions(operator_call_t *self, const rest_query_t *query)
{
    static const char *const names[] = {"client", "count", "cursor", NULL};
    size_t count;
    text_t after = TEXT(""), cursor = rest_query_get(query, "cursor");
    buffer_t plain = buffer_new(0);
    bool good = operator_check_names(self, query, names) && read_count(self, query, &count);
    if (good && cursor.at &&
        !(page_token_decode(&plain, cursor) && json_valid(buffer_text(&plain)) &&
          json_plain_string(buffer_text(&plain), &after)))
        good = refuse_cursor(self);
    if (good)
        answer_subscriptions(self, query, after, count);
    buffer_release(&plain);
}

/* --- drain --- */

static void drain(operator_call_t *self)
{
    json_writer_t json = json_write(&self->body);
    json_open_object(&json, NULL);
    json_put_text(&json, "version", TEXT("v1"));
    json_put_bool(&json, "draining", true);
    json_put_u64(&json, "clients", self->calls->hub->client_count);
    json_close_object(&json);
    snprintf(self->detail, sizeof self->detail, "%zu clients", self->calls->hub->client_count);
    become(self, 202);
    self->calls->drain(self->calls->arg);
}

/* --- operator_call.h --- */

static void start(operator_call_t *self, const operator_target_t *target, text_t method, const rest_query_t *query)
{
    static const char *const none[] = {NULL};
    switch (target->place) {
    case OPERATOR_CLIENTS:
        list_clients(self, query);
        break;
    case OPERATOR_SUBSCRIPTIONS:
        list_subscriptions(self, query);
        break;
    case OPERATOR_HISTORY:
        operator_clear(self, target, query);
        break;
    case OPERATOR_OFFERS:
    case OPERATOR_SYMBOL:
        if (operator_check_names(self, query, none))
            operator_order(self, target, method);
        break;
    case OPERATOR_DRAIN:
        if (operator_check_names(self, query, none))
            drain(self);
        break;
    }
}

bool operator_call_start(operator_call_t *self, operator_calls_t *calls, const operator_target_t *target, text_t method,
                         const rest_query_t *query, void (*ready)(void *arg), void *arg)
{
    *self = (operator_call_t){.calls = calls, .body = buffer_new(OPERATOR_BODY_MAX), .ready = ready, .arg = arg};
    list_init(&self->in_lists);
    start(self, target, method, query);
    return self->status != 0;
}

void operator_call_release(operator_call_t *self)
{
    if (!self->calls)
        return;
    list_remove(&self->in_lists);
    symbol_order_cancel(&self->order);
    clear_cancel(&self->clear);
    buffer_release(&self->body);
}

operator_calls_t *operator_calls_new(loop_t *loop, hub_t *hub, const operator_lists_t *lists, void (*drained)(void *arg),
                                     void *arg)
{
    operator_calls_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (operator_calls_t){
        .hub = hub, .lists = lists, .drain = drained, .arg = arg, .connectord = buffer_new(0), .cached = buffer_new(0)};
    list_init(&self->listing);
    self->share = share_new(loop, SHARE_ANSWERS_US, list_piece, self);
    if (!self->share)
        operator_calls_destroy(&self);
    return self;
}

void operator_calls_destroy(operator_calls_t **self_ref)
{
    operator_calls_t *self = *self_ref;
    if (!self)
        return;
    *self_ref = NULL;
    share_destroy(&self->share);
    buffer_release(&self->connectord);
    buffer_release(&self->cached);
    free(self);
}

bool operator_calls_set_tokens(operator_calls_t *self, const char *connectord, const char *cached)
{
    buffer_clear(&self->connectord);
    buffer_clear(&self->cached);
    buffer_append(&self->connectord, text_of(connectord));
    buffer_append(&self->cached, text_of(cached));
    if (buffer_ok(&self->connectord) && buffer_ok(&self->cached))
        return true;
    buffer_clear(&self->connectord);
    buffer_clear(&self->cached);
    return false;
}
