#include "gatewayd/sse.h"

#include "common/http.h"
#include "gatewayd/events.h"
#include "gatewayd/methods.h"
#include "gatewayd/params.h"

#include <libwebsockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>

enum { LAST_ID_MAX = EVENTS_ID_MAX + 64, CLOSE_TIMEOUT_S = 5, KEPT_BYTES = 65536, ACCEPT_MAX = 256 };

typedef enum {
    SSE_ASKING,  /* the subscribes are not answered yet, nor is the request */
    SSE_OPENING, /* they are: the head of the answer goes out when it can */
    SSE_OPEN,
    SSE_LEAVING, /* ends when all that waits is out */
    SSE_ENDING,  /* ends when what is written is out */
    SSE_FAILED,  /* they were refused: the answer is a problem */
} state_t;

struct sse {
    ws_t *ws;
    hub_t *hub;
    struct lws *wsi;
    client_t *client;
    events_t *events;
    state_t state;
    unsigned status;  /* SSE_FAILED */
    bool browser;     /* it is an EventSource that asks */
    buffer_t out;     /* LWS_PRE bytes for lws, and what goes out next */
    buffer_t headers; /* of the answer */
    int64_t sent_ns;  /* CLOCK_MONOTONIC */
    char address[WS_ADDRESS_MAX];
};

static void clear_out(sse_t *self)
{
    static const char padding[LWS_PRE];
    if (self->out.capacity > KEPT_BYTES)
        buffer_release(&self->out);
    buffer_clear(&self->out);
    buffer_append(&self->out, (text_t){padding, LWS_PRE});
}

static bool has_output(const sse_t *self)
{
    return self->out.length > LWS_PRE;
}

/* Hands what there is to lws, which keeps what the peer does not take. */
static bool write_out(sse_t *self)
{
    if (!has_output(self))
        return true;
    size_t length = self->out.length - LWS_PRE;
    bool ok =
        buffer_ok(&self->out) && lws_write(self->wsi, (unsigned char *)self->out.bytes + LWS_PRE, length, LWS_WRITE_HTTP) >= 0;
    self->sent_ns = clock_mono_ns();
    clear_out(self);
    return ok;
}

/* The last words are written; a peer that takes nothing is not waited for. */
static void end(sse_t *self, text_t why)
{
    if (self->state == SSE_OPEN || self->state == SSE_LEAVING)
        events_append_error(&self->out, why);
    if (self->state == SSE_ASKING || self->state == SSE_OPENING) {
        clear_out(self);
        self->status = rest_problem(&self->out, 503, "%.*s", TEXT_ARG(why));
        self->state = SSE_FAILED;
    } else {
        self->state = SSE_ENDING;
    }
    lws_set_timeout(self->wsi, PENDING_TIMEOUT_CLOSE_SEND, CLOSE_TIMEOUT_S);
    lws_callback_on_writable(self->wsi);
}

/* The subscribes were answered. */
static void on_begun(sse_t *self)
{
    text_t error, symbol;
    if (!events_begun(self->events, &error))
        return;
    self->state = SSE_OPENING;
    if (error.length > 0) {
        self->status = rest_problem_of(rest_find(TEXT(REST_PREFIX "v1/stream"), &symbol), error, &self->out);
        self->state = SSE_FAILED;
    }
    lws_callback_on_writable(self->wsi);
}

/* --- client_link_t --- */

