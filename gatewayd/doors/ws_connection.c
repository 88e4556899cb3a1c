/* Over 400 lines, but one idea: the two directions of one WebSocket, which wait for one another. */
#include "gatewayd/doors/ws_connection.h"

#include "common/buffer.h"
#include "common/clock.h"
#include "common/websocket/message_reader.h"
#include "gatewayd/forms/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <uv.h>

enum {
    ROOM_BYTES = 65536,
    CLOSE_MS = 5000, /* for the closing handshake */
    PROTOCOL = 1002, /* codes: RFC 6455, section 7.4.1 */
    UNTOLD = 1005,
    NORMAL = 1000
};

typedef enum {
    OPEN,
    CLOSING, /* our close frame is under way or out; the peer's is to come */
    CLOSED,  /* both; over when ours is out */
    GONE     /* ended in the next turn of the loop */
} ws_connection_state_t;

struct ws_connection {
    uv_poll_t poll;
    byte_stream_t stream;
    ws_connection_state_t state;
    uint8_t watched; /* for UV_READABLE, UV_WRITABLE */
    uint8_t pong_length;
    bool deaf : 1;   /* what comes can no longer be read as frames */
    bool choked : 1; /* the system took no more */
    bool woken : 1;
    bool shut : 1; /* nothing more goes out */
    char *pong;    /* owned: what is to be answered to a ping when `out` is empty; NULL: nothing */
    const ws_connection_terms_t *terms;
    share_waiter_t reading; /* in line: it has said something, and is not watched for more */
    frame_reader_t reader;
    message_reader_t messages;
    buffer_t out; /* the rest of a frame, and behind it the last ones */
    int64_t heard_ns, due_ns;
    void *owner;
};

/* Of the connection that is read: frames are unmasked where they lie, and nobody keeps them. */
static char room[ROOM_BYTES];

/* --- what the loop looks for --- */

static void on_poll(uv_poll_t *handle, int status, int events);

/* Nothing waits for the system to take more. */
static bool is_out(const ws_connection_t *self)
{
    return self->out.length == 0 && !byte_stream_waits(&self->stream);
}

static bool reads(const ws_connection_t *self)
{
    return !list_linked(&self->reading.in_line);
}

static bool reads_when_writable(const ws_connection_t *self)
{
    return reads(self) && byte_stream_reads_when_writable(&self->stream);
}

static void watch(ws_connection_t *self)
{
    bool writes = self->choked || self->woken || self->out.length > 0 || self->state >= CLOSED || reads_when_writable(self);
    int wanted = (reads(self) ? UV_READABLE : 0) | (writes ? UV_WRITABLE : 0);
    if (wanted == self->watched)
        return;
    self->watched = (uint8_t)wanted;
    if (wanted)
        uv_poll_start(&self->poll, wanted, on_poll);
    else
        uv_poll_stop(&self->poll);
}

static void on_poll_closed(uv_handle_t *handle)
{
    ws_connection_t *self = handle->data;
    free(self->pong);
    frame_reader_release(&self->reader);
    message_reader_release(&self->messages);
    buffer_release(&self->out);
    free(self);
}

void ws_connection_destroy(ws_connection_t **self_p)
{
    ws_connection_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    list_remove(&self->reading.in_line);
    uv_close((uv_handle_t *)&self->poll, on_poll_closed);
    byte_stream_close(&self->stream);
}

static void end(ws_connection_t *self)
{
    const ws_connection_events_t *events = self->terms->events;
    void *owner = self->owner;
    ws_connection_destroy(&self);
    events->gone(owner);
}

void ws_connection_abort(ws_connection_t *self)
{
    self->state = GONE;
    watch(self);
}

/* --- what goes out --- */

static bool would_block(void)
{
    return errno == EAGAIN || errno == EINTR;
}

/* Returns how many bytes are taken: by the system, or to go out before all others. */
static size_t transmit(ws_connection_t *self, text_t bytes)
{
    ssize_t sent = byte_stream_write(&self->stream, bytes, TEXT(""));
    if (sent == -1 && !would_block()) {
        ws_connection_abort(self); /* nobody is there */
        return bytes.length;
    }
    if (byte_stream_waits(&self->stream)) {
        self->choked = true;
        watch(self); /* also where all is taken, so that nothing is kept */
    }
    return sent > 0 ? (size_t)sent : 0;
}

/* Behind all that waits already. */
static void put(ws_connection_t *self, text_t bytes)
{
    size_t sent = self->out.length == 0 && !self->choked ? transmit(self, bytes) : 0;
    if (sent < bytes.length)
        buffer_append(&self->out, (text_t){bytes.at + sent, bytes.length - sent});
    if (!buffer_ok(&self->out))
        self->state = GONE;
    watch(self);
}

