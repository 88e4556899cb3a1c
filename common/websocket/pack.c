#include "common/websocket/pack.h"

#include <zlib.h>

enum {
    LEVEL = 1,
    MEMORY_LEVEL = 7,
    CLIENT_WINDOW_BITS = 15, /* the most there is: so the client is told nothing of it */
    STEP_BYTES = 4096
};

/* Ends what is flushed; does not travel. */
#define FLUSHED TEXT("\x00\x00\xff\xff")

/* --- what is offered --- */

static text_t trimmed(text_t text)
{
    while (text.length > 0 && (*text.at == ' ' || *text.at == '\t'))
        text = (text_t){text.at + 1, text.length - 1};
    while (text.length > 0 && (text.at[text.length - 1] == ' ' || text.at[text.length - 1] == '\t'))
        text.length--;
    return text;
}

/* Takes what stands before the first mark, or all. */
static text_t cut(text_t *rest, char mark)
{
    const char *at = rest->length > 0 ? memchr(rest->at, mark, rest->length) : NULL;
    text_t part = {rest->at, at ? (size_t)(at - rest->at) : rest->length};
    size_t used = part.length + (at != NULL);
    *rest = (text_t){rest->at + used, rest->length - used};
    return trimmed(part);
}

static bool is_window(text_t value, uint64_t *bits)
{
    if (value.length >= 2 && *value.at == '"' && value.at[value.length - 1] == '"')
        value = (text_t){value.at + 1, value.length - 2};
    return value.length <= 2 && text_to_u64(value, bits) && *bits >= 8 && *bits <= 15;
}

static bool accepts_parameter(text_t parameter, pack_terms_t *terms)
{
    bool valued = parameter.length > 0 && memchr(parameter.at, '=', parameter.length);
    text_t value = parameter, name = cut(&value, '=');
    uint64_t bits;
    value = trimmed(value);
    if (text_equal(name, TEXT("server_no_context_takeover")) || text_equal(name, TEXT("client_no_context_takeover")))
        return !valued;
    if (text_equal(name, TEXT("client_max_window_bits")))
        return !valued || is_window(value, &bits);
    terms->window = true;
    return text_equal(name, TEXT("server_max_window_bits")) && is_window(value, &bits) && bits >= PACK_WINDOW_BITS;
}

bool pack_accepts(text_t offers, size_t number, pack_terms_t *terms)
{
    while (offers.length > 0) {
        text_t offer = cut(&offers, ',');
        if (!text_equal(cut(&offer, ';'), TEXT("permessage-deflate")) || number-- > 0)
            continue;
        *terms = (pack_terms_t){0};
        while (offer.length > 0) {
            if (!accepts_parameter(cut(&offer, ';'), terms))
                return false;
        }
        return true;
    }
    return false;
}

/* --- messages --- */

static z_stream *deflater(void)
{
    static z_stream stream;
    static bool made;
    if (made)
        return deflateReset(&stream) == Z_OK ? &stream : NULL;
    made = deflateInit2(&stream, LEVEL, Z_DEFLATED, -PACK_WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK;
    return made ? &stream : NULL;
}

static z_stream *inflater(void)
{
    static z_stream stream;
    static bool made;
    if (made)
        return inflateReset(&stream) == Z_OK ? &stream : NULL;
    made = inflateInit2(&stream, -CLIENT_WINDOW_BITS) == Z_OK;
    return made ? &stream : NULL;
}

static void give(z_stream *stream, text_t text)
{
    stream->next_in = (unsigned char *)(uintptr_t)text.at; /* zlib does not write there */
    stream->avail_in = (unsigned)text.length;
}

size_t pack_message(const text_t *pieces, size_t count, char *out, size_t room)
{
    z_stream *stream = deflater();
    if (!stream)
        return 0;
    stream->next_out = (unsigned char *)out;
    stream->avail_out = (unsigned)room;
    for (size_t i = 0; i < count; i++) {
        give(stream, pieces[i]);
        int rc = deflate(stream, i + 1 < count ? Z_NO_FLUSH : Z_SYNC_FLUSH);
        if ((rc != Z_OK && rc != Z_BUF_ERROR) || stream->avail_out == 0)
            return 0; /* and what is not flushed is forgotten by the reset */
    }
    size_t length = room - stream->avail_out;
    return length > FLUSHED.length ? length - FLUSHED.length : 0;
}

/* Expands what the stream was given. */
static unpack_t expand(z_stream *stream, buffer_t *out)
{
    for (;;) {
        size_t left = out->limit - out->length, step = left < STEP_BYTES ? left : STEP_BYTES;
        char spare = 0; /* with nothing left: is there more? */
        char *room = step > 0 ? buffer_room(out, step) : &spare;
        if (!room)
            return UNPACK_TOO_LONG;
        unsigned given = step > 0 ? (unsigned)step : 1;
        stream->next_out = (unsigned char *)room;
        stream->avail_out = given;
        int rc = inflate(stream, Z_SYNC_FLUSH);
        unsigned wrote = given - stream->avail_out;
        if (wrote > step)
            return UNPACK_TOO_LONG;
        if (step > 0)
            buffer_took(out, wrote);
        if (rc == Z_STREAM_END && inflateReset(stream) == Z_OK && stream->avail_in > 0)
            continue; /* a final block, and another behind it */
        if (rc != Z_OK && rc != Z_BUF_ERROR && rc != Z_STREAM_END)
            return UNPACK_INVALID;
        if (stream->avail_out > 0)
            return stream->avail_in == 0 ? UNPACK_DONE : UNPACK_INVALID;
    }
}

unpack_t unpack_message(text_t packed, buffer_t *out)
{
    z_stream *stream = inflater();
    if (!stream)
        return UNPACK_TOO_LONG;
    give(stream, packed);
    unpack_t result = expand(stream, out);
    if (result != UNPACK_DONE)
        return result;
    give(stream, FLUSHED);
    return expand(stream, out);
}
