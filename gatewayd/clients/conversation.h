/* What is said with one client: what is under way for it, and what waits to be sent to it. Knows no transport, which is a
 * client_link_t, and no form of requests, which is its door's.
 *
 * Everything that goes out is a ready-made frame, so that the order is plain: first the outbox (answers, notifications, pages
 * of history), then what the rings have (client.h).
 */
#pragma once

#include "gatewayd/clients/caller.h"
#include "gatewayd/clients/link.h"

enum {
    CONVERSATION_COPIED_MAX =
        16384 /* bytes; more is sent from where it stands, whatever else there is, and in a share of the loop's time */
};

typedef struct conversation conversation_t;

/* What whose conversation it is does. */
typedef struct {
    /* What was held has gone out: what comes behind it may go, too. */
    void (*released)(conversation_t *self);
    /* Send what there is. */
    void (*pump)(conversation_t *self);
} conversation_events_t;

struct conversation {
    caller_t caller; /* the first member */
    client_end_t end;
    const conversation_events_t *events;
    buffer_t outbox; /* frames */
    uint64_t sent_bytes;
    size_t kept;     /* bytes of a frame that the link has begun to send, where it is not ready since then: these at most */
    size_t longest;  /* message that was put into it since it was empty, of those longer than pending_bytes; 0: none */
    size_t incoming; /* bytes of a message of the client's of which more is to come */
    bool holding;    /* something waits for an answer that has not gone out yet (it may be part of a batch) */
    bool gathering; /* … and others go out with it, other than in a batch of its JSON-RPC. Set and cleared by who answers so */
    bool corked;    /* a message is being dealt with: what it causes goes out behind it */
    const rpc_batches_t
        *batches;   /* of its JSON-RPC; NULL: it speaks none. Set by its door, which has them for as long as `self` lives */
    buffer_t later; /* frames that go behind the answer to a subscribe; empty unless `holding` */
    list_t in_hub;
};

/* All that is given stays valid until conversation_close. */
void conversation_open(conversation_t *self, hub_t *hub, const client_link_t *link, void *link_arg,
                       const conversation_events_t *events);

/* Cancels what is under way, so that nothing is sent from now on, and frees all. */
void conversation_cancel(conversation_t *self);
void conversation_close(conversation_t *self);

/* Ends the connection. */
void conversation_end(conversation_t *self, unsigned code, text_t reason);

/* It asks one thing more. 0: it may; or the ms after which it may (rates.h). One that goes on in spite of that is ended. */
uint64_t conversation_limited(conversation_t *self);

/* Sends frames from where they stand, before all else: only where the outbox is empty and the link ready. Takes and returns what
 * client_link_t.send does. */
size_t conversation_send_now(conversation_t *self, text_t frames, buffer_t *owner);

/* Sends what is in the outbox, when the link is ready. False: it has to wait for its share of the loop's time. */
bool conversation_send_outbox(conversation_t *self);

/* Puts into the outbox a message, a notification, or a ready-made frame, and wakes the link. Ends the connection when too much
 * waits. */
void conversation_send(conversation_t *self, text_t json);
void conversation_notify(conversation_t *self, text_t method, text_t params);
void conversation_send_frame(conversation_t *self, text_t frame);

/* So many bytes have come of a message that is not whole: they count with what waits for the client. */
void conversation_hears(conversation_t *self, size_t bytes);

/* Something is there to be sent. */
void conversation_wake(conversation_t *self);

/* Where frames of a reader go that do not come from its ring: into the outbox, or, where it wants batches, into `batch`, which
 * is empty and goes into the outbox as batches then, and is released. */
buffer_t *conversation_frames(conversation_t *self, bool batches, buffer_t *batch);
void conversation_batch(conversation_t *self, buffer_t *batch);

/* A message is dealt with: methods are called in between, and what they cause goes out behind. */
void conversation_cork(conversation_t *self);
void conversation_uncork(conversation_t *self);

/* An answer: at once, where nothing goes before it; then what was held for it goes on. As rpc_events_t.on_answer. */
void conversation_answer(conversation_t *self, text_t json, buffer_t *owner);

/* Something is to go, or a notification, behind the answer that is still to go out. conversation_release, after it, lets what
 * was held go, if anything is; it waits for open batches. */
void conversation_hold(conversation_t *self);
void conversation_notify_later(conversation_t *self, text_t method, text_t params);
void conversation_release(conversation_t *self);