static size_t link_send(void *link, text_t frames)
{
    sse_t *self = link;
    size_t length = frames.length;
    text_t message;
    bool fits = true;
    while (fits && self->state != SSE_FAILED && frame_next(&frames, &message)) {
        fits = events_append(self->events, message, &self->out);
        if (self->state == SSE_ASKING)
            on_begun(self);
    }
    if (!fits)
        client_close(self->client, CLOSE_POLICY, TEXT("too many streams for one connection"));
    else if ((self->state == SSE_OPEN || self->state == SSE_LEAVING) && !write_out(self))
        lws_set_timeout(self->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    return length;
}

static bool link_ready(void *link)
{
    sse_t *self = link;
    if (self->state == SSE_ASKING)
        return true;
    return (self->state == SSE_OPEN || self->state == SSE_LEAVING) && !lws_partial_buffered(self->wsi) &&
           !lws_send_pipe_choked(self->wsi);
}

static void link_wake(void *link)
{
    sse_t *self = link;
    lws_callback_on_writable(self->wsi);
}

static void link_close(void *link, unsigned code, text_t reason)
{
    (void)code;
    end(link, reason);
}

static void link_check(void *link, int64_t now_ns)
{
    sse_t *self = link;
    if (self->state != SSE_OPEN || now_ns - self->sent_ns < SSE_HEARTBEAT_MS * NS_PER_MS || lws_partial_buffered(self->wsi))
        return;
    buffer_append(&self->out, EVENTS_HEARTBEAT);
    lws_callback_on_writable(self->wsi);
}

static void link_leave(void *link)
{
    sse_t *self = link;
    if (self->state == SSE_OPEN)
        self->state = SSE_LEAVING;
    else if (self->state == SSE_ASKING || self->state == SSE_OPENING)
        client_close(self->client, CLOSE_RESTART, TEXT("The gateway ends"));
    lws_callback_on_writable(self->wsi);
}

static const client_link_t events_link = {
    .send = link_send, .ready = link_ready, .wake = link_wake, .close = link_close, .check = link_check, .leave = link_leave};

/* --- the request --- */

static void sse_free(sse_t *self)
{
    client_destroy(&self->client);
    events_destroy(&self->events);
    buffer_release(&self->out);
    buffer_release(&self->headers);
    if (self->address[0])
        ws_dismiss(self->ws, self->address);
    free(self);
}

static text_t read_last_id(struct lws *wsi, const rest_query_t *query, char room[static LAST_ID_MAX])
{
    static const char name[] = "last-event-id:";
    if (lws_hdr_custom_length(wsi, name, sizeof name - 1) <= 0)
        return rest_query_get(query, "lastEventId");
    int length = lws_hdr_custom_copy(wsi, room, LAST_ID_MAX, name, sizeof name - 1);
    return length > 0 ? (text_t){room, (size_t)length} : TEXT("too long"); /* which is no id */
}

/* The socket of a stream: little waits in the kernel, so that a slow peer is known, and a dead one is found out. */
static void prepare_socket(struct lws *wsi)
{
    int fd = lws_get_socket_fd(wsi);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){WS_SEND_BUFFER}, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &(unsigned){SSE_DEAD_MS}, sizeof(unsigned));
    lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
}

static bool is_browser(struct lws *wsi)
{
    char accepts[ACCEPT_MAX];
    int length = lws_hdr_copy(wsi, accepts, sizeof accepts, WSI_TOKEN_HTTP_ACCEPT);
    return length > 0 && strstr(accepts, EVENTS_TYPE);
}

/* What sse_open's header says of a 503. */
static unsigned soften(bool browser, unsigned status, buffer_t *answer)
{
    param_text_t why;
    if (!browser || status != 503 || !param_text(json_member(buffer_text(answer), "detail"), &why))
        return status;
    buffer_clear(answer);
    buffer_printf(answer, "retry: %d\n", EVENTS_RETRY_MS);
    events_append_error(answer, param_slice(&why));
    return 200;
}

static sse_t *sse_new(ws_t *ws, hub_t *hub, struct lws *wsi, text_t headers)
{
    sse_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self =
        (sse_t){.ws = ws, .hub = hub, .wsi = wsi, .browser = is_browser(wsi), .out = buffer_new(0), .headers = buffer_new(0)};
    clear_out(self);
    buffer_append(&self->headers, headers);
    self->events = events_new();
    if (!ws_admit(ws, wsi, self->address))
        self->address[0] = '\0';
    if (self->events && self->address[0])
        self->client = client_new(hub, &events_link, self, &methods_events);
    if (!self->client) {
        sse_free(self);
        return NULL;
    }
    return self;
}

