#include "gatewayd/operator/operator_door.h"

#include "common/log.h"
#include "gatewayd/admission/cors_answer.h"
#include "gatewayd/operator/audit.h"
#include "gatewayd/operator/operator_call.h"
#include "gatewayd/rest/rest.h"

#include <stdlib.h>

enum { KEPT_MAX = 256 /* of a text of a request, for an answer that comes later */ };

struct operator_door {
    operator_door_config_t config;
    operator_calls_t *calls;
    size_t visits; /* under way */
};

/* A text of a request that is gone when the answer comes. */
typedef struct {
    size_t length;
    char bytes[KEPT_MAX];
} visit_text_t;

/* A request of somebody who may. */
typedef struct {
    operator_door_t *door;
    http_connection_t *connection;
    identity_t identity;
    operator_call_t call;
    visit_text_t method, path, origin;
    char address[HTTP_PEER_MAX];
} visit_t;

static void keep(visit_text_t *kept, text_t text)
{
    text = text_cut(text, KEPT_MAX);
    if (text.length > 0)
        memcpy(kept->bytes, text.at, text.length);
    kept->length = text.length;
}

static text_t text_kept(const visit_text_t *kept)
{
    return (text_t){kept->bytes, kept->length};
}

/* --- answers --- */

/* more: further headers, each ended with \r\n. Pages of other origins get what is allowed to those that may open a WebSocket. */
static void send_body(const operator_door_t *self, http_connection_t *to, text_t origin, unsigned status, const char *more,
                      buffer_t *body)
{
    buffer_t headers = buffer_new(0);
    buffer_append(&headers, TEXT("Cache-Control: no-store\r\n"));
    cors_append(&self->config.origins.connecting, origin, &headers);
    if (status == 503)
        buffer_append(&headers, TEXT("Retry-After: 1\r\n"));
    buffer_append(&headers, text_of(more));
    buffer_append(body, TEXT("\n"));
    if (buffer_ok(&headers) && buffer_ok(body))
        http_answer(to, &(http_answer_t){.status = status,
                                         .content_type = status >= 400 ? "application/problem+json" : "application/json",
                                         .headers = buffer_text(&headers),
                                         .body = buffer_text(body)});
    else
        cors_answer_failure(to);
    buffer_release(&headers);
}

/* What a request is refused with. */
typedef struct {
    unsigned status;
    const char *reason; /* for programs (auth.md); NULL: none */
    const char *detail;
    const char *more; /* as of send_body; NULL: none */
} problem_t;

static void send_problem(const operator_door_t *self, http_connection_t *to, const http_request_t *request,
                         const problem_t *problem)
{
    buffer_t body = buffer_new(0);
    rest_problem_because(&body, problem->status, problem->reason, text_of(problem->detail));
    send_body(self, to, http_request_field(request, "Origin"), problem->status, problem->more ? problem->more : "", &body);
    buffer_release(&body);
}

/* --- who may not --- */

static void refuse(const operator_door_t *self, http_connection_t *to, const http_request_t *request, text_t path,
                   const identity_t *identity, const problem_t *problem)
{
    char room[HTTP_PEER_MAX];
    audit_refused(&(audit_t){.identity = identity,
                             .address = http_peer(to, room),
                             .method = request->method,
                             .path = path,
                             .status = problem->status,
                             .detail = text_of(problem->detail)});
    send_problem(self, to, request, problem);
}

/* Of a token, or of what its role may. */
static void refuse_bearer(const operator_door_t *self, http_connection_t *to, const http_request_t *request, text_t path,
                          const identity_t *identity, auth_refusal_t refusal, const char *detail)
{
    const auth_refusal_words_t *words = auth_refusal_words(refusal);
    buffer_t headers = buffer_new(0);
    if (words->status == 401 || words->status == 403) {
        buffer_append(&headers, TEXT("WWW-Authenticate: "));
        auth_refusal_put_challenge(refusal, &headers);
        buffer_append(&headers, TEXT("\r\n"));
    }
    buffer_append(&headers, (text_t){"", 1}); /* its end */
    refuse(self, to, request, path, identity,
           &(problem_t){words->status, words->word, detail, buffer_ok(&headers) ? headers.bytes : NULL});
    buffer_release(&headers);
}

/* The token comes in the header alone: what stands in a URL is in logs and histories, and a page of another origin could have it sent. False: it is answered. */
static bool admit(const operator_door_t *self, http_connection_t *from, const http_request_t *request, text_t path,
                  identity_t *identity)
{
    if (!origins_may_connect(&self->config.origins, request)) {
        refuse(self, from, request, path, NULL, &(problem_t){.status = 403, .detail = ORIGIN_REFUSED});
        return false;
    }
    auth_refusal_t refusal = self->config.admit(self->config.arg, http_request_field(request, "Authorization"), identity);
    if (refusal != AUTH_GRANTED) {
        refuse_bearer(self, from, request, path, NULL, refusal, auth_refusal_words(refusal)->text);
        return false;
    }
    if (role_is_operator(identity->role))
        return true;
    refuse_bearer(self, from, request, path, identity, AUTH_ROLE, "This is for operators alone");
    identity_release(identity);
    return false;
}

