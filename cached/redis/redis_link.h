/* A connection to Redis that is opened when needed, with our schema's version checked. A boundary file: it and redis.c know hiredis.
 *
 * Commands are pipelined: `redis_link_send` any number, then `redis_link_take` as many answers, or `redis_link_drop` them. After anything
 * but STORE_OK the connection is closed, so that no reply to an old command is ever read; the next call opens a new one.
 */
#pragma once

#include <hiredis/hiredis.h>

#include "cached/stores/store.h"
#include "cached/stores/store_url.h"

typedef struct {
    store_url_t url;
    redisContext *context; /* NULL: not connected */
} redis_link_t;

/* Connects if not connected. */
store_result_t redis_link_ensure(redis_link_t *self, char *error);
void redis_link_close(redis_link_t *self);

/* printf's form, as in hiredis: %s, and %b with a pointer and a size_t. A connection must be there. */
#define redis_link_send(self, ...) redisAppendCommand((self)->context, __VA_ARGS__)

/* The next reply, which the caller frees (freeReplyObject); it has this type, or is nil. */
store_result_t redis_link_take(redis_link_t *self, int type, redisReply **reply, char *error);

/* Takes replies of any type but errors, and frees them. */
store_result_t redis_link_drop(redis_link_t *self, size_t count, char *error);

/* An error reply, or one within another: its meaning, and a message. Closes the connection. */
store_result_t redis_link_refused(redis_link_t *self, const redisReply *reply, char *error);

/* The same for an impossible reply. */
store_result_t redis_link_odd(redis_link_t *self, const char *what, char *error);
