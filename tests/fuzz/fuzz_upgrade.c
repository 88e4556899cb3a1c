/* A WebSocket's opening handshake, as a client asks for it: what is refused has a status and a reason; what is answered is one head, of the lines that it may
 * have, says what was agreed on, and is taken by our own client for an answer to that key. */
#include "connectord/websocket/handshake.h"
#include "gatewayd/doors/upgrade.h"
#include "tests/fuzz/fuzz.h"

enum { LINES_MAX = 6 };

/* Nothing of the request's may become a line. */
static void check_lines(text_t answer)
{
    static const char *const known[LINES_MAX] = {"HTTP/1.1 101 Switching Protocols",
                                                 "Upgrade: websocket",
                                                 "Connection: Upgrade",
                                                 "Sec-WebSocket-Accept: ",
                                                 "Sec-WebSocket-Protocol: jsonrpc",
                                                 "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "};
    size_t at = 0;
    require(text_ends_with(answer, TEXT("\r\n\r\n")));
    for (answer.length -= 2; answer.length > 0; at++) {
        text_t line = take_until(&answer, '\n');
        require(text_ends_with(line, TEXT("\r")));
        while (at < LINES_MAX && !text_starts_with(line, text_of(known[at])))
            at++;
        require(at < LINES_MAX);
    }
}

static void check_with_client(const http_request_t *request, text_t answer)
{
    handshake_t client = handshake_new();
    text_t key = http_request_field(request, "Sec-WebSocket-Key"), wrong;
    memcpy(client.key, key.at, key.length);
    require(handshake_take(&client, &answer, &wrong) == HANDSHAKE_DONE && answer.length == 0);
    handshake_release(&client);
}

static void answer(const http_request_t *request, bool may_deflate)
{
    buffer_t answer = buffer_new(0);
    bool agreed = upgrade_answer(request, may_deflate, &answer);
    require(buffer_ok(&answer));
    check_lines(buffer_text(&answer));
    require(agreed == (memmem(answer.bytes, answer.length, "permessage-deflate", 18) != NULL) && (may_deflate || !agreed));
    if (!agreed && !http_request_lists(request, "Sec-WebSocket-Protocol", UPGRADE_PROTOCOL)) /* our client asks for neither */
        check_with_client(request, buffer_text(&answer));
    buffer_release(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    http_request_t request;
    http_refusal_t refusal = {0};
    size_t length;
    text_t bytes = {(const char *)data, size};
    if (http_request_read(&request, bytes, &length, &refusal) != HTTP_WHOLE || !request.websocket)
        return 0;
    if (upgrade_check(&request, &refusal)) {
        answer(&request, true);
        answer(&request, false);
    } else {
        require(refusal.status >= 400 && refusal.reason);
    }
    return 0;
}
