/* A connection that speaks HTTP/1.1, for whoever answers its requests; and for the server, which makes it, what is at the end.
 * http_state.h shows its life.
 */
#pragma once

#include "common/http/byte_stream.h"
#include "common/http/http_answer.h"
#include "common/http/http_handler.h"
#include "common/net/ip_address.h"

enum {
    HTTP_HEAD_MS = 20000,   /* for the whole of a head */
    HTTP_BODY_MS = 20000,   /* for the whole of a body; then it is answered 408 */
    HTTP_IDLE_MS = 60000,   /* between requests */
    HTTP_SEND_MS = 20000,   /* in which a peer takes nothing of an answer … */
    HTTP_STREAM_MS = 60000, /* … or of a stream: who follows one may fall behind */
    HTTP_END_MS = 5000,     /* for a peer to take the last words, and to stop talking */
    HTTP_SEND_BUFFER =
        1 << 18, /* bytes of a connection in the kernel, where more than HTTP_SMALL is sent: what waits beyond is counted */
    HTTP_SMALL = 65536, /* bytes of a body that is sent whatever waits for others: the system takes most of it at once */
    HTTP_PEER_MAX = IP_ADDRESS_MAX /* of an address as text, with its NUL */
};

/* The request is answered later, from `ready`, by http_answer or a stream. */
void http_wait(http_connection_t *self, const http_owner_t *events, void *owner);

/* The request has a body, whose length is known (not coded) and which the answerer wants: `ready` is called when it is there, and
 * http_body tells it, up to the answer. Meanwhile the connection waits for its peer, and may lose its place. Any other answer to a
 * request with a body ends the connection. Only within http_request_fn, and only where http_admits that many bytes. */
void http_receive(http_connection_t *self, const http_request_t *request, const http_owner_t *events, void *owner);
text_t http_body(const http_connection_t *self);

/* Have `ready` called soon. Of a stream whose peer is to take something first: when it has. */
void http_wake(http_connection_t *self);

/* May so many bytes more wait for the peer? */
bool http_admits(http_connection_t *self, size_t bytes);

/* Answers the request, also while its body is still coming, with 503 in place of a body that may not wait for the peer. The body is copied only where the peer
 * does not take it at once; it is left out of the answer to HEAD. */
void http_answer(http_connection_t *self, const http_answer_t *answer);

/* The field that http_answer adds for a client that came by TLS, where http_config_t says so, for heads that others write: Strict-Transport-Security; or empty. */
text_t http_strict_line(const http_connection_t *self);

/* Begins an answer that only the end of the connection ends. `head`: the whole of it. http_write as it comes; what the peer
 * does not take now is kept. */
void http_stream(http_connection_t *self, text_t head);
void http_write(http_connection_t *self, text_t bytes);
bool http_writable(const http_connection_t *self); /* nothing is kept */
/* Ends it, when what is kept is out. */
void http_close(http_connection_t *self);

/* The connection is somebody else's, and all that has been read behind the request, which is valid for the
 * call that brought it. */
byte_stream_t http_hand_over(http_connection_t *self, text_t *behind);

/* The client's address as text: the peer's, or, of a request that a trusted proxy hands on, whom the proxy names. "?" when it was gone at once. */
text_t http_peer(const http_connection_t *self, char room[static HTTP_PEER_MAX]);
/* Does a trusted proxy hand on requests of others by this connection, of which this is one? */
bool http_forwarded(const http_connection_t *self);

/* The answer to this request is the last: the connection ends. Before http_answer. */
void http_last(http_connection_t *self);

int http_socket(const http_connection_t *self);

/* --- for http_server.c --- */

struct http_shared;

/* Its first request is answered 429, with so many seconds to wait. */
void http_connection_refuse(http_connection_t *self, uint32_t wait_s);

/* Takes the descriptor of a connection from that address; identity: NULL: without TLS; introduced: a proxy says first whose it is. NULL when memory runs out. */
http_connection_t *http_connection_new(struct http_shared *shared, int fd, const ip_address_t *peer, tls_identity_t *identity,
                                       bool introduced);

/* It has its place: what it has said already is read. */
void http_connection_begin(http_connection_t *self);

/* Its turn, after http_wake. */
void http_connection_turn(http_connection_t *self);

/* Has its request come already? Then it is answered. */
void http_connection_look(http_connection_t *self);

/* Patience has an end. */
void http_connection_check(http_connection_t *self);

/* Closes it; its owner is told. It is freed when the loop has let go of it. */
void http_connection_close(http_connection_t *self);
