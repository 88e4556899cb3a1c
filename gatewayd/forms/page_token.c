#include "gatewayd/forms/page_token.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Up to three bytes as two to four digits. */
static void append_group(buffer_t *out, const unsigned char *bytes, size_t count)
{
    char text[4];
    unsigned group = (unsigned)bytes[0] << 16 | (count > 1 ? (unsigned)bytes[1] << 8 : 0) | (count > 2 ? bytes[2] : 0U);
    for (size_t i = 0; i <= count; i++)
        text[i] = digits[group >> (18 - 6 * i) & 63];
    buffer_append(out, (text_t){text, count + 1});
}

void page_token_append(buffer_t *out, text_t json)
{
    for (size_t i = 0; i < json.length; i += 3)
        append_group(out, (const unsigned char *)json.at + i, json.length - i < 3 ? json.length - i : 3);
}

bool page_token_decode(buffer_t *out, text_t token)
{
    unsigned bits = 0, count = 0;
    size_t before = out->length;
    if (token.length % 4 == 1)
        return false;
    for (size_t i = 0; i < token.length; i++) {
        const char *digit = token.at[i] ? strchr(digits, token.at[i]) : NULL;
        if (!digit) {
            out->length = before;
            return false;
        }
        bits = (bits << 6 | (unsigned)(digit - digits)) & 0xffffff;
        if ((count += 6) >= 8) {
            count -= 8;
            buffer_append(out, (text_t){&(char){(char)(bits >> count & 0xff)}, 1});
        }
    }
    return buffer_ok(out);
}
