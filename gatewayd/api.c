#include "gatewayd/api.h"

#include "common/http.h"
#include "gatewayd/accept.h"
#include "gatewayd/assets.h"
#include "gatewayd/events.h"
#include "gatewayd/methods.h"
#include "gatewayd/recent.h"
#include "gatewayd/rest.h"

#include <libwebsockets.h>
#include <stdlib.h>

enum { FRAGMENTS_MAX = 256, HEADER_MAX = 256, QUERY_MAX = 4096 /* all headers of a request have no more in lws */ };

#define METHODS "GET, HEAD, OPTIONS"
#define STREAM_METHODS                                                                                                         \
    "GET, OPTIONS" /* its headers come when its subscribes have been answered: nothing that HEAD should cause */

struct api {
    hub_t *hub;
    ws_t *ws;
    cors_t cors;
};

struct api_call {
    api_t *api;
    struct lws *wsi;
    const char *methods; /* that are offered */
    client_t *client;    /* the JSON-RPC peer that asks on behalf of the request; NULL: nothing is asked */
    const rest_route_t *route;
    bool head, gzip, answered, receiving;
    unsigned status;
    buffer_t body;
    answer_t *ready;                            /* the body, where it was ready-made; sent before anything else is done */
    char known[HEADER_MAX], origin[HEADER_MAX]; /* If-None-Match, Origin */
};

/* --- client_link_t: the answer comes in a frame --- */

static size_t link_send(void *link, text_t frames)
{
    api_call_t *call = link;
    size_t length = frames.length;
    text_t answer;
    while (!call->answered && frame_next(&frames, &answer)) {
        call->answered = true;
        call->status = rest_answer(call->route, answer, &call->body);
    }
    if (call->answered && !call->receiving)
        lws_callback_on_writable(call->wsi);
    return length;
}

static bool link_ready(void *link)
{
    (void)link;
    return true;
}

static void link_wake(void *link)
{
    api_call_t *call = link;
    client_pump(call->client);
}

static void link_close(void *link, unsigned code, text_t reason)
{
    api_call_t *call = link;
    (void)code;
    call->answered = true;
    call->status = rest_problem(&call->body, 503, "%.*s", TEXT_ARG(reason));
    lws_callback_on_writable(call->wsi);
}

static const client_link_t call_link = {
    .passing = true, .send = link_send, .ready = link_ready, .wake = link_wake, .close = link_close};

static void read_header(struct lws *wsi, enum lws_token_indexes token, char out[static HEADER_MAX])
{
    if (lws_hdr_copy(wsi, out, HEADER_MAX, token) <= 0)
        out[0] = '\0';
}

static api_call_t *call_new(api_t *self, struct lws *wsi)
{
    char encoding[HEADER_MAX];
    api_call_t *call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    call->api = self;
    call->wsi = wsi;
    call->body = buffer_new(0);
    call->head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
    read_header(wsi, WSI_TOKEN_HTTP_ACCEPT_ENCODING, encoding);
    call->gzip = accept_gzip(text_of(encoding));
    read_header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, call->known);
    read_header(wsi, WSI_TOKEN_ORIGIN, call->origin);
    return call;
}

static void call_free(api_call_t *call)
{
    client_destroy(&call->client);
    buffer_release(&call->body);
    free(call);
}

/* --- the answer --- */

static const char *content_type(const api_call_t *call)
{
    if (call->status >= 400)
        return "application/problem+json";
    return call->route && rest_is_stream(call->route) ? EVENTS_TYPE : "application/json";
}

static void put_headers(const api_call_t *call, const char *tag, bool gzip, buffer_t *headers)
{
    buffer_append(headers, TEXT("Vary: Accept-Encoding\r\n"));
    cors_append(&call->api->cors, text_of(call->origin), headers);
    if (tag[0])
        buffer_printf(headers, "Cache-Control: no-cache\r\nETag: W/%s\r\n", tag);
    else
        buffer_append(headers, TEXT("Cache-Control: no-store\r\n"));
    if (gzip)
        buffer_append(headers, TEXT("Content-Encoding: gzip\r\n"));
    if (call->status == 503)
        buffer_append(headers, TEXT("Retry-After: 1\r\n"));
    if (call->status == 405)
        buffer_printf(headers, "Allow: %s\r\n", call->methods);
    buffer_append(headers, TEXT("\0"));
}

