/* Over 400 lines, but one idea: the table of a connection's states and events, and what each entry of it does. */
#include "common/http/http_connection.h"

#include "common/http/http_forwarded.h"
#include "common/http/http_shared.h"
#include "common/json/json_write.h"
#include "common/log.h"
#include "common/net/address_group.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    FLUSH_BYTES = 1 << 18, /* at once: some 100 µs */
    HTTP_RETRY_MAX = 96    /* of the headers of a 429 */
};

static void expect(http_connection_t *self, uint64_t within_ms)
{
    self->due_ms = within_ms ? uv_now(self->shared->uv) + within_ms : 0;
}

/* --- the end --- */

static void on_poll_closed(uv_handle_t *handle)
{
    http_connection_t *self = handle->data;
    introduction_destroy(&self->introduction);
    buffer_release(&self->kept);
    buffer_release(&self->body);
    buffer_release(&self->out);
    free(self);
}

static http_action_t step(http_connection_t *self, http_event_t event)
{
    return http_state_step(&self->state, event);
}

/* False when it has left already. */
static bool leave(http_connection_t *self)
{
    if (step(self, HTTP_ON_LEAVE) != HTTP_REMOVE)
        return false;
    budget_close(&self->account);
    list_remove(&self->in_server);
    list_remove(&self->in_woken);
    list_remove(&self->reading.in_line);
    connection_slots_leave(self->shared->slots, &self->slot);
    uv_close((uv_handle_t *)&self->poll, on_poll_closed);
    return true;
}

void http_connection_close(http_connection_t *self)
{
    const http_owner_t *events = self->events;
    if (!leave(self))
        return;
    byte_stream_close(&self->stream);
    self->events = NULL;
    if (events)
        events->closed(self->owner);
}

/* --- what the loop looks for --- */

static void on_poll(uv_poll_t *handle, int status, int events);

/* The peer has not taken all that was sent. */
static bool is_behind(const http_connection_t *self)
{
    return self->out.length > 0 || byte_stream_waits(&self->stream);
}

/* What comes in is taken, for as long as there is room for it. */
static bool reads(const http_connection_t *self)
{
    return !self->ended && !list_linked(&self->reading.in_line) &&
           (http_state_discards(self->state) || self->kept.length < HTTP_HEAD_MAX);
}

static bool reads_when_writable(const http_connection_t *self)
{
    return reads(self) && byte_stream_reads_when_writable(&self->stream);
}

static void watch(http_connection_t *self)
{
    int wanted = (reads(self) ? UV_READABLE : 0) | (is_behind(self) || reads_when_writable(self) ? UV_WRITABLE : 0);
    if (wanted == self->watched)
        return;
    self->watched = (uint8_t)wanted;
    if (wanted)
        uv_poll_start(&self->poll, wanted, on_poll);
    else
        uv_poll_stop(&self->poll);
}

/* --- what goes out --- */

static void break_off(http_connection_t *self)
{
    if (step(self, HTTP_ON_BREAK) == HTTP_WAKE)
        http_wake(self);
}

/* The budget's: others need the memory. */
static void on_greedy(void *owner)
{
    break_off(owner);
}

static void count(http_connection_t *self)
{
    size_t in = self->kept.length > 0 ? self->kept.capacity : 0, out = self->out.length > 0 ? self->out.capacity : 0;
    size_t held = in + self->body.capacity + out + byte_stream_held(&self->stream), before = self->account.bytes;
    bool begins = self->state == HTTP_READING && held > before; /* those who only begin leave some for who is served */
    if ((begins && !budget_admits_begun(&self->account, held - before)) || !budget_hold(&self->account, held))
        break_off(self);
}

/* Keeps what is behind the first `sent` bytes. */
static void keep_rest(http_connection_t *self, text_t part, size_t *sent)
{
    size_t skipped = *sent < part.length ? *sent : part.length;
    *sent -= skipped;
    if (part.length > skipped)
        buffer_append(&self->out, (text_t){part.at + skipped, part.length - skipped});
}

