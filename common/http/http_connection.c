#include "common/http/http_shared.h"

#include "common/net/address_group.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FLUSH_BYTES = 1 << 18 /* at once: some 100 µs */ };

static void expect(http_connection_t *self, uint64_t within_ms)
{
    self->due_ms = within_ms ? uv_now(self->server->uv) + within_ms : 0;
}

/* --- the end --- */

static void on_poll_closed(uv_handle_t *handle)
{
    http_connection_t *self = handle->data;
    buffer_release(&self->kept);
    buffer_release(&self->out);
    free(self);
}

static void leave(http_connection_t *self)
{
    self->state = HTTP_CLOSED;
    budget_close(&self->account);
    list_remove(&self->in_server);
    list_remove(&self->in_woken);
    connection_slots_leave(self->server->slots, &self->slot);
    uv_close((uv_handle_t *)&self->poll, on_poll_closed);
}

void http_connection_close(http_connection_t *self)
{
    const http_owner_t *events = self->events;
    if (self->state == HTTP_CLOSED)
        return;
    leave(self);
    close(self->fd);
    self->events = NULL;
    if (events)
        events->closed(self->owner);
}

/* --- what the loop looks for --- */

static void on_poll(uv_poll_t *handle, int status, int events);

static void watch(http_connection_t *self)
{
    bool reads = !self->ended && (self->state > HTTP_ANSWERING || self->kept.length < HTTP_HEAD_MAX);
    int wanted = (reads ? UV_READABLE : 0) | (self->out.length > 0 ? UV_WRITABLE : 0);
    if (wanted == self->watched)
        return;
    self->watched = wanted;
    if (wanted)
        uv_poll_start(&self->poll, wanted, on_poll);
    else
        uv_poll_stop(&self->poll);
}

/* --- what goes out --- */

