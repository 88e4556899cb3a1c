#include "connectord/websocket/lookup.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct lookup {
    uv_getaddrinfo_t request;
    lookup_fn *done; /* NULL: nobody waits for it now */
    void *arg;
};

static size_t print_addresses(const struct addrinfo *list, lookup_address_t *out)
{
    size_t count = 0;
    for (; list && count < LOOKUP_ADDRESSES; list = list->ai_next)
        if (getnameinfo(list->ai_addr, list->ai_addrlen, out[count].text, sizeof out->text, NULL, 0, NI_NUMERICHOST) == 0)
            count++;
    return count;
}

static void on_answer(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    lookup_t *self = request->data;
    lookup_address_t addresses[LOOKUP_ADDRESSES];
    size_t count = print_addresses(list, addresses);
    uv_freeaddrinfo(list);
    if (self->done)
        self->done(self->arg, addresses, count, status < 0 ? uv_strerror(status) : "no address");
    free(self);
}

lookup_t *lookup_start(loop_t *loop, const char *host, lookup_fn *done, void *arg)
{
    lookup_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (lookup_t){.done = done, .arg = arg};
    self->request.data = self;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    if (uv_getaddrinfo(loop_uv(loop), &self->request, on_answer, host, NULL, &hints) != 0) {
        free(self);
        return NULL;
    }
    return self;
}

void lookup_cancel(lookup_t **self_p)
{
    lookup_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    self->done = NULL;
    uv_cancel((uv_req_t *)&self->request); /* one that a thread is busy with goes on, and ends with nobody waiting */
}