sse_t *sse_open(ws_t *ws, hub_t *hub, struct lws *wsi, const rest_query_t *query, text_t headers, unsigned *status,
                buffer_t *answer)
{
    char room[LAST_ID_MAX];
    *status = ws_refusal(ws, wsi);
    sse_t *self = *status == 0 ? sse_new(ws, hub, wsi, headers) : NULL;
    if (!self) {
        *status = rest_problem(answer, *status ? *status : 503, *status == 403 ? "origin not allowed" : "too many clients");
        *status = soften(is_browser(wsi), *status, answer);
        return NULL;
    }
    buffer_t request = buffer_new(0);
    text_t last_id = read_last_id(wsi, query, room);
    const char *wrong =
        events_subscribe(self->events, rest_query_get(query, "symbols"), rest_query_get(query, "source"), last_id, &request);
    if (wrong) {
        *status = rest_problem(answer, 400, "%s", wrong);
        sse_free(self);
        self = NULL;
    } else {
        hub->now_ns = clock_real_ns();
        prepare_socket(wsi);
        client_receive(self->client, buffer_text(&request));
    }
    buffer_release(&request);
    return self;
}

/* --- the answer --- */

static int answer_problem(sse_t *self)
{
    buffer_append(&self->headers, self->status == 503 ? TEXT("Retry-After: 1\r\nCache-Control: no-store\r\n\0")
                                                      : TEXT("Cache-Control: no-store\r\n\0"));
    unsigned status = soften(self->browser, self->status, &self->out);
    http_answer_t answer = {.status = status,
                            .content_type = status == 200 ? EVENTS_TYPE : "application/problem+json",
                            .headers = self->headers.bytes,
                            .body = buffer_text(&self->out)};
    return http_answer(self->wsi, &answer);
}

/* The head, and behind it what has been appended already. The end of the connection ends the body. */
static bool write_head(sse_t *self)
{
    buffer_t rest = self->out;
    self->out = buffer_new(0);
    clear_out(self);
    buffer_append(&self->out, TEXT("HTTP/1.1 200 OK\r\nContent-Type: " EVENTS_TYPE "\r\nCache-Control: no-cache\r\n"
                                   "X-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n"));
    buffer_append(&self->out, buffer_text(&self->headers));
    buffer_append(&self->out, TEXT("\r\n"));
    buffer_append(&self->out, (text_t){rest.bytes + LWS_PRE, rest.length - LWS_PRE});
    buffer_release(&rest);
    self->state = SSE_OPEN;
    return write_out(self);
}

/* -1 when the connection is to be closed. */
static int go_on(sse_t *self)
{
    if (self->state == SSE_OPENING && !write_head(self))
        return -1;
    if (!lws_partial_buffered(self->wsi) && !write_out(self))
        return -1;
    client_pump(self->client);
    bool over = self->state == SSE_ENDING || (self->state == SSE_LEAVING && client_idle(self->client));
    if (self->state == SSE_ENDING && has_output(self) && !lws_partial_buffered(self->wsi) && !write_out(self))
        return -1;
    if (over && lws_partial_buffered(self->wsi))
        lws_callback_on_writable(self->wsi);
    return over && !has_output(self) && !lws_partial_buffered(self->wsi) ? -1 : 0;
}

int sse_on_writable(sse_t **slot)
{
    sse_t *self = *slot;
    if (!self)
        return 0;
    self->hub->now_ns = clock_real_ns();
    if (self->state == SSE_ASKING) {
        client_pump(self->client);
        return 0;
    }
    if (self->state != SSE_FAILED)
        return go_on(self);
    *slot = NULL; /* before the answer: lws frees the slot with the request that it ends */
    int rc = answer_problem(self);
    sse_free(self);
    return rc;
}

void sse_on_close(sse_t **slot)
{
    if (*slot) {
        (*slot)->hub->now_ns = clock_real_ns();
        sse_free(*slot);
    }
    *slot = NULL;
}
