/* HTTP/1.1 without TLS: listens, reads requests, and sends responses in order, including those that are made later.
 *
 *          ┌──────────────────────── another request ◀───────────────────────┐
 *     READING ──request──▶ ANSWERING ──http_answer──▶ (all is sent) ─────────┤
 *                              │ http_stream                                 └─ none may follow ─▶ ENDING ─▶ closed
 *                              ▼                                                                      ▲
 *                          STREAMING ────────────────────── http_close ───────────────────────────────┘
 *
 * A request costs a recv and a send: a connection's registration in the loop changes only if it has to wait for its peer, or its peer sends more
 * than it may. Bounded are how many there are (http_config_t), what waits for all (budget.h), a head (HTTP_HEAD_MAX), how long it takes, how long a connection is idle, how long a peer
 * takes nothing, and what is read while a response is pending. A peer that has shut down its sending side still gets its responses.
 * For boundary files.
 */
#pragma once

#include "common/http/hosts.h"
#include "common/http/http_answer.h"
#include "common/http/http_request.h"
#include "common/loop/budget.h"
#include "common/loop/loop.h"
#include "common/metrics/metrics.h"

enum {
    HTTP_HEAD_MS = 20000, /* for the whole of a head */
    HTTP_IDLE_MS = 60000, /* between requests */
    HTTP_SEND_MS = 20000, /* in which a peer takes nothing of what is sent */
    HTTP_END_MS = 5000,   /* for a peer to take the last bytes, and to stop sending */
    HTTP_SEND_BUFFER =
        1 << 18, /* bytes of a connection in the kernel, where more than HTTP_SMALL is sent: what waits beyond is counted */
    HTTP_SMALL = 65536, /* bytes of a body that is sent whatever waits for others: the system takes most of it at once */
    HTTP_PEER_MAX = 64  /* of an address as text, with its NUL */
};

typedef struct http_server http_server_t;
typedef struct http_connection http_connection_t;

/* A request; valid during the call, which makes one call of http_answer, http_wait, http_hand_over. */
typedef void http_request_fn(void *arg, http_connection_t *connection, const http_request_t *request);

/* When no place is left, a connection that waits for its peer gives up its own (connection_slots.h): a new one always gets
 * one, so that /health and /metrics are answered. This is logged and counted. */
typedef struct {
    const char *address;  /* "HOST:PORT" to listen on */
    const hosts_t *hosts; /* a request for another Host is answered 421; outlives the server */
    size_t connections;   /* at one time; 0: as many as descriptors allow (listener.h) */
    size_t per_address;   /* the same, of one address group; 0: any number */
    budget_t *
        budget; /* of what waits for peers, and of what is kept of their requests; outlives the server, which ticks it; NULL: none */
} http_config_t;

/* NULL with a log line that names the address and the reason. */
http_server_t *http_server_new(loop_t *loop, const http_config_t *config, http_request_fn *request, void *arg);

/* How many an address may have from now on. */
void http_server_limit(http_server_t *self, size_t per_address);

/* Prints the number of connections, and of those that gave up their places. */
void http_server_metrics(const http_server_t *self, metrics_t *metrics);

/* Closes every connection. The loop must run once more. */
void http_server_destroy(http_server_t **self);

/* Who answers a request later. */
typedef struct {
    /* From the loop, after http_wake, or (of a stream) when all that was written is gone. */
    void (*ready)(void *owner);
    /* The connection is gone; not called after http_answer or http_close. */
    void (*closed)(void *owner);
} http_owner_t;

/* The request is answered later, from `ready`, by http_answer or a stream. */
void http_wait(http_connection_t *self, const http_owner_t *events, void *owner);

/* Have `ready` called soon; for a stream whose peer must take something first, once it has. */
void http_wake(http_connection_t *self);

/* May this many more bytes wait for the peer? */
bool http_admits(http_connection_t *self, size_t bytes);

/* Answers the request, with 503 in place of a body that may not wait for the peer. The body is copied only where the peer does not take it at once;
 * it is left out of the answer to HEAD. */
void http_answer(http_connection_t *self, const http_answer_t *answer);

/* Starts a response that only the end of the connection ends. `head`: the whole of it. http_write as it comes; what the peer does not take now is kept. */
void http_stream(http_connection_t *self, text_t head);
void http_write(http_connection_t *self, text_t bytes);
bool http_writable(const http_connection_t *self); /* nothing is kept */
/* Ends it once what is kept has been sent. */
void http_close(http_connection_t *self);

/* Hands the connection over: its descriptor, and everything read after the request, which is valid for the call that brought it. */
int http_hand_over(http_connection_t *self, text_t *behind);

/* The peer's address as text; "?" when it has gone. */
text_t http_peer(const http_connection_t *self, char room[static HTTP_PEER_MAX]);
int http_socket(const http_connection_t *self);
