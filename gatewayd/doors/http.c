#include "gatewayd/doors/http.h"

#include "common/json/json_write.h"
#include "common/log.h"
#include "common/metrics/process_metrics.h"
#include "gatewayd/admission/bearer.h"
#include "gatewayd/admission/cors_answer.h"
#include "gatewayd/auth/grants.h"
#include "gatewayd/doors/signalr.h"
#include "gatewayd/doors/upgrade.h"
#include "gatewayd/forms/accept.h"
#include "gatewayd/methods/hub_metrics.h"
#include "gatewayd/methods/status_report.h"
#include "gatewayd/rates/rates.h"
#include "gatewayd/rest/http_rates.h"
#include "gatewayd/rest/rest.h"
#include "gatewayd/rest/rest_answer.h"
#include "gatewayd/web/assets.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/random.h>

#define WS_PATH        "/ws"
#define SIGNALR_PATH   "/blockchain"
#define NEGOTIATE_PATH SIGNALR_PATH "/negotiate"

enum { SHOWN_MAX = 128 /* bytes of a field in the log */ };

struct http {
    const hub_t *hub;
    admission_t *admission;
    http_doors_t doors;
    origins_t origins;
    http_server_t *server;
    bool deflates;
};

typedef struct {
    const char *path;
    const char *content_type;
    unsigned (*answer)(const http_t *self, buffer_t *body); /* returns the status */
} http_route_t;

static void put_error(buffer_t *body, const char *reason)
{
    json_writer_t json = json_write(body);
    json_open_object(&json, NULL);
    json_put_text(&json, "error", text_of(reason));
    json_close_object(&json);
}

static unsigned answer_health(const http_t *self, buffer_t *body)
{
    (void)self;
    json_writer_t json = json_write(body);
    json_open_object(&json, NULL);
    json_put_bool(&json, "alive", true);
    json_close_object(&json);
    return 200;
}

static unsigned answer_ready(const http_t *self, buffer_t *body)
{
    return status_report_ready(self->hub, body) ? 200 : 503;
}

static unsigned answer_metrics(const http_t *self, buffer_t *body)
{
    const hub_t *hub = self->hub;
    metrics_t metrics = {.out = body};
    buffer_t json = buffer_new(0); /* not wanted here */
    process_metrics(&metrics, hub->loop);
    metrics_gauge(&metrics, "dataflow_ready", "1: ready", status_report_ready(hub, &json));
    metrics_gauge(&metrics, "dataflow_draining", "1: nobody is let in, by an operator's order", hub->draining);
    hub_metrics(&metrics, hub);
    if (hub->grants)
        grants_metrics(hub->grants, &metrics);
    http_server_metrics(self->server, &metrics);
    if (hub->rates)
        rates_metrics(hub->rates, &metrics);
    buffer_release(&json);
    return buffer_ok(body) ? 200 : 503;
}

static unsigned answer_ws(const http_t *self, buffer_t *body)
{
    (void)self;
    put_error(body, "expected a WebSocket handshake");
    return 400;
}

#define JSON "application/json"

static const http_route_t routes[] = {
    {"/health", JSON, answer_health}, {"/ready", JSON, answer_ready},  {"/metrics", METRICS_CONTENT_TYPE, answer_metrics},
    {WS_PATH, JSON, answer_ws},       {SIGNALR_PATH, JSON, answer_ws},
};

static const http_route_t *find_route(text_t path)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (text_equal(path, text_of(routes[i].path)))
            return &routes[i];
    }
    return NULL;
}

static void answer_json(http_connection_t *to, unsigned status, text_t body)
{
    http_answer(to, &(http_answer_t){.status = status, .content_type = JSON, .body = body});
}

/* Nothing of the page comes from elsewhere, and nobody may frame it. */
#define PAGE_HEADERS                                                                                                           \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "   \
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"                                                          \
    "Referrer-Policy: no-referrer\r\nCache-Control: no-cache\r\nVary: Accept-Encoding\r\nETag: W/"

