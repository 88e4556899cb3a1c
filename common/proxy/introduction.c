#include "common/proxy/introduction.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

struct introduction {
    size_t got; /* bytes, of which the first PROXY_HEADER_READ stand in `bytes` */
    char bytes[PROXY_HEADER_READ];
};

introduction_t *introduction_new(void)
{
    return calloc(1, sizeof(introduction_t));
}

void introduction_destroy(introduction_t **self)
{
    free(*self);
    *self = NULL;
}

/* How many bytes are to be read next, none of them behind the header. */
static size_t wanted(const introduction_t *self, const proxy_header_t *header)
{
    if (self->got < PROXY_HEADER_FIXED)
        return PROXY_HEADER_FIXED - self->got;
    return header->length - self->got;
}

static size_t kept(const introduction_t *self)
{
    return self->got < PROXY_HEADER_READ ? self->got : PROXY_HEADER_READ;
}

/* False when nothing has come; then *result says why. */
static bool take(introduction_t *self, int fd, size_t most, introduction_result_t *result)
{
    char room[PROXY_HEADER_MAX];
    assert(most <= sizeof room);
    ssize_t got = recv(fd, room, most, MSG_DONTWAIT);
    if (got <= 0) {
        *result = got == -1 && (errno == EAGAIN || errno == EINTR) ? INTRODUCTION_WAITS : INTRODUCTION_ENDED;
        return false;
    }
    size_t place = kept(self), fits = PROXY_HEADER_READ - place;
    memcpy(self->bytes + place, room, (size_t)got < fits ? (size_t)got : fits);
    self->got += (size_t)got;
    return true;
}

introduction_result_t introduction_read(introduction_t *self, int fd, ip_address_t *client)
{
    introduction_result_t result;
    for (;;) {
        proxy_header_t header;
        if (proxy_header_read(&header, (text_t){self->bytes, kept(self)}) == PROXY_HEADER_WRONG)
            return INTRODUCTION_WRONG;
        if (self->got >= PROXY_HEADER_FIXED && self->got == header.length) {
            if (header.client.length > 0)
                *client = header.client;
            return INTRODUCTION_DONE;
        }
        if (!take(self, fd, wanted(self, &header), &result))
            return result;
    }
}
