#include "gatewayd/doors/sse.h"

#include "gatewayd/clients/client.h"
#include "gatewayd/doors/ending.h"
#include "gatewayd/doors/sse_format.h"
#include "gatewayd/forms/params.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
    PORTION_BYTES = 4096, /* that a peer that is slow may be behind, and one event */
    KEPT_BYTES = 2048     /* of a buffer: there are thousands of streams */
};

typedef enum {
    SSE_ASKING,  /* the subscribes are not answered yet, nor is the request */
    SSE_OPENING, /* they are: the head of the answer goes out when it can */
    SSE_OPEN,
    SSE_LEAVING, /* ends when all that waits is out */
    SSE_ENDING,  /* ends when what is written is out */
    SSE_FAILED,  /* they were refused: the answer is a problem */
} sse_state_t;

typedef struct {
    admission_t *admission;
    http_connection_t *connection;
    client_t *client;
    sse_format_t *events;
    sse_state_t state;
    unsigned status;  /* SSE_FAILED */
    bool browser;     /* it is an EventSource that asks */
    buffer_t out;     /* what goes out next; SSE_FAILED: why */
    buffer_t headers; /* of the answer */
    int64_t sent_ns;  /* CLOCK_MONOTONIC */
    char address[ADMISSION_ADDRESS_MAX];
} sse_t;

/* Hands over what there is; the connection keeps what the peer does not take. */
static void write_out(sse_t *self)
{
    if (self->out.length == 0)
        return;
    if (buffer_ok(&self->out)) {
        http_write(self->connection, buffer_text(&self->out));
    } else { /* something did not fit into memory: the client comes back for it */
        self->state = SSE_ENDING;
        http_wake(self->connection);
    }
    self->sent_ns = clock_mono_ns();
    if (self->out.capacity > KEPT_BYTES)
        buffer_release(&self->out);
    buffer_clear(&self->out);
}

static bool is_open(const sse_t *self)
{
    return self->state == SSE_OPEN || self->state == SSE_LEAVING;
}

/* The last words; a peer that takes nothing is not waited for. */
static void end(sse_t *self, text_t why)
{
    if (is_open(self))
        sse_format_append_error(&self->out, why);
    if (self->state == SSE_ASKING || self->state == SSE_OPENING) {
        self->status = rest_problem(&self->out, 503, "%.*s", TEXT_ARG(why));
        self->state = SSE_FAILED;
    } else {
        self->state = SSE_ENDING;
    }
    http_wake(self->connection);
}

/* The subscribes were answered. */
static void on_begun(sse_t *self)
{
    text_t error, symbol;
    if (!sse_format_begun(self->events, &error))
        return;
    self->state = SSE_OPENING;
    if (error.length > 0) {
        param_text_t message;
        int code = (int)strtol(json_member(error, "code").at, NULL, 10);
        if (!param_text(json_member(error, "message"), &message))
            message.length = 0;
        self->status =
            rest_problem_of(rest_find(TEXT(REST_PREFIX "v1/stream"), &symbol), code, param_slice(&message), &self->out);
        self->state = SSE_FAILED;
    }
    http_wake(self->connection);
}

/* --- client_link_t --- */

/* As many as the peer takes: what it does not take as events stays in the ring, where it is everybody's. */
static size_t link_send(void *link, text_t frames, buffer_t *owner)
{
    (void)owner; /* what it keeps has another form */
    sse_t *self = link;
    text_t rest = frames, message;
    bool fits = true;
    while (fits && self->state != SSE_FAILED && (!is_open(self) || http_writable(self->connection)) &&
           frame_next(&rest, &message)) {
        fits = sse_format_append(self->events, message, &self->out);
        if (self->state == SSE_ASKING)
            on_begun(self);
        if (is_open(self) && self->out.length >= PORTION_BYTES)
            write_out(self);
    }
    if (!fits)
        conversation_end(&self->client->talk, CLOSE_POLICY, TEXT("too many streams for one connection"));
    else if (is_open(self))
        write_out(self);
    return fits && self->state != SSE_FAILED ? (size_t)(rest.at - frames.at) : frames.length;
}

static bool link_ready(void *link)
{
    sse_t *self = link;
    if (self->state == SSE_ASKING)
        return true;
    return is_open(self) && http_writable(self->connection);
}

static void link_wake(void *link)
{
    sse_t *self = link;
    http_wake(self->connection);
}

static void link_close(void *link, unsigned code, text_t reason)
{
    sse_t *self = link;
    ending_log("sse", self->address, code, reason);
    end(self, reason);
}

static void link_check(void *link, int64_t now_ns)
{
    sse_t *self = link;
    if (self->state != SSE_OPEN || now_ns - self->sent_ns < SSE_HEARTBEAT_MS * NS_PER_MS || !http_writable(self->connection))
        return;
    buffer_append(&self->out, SSE_FORMAT_HEARTBEAT);
    http_wake(self->connection);
}

static void link_leave(void *link)
{
    sse_t *self = link;
    if (self->state == SSE_OPEN) {
        ending_log("sse", self->address, CLOSE_RESTART, TEXT("the gateway is shutting down"));
        self->state = SSE_LEAVING;
    } else if (self->state == SSE_ASKING || self->state == SSE_OPENING) {
        conversation_end(&self->client->talk, CLOSE_RESTART, TEXT("The gateway is shutting down"));
    }
    http_wake(self->connection);
}

static const client_link_t sse_format_link = {.counts = true,
                                              .send = link_send,
                                              .ready = link_ready,
                                              .wake = link_wake,
                                              .close = link_close,
                                              .check = link_check,
                                              .leave = link_leave};

/* A browser sends the header by itself, and would never come back after a 400; the query somebody has written, who can mend it. What is
 * wrong, or NULL. */
