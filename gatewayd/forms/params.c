#include "gatewayd/forms/params.h"

enum { FOUND_MAX = 64 };

bool param_text(text_t raw, param_text_t *out)
{
    text_t content;
    out->length = 0;
    if (raw.length > sizeof out->bytes || !json_string(raw, out->bytes, &content) ||
        memchr(content.at, '\0', content.length)) /* no name has one, and messages would end there */
        return false;
    memmove(out->bytes, content.at, content.length);
    out->length = content.length;
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

text_t param_shown(text_t raw, param_text_t *scratch)
{
    return param_found(param_text(raw, scratch) ? param_slice(scratch) : raw);
}
