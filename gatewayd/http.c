#include "gatewayd/http.h"

#include "common/http.h"
#include "common/process_metrics.h"
#include "gatewayd/assets.h"
#include "gatewayd/deflate.h"
#include "gatewayd/hub_metrics.h"
#include "gatewayd/report.h"
#include "gatewayd/rest.h"
#include "gatewayd/signalr.h"

#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define SIGNALR_PATH "/blockchain"

enum {
    PATH_MAX_BYTES = 256,
    RECEIVE_BYTES = 4096, /* of one connection's buffer: requests are small */
    RUN_BYTES = 65536     /* handed to the kernel at once; what lws would cut smaller it copies */
};

struct http {
    hub_t *hub;
    ws_t *ws;
    api_t *api;
};

/* What belongs to a connection: nothing, or one of the first three. */
typedef struct {
    ws_session_t *session;
    api_call_t *call;
    sse_t *sse;
    deflate_t deflate;
} connection_t;

typedef struct {
    const char *path;
    const char *content_type;
    unsigned (*answer)(hub_t *hub, buffer_t *body); /* returns the status */
} route_t;

static unsigned answer_health(hub_t *hub, buffer_t *body)
{
    (void)hub;
    buffer_append(body, TEXT("{\"alive\":true}"));
    return 200;
}

static unsigned answer_ready(hub_t *hub, buffer_t *body)
{
    hub->now_ns = clock_real_ns();
    return report_ready(hub, body) ? 200 : 503;
}

static unsigned answer_metrics(hub_t *hub, buffer_t *body)
{
    metrics_t metrics = {.out = body};
    buffer_t json = buffer_new(0); /* not wanted here */
    hub->now_ns = clock_real_ns();
    process_metrics(&metrics, hub->loop);
    metrics_gauge(&metrics, "dataflow_ready", "1: /ready says yes", report_ready(hub, &json));
    hub_metrics(&metrics, hub);
    buffer_release(&json);
    return buffer_ok(body) ? 200 : 503;
}

static unsigned answer_ws(hub_t *hub, buffer_t *body)
{
    (void)hub;
    buffer_append(body, TEXT("{\"error\":\"expected a WebSocket handshake\"}"));
    return 400;
}

#define JSON "application/json"

static const route_t routes[] = {
    {"/health", JSON, answer_health}, {"/ready", JSON, answer_ready},  {"/metrics", METRICS_CONTENT_TYPE, answer_metrics},
    {"/ws", JSON, answer_ws},         {SIGNALR_PATH, JSON, answer_ws},
};

static const route_t *find_route(text_t path)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (text_equal(path, text_of(routes[i].path)))
            return &routes[i];
    }
    return NULL;
}

static int answer_json(struct lws *wsi, unsigned status, text_t body)
{
    return http_answer(wsi, &(http_answer_t){.status = status, .content_type = "application/json", .body = body});
}

/* Nothing of the page comes from elsewhere, and nobody may frame it. */
#define PAGE_HEADERS                                                                                                           \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "   \
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"                                                          \
    "Referrer-Policy: no-referrer\r\nCache-Control: no-cache\r\nETag: "

static int answer_asset(struct lws *wsi, const asset_t *asset)
{
    char known[64] = "", headers[512];
    lws_hdr_copy(wsi, known, sizeof known, WSI_TOKEN_HTTP_IF_NONE_MATCH);
    bool same = strcmp(known, asset->etag) == 0;
    snprintf(headers, sizeof headers, PAGE_HEADERS "%s\r\n", asset->etag);
    http_answer_t answer = {.status = same ? 304 : 200, .content_type = asset->content_type, .headers = headers};
    if (!same)
        answer.body = asset->bytes;
    return http_answer(wsi, &answer);
}

/* A body follows, which nobody reads. */
static bool has_body(struct lws *wsi)
{
    char length[24] = "";
    lws_hdr_copy(wsi, length, sizeof length, WSI_TOKEN_HTTP_CONTENT_LENGTH);
    return strtoull(length, NULL, 10) > 0 || lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0;
}

/* POST /blockchain/negotiate?negotiateVersion=1. Nothing is remembered: a connection needs no token here. */
static int answer_negotiate(const http_t *self, struct lws *wsi)
{
    char room[32];
    unsigned char noise[24];
    const char *version = lws_get_urlarg_by_name(wsi, "negotiateVersion=", room, sizeof room);
    buffer_t body = buffer_new(0);
    int rc = -1;
    if (getrandom(noise, sizeof noise, 0) == sizeof noise) {
        signalr_negotiate(&body, version && version[0] != '0', noise);
        rc = api_answer_open(self->api, wsi, "POST, OPTIONS", buffer_text(&body));
    }
    buffer_release(&body);
    return has_body(wsi) ? -1 : rc;
}

