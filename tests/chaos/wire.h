/* The little of WebSocket that a client of the tests needs, on a socket that does not block. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { WIRE_TEXT = 1, WIRE_CLOSE = 8, WIRE_PING = 9, WIRE_PONG = 10 };
enum { WIRE_FRAME_MAX = 4096, WIRE_PAYLOAD_MAX = WIRE_FRAME_MAX - 8 };

/* Asks for /ws. What a client says is short: false when the kernel does not take it whole, and the connection is unusable. */
bool wire_put_handshake(int fd);

/* A client's frame; returns how long it is: 0 with a payload beyond WIRE_PAYLOAD_MAX. */
size_t wire_frame(char out[static WIRE_FRAME_MAX], int opcode, const char *payload, size_t length);

/* Sends one; false as above, and where there is none. */
bool wire_put(int fd, int opcode, const char *payload, size_t length);

/* The length of a whole frame at `bytes`, and where its payload begins; 0 when it is not whole yet. */
size_t wire_frame_length(const char *bytes, size_t length, size_t *head);
