/* libcurl's multi interface on the loop: what it waits for, descriptors and a timer, and what has ended. Used by
 * http_client.c alone. */
#pragma once

#include "common/loop/loop.h"

typedef struct http_multi http_multi_t;

/* A transfer (CURL *) has ended, with that CURLcode, and has been removed. It may be added again. */
typedef void http_multi_done_fn(void *arg, void *easy, int code);

/* NULL when memory runs out. */
http_multi_t *http_multi_new(loop_t *loop, http_multi_done_fn *on_done, void *arg);

/* Every transfer must have been removed. */
void http_multi_destroy(http_multi_t **self);

/* Starts a transfer: it ends on the loop, never within this call. False when memory runs out. */
bool http_multi_add(http_multi_t *self, void *easy);

/* Ends it; fine when it has ended. */
void http_multi_remove(http_multi_t *self, void *easy);
