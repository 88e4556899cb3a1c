/* What the connections of an HTTP server share, and how they look from within: for http_server.c and http_connection.c. */
#pragma once

#include "common/http/byte_stream.h"
#include "common/http/connection_slots.h"
#include "common/http/hosts.h"
#include "common/http/http_handler.h"
#include "common/http/http_state.h"
#include "common/list.h"
#include "common/loop/budget.h"
#include "common/loop/share.h"
#include "common/proxy/introduction.h"
#include "common/proxy/proxies.h"

#include <uv.h>

enum {
    HTTP_STRICT_MAX = 64 /* bytes of a header, with its NUL */,
    HTTP_ROOM = 2 * HTTP_HEAD_MAX /* what was kept, and what is read behind it */
};

typedef struct http_shared {
    uv_loop_t *uv;
    http_request_fn *request;
    void *arg;
    const hosts_t *hosts;                                                     /* as in http_config_t */
    proxies_t *proxies;                                                       /* the same */
    void (*answered)(void *arg, http_connection_t *connection, size_t bytes); /* the same */
    void (*known)(struct http_shared *self, http_connection_t *newcomer);     /* a proxy has said whose connection it is */
    budget_t *budget;
    connection_slots_t *slots;
    share_t *requests;            /* of the loop's time: what comes in, and … */
    share_t *answers;             /* … what goes out */
    list_t connections;           /* http_connection_t.in_server */
    list_t woken;                 /* http_connection_t.in_woken: they wait for their share of `answers` */
    char strict[HTTP_STRICT_MAX]; /* under TLS each answer has this line */
    buffer_t head;                /* scratch: of the answer that is sent */
    char room[HTTP_ROOM];         /* scratch: of the connection that is read */
} http_shared_t;

struct http_connection {
    http_shared_t *shared;
    uv_poll_t poll;
    byte_stream_t stream;
    introduction_t *introduction; /* by a proxy, which comes first; NULL: there is none, or it has come */
    ip_address_t peer;            /* who connected, or whom a proxy has connected */
    ip_address_t client;          /* who sent the request that is answered: the peer, or whom a proxy names */
    http_state_t state;
    uint8_t watched;                                   /* for UV_READABLE, UV_WRITABLE */
    bool ended : 1;                                    /* the peer sends nothing more */
    bool partial : 1;                                  /* what is kept is the start of a header */
    bool introduced : 1;                               /* the peer is who a proxy says it is, and no proxy */
    bool secure : 1;                                   /* the client came by TLS, to us or to a proxy */
    bool is_head : 1, keeps : 1, old : 1, lingers : 1; /* of the request that is answered */
    text_t behind;                                     /* while a request is handed out: what was read behind it */
    buffer_t kept;                                     /* has been read, and is not yet looked at */
    buffer_t body;                                     /* of the request that is answered, where it is wanted */
    size_t body_length;                                /* that it will have */
    buffer_t out;                                      /* what the peer has not taken yet */
    uint32_t wait_s;            /* too many come from its address: its request is answered so; 0: it is let in */
    uint64_t due_ms;            /* when patience ends, in the loop's time; 0: never */
    const http_owner_t *events; /* NULL: nobody */
    void *owner;
    list_t in_server, in_woken;
    share_waiter_t reading; /* in line: it has sent something, and is not watched for more */
    connection_slot_t slot;
    budget_account_t account;
};
