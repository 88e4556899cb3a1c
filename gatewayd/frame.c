#include "gatewayd/frame.h"

enum { FINAL_TEXT = 0x81, LENGTH_16 = 126, LENGTH_64 = 127 };

#define HEAD   TEXT("{\"jsonrpc\":\"2.0\",\"method\":\"")
#define MIDDLE TEXT("\",\"params\":")
#define TAIL   TEXT("}")

static size_t header_length(uint64_t payload_length)
{
    return payload_length < LENGTH_16 ? 2 : payload_length <= UINT16_MAX ? 4 : FRAME_HEADER_MAX;
}

static size_t notify_payload(text_t method, text_t params)
{
    return HEAD.length + method.length + MIDDLE.length + params.length + TAIL.length;
}

static char *put(char *out, text_t text)
{
    memcpy(out, text.at, text.length);
    return out + text.length;
}

size_t frame_header(char out[static FRAME_HEADER_MAX], uint64_t payload_length)
{
    size_t length = header_length(payload_length);
    out[0] = (char)FINAL_TEXT;
    out[1] = (char)(length == 2 ? payload_length : length == 4 ? LENGTH_16 : LENGTH_64);
    for (size_t i = length; i > 2; i--, payload_length >>= 8)
        out[i - 1] = (char)(payload_length & 0xff); /* the most significant byte first */
    return length;
}

size_t frame_notify_length(text_t method, text_t params)
{
    size_t payload = notify_payload(method, params);
    return header_length(payload) + payload;
}

void frame_notify(char *out, text_t method, text_t params)
{
    char header[FRAME_HEADER_MAX];
    size_t length = frame_header(header, notify_payload(method, params));
    out = put(out, (text_t){header, length});
    out = put(out, HEAD);
    out = put(out, method);
    out = put(out, MIDDLE);
    out = put(out, params);
    put(out, TAIL);
}

text_t frame_params(text_t frame, text_t method)
{
    size_t length = (unsigned char)frame.at[1];
    size_t before = (length < LENGTH_16    ? 2
                     : length == LENGTH_16 ? 4
                                           : FRAME_HEADER_MAX) +
                    HEAD.length + method.length + MIDDLE.length;
    return (text_t){frame.at + before, frame.length - before - TAIL.length};
}

void frame_append(buffer_t *out, text_t payload)
{
    char header[FRAME_HEADER_MAX];
    buffer_append(out, (text_t){header, frame_header(header, payload.length)});
    buffer_append(out, payload);
}