/* The end of the frame in which so many bytes end. */
static size_t whole_frames(text_t frames, size_t bytes)
{
    text_t rest = frames, payload;
    while ((size_t)(rest.at - frames.at) < bytes && frame_next(&rest, &payload))
        ;
    return (size_t)(rest.at - frames.at);
}

/* Keeps the rest of a frame. That of a long one is not copied: it would take as long as thousands of trades. */
static void keep_rest(ws_connection_t *self, text_t rest, buffer_t *owner)
{
    if (!owner || self->out.length > 0) {
        put(self, rest);
        return;
    }
    buffer_release(&self->out);
    self->out = buffer_take(owner);
    buffer_consume(&self->out, self->out.length - rest.length);
    watch(self);
}

size_t ws_connection_send(ws_connection_t *self, text_t frames, buffer_t *owner)
{
    size_t begun = transmit(self, frames);
    if (begun == frames.length)
        return begun;
    size_t whole = whole_frames(frames, begun);
    self->choked = true;
    if (whole > begun)
        keep_rest(self, (text_t){frames.at + begun, whole - begun}, whole == frames.length ? owner : NULL);
    return whole;
}

bool ws_connection_ready(const ws_connection_t *self)
{
    return self->state == OPEN && !self->choked && self->out.length == 0;
}

void ws_connection_wake(ws_connection_t *self)
{
    self->woken = true;
    watch(self);
}

static void forget_pong(ws_connection_t *self)
{
    free(self->pong);
    self->pong = NULL;
}

static void send_pong(ws_connection_t *self, text_t payload)
{
    char frame[2 + FRAME_CONTROL_MAX] = {(char)0x8a, (char)payload.length};
    memcpy(frame + 2, payload.at, payload.length);
    put(self, (text_t){frame, 2 + payload.length});
}

/* Of pings that come while something waits the last one is answered (section 5.5.3), so that they make nothing grow. */
static void keep_pong(ws_connection_t *self, text_t payload)
{
    if (!self->pong && !(self->pong = malloc(FRAME_CONTROL_MAX)))
        return;
    memcpy(self->pong, payload.at, payload.length);
    self->pong_length = (uint8_t)payload.length;
}

/* The peer takes something again. */
static void flush(ws_connection_t *self)
{
    if (self->choked)
        self->heard_ns = clock_mono_ns(); /* its system has taken what waited: it is slow, but not gone */
    if (!byte_stream_flush(&self->stream))
        ws_connection_abort(self);
    self->choked = byte_stream_waits(&self->stream);
    if (!self->choked && self->out.length > 0)
        buffer_consume(&self->out, transmit(self, buffer_text(&self->out)));
    if (self->out.length > 0 || self->choked)
        return;
    buffer_release(&self->out);
    if (self->state == OPEN && self->pong) {
        send_pong(self, (text_t){self->pong, self->pong_length});
        forget_pong(self);
    }
    if (!ws_connection_ready(self))
        return;
    self->woken = false;
    self->terms->events->ready(self->owner);
}

/* --- its end --- */

static void begin_closing(ws_connection_t *self, ws_connection_state_t state, text_t last)
{
    self->state = state;
    self->woken = false;
    forget_pong(self);
    self->due_ns = clock_mono_ns() + CLOSE_MS * NS_PER_MS;
    message_reader_release(&self->messages);
    put(self, last);
}

void ws_connection_close(ws_connection_t *self, text_t last)
{
    if (self->state == OPEN)
        begin_closing(self, CLOSING, last);
}

bool ws_connection_closing(const ws_connection_t *self)
{
    return self->state != OPEN;
}

static void break_off(ws_connection_t *self, unsigned code, const char *why)
{
    self->deaf = true;
    if (self->state == OPEN)
        self->terms->events->broken(self->owner, code, why);
}

static void on_close_frame(ws_connection_t *self, text_t payload)
{
    unsigned code;
    const char *wrong = frame_close_read(payload, &code);
    if (self->state == CLOSING) {
        self->state = CLOSED;
    } else if (wrong) {
        break_off(self, code, wrong);
    } else {
        buffer_t answer = buffer_new(0);
        frame_append_close(&answer, code == UNTOLD ? NORMAL : code, TEXT(""));
        begin_closing(self, CLOSED, buffer_text(&answer));
        buffer_release(&answer);
    }
}

/* --- what comes in --- */