static void answer_asset(http_connection_t *to, const http_request_t *request, const asset_t *asset)
{
    char headers[512];
    bool gzip = asset->packed.length > 0 && accept_gzip(http_request_field(request, "Accept-Encoding"));
    int length =
        snprintf(headers, sizeof headers, PAGE_HEADERS "%s\r\n%s", asset->etag, gzip ? "Content-Encoding: gzip\r\n" : "");
    bool same = accept_has_tag(http_request_field(request, "If-None-Match"), text_of(asset->etag));
    http_answer(to, &(http_answer_t){.status = same ? 304 : 200,
                                     .content_type = asset->content_type,
                                     .headers = {headers, (size_t)length},
                                     .body = gzip ? asset->packed : asset->bytes});
}

static bool refuse_origin(const http_request_t *request, http_refusal_t *refusal)
{
    static log_limit_t limit;
    log_warn_limited(&limit, "http: refused a web page of another origin",
                     LOG_SLICE("found", text_cut(http_request_field(request, "Origin"), SHOWN_MAX)),
                     LOG_SLICE("host", text_cut(request->host, SHOWN_MAX)), LOG_TEXT("listed_by", "gatewayd.origins"));
    *refusal = (http_refusal_t){403, ORIGIN_REFUSED};
    return false;
}

/* With a problem, which pages that may read the gateway's answers may read, too. */
static void refuse_token(const http_t *self, http_connection_t *to, const http_request_t *request, auth_refusal_t refusal)
{
    const auth_refusal_words_t *words = auth_refusal_words(refusal);
    buffer_t body = buffer_new(0), headers = buffer_new(0);
    rest_problem_because(&body, words->status, words->word, text_of(words->text));
    cors_append(&self->origins.reading, http_request_field(request, "Origin"), &headers);
    rest_answer_put_refusal(refusal, &headers);
    buffer_append(&headers, TEXT("Cache-Control: no-store\r\n"));
    http_answer(to, &(http_answer_t){.status = words->status,
                                     .content_type = "application/problem+json",
                                     .headers = buffer_text(&headers),
                                     .body = buffer_text(&body)});
    buffer_release(&headers);
    buffer_release(&body);
}

/* May the hub be joined with this token? The connection to it is asked for it again, since nothing is remembered. */
static auth_refusal_t judge_negotiation(const http_t *self, const http_request_t *request)
{
    char room[HTTP_HEAD_MAX];
    identity_t identity = {0};
    if (!self->hub->grants)
        return AUTH_GRANTED;
    auth_refusal_t refusal = grants_judge(self->hub->grants, bearer_token(request, room), &identity);
    identity_release(&identity);
    return refusal;
}

/* POST /blockchain/negotiate?negotiateVersion=1. Nothing is remembered. */
static void answer_negotiate(const http_t *self, http_connection_t *to, const http_request_t *request)
{
    static const char version[] = "negotiateVersion=";
    unsigned char noise[24];
    const char *found = memmem(request->query.at, request->query.length, version, sizeof version - 1);
    const char *digit = found ? found + sizeof version - 1 : NULL;
    bool newer = digit && digit < request->query.at + request->query.length && *digit != '0';
    buffer_t body = buffer_new(0);
    http_refusal_t refusal;
    auth_refusal_t granted;
    if (!origins_may_read(&self->origins, request)) {
        refuse_origin(request, &refusal);
        answer_json(to, 403, TEXT(HTTP_ERROR_BODY(ORIGIN_REFUSED)));
    } else if ((granted = judge_negotiation(self, request)) != AUTH_GRANTED) {
        refuse_token(self, to, request, granted);
    } else if (getrandom(noise, sizeof noise, 0) == sizeof noise) {
        signalr_negotiate(&body, newer, noise);
        cors_answer(&self->origins.reading, to, request, "POST, OPTIONS", buffer_text(&body));
    } else {
        answer_json(to, 503, TEXT(HTTP_ERROR_BODY("no randomness")));
    }
    buffer_release(&body);
}

