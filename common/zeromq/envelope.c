#include "common/zeromq/envelope.h"

#include <assert.h>
#include <stdint.h>

/* Before each frame stands its length, in two bytes. */
static size_t put_frame(char *at, text_t frame)
{
    uint16_t length = (uint16_t)frame.length;
    memcpy(at, &length, sizeof length);
    if (length > 0)
        memcpy(at + sizeof length, frame.at, length);
    return sizeof length + length;
}

/* How many frames it has; 0 when it is no envelope. */
static size_t measure(const text_t *frames, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count && i < ENVELOPE_FRAMES; i++) {
        bytes += frames[i].length;
        if (bytes > ENVELOPE_BYTES)
            return 0;
        if (i > 0 && frames[i].length == 0)
            return i + 1;
    }
    return 0;
}

size_t envelope_read(const text_t *frames, size_t count, char envelope[static ENVELOPE_MAX])
{
    size_t length = 0, own = measure(frames, count);
    for (size_t i = 0; i < own; i++)
        length += put_frame(envelope + length, frames[i]);
    return length;
}

size_t envelope_frames(text_t envelope, text_t frames[static ENVELOPE_FRAMES])
{
    size_t count = 0;
    for (size_t at = 0; at < envelope.length; count++) {
        uint16_t length;
        assert(count < ENVELOPE_FRAMES && envelope.length - at >= sizeof length);
        memcpy(&length, envelope.at + at, sizeof length);
        at += sizeof length;
        assert(envelope.length - at >= length);
        frames[count] = (text_t){envelope.at + at, length};
        at += length;
    }
    return count;
}

text_t envelope_connection(text_t envelope)
{
    uint16_t length;
    if (envelope.length < sizeof length)
        return envelope;
    memcpy(&length, envelope.at, sizeof length);
    return envelope.length - sizeof length < length ? envelope : (text_t){envelope.at + sizeof length, length};
}
