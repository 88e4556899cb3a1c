#include "gatewayd/ws.h"

#include "common/log.h"
#include "gatewayd/ending.h"
#include "gatewayd/frame.h"
#include "gatewayd/methods.h"
#include "gatewayd/pack.h"
#include "gatewayd/peer_socket.h"
#include "gatewayd/peers.h"
#include "gatewayd/signalr.h"

#include <errno.h>
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <uv.h>

enum {
    CLOSE_TIMEOUT_S = 5,
    RSV1 = 0x40,                     /* of a frame's first byte: compressed */
    HEARD_LATER_NS = 100 * NS_PER_MS /* what the system says is not exact to the ms */
};

struct ws {
    hub_t *hub;
    ws_config_t config;
    peers_t *peers;
    bool leaving;
};

typedef enum {
    SESSION_OPEN,
    SESSION_LEAVING, /* closes when the last frame is out */
    SESSION_CLOSING, /* sends its close frame when it can */
    SESSION_CLOSED,  /* has sent it; the peer's is to come */
} session_state_t;

struct ws_session {
    ws_t *ws;
    struct lws *wsi;
    client_t *client;
    signalr_t *signalr; /* NULL: JSON-RPC as it is */
    session_state_t state;
    int fd;
    bool choked;       /* the system took no more; until lws says that it does */
    bool peer_left;    /* it has said that it closes, or is gone */
    buffer_t farewell; /* the last frames: its close frame, and for the hub its close record before */
    buffer_t message;  /* of which not all fragments have come */
    bool begun;        /* some have */
    bool packed;       /* they are compressed */
    int64_t heard_ns;  /* CLOCK_MONOTONIC */
    bool pinged;
    char address[WS_ADDRESS_MAX];
};

/* --- client_link_t --- */

/* By lws, which keeps what the peer does not take now. LWS_WRITE_HTTP on a WebSocket sends as is: these are frames already. lws does not write
 * to what it is given. */