/* The peer has so long to take something of what waits for it. */
static void expect_progress(http_connection_t *self)
{
    expect(self, self->state == HTTP_STREAMING ? HTTP_STREAM_MS : HTTP_SEND_MS);
}

/* Both parts in one call, from where they stand. */
static void transmit(http_connection_t *self, text_t head, text_t body)
{
    if (head.length + body.length > HTTP_SMALL)
        setsockopt(self->stream.fd, SOL_SOCKET, SO_SNDBUF, &(int){HTTP_SEND_BUFFER}, sizeof(int));
    bool behind = is_behind(self);
    ssize_t sent = behind ? 0 : byte_stream_write(&self->stream, head, body);
    if (sent == -1 && errno != EAGAIN && errno != EINTR) {
        break_off(self);
        return;
    }
    size_t gone = sent > 0 ? (size_t)sent : 0;
    if (gone == head.length + body.length && !byte_stream_waits(&self->stream))
        return;
    if (!behind)
        expect_progress(self);
    keep_rest(self, head, &gone);
    keep_rest(self, body, &gone);
    if (buffer_ok(&self->out))
        watch(self);
    else
        break_off(self);
    count(self);
}

/* The peer takes something again. */
static void flush(http_connection_t *self)
{
    if (!byte_stream_flush(&self->stream))
        break_off(self);
    if (byte_stream_waits(&self->stream))
        return;
    text_t piece = text_cut(buffer_text(&self->out), FLUSH_BYTES);
    ssize_t sent = piece.length > 0 ? byte_stream_write(&self->stream, piece, TEXT("")) : 0;
    if (sent == -1 && errno != EAGAIN && errno != EINTR)
        break_off(self);
    if (sent == -1)
        return;
    buffer_consume(&self->out, (size_t)sent);
    expect_progress(self);
    if (is_behind(self))
        return;
    buffer_release(&self->out);
    bool ready = step(self, HTTP_ON_SENT) == HTTP_READY;
    if (self->state != HTTP_RECEIVING)
        expect(self, self->state == HTTP_READING ? HTTP_IDLE_MS : 0);
    if (ready && self->events)
        self->events->ready(self->owner);
}

/* --- what comes in --- */

static void refuse(http_connection_t *self, const http_refusal_t *refusal)
{
    buffer_t body = buffer_new(0);
    json_writer_t json = json_write(&body);
    json_open_object(&json, NULL);
    json_put_text(&json, "error", text_of(refusal->reason));
    json_close_object(&json);
    buffer_append(&body, TEXT("\n"));
    http_answer(self,
                &(http_answer_t){.status = refusal->status, .content_type = "application/json", .body = buffer_text(&body)});
    buffer_release(&body);
}

/* Its address makes too many connections. */
static void refuse_newcomer(http_connection_t *self)
{
    char headers[HTTP_RETRY_MAX];
    int length = snprintf(headers, sizeof headers, "Retry-After: %u\r\nCache-Control: no-store\r\n", self->wait_s);
    http_last(self);
    http_answer(self, &(http_answer_t){.status = 429,
                                       .content_type = "application/json",
                                       .headers = {headers, (size_t)length},
                                       .body = TEXT(HTTP_ERROR_BODY("too many connections in a short time"))});
}

/* Whose request is it? */
static void find_client(http_connection_t *self, http_request_t *request)
{
    static log_limit_t limit;
    char room[HTTP_PEER_MAX];
    proxies_t *proxies = self->shared->proxies;
    http_forwarded_t told;
    self->client = self->peer;
    self->secure = self->stream.tls != NULL;
    if (!http_forwarded(self))
        return;
    if (!http_forwarded_read(&told, request, proxies)) {
        proxies->malformed++;
        log_warn_limited(&limit, "http: can't tell for whom a proxy asks: it counts as its own request",
                         LOG_SLICE("proxy", http_peer(self, room)));
        return;
    }
    if (told.client.length > 0)
        self->client = told.client;
    if (told.host.length > 0)
        request->host = told.host;
    self->secure = self->secure || told.secure;
}

