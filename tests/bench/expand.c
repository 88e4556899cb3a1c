#include "tests/bench/expand.h"

#include <stdlib.h>
#include <zlib.h>

enum { WINDOW_BITS = 15, EXPANDED_MAX = 1 << 18 };

struct expander {
    z_stream stream;
    char bytes[EXPANDED_MAX];
};

expander_t *expander_new(void)
{
    expander_t *self = calloc(1, sizeof *self);
    if (self && inflateInit2(&self->stream, -WINDOW_BITS) == Z_OK)
        return self;
    free(self);
    return NULL;
}

void expander_destroy(expander_t **self_ref)
{
    if (*self_ref)
        inflateEnd(&(*self_ref)->stream);
    free(*self_ref);
    *self_ref = NULL;
}

/* Section 7.2.2: the sender left out the four bytes that a flush ends with. */
text_t expander_take(expander_t *self, text_t message)
{
    static const unsigned char tail[] = {0x00, 0x00, 0xff, 0xff};
    z_stream *stream = &self->stream;
    inflateReset(stream);
    stream->next_out = (unsigned char *)self->bytes;
    stream->avail_out = EXPANDED_MAX;
    stream->next_in = (unsigned char *)(uintptr_t)message.at;
    stream->avail_in = (unsigned)message.length;
    int code = inflate(stream, Z_SYNC_FLUSH);
    stream->next_in = (unsigned char *)(uintptr_t)tail;
    stream->avail_in = sizeof tail;
    if (code == Z_OK)
        code = inflate(stream, Z_SYNC_FLUSH);
    bool whole = (code == Z_OK || code == Z_BUF_ERROR) && stream->avail_in == 0 && stream->avail_out > 0;
    return (text_t){self->bytes, whole ? EXPANDED_MAX - stream->avail_out : 0};
}
