#include "gatewayd/doors/ws.h"

#include "gatewayd/admission/ending.h"
#include "gatewayd/clients/client.h"
#include "gatewayd/doors/newcomers.h"
#include "gatewayd/doors/rpc_session.h"
#include "gatewayd/doors/signalr.h"
#include "gatewayd/doors/ws_connection.h"
#include "gatewayd/forms/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <uv.h>

enum { LEAVE_MS = 5000 };

struct ws {
    loop_t *loop;
    hub_t *hub;
    ws_config_t config;
    admission_t *admission;
    share_t *requests; /* of the loop's time: what clients say */
    ws_connection_terms_t terms[WS_SPEECHES];
    newcomers_t *newcomers;
    list_t sessions; /* session_t.in_ws */
};

/* One connection. */
typedef struct {
    ws_t *ws;
    list_t in_ws;
    newcomer_t *newcomer; /* until it is opened */
    ws_speech_t speech;
    ws_connection_t *ws_connection;
    grant_t *grant; /* until it has a client */
    client_t *client;
    rpc_session_t *rpc;
    signalr_t *signalr; /* NULL: JSON-RPC as it is */
    int64_t leave_ns;   /* it closes when the last frame is out, and by then at the latest: CLOCK_MONOTONIC; 0: it stays */
    int64_t pinged_ns;  /* when it was pinged last */
    char address[];     /* as text */
} session_t;

/* --- client_link_t --- */

static size_t link_send(void *link, text_t frames, buffer_t *owner)
{
    session_t *session = link;
    return ws_connection_send(session->ws_connection, frames, owner);
}

static bool link_ready(void *link)
{
    session_t *session = link;
    return ws_connection_ready(session->ws_connection);
}

static void link_wake(void *link)
{
    session_t *session = link;
    ws_connection_wake(session->ws_connection);
}

static void link_close(void *link, unsigned code, text_t reason)
{
    session_t *session = link;
    buffer_t last = buffer_new(0);
    if (code != CLOSE_NORMAL || reason.length > 0) /* else it is what the client wished */
        ending_log(session->signalr ? "signalr" : "ws", session->address, code, reason);
    if (session->signalr)
        signalr_append_close(session->signalr, reason, &last);
    frame_append_close(&last, code, reason);
    ws_connection_close(session->ws_connection, buffer_text(&last));
    buffer_release(&last);
}

/* Closes when all that waits is out; a peer that takes nothing is not waited for. */
static void finish(session_t *session)
{
    if (session->leave_ns || ws_connection_closing(session->ws_connection))
        return;
    session->leave_ns = clock_mono_ns() + LEAVE_MS * NS_PER_MS;
    ws_connection_wake(session->ws_connection);
}

static void link_leave(void *link)
{
    finish(link);
}

static void check_rpc(session_t *session, int64_t now_ns)
{
    char reason[FRAME_REASON_MAX];
    int64_t heard_ns = ws_connection_heard_ns(session->ws_connection), silent = (now_ns - heard_ns) / NS_PER_MS;
    int64_t dead_ms = session->ws->config.silence_ms, ping_ms = dead_ms * 2 / 5;
    if (silent >= ping_ms && session->pinged_ns <= heard_ns) {
        session->pinged_ns = now_ns;
        conversation_send_frame(&session->client->talk, FRAME_ALIVE);
    } else if (silent >= dead_ms) {
        int length = snprintf(reason, sizeof reason, "nothing received for %lld ms, not even a pong", (long long)silent);
        conversation_end(&session->client->talk, CLOSE_POLICY, (text_t){reason, (size_t)length});
    }
}

static void check_hub(session_t *session, int64_t now_ns)
{
    int64_t silent_ms = (now_ns - ws_connection_heard_ns(session->ws_connection)) / NS_PER_MS;
    int64_t dead_ms = session->ws->config.silence_ms < SIGNALR_SILENCE_MS ? session->ws->config.silence_ms : SIGNALR_SILENCE_MS;
    signalr_check(session->signalr, now_ns, silent_ms >= dead_ms);
    if (signalr_over(session->signalr))
        finish(session);
}

static void link_check(void *link, int64_t now_ns)
{
    session_t *session = link;
    ws_connection_check(session->ws_connection, now_ns);
    if (ws_connection_closing(session->ws_connection))
        return;
    if (session->leave_ns) {
        if (now_ns >= session->leave_ns)
            ws_connection_abort(session->ws_connection);
    } else if (session->signalr) {
        check_hub(session, now_ns);
    } else {
        check_rpc(session, now_ns);
    }
}

