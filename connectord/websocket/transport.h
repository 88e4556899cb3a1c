/* What is sent and received on a connection of libwebsockets', which carries the bytes: through TLS (wss://), or as it is (ws://). */
#pragma once

#include "connectord/websocket/tls.h"

struct lws;

typedef struct {
    struct lws *wsi; /* NULL: not connected */
    tls_t *tls;      /* owned; NULL: without */
} transport_t;

typedef enum {
    TRANSPORT_NONE, /* *input is used up */
    TRANSPORT_FOUND,
    TRANSPORT_ENDED,
    TRANSPORT_BROKEN /* *wrong says why, and is valid as long as the transport */
} transport_found_t;

/* What the peer has said, piece by piece: *input is what libwebsockets has received. *found stays valid until the next call, whatever becomes of
 * the connection. */
transport_found_t transport_next(transport_t *self, text_t *input, text_t *found, const char **wrong);

/* These return false when the connection is no longer usable: lws closes it then. What the kernel does not take at once lws keeps. */
bool transport_send(transport_t *self, text_t bytes);
bool transport_flush(transport_t *self); /* what TLS has to say by itself */

/* Nothing follows: TLS says so. */
void transport_end(transport_t *self);

/* Forgets the connection, which lws closes. */
void transport_release(transport_t *self);