static const char *resume(sse_format_t *events, const http_request_t *request, const rest_query_t *query)
{
    text_t id = http_request_field(request, "Last-Event-ID");
    if (id.length > 0)
        sse_format_resume_if_known(events, id);
    else if (!sse_format_resume(events, rest_query_get(query, "lastEventId")))
        return "lastEventId: expected the id of an event";
    return NULL;
}

/* The socket of a stream: little waits in the kernel, so that a slow peer is known, and a dead one is found out. */
static void prepare_socket(http_connection_t *connection)
{
    int fd = http_socket(connection);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ADMISSION_SEND_BUFFER}, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &(unsigned){SSE_DEAD_MS}, sizeof(unsigned));
}

static bool is_browser(const http_request_t *request)
{
    text_t accepts = http_request_field(request, "Accept");
    return memmem(accepts.at, accepts.length, SSE_FORMAT_TYPE, sizeof SSE_FORMAT_TYPE - 1);
}

/* What sse_open's header says of a 503. */
static unsigned soften(bool browser, unsigned status, buffer_t *answer)
{
    param_text_t why;
    if (!browser || status != 503 || !param_text(json_member(buffer_text(answer), "detail"), &why))
        return status;
    buffer_clear(answer);
    buffer_printf(answer, "retry: %d\n", SSE_FORMAT_RETRY_MS);
    sse_format_append_error(answer, param_slice(&why));
    return 200;
}

/* --- the answer --- */

static void answer_problem(sse_t *self)
{
    buffer_append(&self->headers, self->status == 503 ? TEXT("Retry-After: 1\r\nCache-Control: no-store\r\n")
                                                      : TEXT("Cache-Control: no-store\r\n"));
    unsigned status = soften(self->browser, self->status, &self->out);
    http_answer(self->connection, &(http_answer_t){.status = status,
                                                   .content_type = status == 200 ? SSE_FORMAT_TYPE : "application/problem+json",
                                                   .headers = buffer_text(&self->headers),
                                                   .body = buffer_text(&self->out)});
}

/* The head, and behind it what has been appended already. The end of the connection ends the body. */
static void write_head(sse_t *self)
{
    buffer_t head = buffer_new(0);
    buffer_append(&head, TEXT("HTTP/1.1 200 OK\r\nContent-Type: " SSE_FORMAT_TYPE "\r\nCache-Control: no-cache\r\n"
                              "X-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n"));
    buffer_append(&head, http_date_line());
    buffer_append(&head, buffer_text(&self->headers));
    buffer_append(&head, TEXT("\r\n"));
    http_stream(self->connection, buffer_text(&head));
    buffer_release(&head);
    self->state = SSE_OPEN;
    write_out(self);
}

static void sse_free(sse_t *self)
{
    client_destroy(&self->client);
    sse_format_destroy(&self->events);
    buffer_release(&self->out);
    buffer_release(&self->headers);
    if (self->address[0])
        admission_leave(self->admission, self->address);
    free(self);
}

/* False when it is over. */
static bool go_on(sse_t *self)
{
    if (self->state == SSE_ASKING) {
        client_pump(self->client);
        return true;
    }
    if (self->state == SSE_FAILED) {
        answer_problem(self);
        return false;
    }
    if (self->state == SSE_OPENING)
        write_head(self);
    write_out(self);
    client_pump(self->client);
    bool over = self->state == SSE_ENDING || (self->state == SSE_LEAVING && client_idle(self->client));
    if (over) {
        write_out(self);
        http_close(self->connection);
    }
    return !over;
}

static void on_ready(void *owner)
{
    sse_t *self = owner;
    if (!go_on(self))
        sse_free(self);
}

static void on_closed(void *owner)
{
    sse_t *self = owner;
    sse_free(self);
}

static const http_owner_t sse_owner = {.ready = on_ready, .closed = on_closed};

/* --- the request --- */

static sse_t *sse_new(admission_t *admission, hub_t *hub, http_connection_t *connection, text_t headers)
{
    char room[HTTP_PEER_MAX];
    sse_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (sse_t){.admission = admission, .connection = connection, .out = buffer_new(0), .headers = buffer_new(0)};
    buffer_append(&self->headers, headers);
    self->events = sse_format_new();
    admission_enter(admission, http_peer(connection, room), self->address);
    if (self->events && self->address[0])
        self->client = client_new(hub, &sse_format_link, self);
    if (!self->client) {
        sse_free(self);
        return NULL;
    }
    return self;
}

bool sse_open(admission_t *admission, hub_t *hub, http_connection_t *connection, const http_request_t *request,
              const rest_query_t *query, text_t headers, unsigned *status, buffer_t *answer)
{
    char room[HTTP_PEER_MAX];
    *status = admission_refusal(admission, http_peer(connection, room));
    sse_t *self = *status == 0 ? sse_new(admission, hub, connection, headers) : NULL;
    if (!self) {
        *status = rest_problem(answer, 503, "too many clients");
        *status = soften(is_browser(request), *status, answer);
        return false;
    }
    buffer_t subscribes = buffer_new(0);
    const char *wrong = resume(self->events, request, query);
    if (!wrong)
        wrong =
            sse_format_subscribe(self->events, rest_query_get(query, "symbols"), rest_query_get(query, "source"), &subscribes);
    if (wrong) {
        *status = rest_problem(answer, 400, "%s", wrong);
        sse_free(self);
    } else {
        self->browser = is_browser(request);
        prepare_socket(connection);
        http_wait(connection, &sse_owner, self);
        client_receive(self->client, buffer_text(&subscribes));
    }
    buffer_release(&subscribes);
    return !wrong;
}