static void break_off(http_connection_t *self)
{
    self->state = HTTP_BROKEN;
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
    if (!budget_hold(&self->account, in + out))
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

/* Both parts in one call, from where they stand. */
static void transmit(http_connection_t *self, text_t head, text_t body)
{
    struct iovec parts[] = {{(void *)(uintptr_t)head.at, head.length}, {(void *)(uintptr_t)body.at, body.length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = body.length > 0 ? 2 : 1};
    if (head.length + body.length > HTTP_SMALL)
        setsockopt(self->fd, SOL_SOCKET, SO_SNDBUF, &(int){HTTP_SEND_BUFFER}, sizeof(int));
    ssize_t sent = self->out.length > 0 ? 0 : sendmsg(self->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == -1 && errno != EAGAIN && errno != EINTR) {
        break_off(self);
        return;
    }
    size_t gone = sent > 0 ? (size_t)sent : 0;
    if (gone == head.length + body.length)
        return;
    if (self->out.length == 0)
        expect(self, HTTP_SEND_MS);
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
    size_t piece = self->out.length < FLUSH_BYTES ? self->out.length : FLUSH_BYTES;
    ssize_t sent = send(self->fd, self->out.bytes, piece, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == -1 && errno != EAGAIN && errno != EINTR)
        break_off(self);
    if (sent <= 0)
        return;
    buffer_consume(&self->out, (size_t)sent);
    expect(self, HTTP_SEND_MS);
    if (self->out.length > 0)
        return;
    buffer_release(&self->out);
    expect(self, self->state == HTTP_READING ? HTTP_IDLE_MS : 0);
    if (self->state == HTTP_STREAMING && self->events)
        self->events->ready(self->owner);
}

/* --- what comes in --- */

static void refuse(http_connection_t *self, const http_refusal_t *refusal)
{
    buffer_t body = buffer_new(0);
    buffer_printf(&body, "{\"error\":\"%s\"}\n", refusal->reason);
    http_answer(self,
                &(http_answer_t){.status = refusal->status, .content_type = "application/json", .body = buffer_text(&body)});
    buffer_release(&body);
}

static void hand_out(http_connection_t *self, const http_request_t *request)
{
    self->is_head = http_request_is(request, "HEAD");
    self->keeps = request->keeps && !request->body; /* bodies are not read */
    self->old = request->old;
    self->lingers = request->body;
    if (http_server_knows(self->server, request))
        self->server->request(self->server->arg, self, request);
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
    if (self->state > HTTP_ANSWERING || bytes.length == 0)
        buffer_release(&self->kept);
    else
        buffer_append(&self->kept, bytes);
    if (!buffer_ok(&self->kept))
        break_off(self);
    else if (self->state == HTTP_READING && self->out.length == 0 && (!partial || new_head))
        expect(self, partial ? HTTP_HEAD_MS : HTTP_IDLE_MS);
}

/* Hands out one request after the other for as long as each is answered at once. */
static void serve(http_connection_t *self, text_t bytes)
{
    http_request_t request;
    http_refusal_t refusal;
    http_reading_t reading = HTTP_WHOLE;
    while (self->state == HTTP_READING && self->out.length == 0 && bytes.length > 0) {
        size_t length;
        reading = http_request_read(&request, bytes, &length, &refusal);
        if (reading == HTTP_PARTIAL)
            break;
        self->partial = false;
        self->state = HTTP_ANSWERING;
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

static void take(http_connection_t *self)
{
    char *room = self->server->room;
    size_t kept = self->state > HTTP_ANSWERING ? 0 : self->kept.length; /* nothing more is read */
    ssize_t got = recv(self->fd, room + kept, HTTP_ROOM - kept, MSG_DONTWAIT);
    if (got == 0)
        self->ended = true;
    if (got == -1 && errno != EAGAIN && errno != EINTR)
        break_off(self);
    if (got <= 0 || self->state > HTTP_ANSWERING)
        return;
    bool idle = self->state == HTTP_READING && self->out.length == 0;
    bool ends_line = memchr(room + kept, '\n', (size_t)got) || kept + (size_t)got >= HTTP_HEAD_MAX;
    if (!idle || (self->partial && !ends_line)) { /* a long head in many pieces is not read from its start with each */
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
    if (!self->lingers || shutdown(self->fd, SHUT_WR) == -1) {
        http_connection_close(self);
        return;
    }
    self->state = HTTP_LINGERING;
    expect(self, HTTP_END_MS);
}

/* What follows from what has happened. */
static void settle(http_connection_t *self)
{
    if (self->state == HTTP_READING && self->out.length == 0 && self->kept.length > 0 && !self->partial) {
        memcpy(self->server->room, self->kept.bytes, self->kept.length);
        serve(self, (text_t){self->server->room, self->kept.length});
    }
    if (self->state == HTTP_ENDING && self->out.length == 0)
        end(self);
    bool over = self->ended && ((self->state == HTTP_READING && self->out.length == 0) || self->state == HTTP_STREAMING ||
                                self->state == HTTP_LINGERING);
    if (over)
        http_connection_close(self);
    if (self->state < HTTP_BROKEN)
        watch(self);
    if (self->state < HTTP_CLOSED)
        count(self);
}

/* What there is no time for in this turn of the loop (share.h) it tells of again in the next one. */
static void on_poll(uv_poll_t *handle, int status, int events)
{
    http_connection_t *self = handle->data;
    http_server_t *server = self->server;
    if (status < 0) {
        http_connection_close(self);
        return;
    }
    if ((events & UV_WRITABLE) && self->out.length > 0 && share_begin(server->answers)) {
        flush(self);
        settle(self);
        share_end(server->answers);
    }
    if ((events & UV_READABLE) && self->state < HTTP_BROKEN && share_begin(server->requests)) {
        take(self);
        settle(self);
        share_end(server->requests);
    }
}

void http_connection_look(http_connection_t *self)
{
    if (self->state != HTTP_READING || self->out.length > 0)
        return;
    take(self);
    settle(self);
}

void http_connection_turn(http_connection_t *self)
{
    if (self->state == HTTP_BROKEN)
        http_connection_close(self);
    else if (self->events && self->out.length == 0)
        self->events->ready(self->owner);
    settle(self);
}

void http_connection_new(http_server_t *server, int fd)
{
    char room[ADDRESS_GROUP_MAX];
    http_connection_t *self = calloc(1, sizeof *self);
    if (!self || !connection_slots_enter(server->slots, &self->slot, address_group_of_peer(fd, room)) ||
        uv_poll_init(server->uv, &self->poll, fd) != 0) {
        if (self)
            connection_slots_leave(server->slots, &self->slot);
        close(fd);
        free(self);
        return;
    }
    self->server = server;
    self->fd = fd;
    self->poll.data = self;
    self->kept = buffer_new(HTTP_ROOM);
    self->out = buffer_new(0);
    budget_open(&self->account, server->config.budget, on_greedy, self);
    list_append(&server->connections, &self->in_server);
    list_init(&self->in_woken);
    expect(self, HTTP_HEAD_MS);
    watch(self);
    http_server_make_room(server, self);
    connection_slots_wait(server->slots, &self->slot);
    take(self); /* who waited to be accepted has mostly said already what it wants */
    settle(self);
}

void http_connection_check(http_connection_t *self)
{
    if (self->due_ms && uv_now(self->server->uv) >= self->due_ms)
        http_connection_close(self);
}

/* --- for who answers --- */

void http_wait(http_connection_t *self, const http_owner_t *events, void *owner)
{
    self->events = events;
    self->owner = owner;
    connection_slots_work(self->server->slots, &self->slot);
}

void http_wake(http_connection_t *self)
{
    if (list_linked(&self->in_woken))
        return;
    list_append(&self->server->woken, &self->in_woken);
    http_server_wake(self->server);
}

bool http_admits(http_connection_t *self, size_t bytes)
{
    return bytes <= HTTP_SMALL || budget_admits(&self->account, bytes);
}

static const http_answer_t crowded = {.status = 503,
                                      .content_type = "application/json",
                                      .headers = TEXT_CONST("Retry-After: 1\r\nCache-Control: no-store\r\n"),
                                      .body = TEXT_CONST("{\"error\":\"too much waits to be read by clients\"}\n")};

void http_answer(http_connection_t *self, const http_answer_t *answer)
{
    if (!http_admits(self, answer->body.length))
        answer = &crowded;
    buffer_t *head = &self->server->head;
    http_future_t stays = self->old ? HTTP_STAYS_OLD : HTTP_STAYS;
    buffer_clear(head);
    http_answer_print(answer, self->keeps ? stays : HTTP_ENDS, head);
    self->events = NULL;
    self->state = self->keeps ? HTTP_READING : HTTP_ENDING;
    connection_slots_wait(self->server->slots, &self->slot);
    expect(self, self->keeps ? HTTP_IDLE_MS : 0);
    if (buffer_ok(head))
        transmit(self, buffer_text(head), self->is_head || answer->status == 304 ? TEXT("") : answer->body);
    else
        break_off(self);
}

void http_stream(http_connection_t *self, text_t head)
{
    self->state = HTTP_STREAMING;
    self->keeps = self->lingers = false;
    connection_slots_work(self->server->slots, &self->slot);
    http_write(self, head);
}

void http_write(http_connection_t *self, text_t bytes)
{
    if (self->state == HTTP_STREAMING && bytes.length > 0)
        transmit(self, bytes, TEXT(""));
}

bool http_writable(const http_connection_t *self)
{
    return self->state == HTTP_STREAMING && self->out.length == 0;
}

void http_close(http_connection_t *self)
{
    self->events = NULL;
    if (self->state == HTTP_BROKEN)
        return;
    self->state = HTTP_ENDING;
    connection_slots_wait(self->server->slots, &self->slot);
    expect(self, HTTP_END_MS);
    http_wake(self); /* it may be called from anywhere */
}

int http_hand_over(http_connection_t *self, text_t *behind)
{
    *behind = self->behind;
    leave(self);
    return self->fd;
}

text_t http_peer(const http_connection_t *self, char room[static HTTP_PEER_MAX])
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t length = sizeof peer;
    if (getpeername(self->fd, &peer.any, &length) == -1)
        return TEXT("?");
    const void *address = peer.any.sa_family == AF_INET6 ? (void *)&peer.v6.sin6_addr : (void *)&peer.v4.sin_addr;
    return inet_ntop(peer.any.sa_family, address, room, HTTP_PEER_MAX) ? text_of(room) : TEXT("?");
}

int http_socket(const http_connection_t *self)
{
    return self->fd;
}