#define LINK(spoken, deflate)                                                                                                  \
    {                                                                                                                          \
        .dialect = (spoken), .deflates = (deflate), .send = link_send, .ready = link_ready, .wake = link_wake,                 \
        .close = link_close, .check = link_check, .leave = link_leave                                                          \
    }
static const client_link_t links[] = {[WS_RPC] = LINK(DIALECT_RPC, false),
                                      [WS_RPC_DEFLATE] = LINK(DIALECT_RPC, true),
                                      [WS_SIGNALR] = LINK(DIALECT_SIGNALR, false)};

/* --- ws_connection_events_t --- */

/* So many bytes have come of a message of which more is to come; of a hub's client some of a record may wait, too. */
static void hear(session_t *session, size_t bytes)
{
    conversation_t *talk = &session->client->talk;
    conversation_hears(talk, bytes + (session->signalr ? signalr_held(session->signalr) : 0));
    if (session->signalr && talk->end.closing)
        signalr_deafen(session->signalr);
}

static void receive_records(session_t *session, text_t message)
{
    signalr_receive(session->signalr, message);
    hear(session, 0);
}

static void on_message(void *owner, text_t message, bool binary)
{
    session_t *session = owner;
    if (binary && session->signalr)
        conversation_end(&session->client->talk, CLOSE_UNSUPPORTED, TEXT("expected a text frame"));
    else if (binary)
        rpc_session_refuse(session->rpc, RPC_PARSE_ERROR, "Parse error: expected a text frame, found a binary one");
    else if (session->signalr)
        receive_records(session, message);
    else
        rpc_session_receive(session->rpc, message);
    if (session->signalr && signalr_over(session->signalr))
        finish(session);
}

static void on_held(void *owner, size_t bytes)
{
    session_t *session = owner;
    hear(session, bytes);
}

static void on_broken(void *owner, unsigned code, const char *why)
{
    session_t *session = owner;
    conversation_end(&session->client->talk, code, text_of(why));
}

/* It counts as a request, but is never refused: a client that has asked too much would take the connection for dead. Who floods with them is ended. */
static void on_pinged(void *owner)
{
    session_t *session = owner;
    conversation_limited(&session->client->talk);
}

/* Everything is out but the words at the end. */
static void put_goodbye(session_t *session)
{
    if (session->signalr && !signalr_over(session->signalr)) {
        signalr_goodbye(session->signalr);
        client_pump(session->client);
    }
    if (!client_idle(session->client))
        return;
    unsigned code = CLOSE_RESTART;
    text_t reason = TEXT("service restart; retry after 1000 ms");
    if (!admission_closed(session->ws->admission))
        reason = signalr_why(session->signalr, &code);
    conversation_end(&session->client->talk, code, reason);
}

static void on_ready(void *owner)
{
    session_t *session = owner;
    client_pump(session->client);
    if (session->leave_ns && client_idle(session->client))
        put_goodbye(session);
}

static void destroy(session_t *session)
{
    list_remove(&session->in_ws);
    newcomer_cancel(&session->newcomer);
    signalr_destroy(&session->signalr);
    grant_close(&session->grant);
    client_destroy(&session->client);
    rpc_session_destroy(&session->rpc);
    admission_leave(session->ws->admission, session->address);
    free(session);
}

static void on_gone(void *owner)
{
    destroy(owner);
}

static const ws_connection_events_t ws_connection_events = {
    .message = on_message, .held = on_held, .broken = on_broken, .pinged = on_pinged, .ready = on_ready, .gone = on_gone};

/* --- newcomers --- */

/* False when memory runs out. */
static bool converse(session_t *session, byte_stream_t stream, text_t answer)
{
    const ws_connection_terms_t *terms = &session->ws->terms[session->speech];
    setsockopt(stream.fd, SOL_SOCKET, SO_SNDBUF, &(int){ADMISSION_SEND_BUFFER}, sizeof(int));
    session->ws_connection = ws_connection_new(session->ws->loop, stream, answer, terms, session);
    if (!session->ws_connection)
        return false;
    session->client = client_new(session->ws->hub, &links[session->speech], session);
    if (!session->client)
        return false;
    session->client->talk.caller.address = text_of(session->address);
    session->rpc = rpc_session_new(&session->client->talk);
    if (session->rpc && session->speech == WS_SIGNALR)
        session->signalr = signalr_new(&session->client->talk, session->rpc, rpc_session_receive, terms->message_bytes,
                                       ws_connection_heard_ns(session->ws_connection));
    return session->rpc && (session->speech != WS_SIGNALR || session->signalr);
}

