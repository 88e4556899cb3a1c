#include "tests/chaos/wire.h"

#include <string.h>
#include <sys/socket.h>

static bool put(int fd, const char *bytes, size_t length)
{
    return send(fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

bool wire_put_handshake(int fd)
{
    static const char handshake[] = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    return put(fd, handshake, strlen(handshake));
}

/* With a mask of zeros, which changes nothing. */
size_t wire_frame(char frame[static WIRE_FRAME_MAX], int opcode, const char *payload, size_t length)
{
    size_t head = length < 126 ? 2 : 4;
    if (length > WIRE_PAYLOAD_MAX)
        return 0;
    frame[0] = (char)(0x80 | opcode);
    frame[1] = (char)(0x80 | (length < 126 ? length : 126));
    if (head == 4) {
        frame[2] = (char)(length >> 8);
        frame[3] = (char)length;
    }
    memset(frame + head, 0, 4);
    memcpy(frame + head + 4, payload, length);
    return head + 4 + length;
}

bool wire_put(int fd, int opcode, const char *payload, size_t length)
{
    char frame[WIRE_FRAME_MAX];
    size_t size = wire_frame(frame, opcode, payload, length);
    return size > 0 && put(fd, frame, size);
}

size_t wire_frame_length(const char *bytes, size_t length, size_t *head)
{
    const unsigned char *at = (const unsigned char *)bytes;
    if (length < 2)
        return 0;
    size_t payload = at[1] & 0x7f;
    *head = payload == 126 ? 4 : payload == 127 ? 10 : 2;
    if (length < *head)
        return 0;
    if (payload >= 126) {
        payload = 0;
        for (size_t i = 2; i < *head; i++)
            payload = payload << 8 | at[i];
    }
    return length - *head >= payload ? *head + payload : 0;
}
