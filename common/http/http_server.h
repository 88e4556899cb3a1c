/* HTTP/1.1 without TLS: listens, reads requests, and sends answers in their order, of one that comes later too.
 *
 *          ┌──────────────────────── another request ◀───────────────────────┐
 *     READING ──request──▶ ANSWERING ──http_answer──▶ (all is sent) ─────────┤
 *                              │ http_stream                                 └─ none may follow ─▶ ENDING ─▶ closed
 *                              ▼                                                                      ▲
 *                          STREAMING ────────────────────── http_close ───────────────────────────────┘
 *
 * A request costs a recv and a send: a connection stays as it is in the loop, and only one that has to wait for its peer, or a peer that says more
 * than it may, changes that. What is bounded: how many there are (http_config_t), what waits for all (budget.h), a head (HTTP_HEAD_MAX), how long it takes, how long a connection is idle, how long a peer
 * takes nothing, and what is read while an answer is to come. One that only sends nothing more still gets its answers.
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
    HTTP_END_MS = 5000,   /* for a peer to take the last words, and to stop talking */
    HTTP_SEND_BUFFER =
        1 << 18, /* bytes of a connection in the kernel, where more than HTTP_SMALL is sent: what waits beyond is counted */
    HTTP_SMALL = 65536, /* bytes of a body that is sent whatever waits for others: the system takes most of it at once */
    HTTP_PEER_MAX = 64  /* of an address as text, with its NUL */
};

typedef struct http_server http_server_t;
typedef struct http_connection http_connection_t;

/* A request has come; it is valid for the call. Within it comes one of http_answer, http_wait, http_hand_over. */
typedef void http_request_fn(void *arg, http_connection_t *connection, const http_request_t *request);

/* When no place is left, a connection that waits for its peer gives up its own (connection_slots.h): a newcomer always gets
 * one, so that /health and /metrics are answered. It says so in the log, and counts it. */
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

/* Prints how many connections there are, and how many gave up their places. */
void http_server_metrics(const http_server_t *self, metrics_t *metrics);

/* Closes every connection. The loop must run once more. */
void http_server_destroy(http_server_t **self);

/* Who answers a request later. */
typedef struct {
    /* From the loop, after http_wake, or (of a stream) when all that was written is gone. */
    void (*ready)(void *owner);
    /* The connection is gone; not after http_answer or http_close. */
    void (*closed)(void *owner);
} http_owner_t;

/* The request is answered later, from `ready`, by http_answer or a stream. */
void http_wait(http_connection_t *self, const http_owner_t *events, void *owner);

/* Have `ready` called soon. Of a stream whose peer is to take something first: when it has. */
void http_wake(http_connection_t *self);

/* May so many bytes more wait for the peer? */
bool http_admits(http_connection_t *self, size_t bytes);

/* Answers the request, with 503 in place of a body that may not wait for the peer. The body is copied only where the peer does not take it at once;
 * it is left out of the answer to HEAD. */
void http_answer(http_connection_t *self, const http_answer_t *answer);

/* Begins an answer that only the end of the connection ends. `head`: the whole of it. http_write as it comes; what the peer does not take now is kept. */
void http_stream(http_connection_t *self, text_t head);
void http_write(http_connection_t *self, text_t bytes);
bool http_writable(const http_connection_t *self); /* nothing is kept */
/* Ends it, when what is kept is out. */
void http_close(http_connection_t *self);

/* The connection is somebody else's: its descriptor, and all that has been read behind the request, which is valid for the call that brought it. */
int http_hand_over(http_connection_t *self, text_t *behind);

/* The peer's address as text; "?" when it has gone. */
text_t http_peer(const http_connection_t *self, char room[static HTTP_PEER_MAX]);
int http_socket(const http_connection_t *self);
