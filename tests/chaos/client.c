#include "tests/chaos/client.h"

#include "tests/chaos/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { INPUT_MAX = 1 << 18, SLEEPER_WINDOW = 4096 };

static const char update[] = "{\"jsonrpc\":\"2.0\",\"method\":\"trades.update\",\"params\":";

bool client_init(storm_client_t *self, client_kind_t kind, storm_record_t *record, const struct sockaddr_in *gateways,
                 size_t count, size_t first)
{
    *self = (storm_client_t){
        .kind = kind, .record = record, .gateways = gateways, .gateway_count = count, .gateway = first % count, .fd = -1};
    self->input = malloc(INPUT_MAX);
    return self->input != NULL;
}

/* Ends the connection without a word, as a lost network does. */
static void drop(storm_client_t *self, int64_t now_ns)
{
    if (self->fd != -1)
        close(self->fd);
    self->fd = -1;
    self->length = 0;
    self->state = CLIENT_DOWN;
    self->retry_ns = now_ns + CLIENT_RETRY_MS * 1000000LL;
    if (self->kind == CLIENT_ROAMS)
        self->gateway = (self->gateway + 1) % self->gateway_count;
}

bool client_tick(storm_client_t *self, int64_t now_ns)
{
    if (self->state != CLIENT_DOWN || now_ns < self->retry_ns)
        return false;
    self->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (self->fd == -1) {
        drop(self, now_ns);
        return false;
    }
    if (self->kind == CLIENT_SLEEPS)
        setsockopt(self->fd, SOL_SOCKET, SO_RCVBUF, &(int){SLEEPER_WINDOW}, sizeof(int));
    const struct sockaddr_in *gateway = &self->gateways[self->gateway];
    if (connect(self->fd, (const struct sockaddr *)gateway, sizeof *gateway) == -1 && errno != EINPROGRESS) {
        self->counts.refused++;
        drop(self, now_ns);
        return false;
    }
    self->state = CLIENT_CONNECTING;
    return true;
}

uint32_t client_wants(const storm_client_t *self)
{
    if (self->state == CLIENT_CONNECTING)
        return EPOLLOUT;
    return self->state == CLIENT_OPEN && self->kind == CLIENT_SLEEPS ? 0 : EPOLLIN;
}

static bool subscribe(storm_client_t *self, size_t number)
{
    char text[512], since[64] = "";
    const client_place_t *place = &self->places[number];
    if (place->begun)
        snprintf(since, sizeof since, ",\"since\":\"%ju-%ju\"", (uintmax_t)place->epoch, (uintmax_t)place->last);
    int length = snprintf(
        text, sizeof text,
        "{\"jsonrpc\":\"2.0\",\"id\":%zu,\"method\":\"subscribe\",\"params\":{\"channel\":\"trades\",\"symbol\":\"%s\"%s}}",
        number, self->record->streams[number].symbol, since);
    self->counts.resumes += place->begun;
    return wire_put(self->fd, WIRE_TEXT, text, (size_t)length);
}

/* The end of a handshake: subscribes to everything. */
static bool on_open(storm_client_t *self)
{
    self->state = CLIENT_OPEN;
    self->counts.connects++;
    for (size_t i = 0; i < self->record->count; i++) {
        if (!subscribe(self, i))
            return false;
    }
    return true;
}

static bool on_trade(storm_client_t *self, const char *json, size_t length)
{
    record_place_t at;
    int number = place_read(json, length, &at) ? record_find(self->record, at.symbol, at.symbol_length) : -1;
    if (number == -1) {
        self->counts.junk++;
        return true;
    }
    client_place_t *place = &self->places[number];
    self->counts.trades++;
    if (!place->begun)
        *place = (client_place_t){.epoch = at.epoch, .first = at.seq, .last = at.seq - 1, .begun = true};
    if (at.epoch != place->epoch) {
        self->counts.epochs++;
        *place = (client_place_t){.epoch = at.epoch, .first = at.seq, .last = at.seq - 1, .begun = true};
    }
    if (at.seq <= place->last) {
        self->counts.doubles++;
        return true;
    }
    self->counts.holes += at.seq > place->last + 1;
    place->last = at.seq;
    return record_see(&self->record->streams[number], &at, json, length);
}

static bool has(const char *text, size_t length, const char *what)
{
    return memmem(text, length, what, strlen(what)) != NULL;
}

/* A gap upstream says what the exchange never sent: nothing of it can be had here. Another one is told, since the client was too slow for the ring or nobody still has the trades. A client that comes back with its cursor gets what
 * there is: true only when that has been tried from the same place before, so that the trades are gone. */
