/* Over 400 lines, but one idea: a request of REST, from its head to its answer, which may come later. */
#include "gatewayd/rest/rest_http.h"

#include "gatewayd/admission/bearer.h"
#include "gatewayd/admission/cors_answer.h"
#include "gatewayd/admission/peers.h"
#include "gatewayd/auth/grants.h"
#include "gatewayd/clients/caller.h"
#include "gatewayd/rest/http_rates.h"
#include "gatewayd/rest/rest.h"
#include "gatewayd/rest/rest_answer.h"
#include "gatewayd/rest/sse_answer.h"
#include "gatewayd/streams/recent.h"
#include "gatewayd/web/assets.h"

#include <stdlib.h>

enum { KEPT_MAX = 256 /* of a header, for an answer that comes later */ };

#define METHODS "GET, HEAD, OPTIONS"
#define STREAM_METHODS                                                                                                         \
    "GET, OPTIONS" /* its headers come when its subscribes have been answered: nothing that HEAD should cause */

struct rest_http {
    hub_t *hub;
    peers_t *waiting; /* calls of each address */
    rest_stream_fn *stream;
    void *arg;
    origins_t origins;
};

/* A request under way: on the stack, unless its answer comes later. */
typedef struct {
    rest_http_t *rest_http;
    http_connection_t *connection;
    rest_answer_t answer;
    identity_t identity; /* who asks; empty: everyone */
    grant_t *grant;      /* of a stream, until that has it; NULL: nobody needs one */
    caller_t caller;     /* of a method, which answers to `reply`; closed unless `called` */
    reply_t reply;
    bool called, answered;
    bool calling;                                     /* the method is being called: the answer may come within */
    char known_room[KEPT_MAX], origin_room[KEPT_MAX]; /* If-None-Match and Origin, when the request is gone */
    char address[HTTP_PEER_MAX];                      /* the client's */
} rest_call_t;

/* Who asks by a token, and what its role may in a second. False: nobody's token was needed. */
static bool find_subject(const rest_call_t *call, rate_subject_t *subject, const role_limits_t **limits)
{
    if (!call->identity.role)
        return false;
    *subject = (rate_subject_t){role_name(call->identity.role), identity_subject(&call->identity)};
    *limits = role_limits(call->identity.role);
    return true;
}

static void send_answer(rest_call_t *call)
{
    rate_subject_t subject;
    const role_limits_t *limits;
    if (find_subject(call, &subject, &limits))
        rates_answered_subject(call->rest_http->hub->rates, &subject, limits,
                               call->answer.ready ? answer_text(call->answer.ready).length : call->answer.body.length);
    if (call->called)
        budget_hold(&call->caller.account, 0); /* it is the connection's to keep now */
    rest_answer_send(&call->answer, call->connection, &call->rest_http->origins.reading, call->rest_http->hub->recent);
}

/* --- a method is called, and answers: reply_t --- */

/* What the answer is stands in the call. */
static void answered(rest_call_t *call)
{
    call->answered = true;
    if (!call->calling)
        http_wake(call->connection);
}

static rest_call_t *call_of(reply_t *reply)
{
    return LIST_OWNER(reply, rest_call_t, reply);
}

static void reply_with_error(reply_t *reply, int code, const char *reason, text_t message)
{
    rest_call_t *call = call_of(reply);
    call->caller.hub->rpc_counts.errors++;
    if (call->answered)
        return; /* nobody waits for it */
    call->answer.status = rest_problem_of(call->answer.route, code, reason, message, &call->answer.body);
    call->answer.refusal = reason ? auth_refusal_of(text_of(reason)) : AUTH_GRANTED;
    answered(call);
}

/* What was found stands in the body. */
static void reply_with_body(rest_call_t *call)
{
    if (!buffer_ok(&call->answer.body) || call->answer.body.length > REPLY_MAX) {
        reply_error(&call->reply, RPC_INTERNAL_ERROR, "The answer is too large");
    } else if (!caller_admits(&call->caller, call->answer.body.length)) {
        reply_crowded(&call->reply);
    } else if (!call->answered) { /* as it may have been just now: crowded */
        call->answer.status = 200;
        call->caller.hub->counts.writes++;
        call->caller.hub->counts.bytes += call->answer.body.length;
        answered(call);
        caller_account(&call->caller);
    }
}