/* The body as it is sent; *gzip: compressed. */
static text_t choose_body(api_call_t *call, text_t body, buffer_t *packed, bool *gzip)
{
    *gzip = false;
    if (call->status == 304)
        return TEXT("");
    if (!call->gzip || body.length < GZIP_MIN || body.length > GZIP_MAX)
        return body;
    text_t shorter = {"", 0};
    if (call->ready)
        shorter = recent_compressed(call->api->hub->recent, call->ready);
    else if (accept_compress(packed, body))
        shorter = buffer_text(packed);
    *gzip = shorter.length > 0;
    return *gzip ? shorter : body;
}

/* Sends what stands in the call. Returns what http_answer does. */
static int send_answer(api_call_t *call)
{
    char tag[ACCEPT_TAG_SIZE] = "";
    bool gzip;
    buffer_t headers = buffer_new(0), packed = buffer_new(0);
    buffer_append(&call->body, TEXT("\n"));
    text_t body = call->ready ? answer_text(call->ready) : buffer_text(&call->body);
    if (call->ready)
        memcpy(tag, call->ready->tag, sizeof tag);
    else if (call->status == 200 && (!call->route || rest_is_cacheable(call->route)))
        accept_tag(tag, body);
    if (tag[0] && accept_has_tag(text_of(call->known), text_of(tag)))
        call->status = 304;
    http_answer_t answer = {.content_type = content_type(call), .head = call->head};
    answer.body = choose_body(call, body, &packed, &gzip);
    answer.status = call->status;
    answer.room = call->ready && !gzip && call->status == 200 ? ANSWER_ROOM : 0;
    put_headers(call, tag, gzip, &headers);
    answer.headers = headers.bytes;
    int rc = buffer_ok(&headers) && buffer_ok(&call->body) ? http_answer(call->wsi, &answer) : -1;
    buffer_release(&headers);
    buffer_release(&packed);
    return rc;
}

static int finish(api_call_t *call)
{
    int rc = send_answer(call);
    call_free(call);
    return rc;
}

/* --- the request --- */

/* lws has taken the query apart and decoded it. The slices point into `room`. */
static bool read_query(struct lws *wsi, char room[static QUERY_MAX], rest_query_t *query)
{
    size_t used = 0;
    for (int i = 0; i < FRAGMENTS_MAX; i++) {
        if (lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, i) <= 0)
            continue; /* there may be more behind an empty one */
        int length = lws_hdr_copy_fragment(wsi, room + used, (int)(QUERY_MAX - used), WSI_TOKEN_HTTP_URI_ARGS, i);
        text_t argument = {room + used, length < 0 ? 0 : (size_t)length};
        if (text_equal(argument, TEXT("/")))
            continue; /* what lws makes of nothing behind the last '?' or '&' */
        if (length < 0 || !rest_query_add(query, argument))
            return false;
        used += argument.length + 1;
    }
    return true;
}

/* Has the methods carry it out. The answer may be there at once. */
static void ask(api_call_t *call, text_t request)
{
    hub_t *hub = call->api->hub;
    hub->now_ns = clock_real_ns();
    call->client = hub->call_count < API_CALLS_MAX ? client_new(hub, &call_link, call, &methods_events) : NULL;
    if (!call->client) {
        call->status = rest_problem(&call->body, 503, "Too many requests wait for their answers");
        call->answered = true;
        return;
    }
    call->receiving = true;
    client_receive(call->client, request);
    call->receiving = false;
}

/* The answer is a stream, or a word why not; HEAD gets none either. */
static void open_stream(api_call_t *call, const rest_query_t *query, sse_t **stream)
{
    buffer_t headers = buffer_new(0);
    cors_append(&call->api->cors, text_of(call->origin), &headers);
    if (call->head)
        call->status = rest_problem(&call->body, 405, "expected GET");
    else
        *stream = sse_open(call->api->ws, call->api->hub, call->wsi, query, buffer_text(&headers), &call->status, &call->body);
    buffer_release(&headers);
}

