#include "common/json/json_plain.h"

#include "common/json/json.h"

enum { U_ESCAPE = 6 /* bytes of \u00f6 */, PAIR = 2 * U_ESCAPE };

/* Is it \uD… with one of these behind the D? */
static bool is_surrogate(text_t escape, const char *second)
{
    return escape.length >= U_ESCAPE && escape.at[1] == 'u' && (escape.at[2] | 0x20) == 'd' &&
           strchr(second, escape.at[3] | 0x20);
}

/* The escape at the start of a text, which is a whole one: two bytes, six, or a surrogate pair. */
static text_t first_escape(text_t text)
{
    size_t length = text.at[1] == 'u' ? U_ESCAPE : 2;
    text_t behind = {text.at + length, text.length - length};
    bool pair = is_surrogate(text, "89ab") && behind.length > 0 && behind.at[0] == '\\' && is_surrogate(behind, "cdef");
    return (text_t){text.at, pair ? PAIR : length};
}

static void append_plain(buffer_t *out, text_t escape)
{
    char quoted[PAIR + 2] = "\"", meant[sizeof quoted];
    text_t meaning = {NULL, 0};
    memcpy(quoted + 1, escape.at, escape.length);
    quoted[escape.length + 1] = '"';
    bool half = escape.length == U_ESCAPE && is_surrogate(escape, "89abcdef");
    if (half || !json_string((text_t){quoted, escape.length + 2}, meant, &meaning) || (unsigned char)meaning.at[0] < ' ') {
        buffer_append(out, escape);
        return;
    }
    if (meaning.at[0] == '"' || meaning.at[0] == '\\')
        buffer_append(out, TEXT("\\"));
    buffer_append(out, meaning);
}

text_t json_plain(text_t json, buffer_t *out)
{
    json = text_without_mark(json);
    if (json.length == 0)
        return json;
    const char *at = json.at, *end = json.at + json.length;
    const char *escape = memchr(at, '\\', json.length);
    if (!escape || !json_valid(json))
        return json;
    buffer_clear(out);
    for (; escape; escape = memchr(at, '\\', (size_t)(end - at))) {
        text_t found = first_escape((text_t){escape, (size_t)(end - escape)});
        buffer_append(out, (text_t){at, (size_t)(escape - at)});
        append_plain(out, found);
        at = found.at + found.length;
    }
    buffer_append(out, (text_t){at, (size_t)(end - at)});
    return buffer_ok(out) ? buffer_text(out) : TEXT("");
}