static void begin_client(session_t *session)
{
    grant_t *grant = session->grant;
    session->grant = NULL;
    if (grant)
        session->ws->hub->let_in(session->client, grant);
}

static void open_session(void *arg, byte_stream_t stream, text_t answer, text_t behind)
{
    session_t *session = arg;
    session->newcomer = NULL;
    if (converse(session, stream, answer)) {
        begin_client(session);
        ws_connection_take(session->ws_connection, behind);
        return;
    }
    ws_connection_destroy(&session->ws_connection);
    destroy(session);
}

/* --- ws.h --- */

ws_t *ws_new(loop_t *loop, hub_t *hub, admission_t *admission, const ws_config_t *config)
{
    ws_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->loop = loop;
    self->hub = hub;
    self->admission = admission;
    self->config = *config;
    list_init(&self->sessions);
    self->requests = share_new(loop, SHARE_REQUESTS_US, NULL, NULL);
    self->newcomers = newcomers_new(loop, open_session);
    for (size_t i = 0; i < WS_SPEECHES; i++)
        self->terms[i] = (ws_connection_terms_t){.message_bytes = config->message_bytes,
                                                 .deflates = i == WS_RPC_DEFLATE,
                                                 .requests = self->requests,
                                                 .events = &ws_connection_events};
    if (!self->requests || !self->newcomers)
        ws_destroy(&self);
    return self;
}

void ws_destroy(ws_t **self_p)
{
    ws_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    share_destroy(&self->requests);
    newcomers_destroy(&self->newcomers);
    free(self);
}

static session_t *session_new(ws_t *self, text_t address)
{
    char kept[ADMISSION_ADDRESS_MAX];
    if (!admission_enter(self->admission, address, kept))
        return NULL;
    size_t size = strlen(kept) + 1;
    session_t *session = calloc(1, sizeof *session + size);
    if (!session) {
        admission_leave(self->admission, kept);
        return NULL;
    }
    memcpy(session->address, kept, size);
    session->ws = self;
    list_append(&self->sessions, &session->in_ws);
    return session;
}

void ws_open(ws_t *self, byte_stream_t stream, text_t address, const ws_handshake_t *handshake)
{
    session_t *session = session_new(self, address);
    grant_t *grant = handshake->grant;
    if (!session) {
        grant_close(&grant);
        byte_stream_close(&stream);
        return;
    }
    session->grant = grant;
    session->speech = handshake->speech;
    session->newcomer = newcomers_add(self->newcomers, stream, handshake->answer, handshake->behind, session);
    if (!session->newcomer)
        destroy(session);
}

void ws_check(ws_t *self)
{
    int64_t now_ns = clock_mono_ns();
    LIST_EACH(item, &self->hub->clients)
    {
        const client_end_t *end = &LIST_OWNER(item, conversation_t, in_hub)->end;
        if (end->link->check)
            end->link->check(end->arg, now_ns);
    }
}

static void on_wake(void *arg)
{
    (void)arg; /* uv_run comes back */
}

void ws_leave(ws_t *self)
{
    admission_close(self->admission);
    for (list_t *item = self->sessions.next, *next; item != &self->sessions; item = next) {
        session_t *session = LIST_OWNER(item, session_t, in_ws);
        next = item->next;
        if (session->newcomer)
            destroy(session);
    }
    LIST_EACH(item, &self->hub->clients)
    {
        const client_end_t *end = &LIST_OWNER(item, conversation_t, in_hub)->end;
        if (end->link->leave)
            end->link->leave(end->arg);
    }
}

void ws_goodbye(ws_t *self)
{
    ws_leave(self);
    loop_timer_t *timer = loop_timer_new(self->loop, on_wake, NULL);
    if (!timer)
        return;
    loop_timer_start(timer, 10, 10);
    int64_t deadline_ns = clock_mono_ns() + WS_GOODBYE_MS * NS_PER_MS;
    while (self->hub->client_count + self->hub->call_count > 0 && clock_mono_ns() < deadline_ns)
        uv_run(loop_uv(self->loop), UV_RUN_ONCE);
    loop_timer_destroy(&timer);
}

void ws_stop(ws_t *self)
{
    for (list_t *item = self->sessions.next, *next; item != &self->sessions; item = next) {
        session_t *session = LIST_OWNER(item, session_t, in_ws);
        next = item->next;
        ws_connection_destroy(&session->ws_connection);
        destroy(session);
    }
}