static bool find_ready(api_call_t *call, text_t symbol, const rest_query_t *query)
{
    question_t question;
    hub_t *hub = call->api->hub;
    hub->now_ns = clock_real_ns();
    if (rest_recent(call->route, symbol, query, &question))
        call->ready = recent_find(hub->recent, &question, ANSWER_REST);
    return call->ready != NULL;
}

static void start(api_call_t *call, text_t path, sse_t **stream)
{
    text_t symbol;
    asset_t asset;
    rest_query_t query = {.count = 0};
    char room[QUERY_MAX];
    buffer_t out = buffer_new(0);
    call->answered = true;
    call->route = rest_find(path, &symbol);
    if (!call->route && asset_find(path, &asset)) {
        buffer_append(&call->body, asset.bytes);
        call->status = 200;
    } else if (!call->route) {
        call->status =
            rest_problem(&call->body, 404, "There is nothing at this path; /api/v1/openapi.json tells what there is");
    } else if (!read_query(call->wsi, room, &query)) {
        call->status = rest_problem(&call->body, 400, "The query has too many parameters, one twice, or one that is not UTF-8");
    } else if (find_ready(call, symbol, &query)) {
        call->status = 200;
    } else if ((call->status = rest_request(call->route, symbol, &query, &out)) > 0) {
        buffer_append(&call->body, buffer_text(&out));
    } else if (rest_is_stream(call->route)) {
        open_stream(call, &query, stream);
    } else {
        call->answered = false;
        ask(call, buffer_text(&out));
    }
    buffer_release(&out);
}

api_t *api_new(hub_t *hub, ws_t *ws, const cors_t *cors)
{
    api_t *self = malloc(sizeof *self);
    if (self)
        *self = (api_t){.hub = hub, .ws = ws, .cors = *cors};
    return self;
}

void api_destroy(api_t **self)
{
    free(*self);
    *self = NULL;
}

int api_answer_open(api_t *self, struct lws *wsi, const char *methods, text_t json)
{
    char origin[HEADER_MAX];
    buffer_t headers = buffer_new(0);
    read_header(wsi, WSI_TOKEN_ORIGIN, origin);
    buffer_printf(&headers, "Allow: %s\r\nCache-Control: no-store\r\n", methods);
    if (json.length == 0)
        cors_append_preflight(&self->cors, text_of(origin), methods, &headers);
    else
        cors_append(&self->cors, text_of(origin), &headers);
    buffer_append(&headers, TEXT("\0"));
    http_answer_t answer = {.status = 200, .content_type = "application/json", .headers = headers.bytes, .body = json};
    int rc = buffer_ok(&headers) ? http_answer(wsi, &answer) : -1;
    buffer_release(&headers);
    return rc;
}

static const char *methods_of(text_t path)
{
    text_t symbol;
    const rest_route_t *route = rest_find(path, &symbol);
    return route && rest_is_stream(route) ? STREAM_METHODS : METHODS;
}

int api_on_request(api_t *self, struct lws *wsi, text_t path, api_call_t **slot, sse_t **stream)
{
    if (lws_hdr_total_length(wsi, WSI_TOKEN_OPTIONS_URI) > 0)
        return api_answer_open(self, wsi, methods_of(path), TEXT(""));
    api_call_t *call = call_new(self, wsi);
    if (!call)
        return -1;
    call->methods = methods_of(path);
    if (!http_is_read(wsi)) {
        call->status = rest_problem(&call->body, 405, "expected GET");
        finish(call);
        return -1; /* what follows may be a body, which nobody reads */
    }
    start(call, path, stream);
    if (*stream) {
        call_free(call);
        return 0;
    }
    if (call->answered)
        return finish(call);
    *slot = call;
    return 0;
}

int api_on_writable(api_call_t **slot)
{
    api_call_t *call = *slot;
    if (!call || !call->answered)
        return 0;
    *slot = NULL;
    return finish(call);
}

void api_on_close(api_call_t **slot)
{
    if (*slot)
        call_free(*slot);
    *slot = NULL;
}
