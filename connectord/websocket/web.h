/* libwebsockets on the loop: the one lws context of a process. It connects, and carries bytes: TLS and WebSocket are ours (transport.h).
 */
#pragma once

#include "common/list.h"
#include "common/loop/loop.h"
#include "common/text.h"

struct lws_context;

typedef struct web web_t;

/* fd_limit: how many file descriptors the process may use; lws's tables are sized by it (about 100 bytes each), and it is set
 * as RLIMIT_NOFILE if the system's limit is higher. NULL with a log line on failure. */
web_t *web_new(loop_t *loop, unsigned fd_limit);

struct lws_context *web_context(web_t *self);

/* Holds back what peers send to the readers (ws_client.h): it is not read, so TCP keeps it. With NULL nothing is held. */
void web_hold(web_t *self, bool held);
bool web_is_held(const web_t *self);

/* A reader, which is told when that starts and ends. Leaves by list_remove (&reader->item); an item that never joined is to be initialized by list_init. */
typedef struct {
    list_t item;
    void (*held)(void *arg, bool held);
    void *arg;
} web_reader_t;
void web_join(web_t *self, web_reader_t *reader);

/* Closes every connection, running the loop until all have closed. `loop` must not be running. */
void web_destroy(web_t **self);
