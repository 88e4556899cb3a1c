#include "connectord/websocket/frame_writer.h"

#include <assert.h>
#include <libwebsockets.h>
#include <sys/random.h>

bool frame_writer_frame(frame_writer_t *self, transport_t *transport, send_kind_t kind, text_t payload)
{
    assert(payload.length <= FRAME_WRITER_BYTES_MAX);
    uint32_t mask = 0;
    if (getrandom(&mask, sizeof mask, 0) != sizeof mask)
        return false;
    if (payload.length > 0)
        memcpy(self->out + FRAME_OUT_HEAD_MAX, payload.at, payload.length);
    return transport_send(transport, (text_t){(const char *)self->out, frame_seal(self->out, kind, payload.length, mask)});
}

void frame_writer_goodbye(frame_writer_t *self, transport_t *transport, text_t code)
{
    if (!lws_send_pipe_choked(transport->wsi) && frame_writer_frame(self, transport, SEND_CLOSE, code))
        transport_end(transport);
}

void frame_writer_pinged(frame_writer_t *self, transport_t *transport, text_t content)
{
    self->pong_due = true;
    self->pong_length = content.length;
    if (content.length > 0)
        memcpy(self->pong, content.at, content.length);
    lws_callback_on_writable(transport->wsi);
}

bool frame_writer_pong(frame_writer_t *self, transport_t *transport)
{
    self->pong_due = false;
    return frame_writer_frame(self, transport, SEND_PONG, (text_t){self->pong, self->pong_length});
}