static void answer_route(const http_t *self, http_connection_t *to, const http_route_t *route)
{
    buffer_t body = buffer_new(0);
    unsigned status = route->answer(self, &body);
    buffer_append(&body, TEXT("\n"));
    http_answer(to, &(http_answer_t){.status = status, .content_type = route->content_type, .body = buffer_text(&body)});
    buffer_release(&body);
}

/* Only these become WebSockets. False for any other path. */
static bool find_speech(text_t path, ws_speech_t *speech)
{
    *speech = text_equal(path, TEXT(SIGNALR_PATH)) ? WS_SIGNALR : WS_RPC;
    return *speech == WS_SIGNALR || text_equal(path, TEXT(WS_PATH));
}

static void refuse_upgrade(http_connection_t *to, const http_refusal_t *refusal)
{
    buffer_t body = buffer_new(0);
    put_error(&body, refusal->reason);
    buffer_append(&body, TEXT("\n"));
    http_answer_t answer = {.status = refusal->status, .content_type = JSON, .body = buffer_text(&body)};
    if (refusal->status == 426)
        answer.headers = TEXT("Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Cache-Control: no-store\r\n");
    if (refusal->status == 503)
        answer.headers = TEXT("Retry-After: 1\r\nCache-Control: no-store\r\n");
    http_answer(to, &answer);
    buffer_release(&body);
}

/* Does it become a WebSocket? False with the refusal. */
static bool may_upgrade(const http_t *self, http_connection_t *from, const http_request_t *request, text_t path,
                        http_refusal_t *refusal)
{
    ws_speech_t speech;
    char room[HTTP_PEER_MAX];
    if (!find_speech(path, &speech)) {
        *refusal = (http_refusal_t){404, "not found"};
        return false;
    }
    if (!upgrade_check(request, refusal))
        return false;
    if (!origins_may_connect(&self->origins, request))
        return refuse_origin(request, refusal);
    unsigned status = admission_refusal(self->admission, http_peer(from, room));
    *refusal = (http_refusal_t){status, "too many clients"};
    return status == 0;
}

/* What the connection is granted. At /ws a token may come in the first message, too. */
static auth_refusal_t grant(const http_t *self, const http_request_t *request, ws_handshake_t *handshake)
{
    char room[HTTP_HEAD_MAX];
    const hub_t *hub = self->hub;
    handshake->grant = NULL;
    if (!hub->grants)
        return AUTH_GRANTED;
    text_t token = bearer_token(request, room);
    if (token.length > 0 || handshake->speech == WS_SIGNALR)
        return grants_open(hub->grants, token, &handshake->grant);
    handshake->grant = grants_await(hub->grants, hub_now_ns(hub));
    return handshake->grant ? AUTH_GRANTED : AUTH_CONNECTIONS;
}

static void hand_over(const http_t *self, http_connection_t *from, const http_request_t *request, ws_handshake_t *handshake)
{
    char room[HTTP_PEER_MAX];
    buffer_t answer = buffer_new(0);
    if (upgrade_answer(request, self->deflates && handshake->speech == WS_RPC, &answer))
        handshake->speech = WS_RPC_DEFLATE;
    text_t address = http_peer(from, room);
    byte_stream_t stream = http_hand_over(from, &handshake->behind);
    handshake->answer = buffer_text(&answer);
    if (buffer_ok(&answer)) {
        self->doors.open_ws(self->doors.ws, stream, address, handshake);
    } else {
        grant_close(&handshake->grant);
        byte_stream_close(&stream);
    }
    buffer_release(&answer);
}

static void upgrade(const http_t *self, http_connection_t *from, const http_request_t *request, text_t path)
{
    http_refusal_t refusal;
    ws_handshake_t handshake;
    if (!may_upgrade(self, from, request, path, &refusal)) {
        refuse_upgrade(from, &refusal);
        return;
    }
    find_speech(path, &handshake.speech);
    auth_refusal_t granted = grant(self, request, &handshake);
    if (granted == AUTH_GRANTED)
        hand_over(self, from, request, &handshake);
    else
        refuse_token(self, from, request, granted);
}

