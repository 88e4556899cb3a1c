#include "tests/bench/link.h"

#include <arpa/inet.h>
#include <libwebsockets.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOURCES = 16 };

bool link_address(const char *text, struct sockaddr_in *address)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : 0;
    if (length == 0 || length >= sizeof host)
        return false;
    memcpy(host, text, length);
    host[length] = '\0';
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10))};
    return address->sin_port != 0 && inet_pton(AF_INET, host, &address->sin_addr) == 1;
}

static int quick(int fd)
{
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return fd;
}

/* From one of many addresses of this machine: where most ports of one are taken, to find a free one takes the kernel a millisecond. */
static void choose_source(int fd, const struct sockaddr_in *to)
{
    static atomic_uint count;
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK + atomic_fetch_add(&count, 1) % SOURCES)};
    if (fd == -1 || ntohl(to->sin_addr.s_addr) != INADDR_LOOPBACK)
        return;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int));
    (void)bind(fd, (const struct sockaddr *)&from, sizeof from); /* else the kernel chooses */
}

int link_connect(const struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    choose_source(fd, address);
    if (fd == -1 || connect(fd, (const struct sockaddr *)address, sizeof *address) == 0)
        return fd == -1 ? -1 : quick(fd);
    close(fd);
    return -1;
}

int link_accept_one(const char *text)
{
    struct sockaddr_in address;
    int listener = link_address(text, &address) ? socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1, fd = -1;
    if (listener == -1)
        return -1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 1) == 0)
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    close(listener);
    return fd == -1 ? -1 : quick(fd);
}

bool link_send(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

ssize_t link_receive_until(int fd, char *bytes, size_t room, const char *mark)
{
    for (size_t length = 0; length < room;) {
        ssize_t got = recv(fd, bytes + length, room - length, 0);
        if (got <= 0)
            return -1;
        length += (size_t)got;
        if (memmem(bytes, length, mark, strlen(mark)))
            return (ssize_t)length;
    }
    return -1;
}

size_t link_frame_head(char out[static 10], int opcode, size_t length)
{
    out[0] = (char)(0x80 | opcode);
    if (length < 126) {
        out[1] = (char)length;
        return 2;
    }
    size_t bytes = length < 65536 ? 2 : 8;
    out[1] = (char)(bytes == 2 ? 126 : 127);
    for (size_t i = 0; i < bytes; i++)
        out[2 + i] = (char)(length >> (8 * (bytes - 1 - i)));
    return 2 + bytes;
}

bool link_answer_handshake(int fd, const char *request)
{
    static const char name[] = "sec-websocket-key: ", guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    const char *key = strcasestr(request, name);
    size_t length = key ? strcspn(key + sizeof name - 1, "\r") : 0;
    char text[128], code[64], answer[256];
    unsigned char hash[20];
    if (length == 0 || length > 60)
        return false;
    int whole = snprintf(text, sizeof text, "%.*s%s", (int)length, key + sizeof name - 1, guid);
    lws_SHA1((const unsigned char *)text, (size_t)whole, hash);
    lws_b64_encode_string((const char *)hash, sizeof hash, code, sizeof code);
    int size = snprintf(
        answer, sizeof answer,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
        code);
    return link_send(fd, answer, (size_t)size);
}

void link_many(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}
