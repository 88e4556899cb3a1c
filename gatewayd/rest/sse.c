#include "gatewayd/rest/sse.h"
#include "gatewayd/forms/frame.h"

#include "gatewayd/admission/ending.h"
#include "gatewayd/clients/client.h"
#include "gatewayd/rest/rest_answer.h"
#include "gatewayd/rest/sse_answer.h"
#include "gatewayd/rest/sse_format.h"
#include "gatewayd/rest/sse_subscribes.h"
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
    sse_subscribes_t subscribes;
    unsigned status;  /* SSE_FAILED */
    bool browser;     /* it is an EventSource that asks */
    buffer_t out;     /* what goes out next; SSE_FAILED: why */
    buffer_t headers; /* of the answer */
    int64_t sent_ns;  /* CLOCK_MONOTONIC */
    int64_t leave_ns; /* SSE_LEAVING: by then at the latest: the same */
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

/* --- the beginning --- */

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

/* --- sse_subscribes_t --- */

static void on_subscribed(sse_subscribes_t *subscribes)
{
    sse_t *self = LIST_OWNER(subscribes, sse_t, subscribes);
    begin(self);
    http_wake(self->connection);
}

static void on_refused(sse_subscribes_t *subscribes, int code, const char *reason, text_t message)
{
    sse_t *self = LIST_OWNER(subscribes, sse_t, subscribes);
    text_t symbol;
    buffer_release(&self->out);
    if (reason)
        rest_answer_put_refusal(auth_refusal_of(text_of(reason)), &self->headers);
    self->status = rest_problem_of(rest_find(TEXT(REST_PREFIX "v1/stream"), &symbol), code, reason, message, &self->out);
    self->state = SSE_FAILED;
    http_wake(self->connection);
}

static const sse_subscribes_events_t subscribes_events = {.subscribed = on_subscribed, .refused = on_refused};

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
           frame_next_event(&rest, &event))
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
    if (self->state == SSE_LEAVING && now_ns >= self->leave_ns) {
        end(self, TEXT("the gateway is shutting down"));
        return;
    }
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
        self->leave_ns = clock_mono_ns() + SSE_LEAVE_MS * NS_PER_MS;
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

/* --- http_owner_t --- */

static void sse_free(sse_t *self)
{
    client_destroy(&self->client);
    sse_format_destroy(&self->events);
    buffer_release(&self->out);
    sse_subscribes_release(&self->subscribes);
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
        sse_answer_problem(self->connection, self->browser, self->status, &self->headers, &self->out);
        return false;
    }
    if (self->state == SSE_OPENING) {
        sse_answer_begin(self->connection, buffer_text(&self->headers));
        self->state = SSE_OPEN;
    }
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
    *self =
        (sse_t){.hub = hub, .admission = admission, .connection = connection, .out = buffer_new(0), .headers = buffer_new(0)};
    buffer_append(&self->headers, headers);
    self->events = sse_format_new();
    admission_enter(admission, http_peer(connection, room), self->address);
    if (self->events && self->address[0])
        self->client = client_new(hub, &sse_format_link, self);
    if (self->client)
        self->client->talk.caller.address = text_of(self->address);
    if (!self->client) {
        sse_free(self);
        return NULL;
    }
    return self;
}

bool sse_open(admission_t *admission, hub_t *hub, http_connection_t *connection, const http_request_t *request,
              const rest_query_t *query, text_t headers, grant_t **grant, unsigned *status, buffer_t *answer)
{
    char room[HTTP_PEER_MAX];
    *status = admission_refusal(admission, http_peer(connection, room));
    sse_t *self = *status == 0 ? sse_new(admission, hub, connection, headers) : NULL;
    if (!self) {
        *status = rest_problem(answer, 503, "too many clients");
        *status = sse_answer_soften(sse_answer_browser(request), *status, answer);
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
    self->browser = sse_answer_browser(request);
    prepare_socket(connection);
    http_wait(connection, &sse_owner, self);
    sse_wanted_t wanted = {symbols, rest_query_get(query, "source"), rest_query_get(query, "mark")};
    if (*grant)
        hub->let_in(self->client, *grant);
    *grant = NULL;
    sse_subscribes_start(&self->subscribes, &self->client->talk, self->events, &wanted, &subscribes_events);
    return true;
}
