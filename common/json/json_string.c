#include "common/json/json.h"

static unsigned hex4(const char *at)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        value = value << 4 | (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

static char *put_utf8(char *out, unsigned c)
{
    static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    out[0] = (char)(length == 1 ? c : marks[length] | c);
    return out + length;
}

/* A \u escape, or two that are a surrogate pair, at *at; moves behind. */
static unsigned take_u(const char **at, const char *end)
{
    unsigned c = hex4(*at + 2);
    *at += 6;
    bool high = c >= 0xd800 && c < 0xdc00;
    if (high && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u') {
        unsigned low = hex4(*at + 2);
        if (low >= 0xdc00 && low < 0xe000) {
            *at += 6;
            return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    return c >= 0xd800 && c < 0xe000 ? 0xfffd : c;
}

bool json_string(text_t value, char *out, text_t *content)
{
    static const char names[] = "bfnrt", meanings[] = "\b\f\n\r\t";
    if (json_plain_string(value, content))
        return true;
    if (json_kind(value) != JSON_STRING || value.at[value.length - 1] != '"' || !json_valid(value))
        return false;
    const char *end = value.at + value.length;
    char *to = out;
    for (const char *at = value.at + 1; at < end - 1;) {
        if (*at != '\\') {
            *to++ = *at++;
        } else if (at[1] == 'u') {
            to = put_utf8(to, take_u(&at, end - 1));
        } else {
            const char *name = strchr(names, at[1]);
            *to++ = name ? meanings[name - names] : at[1];
            at += 2;
        }
    }
    *content = (text_t){out, (size_t)(to - out)};
    return true;
}

bool json_plain_string(text_t value, text_t *content)
{
    if (value.length < 2 || value.at[0] != '"' || value.at[value.length - 1] != '"')
        return false;
    text_t inside = {value.at + 1, value.length - 2};
    if (inside.length && (memchr(inside.at, '\\', inside.length) || memchr(inside.at, '"', inside.length)))
        return false;
    *content = inside;
    return true;
}

bool json_u64(text_t value, uint64_t *number)
{
    if (value.length > 1 && value.at[0] == '0')
        return false;
    return text_to_u64(value, number);
}
