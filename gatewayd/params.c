#include "gatewayd/params.h"

enum { FOUND_MAX = 64 };

static bool put(param_text_t *out, char c)
{
    if (out->length == sizeof out->bytes || c == '\0')
        return false;
    out->bytes[out->length++] = c;
    return true;
}

static unsigned hex_digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static unsigned hex4(const char *at)
{
    return hex_digit(at[0]) << 12 | hex_digit(at[1]) << 8 | hex_digit(at[2]) << 4 | hex_digit(at[3]);
}

static bool put_utf8(param_text_t *out, unsigned code)
{
    if (code < 0x80)
        return put(out, (char)code);
    if (code < 0x800)
        return put(out, (char)(0xc0 | code >> 6)) && put(out, (char)(0x80 | (code & 0x3f)));
    if (code < 0x10000)
        return put(out, (char)(0xe0 | code >> 12)) && put(out, (char)(0x80 | (code >> 6 & 0x3f))) &&
               put(out, (char)(0x80 | (code & 0x3f)));
    return put(out, (char)(0xf0 | code >> 18)) && put(out, (char)(0x80 | (code >> 12 & 0x3f))) &&
           put(out, (char)(0x80 | (code >> 6 & 0x3f))) && put(out, (char)(0x80 | (code & 0x3f)));
}

/* \uXXXX, or two of them that make one character. Half of a pair is no character. Moves *at behind it. */
static bool put_unicode(param_text_t *out, const char **at, const char *end)
{
    unsigned code = hex4(*at);
    *at += 4;
    if (code >= 0xd800 && code < 0xdc00 && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u') {
        unsigned low = hex4(*at + 2);
        if (low < 0xdc00 || low > 0xdfff)
            return false;
        *at += 6;
        return put_utf8(out, 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
    }
    return (code < 0xd800 || code > 0xdfff) && put_utf8(out, code);
}

bool param_text(text_t raw, param_text_t *out)
{
    return json_kind(raw) == JSON_STRING && param_unescape((text_t){raw.at + 1, raw.length - 2}, out);
}

bool param_unescape(text_t content, param_text_t *out)
{
    static const char escapes[] = "b\bf\fn\nr\rt\t";
    const char *at = content.at, *end = content.at + content.length;
    out->length = 0;
    while (at < end) {
        char c = *at++;
        if (c == '\\') { /* valid JSON: something follows */
            c = *at++;
            if (c == 'u') {
                if (end - at < 4 || !put_unicode(out, &at, end))
                    return false;
                continue;
            }
            const char *known = strchr(escapes, c);
            c = known ? known[1] : c;
        }
        if (!put(out, c))
            return false;
    }
    return true;
}

bool param_absent(text_t raw)
{
    json_kind_t kind = json_kind(raw);
    return kind == JSON_NONE || kind == JSON_NULL;
}

text_t param_found(text_t raw)
{
    size_t length = 0, step;
    while (length < raw.length && (step = text_utf8_char((text_t){raw.at + length, raw.length - length})) &&
           length + step <= FOUND_MAX)
        length += step;
    return (text_t){raw.at, length};
}
