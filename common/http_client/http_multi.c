#include "common/http_client/http_multi.h"

#include "common/log.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <uv.h>

enum { HOST_CONNECTIONS_MAX = 8, CONNECTIONS_MAX = 32 };

struct http_multi {
    loop_t *loop;
    CURLM *multi;
    loop_timer_t *timer; /* libcurl's */
    http_multi_done_fn *on_done;
    void *arg;
    log_limit_t limit;
};

/* What libcurl waits for on a descriptor. */
typedef struct {
    uv_poll_t poll;
    http_multi_t *owner;
    curl_socket_t fd;
} http_watch_t;

/* What has ended meanwhile. */
static void drain(http_multi_t *self)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(self->multi, &left))) {
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_multi_remove_handle(self->multi, easy);
        self->on_done(self->arg, easy, (int)code);
    }
}

static void on_timer(void *arg)
{
    http_multi_t *self = arg;
    int running;
    curl_multi_socket_action(self->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    drain(self);
}

/* At least 1 ms: it may be started from its own callback, and with 0 libuv would call nothing else. */
static int on_curl_timer(CURLM *multi, long timeout_ms, void *arg)
{
    http_multi_t *self = arg;
    (void)multi;
    if (timeout_ms < 0)
        loop_timer_stop(self->timer);
    else
        loop_timer_start(self->timer, timeout_ms > 0 ? (uint64_t)timeout_ms : 1, 0);
    return 0;
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    const http_watch_t *watch = handle->data;
    http_multi_t *self = watch->owner;
    int running, flags = status < 0 ? CURL_CSELECT_ERR : 0;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    curl_multi_socket_action(self->multi, watch->fd, flags, &running);
    drain(self);
}

static void on_watch_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static http_watch_t *watch_new(http_multi_t *self, curl_socket_t fd)
{
    http_watch_t *watch = calloc(1, sizeof *watch);
    if (!watch || uv_poll_init(loop_uv(self->loop), &watch->poll, fd) != 0) {
        free(watch);
        log_error_limited(&self->limit, "http_multi: can't watch a connection: its request will time out");
        return NULL;
    }
    watch->poll.data = watch;
    watch->owner = self;
    watch->fd = fd;
    curl_multi_assign(self->multi, fd, watch);
    return watch;
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    http_multi_t *self = arg;
    http_watch_t *watch = known;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        curl_multi_assign(self->multi, fd, NULL);
        if (watch)
            uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
        return 0;
    }
    if (!watch && !(watch = watch_new(self, fd)))
        return 0;
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    uv_poll_start(&watch->poll, events, on_poll);
    return 0;
}

bool http_multi_add(http_multi_t *self, void *easy)
{
    return curl_multi_add_handle(self->multi, easy) == CURLM_OK;
}

void http_multi_remove(http_multi_t *self, void *easy)
{
    curl_multi_remove_handle(self->multi, easy);
}

static bool set_up(http_multi_t *self)
{
    self->multi = curl_multi_init();
    self->timer = loop_timer_new(self->loop, on_timer, self);
    if (!self->multi || !self->timer)
        return false;
    curl_multi_setopt(self->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(self->multi, CURLMOPT_SOCKETDATA, self);
    curl_multi_setopt(self->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(self->multi, CURLMOPT_TIMERDATA, self);
    curl_multi_setopt(self->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)HOST_CONNECTIONS_MAX);
    curl_multi_setopt(self->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)CONNECTIONS_MAX);
    return true;
}

http_multi_t *http_multi_new(loop_t *loop, http_multi_done_fn *on_done, void *arg)
{
    http_multi_t *self = calloc(1, sizeof *self);
    if (!self || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(self);
        return NULL;
    }
    self->loop = loop;
    self->on_done = on_done;
    self->arg = arg;
    if (!set_up(self))
        http_multi_destroy(&self);
    return self;
}

void http_multi_destroy(http_multi_t **self_p)
{
    http_multi_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    curl_multi_cleanup(self->multi); /* which stops what is watched */
    loop_timer_destroy(&self->timer);
    free(self);
    curl_global_cleanup();
}
