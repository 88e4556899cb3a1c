/* Over 400 lines, but one idea: the states of one connection, from dialing to the close, and every event in each of them. */
#include "connectord/websocket/ws_client.h"

#include "common/buffer.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/websocket/frame_reader.h"
#include "connectord/websocket/dialer.h"
#include "connectord/websocket/frame_writer.h"
#include "connectord/websocket/handshake.h"
#include "connectord/websocket/message_assembler.h"
#include "connectord/websocket/refusal.h"
#include "connectord/websocket/ws_url.h"

#include <assert.h>
#include <libwebsockets.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

_Static_assert((int)WS_CLIENT_MESSAGE_MAX == (int)MESSAGE_ASSEMBLER_MESSAGE_MAX &&
                   (int)WS_CLIENT_SEND_MAX == (int)FRAME_WRITER_BYTES_MAX,
               "bounds are handed on");

typedef enum {
    CLOSED,
    DIALING,
    ASKING, /* connected: the handshake */
    OPEN
} ws_client_state_t;

struct ws_client {
    ws_client_config_t config;
    web_t *web;
    web_reader_t reading; /* may be held back */
    ws_url_t url;
    const ws_client_events_t *events;
    void *arg;

    ws_client_state_t state;
    loop_timer_t *watch; /* the connection's deadline, and then its silence */
    tls_trust_t *trust;  /* for wss:// */
    dialer_t dialer;
    transport_t transport; /* the one that was taken */
    bool inside;           /* libwebsockets is calling for a connection, which must not be freed until that returns */
    int64_t heard_ns;
    char reason[REFUSAL_REASON_MAX]; /* why it is being closed, where that is known before it is */
    loss_t loss;                     /* what else is known of that */

    handshake_t handshake;
    bool answered; /* by something else than a WebSocket */
    frame_reader_t reader;
    message_assembler_t assembler;
    bool wants_write; /* on_writable was asked for */
    frame_writer_t writer;
};

__attribute__((format(printf, 2, 3))) static void set_reason(ws_client_t *self, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(self->reason, sizeof self->reason, format, arguments);
    va_end(arguments);
}

/* Lets go of the connection: lws may still call for it, but finds nobody there and closes it (orphan below). */
static void let_go(ws_client_t *self)
{
    struct lws *wsi = self->transport.wsi;
    bool open = self->state == OPEN;
    self->state = CLOSED;
    loop_timer_stop(self->watch);
    dialer_stop(&self->dialer);
    message_assembler_clear(&self->assembler);
    if (!wsi)
        return;
    lws_set_opaque_user_data(wsi, NULL);
    if (open)
        frame_writer_goodbye(&self->writer, &self->transport, TEXT("\x03\xe8")); /* 1000: normal */
    transport_release(&self->transport);
    if (!self->inside)
        lws_set_timeout(wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_SYNC);
}

static void fail(ws_client_t *self)
{
    let_go(self);
    self->loss.reason = self->reason;
    self->events->on_closed(self->arg, &self->loss);
}

/* What has been read already is handed on all the same. */
static void on_held(void *arg, bool held)
{
    ws_client_t *self = arg;
    self->heard_ns = clock_mono_ns();
    if (self->state == OPEN)
        lws_rx_flow_control(self->transport.wsi, !held);
}

static void on_open(ws_client_t *self)
{
    self->state = OPEN;
    dialer_opened(&self->dialer);
    self->heard_ns = clock_mono_ns();
    frame_reader_release(&self->reader);
    self->reader = (frame_reader_t){0};
    self->wants_write = self->writer.pong_due = false;
    buffer_release(&self->handshake.answer);
    loop_timer_start(self->watch, self->config.silence_ms, 0);
    if (web_is_held(self->web))
        on_held(self, true);
    self->events->on_open(self->arg);
}

static void on_piece(ws_client_t *self, text_t piece, bool binary, bool last)
{
    text_t message;
    const char *reason;
    assembled_t assembled = message_assembler_take(&self->assembler, piece, binary, last, &message, &reason);
    if (assembled == MESSAGE_ASSEMBLER_MESSAGE)
        self->events->on_message(self->arg, message);
    else if (assembled == MESSAGE_ASSEMBLER_UNREADABLE)
        self->events->on_unreadable(self->arg, reason, message);
}