/* The hub's paths stand for themselves in any case, and with a slash behind them, as at the .NET server. */
static text_t fold_path(text_t path)
{
    static const text_t paths[] = {TEXT_CONST(SIGNALR_PATH), TEXT_CONST(NEGOTIATE_PATH)};
    size_t length = path.length > 1 && path.at[path.length - 1] == '/' ? path.length - 1 : path.length;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if (length == paths[i].length && strncasecmp(path.at, paths[i].at, length) == 0)
            return paths[i];
    }
    return path;
}

static void ask(const http_t *self, http_connection_t *from, const http_request_t *request, text_t path)
{
    if (!self->doors.ask_operator(self->doors.operator_door, from, request, path))
        self->doors.ask_rest(self->doors.rest, from, request, path);
}

/* As http_config_t.wait_s and .answered. */
static uint32_t wait_s(void *arg, const ip_address_t *peer, bool *close)
{
    return http_rates_wait_s(((const http_t *)arg)->hub, peer, close);
}

static void on_answered(void *arg, http_connection_t *connection, size_t bytes)
{
    http_rates_answered(((const http_t *)arg)->hub, connection, bytes);
}

static void on_request(void *arg, http_connection_t *from, const http_request_t *request)
{
    http_t *self = arg;
    char room[HTTP_HEAD_MAX];
    text_t path;
    asset_t asset;
    bool negotiates, read = http_request_is(request, "GET") || http_request_is(request, "HEAD");
    if (!http_decode(HTTP_PATH, request->path, room, &path)) {
        answer_json(from, 400, TEXT(HTTP_ERROR_BODY("expected two digits behind %")));
        return;
    }
    path = fold_path(path);
    if (!http_rates_admit(self->hub, &self->origins.reading, from, request, path))
        return;
    negotiates = text_equal(path, TEXT(NEGOTIATE_PATH));
    const http_route_t *route = find_route(path);
    if (request->websocket)
        upgrade(self, from, request, path);
    else if (text_starts_with(path, TEXT(REST_PREFIX)))
        ask(self, from, request, path);
    else if (negotiates && http_request_is(request, "POST"))
        answer_negotiate(self, from, request);
    else if (negotiates && http_request_is(request, "OPTIONS"))
        cors_answer(&self->origins.reading, from, request, "POST, OPTIONS", TEXT(""));
    else if (!read)
        http_answer(from, &(http_answer_t){.status = 405,
                                           .content_type = JSON,
                                           .headers = TEXT("Allow: GET, HEAD\r\nCache-Control: no-store\r\n"),
                                           .body = TEXT(HTTP_ERROR_BODY("expected GET"))});
    else if (route)
        answer_route(self, from, route);
    else if (asset_find(path, &asset))
        answer_asset(from, request, &asset);
    else
        answer_json(from, 404, TEXT(HTTP_ERROR_BODY("not found")));
}

http_t *http_new(loop_t *loop, const http_settings_t *settings, const hub_t *hub, admission_t *admission,
                 const http_doors_t *doors)
{
    http_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (http_t){
        .hub = hub, .admission = admission, .doors = *doors, .origins = settings->origins, .deflates = settings->deflates};
    http_config_t server = settings->server;
    server.wait_s = wait_s;
    server.answered = on_answered;
    self->server = http_server_new(loop, &server, on_request, self);
    if (!self->server)
        http_destroy(&self);
    return self;
}

void http_limit(http_t *self, size_t per_address)
{
    http_server_limit(self->server, per_address);
}

void http_unshare(http_t *self)
{
    http_server_unshare(self->server);
}

void http_stop(http_t *self)
{
    http_server_destroy(&self->server);
}

void http_destroy(http_t **self)
{
    free(*self);
    *self = NULL;
}
