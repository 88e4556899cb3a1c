/* libwebsockets on the loop: the one lws context of a process, and the listeners on it.
 *
 * For boundary files: who includes this includes libwebsockets.h too.
 */
#pragma once

#include "common/loop.h"

struct lws_context;
struct lws_extension;
struct lws_protocols;
struct lws_vhost;

typedef struct web web_t;

/* fd_limit: how many file descriptors the process may use; lws's tables are sized by it (about 100 bytes each), and it is set
 * as RLIMIT_NOFILE where the system's limit is higher. Text frames are not checked for UTF-8: whoever takes them does that (text_is_utf8),
 * and says what becomes of the connection. NULL with a log line on failure. */
web_t *web_new(loop_t *loop, unsigned fd_limit);

/* Listens on "HOST:PORT", and accepts a bounded number of connections in each turn of the loop, so that what is done otherwise goes on when thousands
 * come at once. `protocols` ends with a zeroed entry and is kept, as are the `extensions` of WebSockets; NULL: none. `user` comes back by lws_vhost_user. NULL with a log
 * line that names the address and the reason. */
struct lws_vhost *web_listen(web_t *self, const char *address, const struct lws_protocols *protocols,
                             const struct lws_extension *extensions, void *user);

struct lws_context *web_context(web_t *self);

/* Closes every connection, running the loop until all have closed. `loop` must not be running. */
void web_destroy(web_t **self);