static void on_close_frame(ws_client_t *self, text_t content)
{
    text_t why = content.length > 2 ? (text_t){content.at + 2, content.length - 2} : TEXT("");
    const unsigned char *in = (const unsigned char *)content.at;
    unsigned code = content.length >= 2 ? in[0] << 8 | in[1] : LWS_CLOSE_STATUS_NO_STATUS;
    set_reason(self, "closed by the exchange: %u%s%.*s", code, why.length > 0 ? " " : "", TEXT_ARG(why));
}

/* The connection is gone, or one that was on its way. Another address may do, unless the exchange has answered. */
static void on_gone(ws_client_t *self, struct lws *wsi, text_t error)
{
    lws_set_opaque_user_data(wsi, NULL);
    if (self->transport.wsi != wsi) {
        dialer_lost(&self->dialer, wsi, error.length > 0 ? error : TEXT("the connection broke"));
        return;
    }
    transport_release(&self->transport);
    if (error.length > 0)
        set_reason(self, "%.*s", TEXT_ARG(error));
    else if (self->reason[0] == '\0')
        set_reason(self, "the connection broke");
    if (self->state == ASKING)
        dialer_led_nowhere(&self->dialer);
    if (self->state == ASKING && !self->answered) {
        self->state = DIALING;
        dialer_go_on(&self->dialer, self->reason);
        return;
    }
    fail(self);
}

/* Each on_… below returns what lws wants to hear: -1 to have the connection closed. */

/* The first connection that stands: others are not needed. */
static int on_stands(ws_client_t *self, struct lws *wsi)
{
    self->transport = dialer_take(&self->dialer, wsi);
    self->state = ASKING;
    self->reason[0] = '\0'; /* an earlier address's */
    self->answered = false;
    buffer_t request = buffer_new(WS_CLIENT_SEND_MAX);
    bool sent = handshake_ask(&self->handshake, &request, &self->url, self->config.origin) &&
                transport_send(&self->transport, buffer_text(&request));
    buffer_release(&request);
    return sent ? 0 : -1;
}

static int on_progress(ws_client_t *self, struct lws *wsi, dialer_progress_t progress)
{
    if (progress == DIALER_STANDS)
        return on_stands(self, wsi);
    if (progress == DIALER_PENDING)
        return 0;
    lws_set_opaque_user_data(wsi, NULL);
    return -1;
}

/* One thing at a time, as lws has it. */
static int on_writable(ws_client_t *self, struct lws *wsi)
{
    if (self->state != OPEN || self->transport.wsi != wsi)
        return 0;
    if (self->writer.pong_due) {
        if (self->wants_write)
            lws_callback_on_writable(wsi);
        return frame_writer_pong(&self->writer, &self->transport) ? 0 : -1;
    }
    if (self->wants_write) {
        self->wants_write = false;
        self->events->on_writable(self->arg);
    }
    return 0;
}

static void on_refused(ws_client_t *self, const refusal_t *refusal)
{
    int64_t now_ns = clock_real_ns();
    self->loss.kind = refusal_kind(refusal);
    self->loss.retry_after_ms = refusal_retry_after_ms(refusal, now_ns);
    refusal_print(refusal, now_ns, self->reason);
}

static int on_answer(ws_client_t *self, text_t *input)
{
    text_t wrong;
    switch (handshake_take(&self->handshake, input, &wrong)) {
    case HANDSHAKE_DONE:
        on_open(self);
        return 0;
    case HANDSHAKE_REFUSED:
        self->answered = true;
        if (self->handshake.refusal.status != 0)
            on_refused(self, &self->handshake.refusal);
        else
            set_reason(self, "expected a WebSocket, found %.*s", TEXT_ARG(wrong));
        return -1;
    default:
        return 0;
    }
}

