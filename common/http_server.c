#include "common/http_shared.h"

#include <stdlib.h>

enum { SWEEP_MS = 1000 };

/* One that is woken gets its turn. */
static bool serve_woken(void *arg)
{
    http_server_t *self = arg;
    list_t *item = list_take(&self->woken);
    if (item)
        http_connection_turn(LIST_OWNER(item, http_connection_t, in_woken));
    return !list_empty(&self->woken);
}

void http_server_wake(http_server_t *self)
{
    share_wake(self->answers);
}

static void on_sweep(void *arg)
{
    http_server_t *self = arg;
    list_t *next;
    for (list_t *item = self->connections.next; item != &self->connections; item = next) {
        http_connection_t *connection = LIST_OWNER(item, http_connection_t, in_server);
        next = item->next;
        http_connection_check(connection);
    }
}

static void on_accepted(void *arg, int fd)
{
    http_connection_new(arg, fd);
}

http_server_t *http_server_new(loop_t *loop, const char *address, http_request_fn *request, void *arg)
{
    http_server_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (http_server_t){.uv = loop_uv(loop), .request = request, .arg = arg, .head = buffer_new(0)};
    list_init(&self->connections);
    list_init(&self->woken);
    self->requests = share_new(loop, SHARE_REQUESTS_US, NULL, NULL);
    self->answers = share_new(loop, SHARE_ANSWERS_US, serve_woken, self);
    self->sweep = loop_timer_new(loop, on_sweep, self);
    self->listener = listener_new(loop, address, on_accepted, self);
    if (!self->requests || !self->answers || !self->sweep || !self->listener)
        http_server_destroy(&self);
    else
        loop_timer_start(self->sweep, SWEEP_MS, SWEEP_MS);
    return self;
}

void http_server_destroy(http_server_t **self_p)
{
    http_server_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    listener_destroy(&self->listener);
    loop_timer_destroy(&self->sweep);
    while (!list_empty(&self->connections))
        http_connection_close(LIST_OWNER(self->connections.next, http_connection_t, in_server));
    buffer_release(&self->head);
    share_destroy(&self->requests);
    share_destroy(&self->answers);
    free(self);
}
