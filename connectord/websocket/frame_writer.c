#include "connectord/websocket/frame_writer.h"

#include <assert.h>
#include <sys/random.h>

/* LWS_WRITE_HTTP on a WebSocket of lws's own sends bytes as they are, too. */
static bool send_out(frame_writer_t *self, struct lws *wsi, size_t length)
{
    return lws_write(wsi, self->out + LWS_PRE, length, LWS_WRITE_HTTP) >= 0;
}

bool frame_writer_bytes(frame_writer_t *self, struct lws *wsi, text_t bytes)
{
    assert(bytes.length > 0 && bytes.length <= FRAME_WRITER_BYTES_MAX);
    memcpy(self->out + LWS_PRE, bytes.at, bytes.length);
    return send_out(self, wsi, bytes.length);
}

bool frame_writer_frame(frame_writer_t *self, struct lws *wsi, send_kind_t kind, text_t payload)
{
    assert(payload.length <= FRAME_WRITER_BYTES_MAX);
    uint32_t mask = 0;
    unsigned char *frame = self->out + LWS_PRE;
    if (getrandom(&mask, sizeof mask, 0) != sizeof mask)
        return false;
    if (payload.length > 0)
        memcpy(frame + FRAME_OUT_HEAD_MAX, payload.at, payload.length);
    return send_out(self, wsi, frame_seal(frame, kind, payload.length, mask));
}

void frame_writer_goodbye(frame_writer_t *self, struct lws *wsi, text_t code)
{
    if (!lws_send_pipe_choked(wsi))
        frame_writer_frame(self, wsi, SEND_CLOSE, code);
}

void frame_writer_pinged(frame_writer_t *self, struct lws *wsi, text_t content)
{
    self->pong_due = true;
    self->pong_length = content.length;
    if (content.length > 0)
        memcpy(self->pong, content.at, content.length);
    lws_callback_on_writable(wsi);
}

bool frame_writer_pong(frame_writer_t *self, struct lws *wsi)
{
    self->pong_due = false;
    return frame_writer_frame(self, wsi, SEND_PONG, (text_t){self->pong, self->pong_length});
}