static int on_frame(ws_client_t *self, const frame_t *frame)
{
    switch (frame->kind) {
    case FRAME_PIECE:
        on_piece(self, frame->bytes, frame->binary, frame->last);
        break;
    case FRAME_CLOSE:
        on_close_frame(self, frame->bytes);
        frame_writer_goodbye(&self->writer, &self->transport, (text_t){frame->bytes.at, frame->bytes.length >= 2 ? 2 : 0});
        return -1;
    case FRAME_PING:
        frame_writer_pinged(&self->writer, &self->transport, frame->bytes);
        break;
    case FRAME_PONG:
        break;
    }
    return 0;
}

/* Whoever is told of something may disconnect. */
static int on_bytes(ws_client_t *self, struct lws *wsi, text_t input)
{
    frame_t frame;
    const char *wrong = NULL;
    frame_found_t found = FRAME_FOUND;
    if (self->state == ASKING && on_answer(self, &input) != 0)
        return -1;
    while (self->transport.wsi == wsi && self->state == OPEN &&
           (found = frame_reader_next(&self->reader, &input, &frame, &wrong)) == FRAME_FOUND)
        if (on_frame(self, &frame) != 0)
            return -1;
    if (found == FRAME_BROKEN)
        set_reason(self, "the exchange sent %s", wrong);
    return found == FRAME_BROKEN ? -1 : 0;
}

static int on_received(ws_client_t *self, struct lws *wsi, text_t input)
{
    if (self->transport.wsi != wsi)
        return on_progress(self, wsi, dialer_received(&self->dialer, wsi, input));
    text_t bytes;
    const char *wrong;
    transport_found_t found = TRANSPORT_FOUND;
    self->heard_ns = clock_mono_ns();
    while (self->transport.wsi == wsi && (found = transport_next(&self->transport, &input, &bytes, &wrong)) == TRANSPORT_FOUND)
        if (on_bytes(self, wsi, bytes) != 0)
            return -1;
    if (found == TRANSPORT_BROKEN)
        set_reason(self, "%s", wrong);
    return found == TRANSPORT_ENDED || found == TRANSPORT_BROKEN ? -1 : 0;
}

/* Events of a connection that is ours. */
static int translate(ws_client_t *self, struct lws *wsi, enum lws_callback_reasons reason, void *in, size_t length)
{
    switch (reason) {
    case LWS_CALLBACK_RAW_CONNECTED:
        return on_progress(self, wsi, dialer_connected(&self->dialer, wsi));
    case LWS_CALLBACK_RAW_RX:
        return on_received(self, wsi, (text_t){in, length});
    case LWS_CALLBACK_RAW_WRITEABLE:
        return on_writable(self, wsi);
    case LWS_CALLBACK_RAW_CLOSE:
    case LWS_CALLBACK_WSI_DESTROY:
        on_gone(self, wsi, TEXT(""));
        break;
    default: /* LWS_CALLBACK_CLIENT_CONNECTION_ERROR */
        on_gone(self, wsi, (text_t){in, in ? length : 0});
        break;
    }
    return 0;
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    (void)user;
    switch (reason) {
    case LWS_CALLBACK_RAW_CONNECTED:
    case LWS_CALLBACK_RAW_RX:
    case LWS_CALLBACK_RAW_WRITEABLE:
    case LWS_CALLBACK_RAW_CLOSE:
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_WSI_DESTROY:
        break;
    default:
        return 0;
    }
    ws_client_t *self = lws_get_opaque_user_data(wsi);
    if (!self)
        return -1; /* an orphan */
    self->inside = true;
    int rc = translate(self, wsi, reason, in, length);
    self->inside = false;
    return lws_get_opaque_user_data(wsi) ? rc : -1;
}

static const struct lws_protocols protocols[] = {
    {.name = "upstream", .callback = on_lws},
    {0},
};

static void on_dialer_failed(void *arg, const loss_t *loss)
{
    ws_client_t *self = arg;
    self->loss.kind = loss->kind;
    set_reason(self, "%s", loss->reason);
    fail(self);
}

