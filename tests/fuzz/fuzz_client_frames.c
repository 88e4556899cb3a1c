/* What a client's WebSocket brings the gateway: its opening handshake, and masked frames. However the bytes come, the same is found, within them; a
 * handshake that is refused has a reason, and one that is answered says what was agreed on. */
#include "common/websocket/frame_reader.h"
#include "gatewayd/doors/upgrade.h"
#include "tests/fuzz/fuzz.h"

/* A sum over what is found when `step` bytes come at a time. They are unmasked where they lie: in a copy. */
static uint64_t found(text_t bytes, size_t step)
{
    frame_reader_t reader = {.from_client = true, .deflates = true};
    frame_found_t result = FRAME_NONE;
    uint64_t sum = 0;
    for (size_t at = 0; at < bytes.length && result != FRAME_BROKEN; at += step) {
        size_t length = bytes.length - at < step ? bytes.length - at : step;
        char *copy = malloc(length);
        require(copy != NULL);
        memcpy(copy, bytes.at + at, length);
        text_t input = {copy, length};
        frame_t frame;
        const char *wrong = NULL;
        unsigned code;
        while ((result = frame_reader_next(&reader, &input, &frame, &wrong)) == FRAME_FOUND) {
            for (size_t i = 0; i < frame.bytes.length; i++)
                sum = sum * 31 + (unsigned char)frame.bytes.at[i];
            if (frame.kind != FRAME_PIECE || frame.last)
                sum = sum * 31 + frame.kind + 1000u * frame.binary + 2000u * frame.packed;
            if (frame.kind == FRAME_CLOSE)
                require(!frame_close_read(frame.bytes, &code) || code == 1002 || code == 1007);
        }
        require(result != FRAME_BROKEN || wrong);
        free(copy);
    }
    return sum;
}

static void shake(text_t bytes)
{
    http_request_t request;
    http_refusal_t refusal = {0};
    size_t length;
    if (http_request_read(&request, bytes, &length, &refusal) != HTTP_WHOLE || !request.websocket)
        return;
    if (!upgrade_check(&request, &refusal)) {
        require(refusal.status >= 400 && refusal.reason);
        return;
    }
    buffer_t answer = buffer_new(0);
    bool agreed = upgrade_answer(&request, true, &answer);
    require(buffer_ok(&answer) && text_starts_with(buffer_text(&answer), TEXT("HTTP/1.1 101 ")));
    require(agreed == (memmem(answer.bytes, answer.length, "permessage-deflate", 18) != NULL));
    buffer_release(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text_t bytes = {(const char *)data, size};
    if (size == 0)
        return 0;
    require(found(bytes, size) == found(bytes, 3));
    shake(bytes);
    return 0;
}
