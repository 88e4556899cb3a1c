#include "gatewayd/doors/sse.h"

#include "gatewayd/clients/client.h"
#include "gatewayd/doors/ending.h"
#include "gatewayd/doors/sse_format.h"
#include "gatewayd/forms/event.h"
#include "gatewayd/methods/methods.h"
#include "gatewayd/streams/notify.h"
#include "gatewayd/streams/offers.h"

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
    hub_t *hub;
    admission_t *admission;
    http_connection_t *connection;
    client_t *client;
    sse_format_t *events;
    sse_state_t state;
    reply_t reply;    /* of each of the subscribes */
    size_t asking;    /* SSE_ASKING: those that are not answered, and one for the asking itself */
    unsigned status;  /* SSE_FAILED */
    bool browser;     /* it is an EventSource that asks */
    buffer_t out;     /* what goes out next; SSE_FAILED: why */
    buffer_t refusal; /* why a subscribe failed; empty: none has yet */
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

/* --- the subscribes: reply_t --- */

/* Which of a symbol's streams fail, as who is subscribed already is told it. */
static void tell_failing(sse_t *self, const subscription_t *subscription)
{
    LIST_EACH(item, &subscription->readers)
    {
        const live_stream_t *live_stream = LIST_OWNER(item, reader_t, in_subscription)->live_stream;
        const offer_t *offer = offers_find(self->hub->offers, live_stream->source);
        offer_failing_t failing = {live_stream->symbol, offer ? offer_failure(offer, live_stream->symbol) : TEXT("")};
        if (failing.reason.length == 0)
            continue;
        buffer_t params = buffer_new(0);
        notify_failing(&params, live_stream->source, &failing);
        frame_append_notification(&self->out, DIALECT_SSE, TEXT("subscription.failing"), buffer_text(&params));
        buffer_release(&params);
    }
}

/* The readers are seated where the events begin. */
static void take_places(sse_t *self, const subscription_t *subscription)
{
    LIST_EACH(item, &subscription->readers)
    {
        const reader_t *reader = LIST_OWNER(item, reader_t, in_subscription);
        if (reader->has_last)
            sse_format_place(self->events, reader->live_stream->symbol, reader->live_stream->source, reader->last);
    }
}

static void tell_unknown(sse_t *self, const subscription_t *subscription)
{
    sse_format_put_unknown(self->events, subscription->market->symbol, &self->out);
}

static void each_subscription(sse_t *self, void (*tell)(sse_t *self, const subscription_t *subscription))
{
    LIST_EACH(item, &self->client->readers.subscriptions)
    {
        tell(self, LIST_OWNER(item, subscription_t, in_client));
    }
}

/* All are subscribed to, and held until the beginning is out. */
static void begin(sse_t *self)
{
    self->state = SSE_OPENING;
    each_subscription(self, take_places);
    bool fits = sse_format_begin(self->events, &self->out);
    each_subscription(self, tell_unknown);
    each_subscription(self, tell_failing);
    if (!fits)
        conversation_end(&self->client->talk, CLOSE_POLICY, TEXT("too many streams for one connection"));
}

/* One of the subscribes is answered, or all of them have been asked. */
static void on_answered(sse_t *self)
{
    if (--self->asking > 0)
        return;
    self->client->talk.gathering = false;
    if (self->refusal.length > 0) {
        buffer_release(&self->out);
        self->out = buffer_take(&self->refusal);
        self->state = SSE_FAILED;
    } else {
        begin(self);
    }
    http_wake(self->connection);
}

/* It has ended meanwhile, and nobody waits for an answer. */
static bool is_over(const sse_t *self)
{
    return self->state != SSE_ASKING || !self->client || self->client->talk.end.closing;
}

static void reply_with_result(reply_t *reply, text_t result)
{
    sse_t *self = LIST_OWNER(reply, sse_t, reply);
    (void)result; /* the readers are where it says */
    if (!is_over(self))
        on_answered(self);
}

static void reply_with_list(reply_t *reply, const dialect_list_t *list)
{
    (void)list;
    reply_with_result(reply, TEXT(""));
}

static void reply_with_placed(reply_t *reply, char *result, size_t length)
{
    reply_with_result(reply, (text_t){result, length});
}

/* The first that failed tells why. */
static void reply_with_error(reply_t *reply, int code, text_t message)
{
    sse_t *self = LIST_OWNER(reply, sse_t, reply);
    text_t symbol;
    self->hub->counts.rpc.errors++;
    if (is_over(self))
        return;
    if (self->refusal.length == 0)
        self->status = rest_problem_of(rest_find(TEXT(REST_PREFIX "v1/stream"), &symbol), code, message, &self->refusal);
    on_answered(self);
}