static void give_up(ws_client_t *self)
{
    if (self->state == ASKING)
        dialer_led_nowhere(&self->dialer);
    if (dialer_is_looking_up(&self->dialer)) {
        self->loss.kind = LOSS_LOOKUP;
        set_reason(self, "can't look up %s: no answer within %u ms", self->url.host, self->config.connect_ms);
    } else {
        set_reason(self, "no connection to %s within %u ms", self->url.host, self->config.connect_ms);
    }
    fail(self);
}

/* Fires once, at the deadline as known when it was set: what has been heard since then moves it. */
static void on_watch(void *arg)
{
    ws_client_t *self = arg;
    if (self->state != OPEN) {
        give_up(self);
        return;
    }
    if (web_is_held(self->web))
        self->heard_ns = clock_mono_ns(); /* who is not listened to is not silent */
    int64_t left_ms = self->config.silence_ms - (clock_mono_ns() - self->heard_ns) / NS_PER_MS;
    if (left_ms > 0) {
        loop_timer_start(self->watch, (uint64_t)left_ms, 0);
        return;
    }
    set_reason(self, "silent for %u ms", self->config.silence_ms);
    fail(self);
}

ws_client_t *ws_client_new(loop_t *loop, web_t *web, const ws_client_config_t *config, const ws_client_events_t *events,
                           void *arg)
{
    const char *wrong;
    ws_client_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (ws_client_t){.config = *config, .web = web, .events = events, .arg = arg};
    self->reading = (web_reader_t){.held = on_held, .arg = self};
    list_init(&self->reading.item);
    self->assembler = message_assembler_new();
    self->handshake = handshake_new();
    if (!ws_url_parse(text_of(config->url), &self->url, &wrong)) {
        log_error("ws_client: invalid url", LOG_TEXT("wrong", wrong)); /* it may hold a secret */
        goto fail;
    }
    if ((self->url.tls || config->ca[0] != '\0') && !(self->trust = tls_trust_new(config->ca, &wrong))) {
        log_error("ws_client: can't read the CA certificates", LOG_TEXT("file", config->ca), LOG_TEXT("error", wrong));
        goto fail;
    }
    if (!(self->watch = loop_timer_new(loop, on_watch, self)))
        goto fail;
    dialer_config_t dialer = {&self->url, self->trust, protocols, config->connect_ms / 1000 + 10 /* behind our own */};
    if (!dialer_open(&self->dialer, loop, web, &dialer, on_dialer_failed, self)) {
        log_error("ws_client: can't create a client");
        goto fail;
    }
    web_join(web, &self->reading);
    return self;
fail:
    ws_client_destroy(&self);
    return NULL;
}

void ws_client_connect(ws_client_t *self)
{
    assert(self->state == CLOSED);
    self->state = DIALING;
    self->reason[0] = '\0';
    self->loss = (loss_t){.kind = LOSS_USUAL};
    dialer_start(&self->dialer);
    loop_timer_start(self->watch, self->config.connect_ms, 0);
}

bool ws_client_is_open(const ws_client_t *self)
{
    return self->state == OPEN;
}

void ws_client_want_write(ws_client_t *self)
{
    if (self->state != OPEN)
        return;
    self->wants_write = true;
    lws_callback_on_writable(self->transport.wsi);
}

void ws_client_send(ws_client_t *self, text_t message)
{
    assert(self->inside && message.length <= WS_CLIENT_SEND_MAX);
    if (!frame_writer_frame(&self->writer, &self->transport, SEND_TEXT, message))
        set_reason(self, "can't send"); /* lws closes it by itself */
}

void ws_client_disconnect(ws_client_t *self)
{
    let_go(self);
}

void ws_client_destroy(ws_client_t **self_p)
{
    ws_client_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    if (self->watch && self->dialer.step)
        let_go(self);
    list_remove(&self->reading.item);
    dialer_close(&self->dialer);
    tls_trust_destroy(&self->trust);
    loop_timer_destroy(&self->watch);
    frame_reader_release(&self->reader);
    message_assembler_release(&self->assembler);
    handshake_release(&self->handshake);
    free(self);
}
