#include "gatewayd/doors/upgrade.h"

#include "common/websocket/pack.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <strings.h>

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

enum {
    KEY_DIGITS = 22,
    KEY_LENGTH = 24,  /* 16 bytes in base64 */
    ACCEPT_SIZE = 29, /* 20 bytes in base64, and a NUL */
    OFFERS_MAX = 16   /* of permessage-deflate that are looked at */
};

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
    return field->name.length == name.length && strncasecmp(field->name.at, name.at, name.length) == 0;
}

/* The offers of all fields, in their order, as one. */
static text_t join_extensions(const http_request_t *request, char room[static UPGRADE_EXTENSIONS_MAX])
{
    size_t length = 0;
    for (size_t i = 0; i < request->field_count; i++) {
        const http_field_t *field = &request->fields[i];
        if (!is_extensions(field) || field->value.length == 0)
            continue;
        if (length + (length > 0) + field->value.length > UPGRADE_EXTENSIONS_MAX)
            return TEXT("");
        if (length > 0)
            room[length++] = ',';
        memcpy(room + length, field->value.at, field->value.length);
        length += field->value.length;
    }
    return (text_t){room, length};
}

static bool agree(text_t offers, pack_terms_t *terms)
{
    for (size_t number = 0; number < OFFERS_MAX && offers.length > 0; number++) {
        if (pack_accepts(offers, number, terms))
            return true;
    }
    return false;
}

/* Neither side may build on the messages before, whether the client offered that or not: what we send is packed once for all, and what we get is unpacked
 * with no memory for each client. */
static void print_deflate(const pack_terms_t *terms, buffer_t *out)
{
    buffer_append(out,
                  TEXT("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover"));
    if (terms->window)
        buffer_printf(out, "; server_max_window_bits=%d", PACK_WINDOW_BITS);
    buffer_append(out, TEXT("\r\n"));
}

static void print_accept(text_t key, buffer_t *out)
{
    char text[KEY_LENGTH + sizeof GUID - 1];
    unsigned char sum[SHA_DIGEST_LENGTH], accept[ACCEPT_SIZE];
    memcpy(text, key.at, KEY_LENGTH);
    memcpy(text + KEY_LENGTH, GUID, sizeof GUID - 1);
    SHA1((const unsigned char *)text, sizeof text, sum);
    EVP_EncodeBlock(accept, sum, sizeof sum);
    buffer_printf(out, "Sec-WebSocket-Accept: %s\r\n", (const char *)accept);
}

bool upgrade_answer(const http_request_t *request, bool may_deflate, buffer_t *out)
{
    char room[UPGRADE_EXTENSIONS_MAX];
    pack_terms_t terms;
    bool deflates = may_deflate && agree(join_extensions(request, room), &terms);
    buffer_append(out, TEXT("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"));
    print_accept(http_request_field(request, "Sec-WebSocket-Key"), out);
    if (http_request_lists(request, "Sec-WebSocket-Protocol", UPGRADE_PROTOCOL))
        buffer_append(out, TEXT("Sec-WebSocket-Protocol: " UPGRADE_PROTOCOL "\r\n"));
    if (deflates)
        print_deflate(&terms, out);
    buffer_append(out, TEXT("\r\n"));
    return deflates;
}