static void hand_out(http_connection_t *self, http_request_t *request)
{
    find_client(self, request);
    self->is_head = http_request_is(request, "HEAD");
    self->keeps = request->keeps && !request->body; /* a body is not read, unless http_receive says so */
    self->old = request->old;
    self->lingers = request->body;
    if (self->wait_s > 0)
        refuse_newcomer(self);
    else if (!self->shared->hosts || hosts_admit(self->shared->hosts, request->host))
        self->shared->request(self->shared->arg, self, request);
    else
        refuse(self,
               &(http_refusal_t){421, "unknown Host: expected an address, localhost, this machine's name or a configured one"});
}

/* Keeps what is to be looked at later. */
static void keep(http_connection_t *self, text_t bytes, bool partial)
{
    bool new_head = partial && !self->partial;
    buffer_clear(&self->kept);
    self->partial = partial;
    if (http_state_discards(self->state) || bytes.length == 0)
        buffer_release(&self->kept);
    else
        buffer_append(&self->kept, bytes);
    if (!buffer_ok(&self->kept))
        break_off(self);
    else if (self->state == HTTP_READING && (!partial || new_head))
        expect(self, partial ? HTTP_HEAD_MS : HTTP_IDLE_MS);
}

/* Takes what belongs to the body, and returns what stands behind it. Who wants it is told in its turn. */
static text_t receive(http_connection_t *self, text_t bytes)
{
    text_t part = text_cut(bytes, self->body_length - self->body.length);
    buffer_append(&self->body, part);
    if (!buffer_ok(&self->body)) {
        break_off(self);
    } else if (self->body.length == self->body_length) {
        step(self, HTTP_ON_BODY);
        expect(self, 0);
        connection_slots_work(self->shared->slots, &self->slot);
        http_wake(self);
    }
    return (text_t){bytes.at + part.length, bytes.length - part.length};
}

static bool is_read(const http_connection_t *self)
{
    return self->state == HTTP_READING || self->state == HTTP_RECEIVING;
}

/* Hands out one request after the other for as long as each is answered at once. */
static void serve(http_connection_t *self, text_t bytes)
{
    http_request_t request;
    http_refusal_t refusal;
    http_reading_t reading = HTTP_WHOLE;
    while (is_read(self) && bytes.length > 0) {
        size_t length;
        if (self->state == HTTP_RECEIVING) {
            bytes = receive(self, bytes);
            continue;
        }
        reading = http_request_read(&request, bytes, &length, &refusal);
        if (reading == HTTP_PARTIAL)
            break;
        self->partial = false;
        step(self, HTTP_ON_REQUEST);
        expect(self, 0);
        if (reading == HTTP_REFUSED) {
            self->keeps = self->is_head = false;
            self->lingers = true;
            refuse(self, &refusal);
            break;
        }
        bytes = self->behind = (text_t){bytes.at + length, bytes.length - length};
        hand_out(self, &request);
    }
    keep(self, bytes, reading == HTTP_PARTIAL);
}

static bool is_open(const http_connection_t *self)
{
    return self->state != HTTP_BROKEN && self->state != HTTP_CLOSED;
}

/* Its place is one of its peer's. False when memory runs out. */
static bool enter_slots(http_connection_t *self)
{
    char room[ADDRESS_GROUP_MAX];
    return connection_slots_enter(self->shared->slots, &self->slot, address_group_of(&self->peer, room));
}