static bool is_wanted(const reply_t *reply)
{
    (void)reply;
    return true;
}

static const reply_kind_t sse_reply = {.result = reply_with_result,
                                       .list = reply_with_list,
                                       .placed = reply_with_placed,
                                       .error = reply_with_error,
                                       .wanted = is_wanted};

/* What one of the subscribes asks for. */
typedef struct {
    text_t symbol, source;
    buffer_t since;
} wish_t;

static value_t wish_value(const void *from, const char *name)
{
    const wish_t *wish = from;
    if (strcmp(name, "channel") == 0)
        return (value_t){TEXT("trades"), .plain = true};
    if (strcmp(name, "symbol") == 0)
        return (value_t){wish->symbol, .plain = true};
    if (strcmp(name, "source") == 0 && wish->source.length > 0)
        return (value_t){wish->source, .plain = true};
    if (strcmp(name, "since") == 0 && wish->since.length > 0)
        return (value_t){.text = buffer_text(&wish->since)};
    return (value_t){.plain = true};
}

/* The answers may be there at once, and go out together. */
static void subscribe_all(sse_t *self, text_t symbols, text_t source)
{
    caller_t *caller = &self->client->talk.caller;
    wish_t wish = {.source = source, .since = buffer_new(0)};
    client_cork(self->client);
    self->client->talk.gathering = true;
    self->asking = 1;
    while (sse_format_symbol(&symbols, &wish.symbol)) {
        buffer_clear(&wish.since);
        sse_format_put_since(self->events, wish.symbol, &wish.since);
        self->hub->counts.rpc.requests++;
        self->asking++;
        methods_call(caller, TEXT("subscribe"), wish_value, &wish, &self->reply);
    }
    buffer_release(&wish.since);
    if (!is_over(self))
        on_answered(self);
    client_uncork(self->client);
}

/* --- client_link_t --- */

/* Events that follow one another, as they are: behind what waits. */
static void pass_on(sse_t *self, text_t events)
{
    if (events.length == 0)
        return;
    if (!is_open(self)) {
        buffer_append(&self->out, events);
        return;
    }
    write_out(self);
    http_write(self->connection, events);
    self->sent_ns = clock_mono_ns();
}

/* The next event goes behind `whole`, which are to be passed on, or behind `out`. False when the connection has too many streams. */
static bool take_event(sse_t *self, text_t event, text_t *whole)
{
    bool fits = true;
    if (sse_format_passes(self->events, event)) {
        whole->length += event.length;
    } else {
        pass_on(self, *whole);
        fits = sse_format_append(self->events, event, &self->out);
        *whole = (text_t){event.at + event.length, 0};
    }
    if (is_open(self) && whole->length + self->out.length >= PORTION_BYTES) {
        pass_on(self, *whole);
        write_out(self);
        *whole = (text_t){event.at + event.length, 0};
    }
    return fits;
}

/* As many as the peer takes: what it does not take stays in the ring, where it is everybody's. */
static size_t link_send(void *link, text_t frames, buffer_t *owner)
{
    (void)owner; /* what is kept is little */
    sse_t *self = link;
    text_t rest = frames, event, whole = {frames.at, 0};
    bool fits = true;
    while (fits && self->state != SSE_FAILED && (!is_open(self) || http_writable(self->connection)) &&
           event_next(&rest, &event))
        fits = take_event(self, event, &whole);
    pass_on(self, whole);
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

static const client_link_t sse_format_link = {.dialect = DIALECT_SSE,
                                              .counts = true,
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
    buffer_release(&self->refusal);
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
    *self = (sse_t){.hub = hub,
                    .admission = admission,
                    .connection = connection,
                    .reply = {&sse_reply},
                    .out = buffer_new(0),
                    .refusal = buffer_new(0),
                    .headers = buffer_new(0)};
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
    const char *wrong = resume(self->events, request, query);
    text_t symbols = rest_query_get(query, "symbols");
    if (!wrong)
        wrong = sse_format_choose(self->events, symbols);
    if (wrong) {
        *status = rest_problem(answer, 400, "%s", wrong);
        sse_free(self);
        return false;
    }
    self->browser = is_browser(request);
    prepare_socket(connection);
    http_wait(connection, &sse_owner, self);
    subscribe_all(self, symbols, rest_query_get(query, "source"));
    return true;
}
