/* The life of a connection that speaks HTTP: what each event does in each state. http_state.c has the table.
 *
 *          ┌───────────────────────── all is sent ◀──── SENDING     RECEIVING
 *          ▼                                               ▲ answered  ▲ │ its body is wanted first, and has come
 *          │                                               │           │ ▼
 *       READING ──────────── a request ──────────────▶ ANSWERING ──── begun without an end ────▶ STREAMING
 *          │                                               │ answered, and no other may follow      │
 *          │                                               ▼                                        │
 *          │                                            ENDING ◀────────────── closed ──────────────┘
 *          │ the peer has ended                            │ all is sent
 *          ▼                                               ▼
 *       CLOSED ◀────── the peer has ended, or patience ─ LINGERING
 *
 *     From each: an error, or others need the memory ──▶ BROKEN ── in the next turn of the loop ──▶ CLOSED
 */
#pragma once

#include <stdbool.h>

typedef enum {
    HTTP_READING,
    HTTP_ANSWERING,
    HTTP_RECEIVING, /* the body of the request, before it is answered */
    HTTP_SENDING,   /* the peer has not taken all of the answer; another request may follow */
    HTTP_STREAMING,
    HTTP_ENDING,    /* the last answer is given */
    HTTP_LINGERING, /* and out; what the peer still sends would, unread, destroy it on its way (RFC 9112, 9.6) */
    HTTP_BROKEN,
    HTTP_CLOSED,
    HTTP_STATES
} http_state_t;

typedef enum {
    HTTP_ON_INPUT,      /* something comes in, or was kept */
    HTTP_ON_REQUEST,    /* … and is a whole head, or one to be refused */
    HTTP_ON_RECEIVE,    /* its body is wanted first */
    HTTP_ON_BODY,       /* … and is there */
    HTTP_ON_ANSWER,     /* its owner answers, and another request may follow; … */
    HTTP_ON_LAST,       /* … none may; … */
    HTTP_ON_STREAM,     /* … begins an answer without an end; … */
    HTTP_ON_CLOSE,      /* … and ends it */
    HTTP_ON_TURN,       /* its turn, after http_wake */
    HTTP_ON_SENT,       /* the peer has taken all that waited for it */
    HTTP_ON_SETTLED,    /* what has happened has been looked at, and nothing waits for the peer */
    HTTP_ON_PEER_ENDED, /* the same, and the peer sends nothing more */
    HTTP_ON_BREAK,      /* an error, or others need the memory */
    HTTP_ON_LEAVE,      /* patience has an end, its place is needed, it is handed over, … */
    HTTP_EVENTS
} http_event_t;

typedef enum {
    HTTP_IMPOSSIBLE, /* asserted */
    HTTP_IGNORE,
    HTTP_ENTER,   /* the state, and nothing more */
    HTTP_SERVE,   /* what came in is looked at, … */
    HTTP_KEEP,    /* … later, … */
    HTTP_DISCARD, /* … or never */
    HTTP_READY,   /* its owner goes on */
    HTTP_LINGER,  /* no more is said: shut down, and closed where the peer need not be listened to */
    HTTP_CLOSE,
    HTTP_WAKE,  /* it gets its turn */
    HTTP_REMOVE /* from the loop and its server */
} http_action_t;

/* Goes on to the next state. */
http_action_t http_state_step(http_state_t *state, http_event_t event);

/* Is what comes in thrown away? */
bool http_state_discards(http_state_t state);
