/* What an HTTP server (http_server.c) and its connections (http_connection.c) share, and nobody else. */
#pragma once

#include "common/http/connection_slots.h"
#include "common/http/http_server.h"
#include "common/http/listener.h"
#include "common/list.h"
#include "common/loop/share.h"

#include <uv.h>

enum { HTTP_ROOM = 2 * HTTP_HEAD_MAX /* what was kept, and what is read behind it */ };

struct http_server {
    uv_loop_t *uv;
    listener_t *listener;
    http_request_fn *request;
    void *arg;
    http_config_t config;
    connection_slots_t *slots;
    uint64_t given_up; /* places, for others */
    loop_timer_t *sweep;
    share_t *requests;    /* of the loop's time: what comes in, and … */
    share_t *answers;     /* … what goes out */
    list_t connections;   /* http_connection_t.in_server */
    list_t woken;         /* http_connection_t.in_woken */
    buffer_t head;        /* scratch: of the answer that is sent */
    char room[HTTP_ROOM]; /* scratch: of the connection that is read */
};

typedef enum {
    HTTP_READING,
    HTTP_ANSWERING,
    HTTP_STREAMING,
    HTTP_ENDING,    /* the last answer is given */
    HTTP_LINGERING, /* and out; what the peer still sends would, unread, destroy it on its way (RFC 9112, 9.6) */
    HTTP_BROKEN,    /* closed in the next turn of the loop */
    HTTP_CLOSED
} http_state_t;

struct http_connection {
    http_server_t *server;
    uv_poll_t poll;
    int fd, watched; /* for UV_READABLE, UV_WRITABLE */
    http_state_t state;
    bool ended;                        /* the peer sends nothing more */
    bool partial;                      /* what is kept is the start of a header */
    bool is_head, keeps, old, lingers; /* of the request that is answered */
    text_t behind;                     /* while a request is handed out: what was read behind it */
    buffer_t kept;                     /* has been read, and is not yet looked at */
    buffer_t out;                      /* what the peer has not taken yet */
    uint64_t due_ms;                   /* when patience ends, in the loop's time; 0: never */
    const http_owner_t *events;        /* NULL: nobody */
    void *owner;
    list_t in_server, in_woken;
    connection_slot_t slot;
    budget_account_t account;
};

/* Takes the descriptor; others may have to give up their places. */
void http_connection_new(http_server_t *server, int fd);

/* Its turn, after http_wake. */
void http_connection_turn(http_connection_t *self);

/* Has its request come already? Then it is answered. */
void http_connection_look(http_connection_t *self);

/* Patience has an end. */
void http_connection_check(http_connection_t *self);

/* Closes it; its owner is told. It is freed when the loop has let go of it. */
void http_connection_close(http_connection_t *self);

/* Have somebody give up a place for another: of the same address, where it has more than it may, or where there are too many in all. */
void http_server_make_room(http_server_t *self, const http_connection_t *newcomer);

/* Is its Host a name of ours? */
bool http_server_knows(const http_server_t *self, const http_request_t *request);

/* Has `on_turn` called for those that are woken. */
void http_server_wake(http_server_t *self);