static void reply_with_result(reply_t *reply, text_t result)
{
    rest_call_t *call = call_of(reply);
    if (call->answered)
        return;
    rest_put_result(call->answer.route, result, &call->answer.body);
    reply_with_body(call);
}

static void reply_with_list(reply_t *reply, const reply_list_t *list)
{
    rest_call_t *call = call_of(reply);
    if (call->answered)
        return;
    rest_put_list(call->answer.route, list, &call->answer.body);
    reply_with_body(call);
}

static void reply_with_placed(reply_t *reply, char *result, size_t length)
{
    rest_call_t *call = call_of(reply);
    if (call->answered)
        return;
    buffer_append(&call->answer.body, (text_t){result, length});
    reply_with_body(call);
}

static bool is_wanted(const reply_t *reply)
{
    (void)reply;
    return true;
}

static const reply_kind_t rest_reply = {.result = reply_with_result,
                                        .list = reply_with_list,
                                        .placed = reply_with_placed,
                                        .error = reply_with_error,
                                        .wanted = is_wanted};

/* --- caller_events_t --- */

static size_t waiting(caller_t *caller)
{
    const rest_call_t *call = LIST_OWNER(caller, rest_call_t, caller);
    return call->answered ? call->answer.body.capacity : 0;
}

static void on_crowded(caller_t *caller, text_t why)
{
    rest_call_t *call = LIST_OWNER(caller, rest_call_t, caller);
    call->answer.status = rest_problem(&call->answer.body, 503, "%.*s", TEXT_ARG(why));
    answered(call);
}

static bool takes_answer(caller_t *caller)
{
    return !LIST_OWNER(caller, rest_call_t, caller)->answered;
}

static bool gathers(caller_t *caller)
{
    (void)caller; /* it asks one thing */
    return false;
}

static const caller_events_t caller_events = {
    .waiting = waiting, .crowded = on_crowded, .ready = takes_answer, .gathers = gathers};

/* --- an answer that comes later --- */

static void call_free(rest_call_t *call)
{
    if (call->called) {
        peers_leave(call->rest_http->waiting, text_of(call->address));
        call->answered = call->calling = true; /* what is cancelled answers, too */
        caller_cancel(&call->caller);
        caller_close(&call->caller);
        call->rest_http->hub->call_count--;
    }
    identity_release(&call->identity);
    buffer_release(&call->answer.body);
    free(call);
}

static void on_ready(void *owner)
{
    rest_call_t *call = owner;
    if (!call->answered)
        return;
    send_answer(call);
    call_free(call);
}

static void on_closed(void *owner)
{
    rest_call_t *call = owner;
    call_free(call);
}

static const http_owner_t call_owner = {.ready = on_ready, .closed = on_closed};

static text_t keep_text(text_t text, char room[static KEPT_MAX])
{
    if (text.length > KEPT_MAX)
        return (text_t){"", 0};
    memcpy(room, text.at, text.length);
    return (text_t){room, text.length};
}

static rest_call_t *keep_call(rest_call_t *now)
{
    rest_call_t *call = malloc(sizeof *call);
    if (!call)
        return NULL;
    *call = *now;
    now->identity = (identity_t){0};
    call->answered = false;
    call->answer.known = keep_text(now->answer.known, call->known_room);
    call->answer.origin = keep_text(now->answer.origin, call->origin_room);
    return call;
}

static void begin_call(rest_call_t *call, const rest_request_t *request)
{
    hub_t *hub = call->rest_http->hub;
    peers_enter(call->rest_http->waiting, text_of(call->address));
    hub->call_count++;
    hub->rpc_counts.requests++;
    caller_open(&call->caller, hub, &caller_events, ANSWER_REST);
    if (call->identity.role)
        call->caller.identity = &call->identity;
    call->reply.kind = &rest_reply;
    call->called = call->calling = true;
    caller_call(&call->caller, request->method, rest_request_value, request, &call->reply);
    call->calling = false;
}

