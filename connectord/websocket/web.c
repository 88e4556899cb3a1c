#include "connectord/websocket/web.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/loop/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <libwebsockets.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

enum {
    RECEIVE_BUFFER_BYTES = 65536, /* what a turn reads of a connection at most, by one call */
    SPARE_FDS = 32
};

/* libwebsockets (4.1.6) closes the descriptor of its wake-up event in lws_context_destroy and once more when the handle of it has closed.
 * In between ZeroMQ's threads may get that number for a connection, which is then closed beneath them, and they abort. The system gives
 * out the lowest number that is free: the spare ones, taken before the event is made and given back just before it is closed, are lower.
 */
struct web {
    loop_t *loop;
    struct lws_context *context;
    int spare[SPARE_FDS];
    size_t spare_count;
    bool held;
    list_t readers; /* web_reader_t.item */
};

static bool take_spare(web_t *self)
{
    while (self->spare_count < SPARE_FDS) {
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (fd == -1) {
            log_error("web: can't open /dev/null", LOG_ERRNO());
            return false;
        }
        self->spare[self->spare_count++] = fd;
    }
    return true;
}

static void give_back_spare(web_t *self)
{
    while (self->spare_count > 0)
        close(self->spare[--self->spare_count]);
}

/* What libwebsockets has to say is about peers, so it may come at any rate. */
static void on_lws_log(int level, const char *line)
{
    static log_limit_t limit;
    text_t text = text_of(line);
    while (text.length > 0 && text.at[text.length - 1] == '\n')
        text.length--;
    if (level & LLL_ERR)
        log_warn_limited(&limit, "web: libwebsockets", LOG_SLICE("said", text));
    else
        log_debug_limited(&limit, "web: libwebsockets", LOG_SLICE("said", text));
}

web_t *web_new(loop_t *loop, unsigned fd_limit)
{
    web_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->loop = loop;
    list_init(&self->readers);
    descriptors_limit(fd_limit); /* lws sizes its tables by it */
    if (!take_spare(self)) {
        web_destroy(&self);
        return NULL;
    }
    unsetenv("http_proxy"); /* lws would send every connection there, those to this machine too: it knows no no_proxy */
    lws_set_log_level(LLL_ERR | LLL_WARN, on_lws_log);
    void *loops[] = {loop_uv(loop)};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .foreign_loops = loops,
        .pt_serv_buf_size = RECEIVE_BUFFER_BYTES,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
    };
    self->context = lws_create_context(&info);
    if (!self->context) {
        log_error("web: libwebsockets does not start; is libwebsockets-evlib-uv installed?");
        web_destroy(&self);
    }
    return self;
}

struct lws_context *web_context(web_t *self)
{
    return self->context;
}

void web_hold(web_t *self, bool held)
{
    self->held = held;
    LIST_EACH(item, &self->readers)
    {
        const web_reader_t *reader = LIST_OWNER(item, web_reader_t, item);
        reader->held(reader->arg, held);
    }
}

bool web_is_held(const web_t *self)
{
    return self && self->held;
}

void web_join(web_t *self, web_reader_t *reader)
{
    list_append(&self->readers, &reader->item);
}

static void count_closing(uv_handle_t *handle, void *count)
{
    *(int *)count += uv_is_closing(handle) != 0;
}

void web_destroy(web_t **self_p)
{
    web_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    give_back_spare(self);
    if (self->context)
        lws_context_destroy(self->context); /* only begins it … */
    int closing;
    do {
        uv_run(loop_uv(self->loop), UV_RUN_NOWAIT);
        closing = 0;
        uv_walk(loop_uv(self->loop), count_closing, &closing);
    } while (closing > 0);
    if (self->context)
        lws_context_destroy(self->context); /* … and frees it when the handles have closed */
    free(self);
}