static bool on_gap(storm_client_t *self, const char *text, size_t length)
{
    static const char name[] = "\"symbol\":\"";
    if (has(text, length, "\"upstream\":{"))
        return true;
    const char *symbol = memmem(text, length, name, strlen(name));
    const char *end = symbol ? memchr(symbol + strlen(name), '"', length - (size_t)(symbol + strlen(name) - text)) : NULL;
    int number = end ? record_find(self->record, symbol + strlen(name), (size_t)(end - symbol) - strlen(name)) : -1;
    client_place_t *place = number == -1 ? NULL : &self->places[number];
    if (!place || !place->begun || (place->fetching && place->fetched_from == place->last)) {
        self->counts.gaps++;
        return true;
    }
    place->fetching = true;
    place->fetched_from = place->last;
    self->counts.refetched++;
    return false;
}

/* The answer of a subscribe. False when it is to be tried again on another connection. */
static bool on_answer(storm_client_t *self, const char *text, size_t length)
{
    static const char name[] = "\"cursor\":\"";
    const char *id = memmem(text, length, "\"id\":", 5), *cursor = memmem(text, length, name, strlen(name));
    size_t number = id ? strtoul(id + 5, NULL, 10) : self->record->count;
    if (number >= self->record->count || has(text, length, "\"error\"")) {
        bool again = has(text, length, "\"code\":-32000");
        self->counts.refused += again;
        self->counts.errors += !again;
        return false;
    }
    client_place_t *place = &self->places[number];
    if (place->begun && !has(text, length, "\"recovered\":true"))
        self->counts.unrecovered++;
    if (!place->begun && cursor) {
        char *end;
        uint64_t epoch = strtoull(cursor + strlen(name), &end, 10), seq = *end == '-' ? strtoull(end + 1, NULL, 10) : 0;
        *place = (client_place_t){.epoch = epoch, .first = seq + 1, .last = seq, .begun = true};
    }
    return true;
}

static bool on_text(storm_client_t *self, const char *text, size_t length)
{
    size_t head = strlen(update);
    if (length > head && memcmp(text, update, head) == 0)
        return on_trade(self, text + head, length - head - 1);
    if (!has(text, length, "\"method\":"))
        return on_answer(self, text, length);
    return !has(text, length, "\"method\":\"trades.gap\"") || on_gap(self, text, length);
}

static bool on_frame(storm_client_t *self, int opcode, const char *payload, size_t length)
{
    if (opcode == WIRE_TEXT)
        return on_text(self, payload, length);
    if (opcode == WIRE_PING)
        return wire_put(self->fd, WIRE_PONG, payload, length);
    self->counts.junk += opcode != WIRE_PONG && opcode != WIRE_CLOSE;
    return opcode == WIRE_PONG;
}

/* Takes the whole frames there are. False when the connection is to end. */
static bool take_frames(storm_client_t *self)
{
    size_t at = 0, head, length;
    bool ok = true;
    while (ok && (length = wire_frame_length(self->input + at, self->length - at, &head)) > 0) {
        ok = on_frame(self, self->input[at] & 0x0f, self->input + at + head, length - head);
        at += length;
    }
    memmove(self->input, self->input + at, self->length - at);
    self->length -= at;
    return ok;
}

static bool take_handshake(storm_client_t *self)
{
    const char *end = memmem(self->input, self->length, "\r\n\r\n", 4);
    if (!end)
        return true;
    if (!has(self->input, (size_t)(end - self->input), " 101 ")) {
        self->counts.refused++;
        return false;
    }
    size_t head = (size_t)(end + 4 - self->input);
    memmove(self->input, self->input + head, self->length - head);
    self->length -= head;
    return on_open(self) && (self->kind == CLIENT_SLEEPS || take_frames(self));
}

static bool take_input(storm_client_t *self)
{
    ssize_t got = recv(self->fd, self->input + self->length, INPUT_MAX - self->length, 0);
    if (got == -1 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (got <= 0)
        return false;
    self->length += (size_t)got;
    self->counts.bytes += (size_t)got;
    bool ok = self->state == CLIENT_SHAKING ? take_handshake(self) : take_frames(self);
    self->counts.junk += ok && self->length == INPUT_MAX;
    return ok && self->length < INPUT_MAX;
}

static bool finish_connect(storm_client_t *self)
{
    int error = 0;
    if (getsockopt(self->fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof error}) == -1 || error != 0) {
        self->counts.refused++;
        return false;
    }
    self->state = CLIENT_SHAKING;
    return wire_put_handshake(self->fd);
}

void client_event(storm_client_t *self, uint32_t events, int64_t now_ns)
{
    bool ok = true;
    if (self->state == CLIENT_CONNECTING)
        ok = finish_connect(self);
    else if (self->kind == CLIENT_SLEEPS && self->state == CLIENT_OPEN)
        ok = !(events & (EPOLLERR | EPOLLHUP));
    else
        ok = take_input(self);
    if (!ok)
        drop(self, now_ns);
}

void client_release(storm_client_t *self)
{
    if (self->fd != -1)
        close(self->fd);
    free(self->input);
    *self = (storm_client_t){.fd = -1};
}