/* A proxy's first words. True when all of them have come, and who the client is does not end the connection. */
static bool introduce(http_connection_t *self)
{
    static log_limit_t limit;
    char room[HTTP_PEER_MAX];
    switch (introduction_read(self->introduction, self->stream.fd, &self->client)) {
    case INTRODUCTION_WAITS:
        return false;
    case INTRODUCTION_ENDED:
        self->ended = true;
        return false;
    case INTRODUCTION_WRONG:
        self->shared->proxies->refused++;
        log_warn_limited(&limit, "http: expected a PROXY header of version 2", LOG_SLICE("proxy", http_peer(self, room)));
        break_off(self);
        return false;
    case INTRODUCTION_DONE:
        break;
    }
    introduction_destroy(&self->introduction);
    self->introduced = true;
    self->peer = self->client;
    connection_slots_leave(self->shared->slots, &self->slot);
    if (!enter_slots(self)) {
        break_off(self);
        return false;
    }
    connection_slots_wait(self->shared->slots, &self->slot);
    self->shared->known(self->shared, self);
    return is_open(self);
}

static void take(http_connection_t *self)
{
    char *room = self->shared->room;
    if (self->introduction && !introduce(self))
        return;
    http_action_t action = step(self, HTTP_ON_INPUT);
    size_t kept = action == HTTP_DISCARD ? 0 : self->kept.length;
    ssize_t got = byte_stream_read(&self->stream, room + kept, HTTP_ROOM - kept);
    if (got == 0)
        self->ended = true;
    if (got == -1 && errno != EAGAIN && errno != EINTR)
        break_off(self);
    if (got <= 0 || action == HTTP_DISCARD)
        return;
    bool ends_line = memchr(room + kept, '\n', (size_t)got) || kept + (size_t)got >= HTTP_HEAD_MAX;
    if (action == HTTP_KEEP ||
        (self->partial && !ends_line)) { /* a long head in many pieces is not read from its start with each */
        buffer_append(&self->kept, (text_t){room + kept, (size_t)got});
        return;
    }
    if (kept > 0)
        memcpy(room, self->kept.bytes, kept);
    serve(self, (text_t){room, kept + (size_t)got});
}

/* --- in the loop --- */

static void end(http_connection_t *self)
{
    if (!self->lingers || byte_stream_end(&self->stream) == -1) {
        http_connection_close(self);
        return;
    }
    expect(self, HTTP_END_MS);
}

/* What follows from what has happened. */
static void settle(http_connection_t *self)
{
    if (self->kept.length > 0 && !self->partial && step(self, HTTP_ON_INPUT) == HTTP_SERVE) {
        memcpy(self->shared->room, self->kept.bytes, self->kept.length);
        serve(self, (text_t){self->shared->room, self->kept.length});
    }
    if (!is_behind(self) && step(self, HTTP_ON_SETTLED) == HTTP_LINGER)
        end(self);
    if (self->ended && step(self, HTTP_ON_PEER_ENDED) == HTTP_CLOSE)
        http_connection_close(self);
    if (is_open(self))
        watch(self);
    if (self->state != HTTP_CLOSED)
        count(self);
}

static void serve_reading(share_waiter_t *waiter)
{
    http_connection_t *self = LIST_OWNER(waiter, http_connection_t, reading);
    if (is_open(self) && !self->ended)
        take(self);
    settle(self);
}

static void read_or_wait(http_connection_t *self)
{
    if (share_begin(self->shared->requests)) {
        take(self);
        settle(self);
        share_end(self->shared->requests);
    } else {
        share_wait(self->shared->requests, &self->reading);
        watch(self);
    }
}

/* For what goes out there may be no time in this turn of the loop (share.h): it tells of it again in the next one. */
static void on_poll(uv_poll_t *handle, int status, int events)
{
    http_connection_t *self = handle->data;
    http_shared_t *shared = self->shared;
    if (status < 0) {
        http_connection_close(self);
        return;
    }
    if ((events & UV_WRITABLE) && reads_when_writable(self))
        events |= UV_READABLE;
    if ((events & UV_WRITABLE) && is_behind(self) && share_begin(shared->answers)) {
        flush(self);
        settle(self);
        share_end(shared->answers);
    }
    if ((events & UV_READABLE) && is_open(self))
        read_or_wait(self);
}