/* Is there room for one more call? Whatever one address asks, others find some. */
static bool has_room(const rest_call_t *call)
{
    size_t left = REST_HTTP_CALLS_MAX - call->rest_http->hub->call_count;
    return call->rest_http->hub->call_count < REST_HTTP_CALLS_MAX &&
           peers_count(call->rest_http->waiting, text_of(call->address)) < left;
}

/* Has the method carry it out. The answer may be there at once. */
static void ask(rest_call_t *now, const rest_request_t *request)
{
    rest_call_t *call = keep_call(now);
    if (!call) {
        cors_answer_failure(now->connection);
        return;
    }
    http_peer(call->connection, call->address);
    if (has_room(call)) {
        begin_call(call, request);
    } else {
        call->answer.status = rest_problem(&call->answer.body, 503, "Too many requests are waiting");
        call->answered = true;
    }
    if (!call->answered) {
        http_wait(call->connection, &call_owner, call);
        return;
    }
    send_answer(call);
    call_free(call);
}

/* --- the request --- */

/* The answer is a stream, or a word why not; HEAD gets none either. */
static void open_stream(rest_call_t *call, const http_request_t *request, const rest_query_t *query)
{
    buffer_t headers = buffer_new(0);
    cors_append(&call->rest_http->origins.reading, call->answer.origin, &headers);
    call->answer.methods = STREAM_METHODS;
    if (http_request_is(request, "HEAD"))
        call->answer.status = rest_problem(&call->answer.body, 405, "expected GET");
    else if (!origins_may_read(&call->rest_http->origins, request))
        call->answer.status = rest_problem(&call->answer.body, 403, ORIGIN_REFUSED);
    else
        call->answered = !call->rest_http->stream(call->rest_http->arg, call->connection, request, query, buffer_text(&headers),
                                                  &call->grant, &call->answer.status, &call->answer.body);
    buffer_release(&headers);
}

/* May whoever asks have what is ready-made for all? Else the method says what they may have. */
static bool may_have_ready(const rest_call_t *call, text_t symbol)
{
    const identity_t *identity = call->identity.role ? &call->identity : call->rest_http->hub->everyone;
    const role_limits_t *limits = identity ? role_limits(identity->role) : NULL;
    return limits && limits->history_ns == 0 && limits->delay_ns == 0 &&
           role_may_method(identity->role, TEXT("getRecentTrades")) && role_may_subject(identity->role, symbol);
}

static bool find_ready(rest_call_t *call, text_t symbol, const rest_query_t *query)
{
    recent_query_t question;
    hub_t *hub = call->rest_http->hub;
    if (rest_recent(call->answer.route, symbol, query, &question) && may_have_ready(call, symbol))
        call->answer.ready = recent_find(hub->recent, &question, ANSWER_REST, hub_now_ns(hub));
    return call->answer.ready != NULL;
}

/* What a route leads to: sets the answer, where it is there at once; else it has been seen to. */
static void follow_route(rest_call_t *call, const http_request_t *request, text_t symbol, const rest_query_t *query)
{
    rest_request_t wanted;
    call->answer.status = rest_request_init(&wanted, call->answer.route, symbol, query, &call->answer.body);
    if (call->answer.status == 0 && rest_is_stream(call->answer.route)) {
        open_stream(call, request, query);
    } else if (call->answer.status == 0) {
        ask(call, &wanted);
        call->answered = false;
    }
    rest_request_release(&wanted);
}

/* Lets in whoever asks, for this once, or for a stream; what is a part of the program everybody may have. False with a problem. */
static bool admit(rest_call_t *call, const http_request_t *request)
{
    char room[HTTP_HEAD_MAX];
    grants_t *grants = call->rest_http->hub->grants;
    if (!grants)
        return true;
    text_t token = bearer_token(request, room);
    bool streams = call->answer.route && rest_is_stream(call->answer.route) && http_request_is(request, "GET");
    auth_refusal_t refusal = streams ? grants_open(grants, token, &call->grant) : grants_judge(grants, token, &call->identity);
    call->answer.is_private = true;
    call->answer.refusal = refusal;
    if (refusal == AUTH_GRANTED)
        return true;
    const auth_refusal_words_t *words = auth_refusal_words(refusal);
    call->answer.status = rest_problem_because(&call->answer.body, words->status, words->word, text_of(words->text));
    if (streams)
        call->answer.status = sse_answer_soften(sse_answer_browser(request), call->answer.status, &call->answer.body);
    return false;
}

