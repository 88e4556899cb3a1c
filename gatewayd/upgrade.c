#include "gatewayd/upgrade.h"

#include <strings.h>

enum { KEY_DIGITS = 22, KEY_LENGTH = 24 /* 16 bytes in base64 */ };

static bool is_base64(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

static bool is_key(text_t text)
{
    for (size_t i = 0; i < KEY_DIGITS && i < text.length; i++) {
        if (!is_base64(text.at[i]))
            return false;
    }
    return text.length == KEY_LENGTH && memcmp(text.at + KEY_DIGITS, "==", 2) == 0;
}

static bool refuse(http_refusal_t *refusal, unsigned status, const char *reason)
{
    *refusal = (http_refusal_t){status, reason};
    return false;
}

bool upgrade_check(const http_request_t *request, http_refusal_t *refusal)
{
    if (http_request_count(request, "Sec-WebSocket-Version") != 1 ||
        !text_equal(http_request_field(request, "Sec-WebSocket-Version"), TEXT("13")))
        return refuse(refusal, 426, "expected Sec-WebSocket-Version: 13");
    if (http_request_count(request, "Sec-WebSocket-Key") != 1 || !is_key(http_request_field(request, "Sec-WebSocket-Key")))
        return refuse(refusal, 400, "expected one Sec-WebSocket-Key, 16 bytes in base64");
    if (request->body)
        return refuse(refusal, 400, "expected a handshake without a body");
    return true;
}

static bool is_extensions(const http_field_t *field)
{
    static const text_t name = TEXT_CONST("Sec-WebSocket-Extensions");
    return field->name.length == name.length && strncasecmp(field->name.at, name.at, name.length) == 0 &&
           field->value.length > 0;
}

/* The offers of all fields, in their order, as one. */
static void print_extensions(const http_request_t *request, buffer_t *out)
{
    size_t length = 0;
    for (size_t i = 0; i < request->field_count; i++)
        length += is_extensions(&request->fields[i]) ? request->fields[i].value.length + 2 : 0;
    if (length == 0 || length > UPGRADE_EXTENSIONS_MAX)
        return;
    const char *lead = "Sec-WebSocket-Extensions: ";
    for (size_t i = 0; i < request->field_count; i++) {
        if (!is_extensions(&request->fields[i]))
            continue;
        buffer_printf(out, "%s%.*s", lead, TEXT_ARG(request->fields[i].value));
        lead = ", ";
    }
    buffer_append(out, TEXT("\r\n"));
}

void upgrade_print(const http_request_t *request, const char *path, buffer_t *out)
{
    buffer_printf(out,
                  "GET %s HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %.*s\r\n",
                  path, TEXT_ARG(http_request_field(request, "Sec-WebSocket-Key")));
    if (http_request_lists(request, "Sec-WebSocket-Protocol", UPGRADE_PROTOCOL))
        buffer_append(out, TEXT("Sec-WebSocket-Protocol: " UPGRADE_PROTOCOL "\r\n"));
    print_extensions(request, out);
    buffer_append(out, TEXT("\r\n"));
}