/* --- who may --- */

static void visit_end(visit_t *visit)
{
    operator_call_release(&visit->call);
    identity_release(&visit->identity);
    visit->door->visits--;
    free(visit);
}

static void visit_audit(const visit_t *visit, unsigned status, text_t detail)
{
    audit_done(&(audit_t){.identity = &visit->identity,
                          .address = text_of(visit->address),
                          .method = text_kept(&visit->method),
                          .path = text_kept(&visit->path),
                          .status = status,
                          .detail = detail});
}

static void visit_answer(visit_t *visit)
{
    operator_call_t *call = &visit->call;
    if (!http_admits(visit->connection, call->body.length))
        call->status = rest_problem(&call->body, 503, "Too many bytes wait for clients: come back later");
    visit_audit(visit, call->status, text_of(call->detail));
    send_body(visit->door, visit->connection, text_kept(&visit->origin), call->status, "", &call->body);
    visit_end(visit);
}

static void on_called(void *arg)
{
    visit_t *visit = arg;
    http_wake(visit->connection);
}

static void on_ready(void *owner)
{
    visit_t *visit = owner;
    if (visit->call.status != 0)
        visit_answer(visit);
}

/* Whoever asked is gone: what was ordered is carried out all the same. */
static void on_closed(void *owner)
{
    visit_t *visit = owner;
    visit_audit(visit, visit->call.status, TEXT("nobody waited for the answer"));
    visit_end(visit);
}

static const http_owner_t visit_owner = {.ready = on_ready, .closed = on_closed};

static visit_t *visit_new(operator_door_t *self, http_connection_t *from, const http_request_t *request, text_t path,
                          const identity_t *identity)
{
    char room[HTTP_PEER_MAX];
    visit_t *visit = self->visits < OPERATOR_CALLS_MAX ? calloc(1, sizeof *visit) : NULL;
    if (!visit)
        return NULL;
    self->visits++;
    visit->door = self;
    visit->connection = from;
    visit->identity = *identity;
    keep(&visit->method, request->method);
    keep(&visit->path, path);
    keep(&visit->origin, http_request_field(request, "Origin"));
    text_t address = http_peer(from, room);
    memcpy(visit->address, address.at, address.length);
    return visit;
}

/* identity: is moved from. */
static void carry_out(operator_door_t *self, http_connection_t *from, const http_request_t *request, text_t path,
                      const operator_target_t *target, identity_t *identity)
{
    rest_query_t query = {.count = 0};
    char room[HTTP_HEAD_MAX];
    if (!rest_query_read(&query, request->query, room)) {
        refuse(self, from, request, path, identity,
               &(problem_t){.status = 400, .detail = "The query has too many parameters, one twice, or one that is not UTF-8"});
        identity_release(identity);
        return;
    }
    visit_t *visit = visit_new(self, from, request, path, identity);
    if (!visit) {
        refuse(self, from, request, path, identity, &(problem_t){.status = 503, .detail = "Too many requests are waiting"});
        identity_release(identity);
        return;
    }
    if (operator_call_start(&visit->call, self->calls, target, request->method, &query, on_called, visit))
        visit_answer(visit);
    else
        http_wait(from, &visit_owner, visit);
}

/* --- operator_door.h --- */

bool operator_door_on_request(operator_door_t *self, http_connection_t *connection, const http_request_t *request, text_t path)
{
    operator_target_t target;
    identity_t identity;
    if (self->config.hub->everyone || !operator_find(path, &target))
        return false;
    if (http_request_is(request, "OPTIONS")) {
        cors_answer(&self->config.origins.connecting, connection, request, operator_methods(target.place), TEXT(""));
    } else if (!operator_takes(target.place, request->method)) {
        buffer_t allow = buffer_new(0);
        buffer_printf(&allow, "Allow: %s\r\n%c", operator_methods(target.place), '\0');
        send_problem(self, connection, request,
                     &(problem_t){.status = 405,
                                  .detail = "expected another method: see Allow",
                                  .more = buffer_ok(&allow) ? allow.bytes : NULL});
        buffer_release(&allow);
    } else if (admit(self, connection, request, path, &identity)) {
        carry_out(self, connection, request, path, &target, &identity);
    }
    return true;
}

bool operator_door_configure(operator_door_t *self, const config_t *config)
{
    bool read =
        operator_calls_set_tokens(self->calls, config_text(config, "connectord.token"), config_text(config, "cached.token"));
    if (!read)
        log_error("gateway: out of memory for connectord.token and cached.token");
    return read;
}

operator_door_t *operator_door_new(loop_t *loop, const operator_door_config_t *config)
{
    operator_door_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->config = *config;
    self->calls = operator_calls_new(loop, config->hub, config->lists, config->drain, config->arg);
    if (!self->calls)
        operator_door_destroy(&self);
    return self;
}

void operator_door_destroy(operator_door_t **self_ref)
{
    operator_door_t *self = *self_ref;
    if (!self)
        return;
    *self_ref = NULL;
    operator_calls_destroy(&self->calls);
    free(self);
}