void http_connection_look(http_connection_t *self)
{
    if (!is_read(self) || self->introduction)
        return;
    take(self);
    settle(self);
}

void http_connection_turn(http_connection_t *self)
{
    http_action_t action = step(self, HTTP_ON_TURN);
    if (action == HTTP_CLOSE)
        http_connection_close(self);
    else if (action == HTTP_READY && self->events && !is_behind(self))
        self->events->ready(self->owner);
    settle(self);
}

/* Into a place and the loop. False when it can't be, or memory runs out. */
static bool enter(http_connection_t *self, bool introduced)
{
    self->introduction = introduced ? introduction_new() : NULL;
    return (self->introduction || !introduced) && enter_slots(self) &&
           uv_poll_init(self->shared->uv, &self->poll, self->stream.fd) == 0;
}

static http_connection_t *make(http_shared_t *shared, byte_stream_t stream, const ip_address_t *peer, bool introduced)
{
    http_connection_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->shared = shared;
    self->stream = stream;
    self->peer = self->client = *peer;
    self->secure = stream.tls != NULL;
    if (enter(self, introduced))
        return self;
    connection_slots_leave(shared->slots, &self->slot);
    introduction_destroy(&self->introduction);
    free(self);
    return NULL;
}

http_connection_t *http_connection_new(http_shared_t *shared, int fd, const ip_address_t *peer, tls_identity_t *identity,
                                       bool introduced)
{
    byte_stream_t stream;
    if (!byte_stream_open(&stream, fd, identity))
        return NULL;
    http_connection_t *self = make(shared, stream, peer, introduced);
    if (!self) {
        byte_stream_close(&stream);
        return NULL;
    }
    self->poll.data = self;
    self->kept = buffer_new(HTTP_ROOM);
    self->out = buffer_new(0);
    budget_open(&self->account, shared->budget, on_greedy, self);
    list_append(&shared->connections, &self->in_server);
    list_init(&self->in_woken);
    list_init(&self->reading.in_line);
    self->reading.serve = serve_reading;
    expect(self, HTTP_HEAD_MS);
    watch(self);
    return self;
}

void http_connection_refuse(http_connection_t *self, uint32_t wait_s)
{
    self->wait_s = wait_s;
}

void http_connection_begin(http_connection_t *self)
{
    connection_slots_wait(self->shared->slots, &self->slot);
    take(self); /* who waited to be accepted has mostly said already what it wants */
    settle(self);
}

/* Of a body that comes too slowly. */
static void give_up_body(http_connection_t *self)
{
    const http_owner_t *events = self->events;
    refuse(self, &(http_refusal_t){408, "the body did not come in time"});
    events->closed(self->owner);
    settle(self);
}

void http_connection_check(http_connection_t *self)
{
    if (!self->due_ms || uv_now(self->shared->uv) < self->due_ms)
        return;
    if (self->state == HTTP_RECEIVING)
        give_up_body(self);
    else
        http_connection_close(self);
}

/* --- for who answers --- */

void http_wait(http_connection_t *self, const http_owner_t *events, void *owner)
{
    self->events = events;
    self->owner = owner;
    connection_slots_work(self->shared->slots, &self->slot);
}

/* Who asks whether the body is welcome (RFC 9110, 10.1.1) has mostly not sent any of it. */
void http_receive(http_connection_t *self, const http_request_t *request, const http_owner_t *events, void *owner)
{
    step(self, HTTP_ON_RECEIVE);
    self->events = events;
    self->owner = owner;
    self->keeps = request->keeps;
    self->lingers = false;
    self->body_length = request->length;
    self->body = buffer_new(request->length);
    buffer_reserve(&self->body, request->length);
    expect(self, HTTP_BODY_MS);
    if (!request->old && self->behind.length == 0 && http_request_lists(request, "Expect", "100-continue"))
        transmit(self, TEXT("HTTP/1.1 100 Continue\r\n\r\n"), TEXT(""));
}

