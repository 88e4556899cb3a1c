#include "common/base64url.h"

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

void base64url_append(buffer_t *out, text_t bytes)
{
    for (size_t i = 0; i < bytes.length; i += 3)
        append_group(out, (const unsigned char *)bytes.at + i, bytes.length - i < 3 ? bytes.length - i : 3);
}

/* The room is there. False where the text is invalid. */
static bool decode(char *to, text_t text)
{
    unsigned bits = 0, count = 0;
    for (size_t i = 0; i < text.length; i++) {
        const char *digit = text.at[i] ? strchr(digits, text.at[i]) : NULL;
        if (!digit)
            return false;
        bits = (bits << 6 | (unsigned)(digit - digits)) & 0xffffff;
        if ((count += 6) >= 8) {
            count -= 8;
            *to++ = (char)(bits >> count & 0xff);
        }
    }
    return (bits & ((1U << count) - 1)) == 0;
}

bool base64url_decode(buffer_t *out, text_t text)
{
    size_t length = text.length / 4 * 3 + text.length % 4 * 3 / 4;
    if (text.length % 4 == 1)
        return false;
    char *to = buffer_room(out, length);
    if (!to || !decode(to, text))
        return false;
    buffer_took(out, length);
    return true;
}