/* Of a message that is broken the rest comes while the connection is closing, and is not looked at. */
static void on_piece(ws_connection_t *self, const frame_t *piece)
{
    ws_message_t message;
    message_fault_t fault;
    const ws_connection_events_t *events = self->terms->events;
    size_t before = message_reader_held(&self->messages);
    message_found_t found = message_reader_take(&self->messages, piece, self->terms->message_bytes, &message, &fault);
    size_t held = message_reader_held(&self->messages);
    if (held != before)
        events->held(self->owner, held);
    if (found == MESSAGE_BROKEN) {
        events->broken(self->owner, fault.code, fault.why);
    } else if (found == MESSAGE_WHOLE) {
        events->message(self->owner, message.text, message.binary);
        buffer_release(&message.memory);
    }
}

static void on_ping(ws_connection_t *self, text_t payload)
{
    self->terms->events->pinged(self->owner);
    if (self->state != OPEN)
        return;
    if (self->out.length == 0 && !self->choked)
        send_pong(self, payload);
    else
        keep_pong(self, payload);
}

static void on_frame(ws_connection_t *self, const frame_t *frame)
{
    if (frame->kind == FRAME_CLOSE)
        on_close_frame(self, frame->bytes);
    else if (frame->kind == FRAME_PIECE && self->state == OPEN)
        on_piece(self, frame);
    else if (frame->kind == FRAME_PING && self->state == OPEN)
        on_ping(self, frame->bytes);
}

static void read_frames(ws_connection_t *self, text_t input)
{
    frame_t frame;
    const char *wrong = NULL;
    frame_found_t found = FRAME_NONE;
    while (self->state < CLOSED && !self->deaf &&
           (found = frame_reader_next(&self->reader, &input, &frame, &wrong)) == FRAME_FOUND)
        on_frame(self, &frame);
    if (found == FRAME_BROKEN)
        break_off(self, PROTOCOL, wrong);
}

void ws_connection_take(ws_connection_t *self, text_t bytes)
{
    while (bytes.length > 0) {
        size_t length = bytes.length < ROOM_BYTES ? bytes.length : ROOM_BYTES;
        memcpy(room, bytes.at, length);
        read_frames(self, (text_t){room, length});
        bytes = (text_t){bytes.at + length, bytes.length - length};
    }
}

static void take(ws_connection_t *self)
{
    ssize_t got = byte_stream_read(&self->stream, room, ROOM_BYTES);
    if (got == 0 || (got == -1 && !would_block()))
        self->state = GONE;
    if (got <= 0)
        return;
    self->heard_ns = clock_mono_ns();
    read_frames(self, (text_t){room, (size_t)got});
}

/* --- in the loop --- */

/* A peer whose close frame could not be seen learns that there is nothing to wait for. */
static void settle(ws_connection_t *self)
{
    if (self->state == GONE || (self->state == CLOSED && is_out(self))) {
        end(self);
        return;
    }
    if (self->state == CLOSING && self->deaf && is_out(self) && !self->shut)
        self->shut = byte_stream_end(&self->stream) == 0;
    watch(self);
}

static void serve(share_waiter_t *waiter)
{
    ws_connection_t *self = LIST_OWNER(waiter, ws_connection_t, reading);
    if (self->state != GONE)
        take(self);
    settle(self);
}

static void read_or_wait(ws_connection_t *self)
{
    if (share_begin(self->terms->requests)) {
        take(self);
        share_end(self->terms->requests);
    } else {
        share_wait(self->terms->requests, &self->reading);
    }
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    ws_connection_t *self = handle->data;
    if (status < 0)
        self->state = GONE;
    if ((events & UV_WRITABLE) && reads_when_writable(self))
        events |= UV_READABLE;
    if ((events & UV_READABLE) && self->state != GONE)
        read_or_wait(self);
    if ((events & UV_WRITABLE) && self->state != GONE)
        flush(self);
    settle(self);
}

void ws_connection_check(ws_connection_t *self, int64_t now_ns)
{
    if (self->due_ns && now_ns >= self->due_ns)
        ws_connection_abort(self);
}

int64_t ws_connection_heard_ns(const ws_connection_t *self)
{
    return self->heard_ns;
}

ws_connection_t *ws_connection_new(loop_t *loop, byte_stream_t stream, text_t answer, const ws_connection_terms_t *terms,
                                   void *owner)
{
    ws_connection_t *self = calloc(1, sizeof *self);
    if (!self || uv_poll_init(loop_uv(loop), &self->poll, stream.fd) != 0) {
        byte_stream_close(&stream);
        free(self);
        return NULL;
    }
    self->stream = stream;
    self->terms = terms;
    self->poll.data = self;
    self->reader.from_client = true;
    self->reader.deflates = terms->deflates;
    self->reading.serve = serve;
    list_init(&self->reading.in_line);
    self->out = buffer_new(0);
    self->heard_ns = clock_mono_ns();
    self->owner = owner;
    put(self, answer);
    return self;
}