static int on_request(http_t *self, struct lws *wsi, text_t path, connection_t *connection)
{
    if (text_starts_with(path, TEXT(REST_PREFIX)))
        return api_on_request(self->api, wsi, path, &connection->call, &connection->sse);
    if (text_equal(path, TEXT(SIGNALR_PATH "/negotiate")) && lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI) > 0)
        return answer_negotiate(self, wsi);
    if (text_equal(path, TEXT(SIGNALR_PATH "/negotiate")) && lws_hdr_total_length(wsi, WSI_TOKEN_OPTIONS_URI) > 0)
        return api_answer_open(self->api, wsi, "POST, OPTIONS", TEXT(""));
    const route_t *route = find_route(path);
    if (!http_is_read(wsi)) {
        answer_json(wsi, 405, TEXT("{\"error\":\"expected GET\"}\n"));
        return -1; /* what follows may be a body, which nobody reads */
    }
    asset_t asset;
    if (!route && asset_find(path, &asset))
        return answer_asset(wsi, &asset);
    if (!route)
        return answer_json(wsi, 404, TEXT("{\"error\":\"not found\"}\n"));
    buffer_t body = buffer_new(0);
    unsigned status = route->answer(self->hub, &body);
    buffer_append(&body, TEXT("\n"));
    http_answer_t answer = {.status = status, .content_type = route->content_type, .body = buffer_text(&body)};
    int rc = http_answer(wsi, &answer);
    buffer_release(&body);
    return rc;
}

/* Only these become WebSockets. False for any other path. */
static bool find_speech(struct lws *wsi, ws_speech_t *speech)
{
    char path[PATH_MAX_BYTES];
    int length = lws_hdr_copy(wsi, path, sizeof path, WSI_TOKEN_GET_URI);
    text_t found = {path, length > 0 ? (size_t)length : 0};
    *speech = text_equal(found, TEXT(SIGNALR_PATH)) ? WS_SIGNALR : WS_RPC;
    return *speech == WS_SIGNALR || text_equal(found, TEXT("/ws"));
}

static int on_upgrade(http_t *self, struct lws *wsi)
{
    ws_speech_t speech;
    unsigned status = find_speech(wsi, &speech) ? ws_refusal(self->ws, wsi) : 404;
    if (status == 0)
        return 0;
    answer_json(wsi, status,
                status == 404   ? TEXT("{\"error\":\"not found\"}\n")
                : status == 403 ? TEXT("{\"error\":\"origin not allowed\"}\n")
                                : TEXT("{\"error\":\"too many clients\"}\n"));
    return -1;
}

static int on_offer(struct lws *wsi, connection_t *connection)
{
    ws_speech_t speech;
    return find_speech(wsi, &speech) && speech == WS_RPC ? deflate_on_offer(&connection->deflate, wsi) : 1;
}

static int on_open(http_t *self, struct lws *wsi, connection_t *connection)
{
    ws_speech_t speech;
    if (!find_speech(wsi, &speech))
        return -1;
    return ws_on_open(self->ws, wsi, connection->deflate.agreed && speech == WS_RPC ? WS_RPC_DEFLATE : speech,
                      &connection->session);
}

static void on_close(connection_t *connection)
{
    if (!connection)
        return; /* lws has refused what it can't parse before there was one */
    sse_on_close(&connection->sse);
    api_on_close(&connection->call);
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    connection_t *connection = user;
    struct lws_vhost *vhost = lws_get_vhost(wsi);
    http_t *self = vhost ? lws_vhost_user(vhost) : NULL;
    if (!self)
        return lws_callback_http_dummy(wsi, reason, user, in, length);
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        return on_request(self, wsi, http_path(in, length), connection);
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return on_upgrade(self, wsi);
    case LWS_CALLBACK_CONFIRM_EXTENSION_OKAY:
        return on_offer(wsi, connection);
    case LWS_CALLBACK_ADD_HEADERS:
        return connection ? deflate_on_headers(&connection->deflate, in) : 0;
    case LWS_CALLBACK_ESTABLISHED:
        return on_open(self, wsi, connection);
    case LWS_CALLBACK_RECEIVE:
        return ws_on_receive(connection->session, in, length);
    case LWS_CALLBACK_RECEIVE_PONG:
        return ws_on_pong(connection->session);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return ws_on_writable(connection->session);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return ws_on_peer_close(connection->session);
    case LWS_CALLBACK_CLOSED:
        return ws_on_close(&connection->session);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return connection->sse ? sse_on_writable(&connection->sse) : api_on_writable(&connection->call);
    case LWS_CALLBACK_CLOSED_HTTP:
        on_close(connection);
        return 0;
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, length);
    }
}

/* One protocol for HTTP and for WebSockets that ask for none. */
static const struct lws_protocols protocols[] = {{.name = "jsonrpc",
                                                  .callback = on_event,
                                                  .per_session_data_size = sizeof(connection_t),
                                                  .rx_buffer_size = RECEIVE_BYTES,
                                                  .tx_packet_size = RUN_BYTES},
                                                 {0}};

http_t *http_new(web_t *web, const char *address, hub_t *hub, ws_t *ws, api_t *api, bool deflate)
{
    http_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (http_t){.hub = hub, .ws = ws, .api = api};
    if (!web_listen(web, address, protocols, deflate ? deflate_extensions : NULL, self))
        http_destroy(&self);
    return self;
}

void http_destroy(http_t **self)
{
    free(*self);
    *self = NULL;
}
