#include "connectord/mapping/compact.h"

size_t compact_json(text_t json, char *out, size_t size)
{
    size_t length = 0;
    bool quoted = false, escaped = false;
    for (size_t i = 0; i < json.length; i++) {
        char c = json.at[i];
        if (!quoted && (c == ' ' || c == '\t' || c == '\n' || c == '\r'))
            continue;
        if (length == size)
            return 0;
        quoted = c == '"' && !escaped ? !quoted : quoted;
        escaped = quoted && c == '\\' && !escaped;
        out[length++] = c;
    }
    return length;
}
