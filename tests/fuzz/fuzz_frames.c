/* What an exchange's WebSocket brings: an answer to the handshake, and frames. However the bytes come, the same is found, within them. */
#include "common/websocket/frame_reader.h"
#include "connectord/websocket/handshake.h"
#include "tests/fuzz/fuzz.h"

/* A sum over what is found when `step` bytes come at a time. */
static uint64_t found(text_t bytes, size_t step)
{
    frame_reader_t reader = {0};
    frame_found_t result = FRAME_NONE;
    uint64_t sum = 0;
    for (size_t at = 0; at < bytes.length && result != FRAME_BROKEN; at += step) {
        text_t input = {bytes.at + at, bytes.length - at < step ? bytes.length - at : step};
        frame_t frame;
        const char *wrong = NULL;
        while ((result = frame_reader_next(&reader, &input, &frame, &wrong)) == FRAME_FOUND) {
            for (size_t i = 0; i < frame.bytes.length; i++)
                sum = sum * 31 + (unsigned char)frame.bytes.at[i];
            if (frame.kind != FRAME_PIECE || frame.last)
                sum = sum * 31 + frame.kind + 1000u * frame.binary;
        }
        require(result != FRAME_BROKEN || wrong);
    }
    frame_reader_release(&reader);
    return sum;
}

static handshake_result_t answered(text_t bytes, size_t step)
{
    handshake_t handshake = handshake_new();
    memcpy(handshake.key, "dGhlIHNhbXBsZSBub25jZQ==", 25);
    handshake_result_t result = HANDSHAKE_UNFINISHED;
    text_t wrong;
    for (size_t at = 0; at < bytes.length && result == HANDSHAKE_UNFINISHED; at += step) {
        text_t input = {bytes.at + at, bytes.length - at < step ? bytes.length - at : step};
        result = handshake_take(&handshake, &input, &wrong);
    }
    handshake_release(&handshake);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text_t bytes = {(const char *)data, size};
    if (size == 0)
        return 0;
    require(found(bytes, size) == found(bytes, 3));
    require(answered(bytes, size) == answered(bytes, 5));
    return 0;
}
