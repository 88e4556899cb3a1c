/* One client: what it subscribed to, what waits to be sent to it, and its JSON-RPC conversation. Knows no transport: that is a
 * client_link_t, WebSocket in ws.c.
 *
 * Everything sent is a ready-made frame, so the order is simple: first the outbox (replies, notifications, pages
 * of history), then, for each stream in turn, a run of the ring's frames, which all clients share.
 */
#pragma once

#include "common/buffer.h"
#include "gatewayd/clients/hub.h"
#include "gatewayd/clients/reader.h"
#include "gatewayd/forms/frame.h"
#include "gatewayd/forms/rpc.h"

/* Codes of RFC 6455, section 7.4.1, and of the IANA registry. */
enum {
    CLOSE_NORMAL = 1000,
    CLOSE_PROTOCOL = 1002,
    CLOSE_UNSUPPORTED = 1003,
    CLOSE_INVALID_TEXT = 1007,
    CLOSE_POLICY = 1008,
    CLOSE_TOO_BIG = 1009,
    CLOSE_RESTART = 1012,
    CLOSE_TRY_LATER = 1013
};

typedef struct {
    dialect_t dialect; /* of the frames and of the answers in them */
    bool deflates;     /* it also takes compressed frames (DIALECT_DEFLATE); its dialect is DIALECT_RPC */
    bool passing;      /* it exists for one reply, and does not count as a client */
    bool counts;       /* it counts what it keeps in the budget itself */
    /* Sends whole frames, as many as the peer takes now; the link keeps the rest of a partly sent one. Returns the bytes of those that
     * were sent or are kept. If these are not all it is not ready. Called only when `ready`. */
    size_t (*send)(void *link, text_t frames);
    /* Would more be taken, with nothing kept? False, too, when the link is closing. */
    bool (*ready)(void *link);
    /* Call client_pump when `ready` turns true. */
    void (*wake)(void *link);
    /* Close with a code and a reason of at most FRAME_REASON_MAX bytes, now: waiting frames are not sent. client_destroy follows,
     * never from within. */
    void (*close)(void *link, unsigned code, text_t reason);
    /* Look after a silent peer. From ws_check. May be NULL, as the next. */
    void (*check)(void *link, int64_t now_ns);
    /* The gateway is shutting down: close when waiting frames have been sent. */
    void (*leave)(void *link);
} client_link_t;

struct client {
    list_t in_pump;
    list_t ready; /* reader_t.in_queue: something in the ring */
    hub_t *hub;
    const client_link_t *link;
    void *link_arg;
    text_t address;  /* of the peer, as text; empty: not known. Set by the client's creator, and outlives it */
    size_t behind;   /* readers that are (pace.h) */
    buffer_t outbox; /* frames */
    budget_account_t account;
    size_t expected; /* bytes of answers requested from history */
    size_t kept;     /* at most: bytes of a frame that the link has started to send, if it has not been ready since */
    size_t longest;  /* message put into it since it was empty, of those longer than pending_bytes; 0: none */
    bool holding;    /* readers were seated for a reply that has not been sent yet (it may be part of a batch) */
    bool closing;
    bool corked; /* a message is being handled: what it causes is sent after it */
    rpc_t *rpc;
    buffer_t later; /* frames to send after the reply to a subscribe; empty unless `holding` */
    list_t in_hub, in_catching, in_pace, in_asking;
    list_t in_page;       /* page_cache_wait */
    list_t subscriptions; /* subscription_t.in_client */
    size_t subscription_count;
    list_t catching;      /* reader_t.in_queue */
    list_t subscribes;    /* subscribe_t.in_client: pending subscribes */
    list_t queries;       /* query_t.in_client: history queries in flight, or waiting for their turn */
    asker_t asker;        /* of them */
    history_call_t *page; /* the requested page of history; NULL: none */
    reader_t *page_reader;
    cursor_t page_after, page_to;
    uint64_t page_count; /* trades */
    uint64_t round;      /* of the last notification that each client gets once */
};

/* link, link_arg: stay valid until client_destroy. methods: see methods.h. NULL when memory runs out. */
client_t *client_new(hub_t *hub, const client_link_t *link, void *link_arg, const rpc_events_t *methods);
void client_destroy(client_t **self);

/* A text message came; or an unreadable one. */
void client_receive(client_t *self, text_t message);
void client_refuse(client_t *self, int code, const char *message);

/* Sends what there is for as long as the link takes it; for a client that is behind, when its turn comes (pace.h). */
void client_pump(client_t *self);

/* The turn of a client that is behind: a run, or the outbox. It enters again if there is more. */
void client_take_turn(client_t *self);
void client_enter_again(client_t *self);

/* Sends frames in place, before anything else: only if the outbox is empty and the link ready. Returns as client_link_t.send. */
size_t client_send_now(client_t *self, text_t frames);

/* Is there nothing to send now? */
bool client_idle(const client_t *self);

/* Puts a message, a notification, or a ready-made frame into the outbox, and wakes the link. Closes the client when too much
 * waits. */
void client_send(client_t *self, text_t json);
void client_notify(client_t *self, text_t method, text_t params);
void client_send_frame(client_t *self, text_t frame);

/* Where frames for a reader's client go that do not come from its ring: into the outbox, or, if it wants batches, into `batch`, which is empty
 * and goes into the outbox as batches then, and is released. */
buffer_t *client_frames(client_t *self, const reader_t *reader, buffer_t *batch);
void client_batch(client_t *self, buffer_t *batch);

/* rpc_events_t.on_answer and .admits of a client. */
void client_on_answer(void *client, text_t json);
bool client_admits(void *client, size_t bytes);

/* This many more bytes are expected from history for it, or fewer. False, and nothing is expected, when there is no room for them. */
bool client_expects(client_t *self, size_t bytes);
void client_has(client_t *self, size_t bytes);

/* The link now keeps this many bytes for the peer. */
void client_keeps(client_t *self, size_t bytes);

/* Seats a reader, and notifies, after the reply that is still to be sent; client_release, after that, releases both. It waits for
 * open batches. */
void client_hold(client_t *self, reader_t *reader, cursor_t last);
void client_notify_later(client_t *self, text_t method, text_t params);
void client_release(client_t *self);

void client_close(client_t *self, unsigned code, text_t reason);

/* The client's subscription to a symbol; NULL when there is none. */
subscription_t *client_subscription(const client_t *self, text_t symbol);

/* A new one. NULL when memory runs out. */
subscription_t *client_subscribe(client_t *self, market_t *market);

/* Ends it, and closes the market if it was the last one. */
void client_unsubscribe(client_t *self, subscription_t *subscription);
