/* What a client is connected by: WebSocket in ws.c, a stream of events in sse.c. */
#pragma once

#include "gatewayd/forms/frame.h"

/* Codes of RFC 6455, section 7.4.1, and of the IANA registry. */
enum {
    CLOSE_NORMAL = 1000,
    CLOSE_UNSUPPORTED = 1003,
    CLOSE_INVALID_TEXT = 1007,
    CLOSE_POLICY = 1008,
    CLOSE_TOO_BIG = 1009,
    CLOSE_RESTART = 1012,
    CLOSE_TRY_LATER = 1013,
    CLOSE_UNAUTHORIZED = 4401, /* no token, or one that is valid no longer */
    CLOSE_FORBIDDEN = 4403,    /* without a role */
    CLOSE_TOO_MANY = 4429      /* requests, in spite of refusals; as HTTP's 429 */
};

typedef struct {
    dialect_t dialect; /* of the frames and of the answers in them */
    bool deflates;     /* it takes compressed frames too (DIALECT_DEFLATE); its dialect is DIALECT_RPC */
    bool counts;       /* what it keeps is counted in the budget by itself */
    /* Sends whole frames, as many as the peer takes now; of one that it takes a part of the link keeps the rest. Returns the bytes of those that
     * have gone or are kept. When these are not all it is not ready. Called only when `ready`. `owner`: NULL, or the buffer whose bytes the frames
     * are to its end: the link may take it over (buffer_take) in place of copying what it keeps. */
    size_t (*send)(void *link, text_t frames, buffer_t *owner);
    /* Would more be taken, with nothing kept? False too when the link is closing. */
    bool (*ready)(void *link);
    /* Call client_pump when `ready` turns true. */
    void (*wake)(void *link);
    /* Close with a code and a reason of at most FRAME_REASON_MAX bytes, now: what waits is not sent. client_destroy follows,
     * never from within. */
    void (*close)(void *link, unsigned code, text_t reason);
    /* Time passes: look after a peer that is silent. From ws_check. May be NULL, as the next. */
    void (*check)(void *link, int64_t now_ns);
    /* The gateway ends: close when what waits has left. */
    void (*leave)(void *link);
} client_link_t;

/* A client's own. */
typedef struct {
    const client_link_t *link;
    void *arg;
    bool closing;
} client_end_t;

static inline bool client_end_ready(const client_end_t *self)
{
    return self->link->ready(self->arg);
}

static inline void client_end_wake(const client_end_t *self)
{
    self->link->wake(self->arg);
}

/* Once. */
static inline void client_end_close(client_end_t *self, unsigned code, text_t reason)
{
    if (self->closing)
        return;
    self->closing = true;
    self->link->close(self->arg, code, reason);
}
