/* TCP, as short as a load generator wants it: addresses are HOST:PORT with a numeric HOST. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

bool link_address(const char *text, struct sockaddr_in *address);

/* A blocking socket without delay, or -1. */
int link_connect(const struct sockaddr_in *address);

/* Waits for one to come, or -1. */
int link_accept_one(const char *address);

/* All of it; false when the other side is gone. */
bool link_send(int fd, const char *bytes, size_t length);

/* Receives until there is `mark` in what came; returns the length, or -1 (also when there is no room). */
ssize_t link_receive_until(int fd, char *bytes, size_t room, const char *mark);

/* The head of a frame that a server sends; returns its length, 2 to 10. */
size_t link_frame_head(char out[static 10], int opcode, size_t length);

/* The answer to a WebSocket's HTTP request: links what wants frames. False when it is not one. */
bool link_answer_handshake(int fd, const char *request);

/* Raises the limit of open files to what is allowed. */
void link_many(void);
