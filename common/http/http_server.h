/* HTTP/1.1, under TLS too: listens, reads requests, and sends answers in their order, of one that comes later too
 * (http_connection.h).
 *
 * A request costs a recv and a send: a connection stays as it is in the loop, and only one that has to wait for its peer, or a
 * peer that says more than it may, changes that. What is bounded: how many there are (http_config_t), what waits for all
 * (budget.h), a head (HTTP_HEAD_MAX), a body (whoever wants it says how much), how long they take, how long a connection is idle, how long a peer takes nothing, and what
 * is read while an answer is to come. One that only sends nothing more still gets its answers. For boundary files.
 */
#pragma once

#include "common/http/hosts.h"
#include "common/http/http_connection.h"
#include "common/loop/budget.h"
#include "common/loop/loop.h"
#include "common/metrics/metrics.h"
#include "common/proxy/proxies.h"

typedef struct http_server http_server_t;

enum { HTTP_LISTENERS_MAX = 16 };

/* Where it listens. */
typedef struct {
    const char *address;      /* "HOST:PORT" */
    bool share;               /* listener.h */
    bool introduced;          /* only proxies may connect, and each begins with a PROXY header (proxy_header.h) */
    tls_identity_t *identity; /* under TLS; outlives the server. NULL: without */
} http_listen_t;

/* May one connection more come from an address? 0; or the seconds after which it may. Until then a request is answered 429; where *close is set, or under TLS, before
 * whose handshake it is, the connection is closed at once. */
typedef uint32_t http_wait_fn(void *arg, const ip_address_t *peer, bool *close);

/* When no place is left, a connection that waits for its peer gives up its own (connection_slots.h): a newcomer always gets
 * one, so that /health and /metrics are answered. It says so in the log, and counts it. */
typedef struct {
    http_listen_t listen[HTTP_LISTENERS_MAX]; /* up to the first without an address */
    uint32_t strict_seconds;                  /* for so long browsers that came under TLS must not come without; 0: they may */
    const hosts_t *hosts;                     /* a request for another Host is answered 421; outlives the server */
    size_t connections;                       /* at one time; 0: as many as descriptors allow (listener.h) */
    size_t per_address;                       /* the same, of one address group, but for proxies; 0: any number */
    http_wait_fn *wait_s;                     /* of all but proxies; NULL: all may come */
    void (*answered)(void *arg, http_connection_t *connection,
                     size_t bytes); /* a request, with a body of so many; NULL: nobody counts */
    proxies_t *proxies;             /* who is believed about clients; outlives the server. NULL: nobody */
    budget_t *
        budget; /* of what waits for peers, and of what is kept of their requests; outlives the server, which ticks it; NULL: none */
} http_config_t;

/* NULL with a log line that names the address and the reason. */
http_server_t *http_server_new(loop_t *loop, const http_config_t *config, http_request_fn *request, void *arg);

/* How many an address may have from now on. */
void http_server_limit(http_server_t *self, size_t per_address);

/* No longer listens where it shares an address: who comes then comes to the others. Who waited to be accepted is. */
void http_server_unshare(http_server_t *self);

/* Prints how many connections there are, and how many gave up their places. */
void http_server_metrics(const http_server_t *self, metrics_t *metrics);

/* Closes every connection. The loop must run once more. */
void http_server_destroy(http_server_t **self);
