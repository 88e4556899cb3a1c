/* A connection to Redis that is made when it is needed, with our schema's version checked. A boundary file: it and redis.c know hiredis.
 *
 * Commands are pipelined: `redis_link_send` any number, then `redis_link_take` as many answers, or `redis_link_drop` them. After anything
 * but STORE_OK the connection is closed, so that no answer to an old question is ever read; the next call makes a new one.
 */
#pragma once

#include <hiredis/hiredis.h>

#include "cached/stores/store.h"
#include "cached/stores/store_url.h"

typedef struct {
    store_url_t url;
    redisContext *context; /* NULL: not connected */
} redis_link_t;

/* Connects where there is no connection. */
store_result_t redis_link_ensure(redis_link_t *self, char *error);
void redis_link_close(redis_link_t *self);

/* printf's form as hiredis has it: %s, and %b with a pointer and a size_t. A connection must be there. */
#define redis_link_send(self, ...) redisAppendCommand((self)->context, __VA_ARGS__)

/* The next answer, which the caller frees (freeReplyObject); it has this type, or is nil. */
store_result_t redis_link_take(redis_link_t *self, int type, redisReply **reply, char *error);

/* Takes answers of any type but errors, and frees them. */
store_result_t redis_link_drop(redis_link_t *self, size_t count, char *error);

/* An answer, or one within another, that is an error: what it means, and a message. Closes the connection. */
store_result_t redis_link_refused(redis_link_t *self, const redisReply *reply, char *error);

/* The same for an answer that can't be. */
store_result_t redis_link_odd(redis_link_t *self, const char *what, char *error);
