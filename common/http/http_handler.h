/* How requests are handed out, and who answers them later. */
#pragma once

#include "common/http/http_request.h"

typedef struct http_connection http_connection_t;

/* A request has come; it is valid for the call. Within it comes one of http_answer, http_receive, http_wait, http_hand_over. */
typedef void http_request_fn(void *arg, http_connection_t *connection, const http_request_t *request);

/* Who answers a request later. */
typedef struct {
    /* From the loop, after http_wake, or when a body has come whole, or (of a stream) when all that was written is gone. */
    void (*ready)(void *owner);
    /* The connection is gone; not after http_answer or http_close. */
    void (*closed)(void *owner);
} http_owner_t;