/* So soon again? Else it has been answered. */
static bool may_ask(rest_call_t *call, const http_request_t *request, text_t path)
{
    uint64_t wait_ms = 0;
    rate_subject_t subject;
    const role_limits_t *limits;
    const rest_http_t *self = call->rest_http;
    rate_verdict_t verdict = RATE_ADMITTED;
    if (find_subject(call, &subject, &limits))
        verdict = rates_ask_subject(self->hub->rates, &subject, limits, &wait_ms);
    if (verdict == RATE_ADMITTED)
        return true;
    if (verdict == RATE_ENDED)
        http_last(call->connection);
    http_rates_refuse(self->hub, &self->origins.reading, call->connection, request, path, wait_ms);
    call->answered = false;
    return false;
}

/* The same, of a path. */
static void start(rest_call_t *call, const http_request_t *request, text_t path)
{
    text_t symbol;
    asset_t asset;
    rest_query_t query = {.count = 0};
    char room[HTTP_HEAD_MAX];
    call->answer.route = rest_find(path, &symbol);
    if (!call->answer.route && asset_find(path, &asset)) {
        buffer_append(&call->answer.body, asset.bytes);
        call->answer.status = 200;
    } else if (!admit(call, request) || !may_ask(call, request, path)) {
        return;
    } else if (!call->answer.route) {
        call->answer.status = rest_problem(&call->answer.body, 404, "There is nothing at this path; see /api/v1/openapi.json");
    } else if (!rest_query_read(&query, request->query, room)) {
        call->answer.status =
            rest_problem(&call->answer.body, 400, "The query has too many parameters, one twice, or one that is not UTF-8");
    } else if (find_ready(call, symbol, &query)) {
        call->answer.status = 200;
    } else {
        follow_route(call, request, symbol, &query);
    }
}

rest_http_t *rest_http_new(hub_t *hub, rest_stream_fn *stream, void *arg, const origins_t *origins)
{
    rest_http_t *self = malloc(sizeof *self);
    if (!self)
        return NULL;
    *self = (rest_http_t){.hub = hub, .stream = stream, .arg = arg, .origins = *origins};
    self->waiting = peers_new(REST_HTTP_CALLS_MAX);
    if (!self->waiting)
        rest_http_destroy(&self);
    return self;
}

void rest_http_destroy(rest_http_t **self_p)
{
    rest_http_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    peers_destroy(&self->waiting);
    free(self);
}

static const char *methods_of(text_t path)
{
    text_t symbol;
    const rest_route_t *route = rest_find(path, &symbol);
    return route && rest_is_stream(route) ? STREAM_METHODS : METHODS;
}

static bool is_known(text_t path)
{
    text_t symbol;
    asset_t asset;
    return rest_find(path, &symbol) || asset_find(path, &asset);
}

void rest_http_on_request(rest_http_t *self, http_connection_t *connection, const http_request_t *request, text_t path)
{
    bool options = http_request_is(request, "OPTIONS");
    if (options && is_known(path)) {
        cors_answer(&self->origins.reading, connection, request, methods_of(path), TEXT(""));
        return;
    }
    rest_call_t call = {.rest_http = self, .connection = connection, .answered = true};
    rest_answer_init(&call.answer, request);
    if (http_request_is(request, "GET") || http_request_is(request, "HEAD") || options) {
        start(&call, request, path);
    } else {
        call.answer.methods = methods_of(path);
        call.answer.status = rest_problem(&call.answer.body, 405, "expected GET");
    }
    if (call.answered)
        send_answer(&call);
    grant_close(&call.grant);
    identity_release(&call.identity);
    buffer_release(&call.answer.body);
}
