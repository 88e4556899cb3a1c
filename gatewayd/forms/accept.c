#include "gatewayd/forms/accept.h"

#include <stdio.h>
#include <strings.h>
#include <zlib.h>

enum { LEVEL = 1, WINDOW_GZIP = 15 + 16, MEMORY_LEVEL = 8 };

/* Takes what is before the next separator. False at the end. */
static bool next_part(text_t *rest, char separator, text_t *part)
{
    if (rest->length == 0)
        return false;
    const char *end = memchr(rest->at, separator, rest->length);
    size_t length = end ? (size_t)(end - rest->at) : rest->length;
    *part = text_trim((text_t){rest->at, length});
    *rest = (text_t){rest->at + length + (end != NULL), rest->length - length - (end != NULL)};
    return true;
}

static bool is_word(text_t text, const char *word)
{
    return text.length == strlen(word) && strncasecmp(text.at, word, text.length) == 0;
}

/* Is it `q=` with a weight of nothing: 0, 0., 0.0 …? */
static bool is_zero_weight(text_t parameter)
{
    if (parameter.length < 3 || strncasecmp(parameter.at, "q=", 2) != 0)
        return false;
    for (size_t i = 2; i < parameter.length; i++) {
        if (parameter.at[i] != '0' && parameter.at[i] != '.')
            return false;
    }
    return true;
}

bool accept_gzip(text_t accept_encoding)
{
    text_t coding, name, parameter;
    bool any = false;
    while (next_part(&accept_encoding, ',', &coding)) {
        if (!next_part(&coding, ';', &name))
            continue;
        bool wanted = true;
        while (next_part(&coding, ';', &parameter))
            wanted = wanted && !is_zero_weight(parameter);
        if (is_word(name, "gzip") || is_word(name, "x-gzip"))
            return wanted; /* what is said of gzip counts more than what is said of all */
        any = is_word(name, "*") ? wanted : any;
    }
    return any;
}

/* Is it the tag, or the tag as a server in between has named what it compressed: Apache's "…-gzip", Jetty's "…--gzip"? */
static bool is_tag(text_t known, text_t tag)
{
    static const char *const endings[] = {"\"", "-gzip\"", "--gzip\"", "-br\"", "-zstd\"", "-deflate\""};
    text_t stem = {tag.at, tag.length - 1};
    if (!text_starts_with(known, stem))
        return false;
    text_t rest = {known.at + stem.length, known.length - stem.length};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (text_equal(rest, text_of(endings[i])))
            return true;
    }
    return false;
}

bool accept_has_tag(text_t if_none_match, text_t tag)
{
    text_t known;
    while (next_part(&if_none_match, ',', &known)) {
        if (text_starts_with(known, TEXT("W/")))
            known = (text_t){known.at + 2, known.length - 2};
        if (is_tag(known, tag) || text_equal(known, TEXT("*")))
            return true;
    }
    return false;
}

static uint64_t stir(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

/* It only tells versions apart. Four words at a time, since each multiplication would wait for the one before: 36 KB take 2 µs so, byte by byte
 * 40. */
void accept_tag(char out[static ACCEPT_TAG_SIZE], text_t bytes)
{
    uint64_t lanes[4] = {bytes.length, 1, 2, 3}, words[4], hash = 0;
    size_t at = 0;
    for (; bytes.length - at >= sizeof words; at += sizeof words) {
        memcpy(words, bytes.at + at, sizeof words);
        for (size_t i = 0; i < 4; i++)
            lanes[i] = stir(lanes[i], words[i]);
    }
    for (; at < bytes.length; at++)
        lanes[0] = stir(lanes[0], (unsigned char)bytes.at[at]);
    for (size_t i = 0; i < 4; i++)
        hash = stir(hash, lanes[i]);
    snprintf(out, ACCEPT_TAG_SIZE, "\"%016llx\"", (unsigned long long)hash);
}

bool accept_compress(buffer_t *out, text_t bytes)
{
    z_stream stream = {.next_in = (z_const Bytef *)(uintptr_t)bytes.at, .avail_in = (uInt)bytes.length};
    if (deflateInit2(&stream, LEVEL, Z_DEFLATED, WINDOW_GZIP, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    size_t most = deflateBound(&stream, (uLong)bytes.length);
    char *room = buffer_room(out, most);
    stream.next_out = (Bytef *)room;
    stream.avail_out = (uInt)most;
    bool ok = room && deflate(&stream, Z_FINISH) == Z_STREAM_END;
    if (ok)
        buffer_took(out, most - stream.avail_out);
    deflateEnd(&stream);
    return ok;
}
