#include "connectord/websocket/transport.h"

#include <libwebsockets.h>

/* lws takes all of it, and changes nothing in it. */
static bool write_out(struct lws *wsi, text_t bytes)
{
    return bytes.length == 0 || lws_write(wsi, (unsigned char *)(uintptr_t)bytes.at, bytes.length, LWS_WRITE_RAW) >= 0;
}

static transport_found_t decrypt(transport_t *self, text_t *found, const char **wrong)
{
    switch (tls_read(self->tls, found)) {
    case TLS_DONE:
        return TRANSPORT_FOUND;
    case TLS_WAITING:
        return TRANSPORT_NONE;
    case TLS_ENDED:
        return TRANSPORT_ENDED;
    default:
        *wrong = tls_wrong(self->tls);
        return TRANSPORT_BROKEN;
    }
}

transport_found_t transport_next(transport_t *self, text_t *input, text_t *found, const char **wrong)
{
    text_t bytes = *input;
    *input = (text_t){input->at + input->length, 0};
    if (!self->tls) {
        *found = bytes;
        return bytes.length > 0 ? TRANSPORT_FOUND : TRANSPORT_NONE;
    }
    *wrong = "no memory for TLS";
    transport_found_t result = tls_feed(self->tls, bytes) ? decrypt(self, found, wrong) : TRANSPORT_BROKEN;
    if (result != TRANSPORT_FOUND)
        transport_flush(self);
    return result;
}

bool transport_send(transport_t *self, text_t bytes)
{
    if (!self->tls)
        return write_out(self->wsi, bytes);
    return tls_write(self->tls, bytes) && transport_flush(self);
}

bool transport_flush(transport_t *self)
{
    if (!self->tls)
        return true;
    bool sent = write_out(self->wsi, tls_output(self->tls));
    tls_was_sent(self->tls);
    return sent;
}

void transport_end(transport_t *self)
{
    if (!self->tls)
        return;
    tls_end(self->tls);
    transport_flush(self);
}

void transport_release(transport_t *self)
{
    tls_destroy(&self->tls);
    self->wsi = NULL;
}