static void write_by_lws(ws_session_t *session, text_t bytes)
{
    if (bytes.length > 0 && lws_write(session->wsi, (unsigned char *)(uintptr_t)bytes.at, bytes.length, LWS_WRITE_HTTP) < 0)
        lws_set_timeout(session->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

/* The end of the frame in which so many bytes end. */
static size_t whole_frames(text_t frames, size_t bytes)
{
    text_t rest = frames, payload;
    while ((size_t)(rest.at - frames.at) < bytes && frame_next(&rest, &payload))
        ;
    return (size_t)(rest.at - frames.at);
}

/* Straight to the system: of a connection that stands, with nothing that lws still has to send, lws would do no more, and first ask the system
 * whether it may. What is begun must be ended before anything else is sent: the rest of such a frame is lws's. */
static size_t link_send(void *link, text_t frames)
{
    ws_session_t *session = link;
    ssize_t sent = send(session->fd, frames.at, frames.length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == (ssize_t)frames.length)
        return frames.length;
    if (sent == -1 && errno != EAGAIN && errno != EINTR) {
        session->peer_left = true;
        lws_set_timeout(session->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
        return frames.length; /* nobody is there */
    }
    size_t begun = sent > 0 ? (size_t)sent : 0, whole = whole_frames(frames, begun);
    session->choked = true;
    write_by_lws(session, (text_t){frames.at + begun, whole - begun});
    lws_callback_on_writable(session->wsi);
    return whole;
}

static bool link_ready(void *link)
{
    ws_session_t *session = link;
    return session->state < SESSION_CLOSING && !session->choked && !lws_partial_buffered(session->wsi);
}

static void link_wake(void *link)
{
    ws_session_t *session = link;
    lws_callback_on_writable(session->wsi);
}

static void link_close(void *link, unsigned code, text_t reason)
{
    ws_session_t *session = link;
    if (code != CLOSE_NORMAL || reason.length > 0) /* else it is what the client wished */
        ending_log(session->signalr ? "signalr" : "ws", session->address, code, reason);
    if (session->signalr)
        signalr_append_close(session->signalr, reason, &session->farewell);
    frame_append_close(&session->farewell, code, reason);
    session->state = SESSION_CLOSING;
    lws_set_timeout(session->wsi, PENDING_TIMEOUT_CLOSE_SEND, CLOSE_TIMEOUT_S); /* it may never be writable again */
    lws_callback_on_writable(session->wsi);
}

/* Closes when all that waits is out; a peer that takes nothing is not waited for. */
static void finish(ws_session_t *session)
{
    session->state = SESSION_LEAVING;
    lws_set_timeout(session->wsi, PENDING_TIMEOUT_CLOSE_SEND, CLOSE_TIMEOUT_S);
    lws_callback_on_writable(session->wsi);
}

static void link_leave(void *link)
{
    ws_session_t *session = link;
    if (session->state == SESSION_OPEN)
        finish(session);
}

/* Has libwebsockets ended it, with a close frame of its own, for what is no frame? It tells nobody, and may wait long for the answer. */
static bool is_broken(const ws_session_t *session)
{
    return session->state < SESSION_CLOSING && !session->peer_left && lws_get_close_length(session->wsi) > 0;
}

/* Any frame is life; libwebsockets tells of some only, so the system is asked before one is taken for silent. */
static int64_t silent_ms(ws_session_t *session, int64_t now_ns, int64_t enough_ms)
{
    if (now_ns - session->heard_ns >= enough_ms * NS_PER_MS) {
        int64_t heard_ns = peer_socket_heard_ns(session->fd, now_ns, session->heard_ns);
        if (heard_ns > session->heard_ns + HEARD_LATER_NS) {
            session->heard_ns = heard_ns;
            session->pinged = false;
        }
    }
    return (now_ns - session->heard_ns) / NS_PER_MS;
}

static void check_rpc(ws_session_t *session, int64_t now_ns)
{
    char reason[FRAME_REASON_MAX];
    int64_t dead_ms = session->ws->config.silence_ms, ping_ms = dead_ms * 2 / 5, silent = silent_ms(session, now_ns, ping_ms);
    if (silent >= ping_ms && !session->pinged) {
        session->pinged = true;
        client_send_frame(session->client, FRAME_PING);
    } else if (silent >= dead_ms) {
        int length = snprintf(reason, sizeof reason, "nothing was heard for %lld ms, not even a pong", (long long)silent);
        client_close(session->client, CLOSE_POLICY, (text_t){reason, (size_t)length});
    }
}

static void check_hub(ws_session_t *session, int64_t now_ns)
{
    int64_t dead_ms = session->ws->config.silence_ms < SIGNALR_SILENCE_MS ? session->ws->config.silence_ms : SIGNALR_SILENCE_MS;
    signalr_check(session->signalr, now_ns, silent_ms(session, now_ns, dead_ms) >= dead_ms);
    if (signalr_over(session->signalr))
        finish(session);
}

static void link_check(void *link, int64_t now_ns)
{
    ws_session_t *session = link;
    if (is_broken(session))
        lws_set_timeout(session->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    else if (session->state != SESSION_OPEN)
        return; /* it has its time to end */
    else if (session->signalr)
        check_hub(session, now_ns);
    else
        check_rpc(session, now_ns);
}

#define LINK(spoken, deflate)                                                                                                  \
    {                                                                                                                          \
        .dialect = (spoken), .deflates = (deflate), .send = link_send, .ready = link_ready, .wake = link_wake,                 \
        .close = link_close, .check = link_check, .leave = link_leave                                                          \
    }
static const client_link_t links[] = {[WS_RPC] = LINK(DIALECT_RPC, false),
                                      [WS_RPC_DEFLATE] = LINK(DIALECT_RPC, true),
                                      [WS_SIGNALR] = LINK(DIALECT_SIGNALR, false)};

static hub_t *enter(ws_session_t *session)
{
    hub_t *hub = session->ws->hub;
    hub->now_ns = clock_real_ns();
    return hub;
}

static void heard(ws_session_t *session)
{
    session->heard_ns = clock_mono_ns();
    session->pinged = false;
}

static text_t peer_address(struct lws *wsi, char room[static WS_ADDRESS_MAX])
{
    memcpy(room, "?", 2);
    lws_get_peer_simple(wsi, room, WS_ADDRESS_MAX);
    return text_of(room);
}

static bool origin_allowed(const ws_t *self, text_t origin)
{
    if (self->config.origin_count == 0 || origin.length == 0)
        return true; /* only browsers send it, and only they can be led astray by a page */
    for (size_t i = 0; i < self->config.origin_count; i++) {
        if (text_equal(origin, text_of(self->config.origins[i])))
            return true;
    }
    return false;
}

static void deliver(ws_session_t *session, text_t message)
{
    bool binary = lws_frame_is_binary(session->wsi);
    if (binary && session->signalr)
        client_close(session->client, CLOSE_UNSUPPORTED, TEXT("expected a text frame"));
    else if (binary)
        client_refuse(session->client, RPC_PARSE_ERROR, "Parse error: expected a text frame, found a binary one");
    else if (!text_is_utf8(message))
        client_close(session->client, CLOSE_INVALID_TEXT, TEXT("expected UTF-8"));
    else if (session->signalr)
        signalr_receive(session->signalr, message);
    else
        client_receive(session->client, message);
}

static void unpack_and_deliver(ws_session_t *session, text_t packed)
{
    buffer_t message = buffer_new(session->ws->config.message_bytes);
    unpack_t result = unpack_message(packed, &message);
    if (result == UNPACK_DONE)
        deliver(session, buffer_text(&message));
    else if (result == UNPACK_TOO_LONG)
        client_close(session->client, CLOSE_TOO_BIG, TEXT("the message is too long"));
    else
        client_close(session->client, CLOSE_INVALID_TEXT, TEXT("expected what is compressed"));
    buffer_release(&message);
}

/* A whole message. */
static void take(ws_session_t *session, text_t message)
{
    if (session->packed)
        unpack_and_deliver(session, message);
    else
        deliver(session, message);
}

ws_t *ws_new(hub_t *hub, const ws_config_t *config)
{
    ws_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->hub = hub;
    self->config = *config;
    self->peers = peers_new(config->clients_per_address);
    if (!self->peers)
        ws_destroy(&self);
    return self;
}

void ws_limit(ws_t *self, size_t clients, size_t clients_per_address)
{
    self->config.clients = clients;
    peers_limit(self->peers, clients_per_address);
}

void ws_destroy(ws_t **self_p)
{
    ws_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    peers_destroy(&self->peers);
    free(self);
}

unsigned ws_refusal(ws_t *self, text_t origin, text_t address)
{
    static log_limit_t limit;
    if (!origin_allowed(self, origin))
        return 403;
    if (self->leaving)
        return 503;
    if (self->hub->client_count < self->config.clients && peers_enter(self->peers, address)) {
        peers_leave(self->peers, address);
        return 0;
    }
    if (log_allowed(&limit, clock_mono_ns()))
        log_warn("ws: too many clients", LOG_SLICE("address", address), LOG_U64("clients", self->hub->client_count),
                 LOG_U64("suppressed", log_suppressed(&limit)));
    return 503;
}

bool ws_admit(ws_t *self, text_t address, char kept[static WS_ADDRESS_MAX])
{
    bool admitted = address.length < WS_ADDRESS_MAX && peers_enter(self->peers, address);
    if (admitted)
        memcpy(kept, address.at, address.length);
    kept[admitted ? address.length : 0] = '\0';
    return admitted;
}

void ws_dismiss(ws_t *self, const char *address)
{
    peers_leave(self->peers, text_of(address));
}

int ws_on_open(ws_t *self, struct lws *wsi, ws_speech_t speech, ws_session_t **slot)
{
    char room[WS_ADDRESS_MAX], address[WS_ADDRESS_MAX];
    if (!ws_admit(self, peer_address(wsi, room), address))
        return -1;
    ws_session_t *session = calloc(1, sizeof *session);
    if (!session) {
        ws_dismiss(self, address);
        return -1;
    }
    *slot = session;
    *session = (ws_session_t){.ws = self,
                              .wsi = wsi,
                              .fd = lws_get_socket_fd(wsi),
                              .message = buffer_new(self->config.message_bytes),
                              .farewell = buffer_new(0)};
    memcpy(session->address, address, sizeof address);
    setsockopt(session->fd, SOL_SOCKET, SO_SNDBUF, &(int){WS_SEND_BUFFER}, sizeof(int));
    heard(session);
    session->client = client_new(enter(session), &links[speech], session, &methods_events);
    if (session->client && speech == WS_SIGNALR)
        session->signalr = signalr_new(session->client, self->config.message_bytes, session->heard_ns);
    return session->client && (speech != WS_SIGNALR || session->signalr) ? 0 : -1;
}

int ws_on_receive(ws_session_t *session, const void *bytes, size_t length)
{
    if (!session || !session->client || session->state >= SESSION_CLOSING)
        return 0;
    enter(session);
    heard(session);
    bool whole = lws_is_final_fragment(session->wsi) && lws_remaining_packet_payload(session->wsi) == 0;
    text_t part = {bytes, length};
    if (!session->begun)
        session->packed = lws_get_reserved_bits(session->wsi) & RSV1;
    session->begun = !whole;
    if (session->message.length + length > session->ws->config.message_bytes) {
        client_close(session->client, CLOSE_TOO_BIG, TEXT("the message is too long"));
    } else if (whole && session->message.length == 0) {
        take(session, part);
    } else {
        buffer_append(&session->message, part);
        if (whole)
            take(session, buffer_text(&session->message));
        if (whole)
            buffer_release(&session->message);
    }
    if (session->signalr && signalr_over(session->signalr) && session->state == SESSION_OPEN)
        finish(session);
    return 0;
}

int ws_on_pong(ws_session_t *session)
{
    if (session)
        heard(session);
    return 0;
}

/* Everything is out but the words at the end. */
static void last_words(ws_session_t *session)
{
    if (session->signalr && !signalr_over(session->signalr)) {
        signalr_goodbye(session->signalr);
        client_pump(session->client);
    }
    if (!client_idle(session->client))
        return;
    unsigned code = CLOSE_RESTART;
    text_t reason = TEXT("service restart; retry after 1000 ms");
    if (!session->ws->leaving)
        reason = signalr_why(session->signalr, &code);
    client_close(session->client, code, reason);
}

int ws_on_writable(ws_session_t *session)
{
    if (!session || !session->client || is_broken(session))
        return -1;
    enter(session);
    if (session->choked)
        heard(session); /* its system has taken what waited: it is slow, but not gone */
    session->choked = false;
    client_pump(session->client);
    if (session->state == SESSION_LEAVING && client_idle(session->client))
        last_words(session);
    if (session->state == SESSION_CLOSING) {
        /* lws 4.1 forgets a reason that it is given in this callback, so the frame is ours, as all are. */
        session->state = SESSION_CLOSED;
        write_by_lws(session, buffer_text(&session->farewell));
        buffer_release(&session->farewell);
        lws_set_timeout(session->wsi, PENDING_TIMEOUT_CLOSE_ACK, CLOSE_TIMEOUT_S);
    }
    return 0;
}

int ws_on_peer_close(ws_session_t *session)
{
    if (!session)
        return 0;
    session->peer_left = true;
    return session->state == SESSION_CLOSED ? -1 : 0; /* both sides have said it, or lws answers */
}

/* What libwebsockets does not take for a frame ends the connection: it has sent a close frame of its own, but for a length that can't be. */
static void tell_protocol_error(ws_session_t *session)
{
    int told = lws_get_close_length(session->wsi);
    text_t reason = TEXT("expected a frame of RFC 6455");
    if (session->state >= SESSION_CLOSING || session->peer_left || (told <= 2 && peer_socket_left(session->fd)))
        return;
    if (told > 2)
        reason = (text_t){(const char *)lws_get_close_payload(session->wsi) + 2, (size_t)told - 2};
    ending_log(session->signalr ? "signalr" : "ws", session->address, CLOSE_PROTOCOL, reason);
}

int ws_on_close(ws_session_t **slot)
{
    ws_session_t *session = *slot;
    if (!session)
        return 0; /* it was refused */
    *slot = NULL;
    enter(session);
    tell_protocol_error(session);
    signalr_destroy(&session->signalr);
    client_destroy(&session->client);
    buffer_release(&session->message);
    buffer_release(&session->farewell);
    ws_dismiss(session->ws, session->address);
    free(session);
    return 0;
}

void ws_check(ws_t *self)
{
    int64_t now_ns = clock_mono_ns();
    LIST_EACH(item, &self->hub->clients)
    {
        client_t *client = LIST_OWNER(item, client_t, in_hub);
        if (client->link->check)
            client->link->check(client->link_arg, now_ns);
    }
}

static void on_wake(void *arg)
{
    (void)arg; /* uv_run comes back */
}

void ws_goodbye(ws_t *self, loop_t *loop)
{
    self->leaving = true;
    LIST_EACH(item, &self->hub->clients)
    {
        client_t *client = LIST_OWNER(item, client_t, in_hub);
        if (client->link->leave)
            client->link->leave(client->link_arg);
    }
    loop_timer_t *timer = loop_timer_new(loop, on_wake, NULL);
    if (!timer)
        return;
    loop_timer_start(timer, 10, 10);
    int64_t deadline_ns = clock_mono_ns() + WS_GOODBYE_MS * NS_PER_MS;
    while (self->hub->client_count + self->hub->call_count > 0 && clock_mono_ns() < deadline_ns)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    loop_timer_destroy(&timer);
}