text_t http_body(const http_connection_t *self)
{
    return buffer_text(&self->body);
}

void http_wake(http_connection_t *self)
{
    if (list_linked(&self->in_woken))
        return;
    list_append(&self->shared->woken, &self->in_woken);
    share_wake(self->shared->answers);
}

bool http_admits(http_connection_t *self, size_t bytes)
{
    return bytes <= HTTP_SMALL || budget_admits(&self->account, bytes);
}

static const http_answer_t crowded = {.status = 503,
                                      .content_type = "application/json",
                                      .headers = TEXT_CONST("Retry-After: 1\r\nCache-Control: no-store\r\n"),
                                      .body = TEXT_CONST(HTTP_ERROR_BODY("too much waits to be read by clients"))};

void http_answer(http_connection_t *self, const http_answer_t *answer)
{
    if (!http_admits(self, answer->body.length))
        answer = &crowded;
    if (self->state == HTTP_RECEIVING) {
        self->keeps = false;
        self->lingers = true;
    }
    buffer_t *head = &self->shared->head;
    http_future_t stays = self->old ? HTTP_STAYS_OLD : HTTP_STAYS;
    buffer_clear(head);
    if (self->shared->answered)
        self->shared->answered(self->shared->arg, self, self->is_head || answer->status == 304 ? 0 : answer->body.length);
    http_answer_print(answer, self->keeps ? stays : HTTP_ENDS, http_strict_line(self), head);
    self->events = NULL;
    if (step(self, self->keeps ? HTTP_ON_ANSWER : HTTP_ON_LAST) == HTTP_IGNORE)
        return;
    connection_slots_wait(self->shared->slots, &self->slot);
    expect(self, self->keeps ? HTTP_IDLE_MS : 0);
    if (buffer_ok(head))
        transmit(self, buffer_text(head), self->is_head || answer->status == 304 ? TEXT("") : answer->body);
    else
        break_off(self);
    if (!is_behind(self))
        step(self, HTTP_ON_SENT);
    buffer_release(&self->body);
}

text_t http_strict_line(const http_connection_t *self)
{
    return self->secure ? text_of(self->shared->strict) : TEXT("");
}

void http_stream(http_connection_t *self, text_t head)
{
    if (step(self, HTTP_ON_STREAM) == HTTP_IGNORE)
        return;
    self->keeps = self->lingers = false;
    connection_slots_work(self->shared->slots, &self->slot);
    http_write(self, head);
}

void http_write(http_connection_t *self, text_t bytes)
{
    if (self->state == HTTP_STREAMING && bytes.length > 0)
        transmit(self, bytes, TEXT(""));
}

bool http_writable(const http_connection_t *self)
{
    return self->state == HTTP_STREAMING && !is_behind(self);
}

void http_close(http_connection_t *self)
{
    self->events = NULL;
    if (step(self, HTTP_ON_CLOSE) == HTTP_IGNORE)
        return;
    connection_slots_wait(self->shared->slots, &self->slot);
    expect(self, HTTP_END_MS);
    http_wake(self); /* it may be called from anywhere */
}

byte_stream_t http_hand_over(http_connection_t *self, text_t *behind)
{
    *behind = self->behind;
    leave(self);
    return self->stream;
}

text_t http_peer(const http_connection_t *self, char room[static HTTP_PEER_MAX])
{
    return ip_address_print(&self->client, room);
}

bool http_forwarded(const http_connection_t *self)
{
    return !self->introduced && proxies_have(self->shared->proxies, &self->peer);
}

void http_last(http_connection_t *self)
{
    self->keeps = false;
    self->lingers = true;
}

int http_socket(const http_connection_t *self)
{
    return self->stream.fd;
}
