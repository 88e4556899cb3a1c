#include "common/websocket/pack.h"

#include <zlib.h>

enum {
    LEVEL = 1,
    MEMORY_LEVEL = 7,
    CLIENT_WINDOW_BITS = 15, /* the most there is: so the client is told nothing of it */
    STEP_BYTES = 4096,
    BETWEEN_BLOCKS = 128 /* in z_stream.data_type */
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

/* Takes what stands before the first mark, or all. Was there a mark? */
static bool cut(text_t *rest, char mark, text_t *part)
{
    const char *at = rest->length > 0 ? memchr(rest->at, mark, rest->length) : NULL;
    *part = (text_t){rest->at, at ? (size_t)(at - rest->at) : rest->length};
    size_t used = part->length + (at != NULL);
    *rest = (text_t){rest->at + used, rest->length - used};
    *part = trimmed(*part);
    return at != NULL;
}

/* RFC 7692, section 7.1. */
typedef struct {
    text_t name;
    bool bare;           /* it may stand without a value */
    uint64_t least_bits; /* that we can do with, of up to 15; 0: it has no value */
} offer_parameter_t;

enum { SERVER_WINDOW };
static const offer_parameter_t parameters[] = {
    [SERVER_WINDOW] = {TEXT_CONST("server_max_window_bits"), .least_bits = PACK_WINDOW_BITS},
    {TEXT_CONST("client_max_window_bits"), .bare = true, .least_bits = 8},
    {TEXT_CONST("server_no_context_takeover"), .bare = true},
    {TEXT_CONST("client_no_context_takeover"), .bare = true},
};
enum { PARAMETERS = sizeof parameters / sizeof *parameters };

static bool is_window(text_t value, uint64_t least)
{
    uint64_t bits;
    if (value.length >= 2 && *value.at == '"' && value.at[value.length - 1] == '"')
        value = (text_t){value.at + 1, value.length - 2};
    bool number = value.length >= 1 && value.length <= 2 && *value.at != '0' && text_to_u64(value, &bits);
    return number && bits >= least && bits <= 15;
}

/* Known, with a value that it may have, and for the first time. */
static bool accepts_parameter(text_t text, bool seen[static PARAMETERS])
{
    text_t name;
    bool valued = cut(&text, '=', &name);
    for (size_t i = 0; i < PARAMETERS; i++) {
        const offer_parameter_t *parameter = &parameters[i];
        if (!text_equal(name, parameter->name))
            continue;
        if (seen[i])
            return false;
        seen[i] = true;
        return valued ? parameter->least_bits > 0 && is_window(trimmed(text), parameter->least_bits) : parameter->bare;
    }
    return false;
}

static bool accepts_offer(text_t rest, bool more, pack_terms_t *terms)
{
    bool seen[PARAMETERS] = {0};
    text_t parameter;
    while (more) {
        more = cut(&rest, ';', &parameter);
        if (!accepts_parameter(parameter, seen))
            return false;
    }
    terms->window = seen[SERVER_WINDOW];
    return true;
}

bool pack_accepts(text_t offers, size_t number, pack_terms_t *terms)
{
    for (bool more = true; more;) {
        text_t offer, name;
        more = cut(&offers, ',', &offer);
        bool has_parameters = cut(&offer, ';', &name);
        if (text_equal(name, TEXT("permessage-deflate")) && number-- == 0)
            return accepts_offer(offer, has_parameters, terms);
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

/* Expands what the stream was given. *ended: that was the end of a final block. */
static unpack_t expand(z_stream *stream, buffer_t *out, bool *ended)
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
        *ended = rc == Z_STREAM_END && stream->avail_in == 0;
        if (rc == Z_STREAM_END && inflateReset(stream) == Z_OK && stream->avail_in > 0)
            continue; /* a final block, and another behind it */
        if (rc != Z_OK && rc != Z_BUF_ERROR && rc != Z_STREAM_END)
            return UNPACK_INVALID;
        if (stream->avail_out > 0)
            return stream->avail_in == 0 ? UNPACK_DONE : UNPACK_INVALID;
    }
}

/* What is cut off in the middle of a block is no message. */
unpack_t unpack_message(text_t packed, buffer_t *out)
{
    z_stream *stream = inflater();
    if (!stream)
        return UNPACK_TOO_LONG;
    bool ended = packed.length == 0; /* some send an empty message so */
    unpack_t result = UNPACK_DONE;
    if (!ended) {
        give(stream, packed);
        result = expand(stream, out, &ended);
    }
    if (result != UNPACK_DONE || ended)
        return result;
    give(stream, FLUSHED);
    result = expand(stream, out, &ended);
    return result == UNPACK_DONE && !ended && !(stream->data_type & BETWEEN_BLOCKS) ? UNPACK_INVALID : result;
}
