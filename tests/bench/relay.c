/* relay: the hops of the pipeline (TCP, ZeroMQ, TCP) with none of its work, to compare with.
 *
 *     relay front HOST:PORT ENDPOINT [N]  a WebSocket client of an exchange, with N symbols: every frame goes out on a PUB socket, behind a topic
 *     relay back ENDPOINT HOST:PORT       a WebSocket server with one client, who gets what comes from there
 *
 * Both do what costs least: they look at no byte but a frame's head, and send together what came together.
 */
#include "tests/bench/link.h"
#include "tests/bench/sample.h"
#include "tests/chaos/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

enum { INPUT_MAX = 1 << 18 };

static const char topic[] = "trade.S0000-USD.bench";

static size_t forward(void *bus, const char *bytes, size_t length)
{
    size_t at = 0, head, size;
    while ((size = wire_frame_length(bytes + at, length - at, &head)) > 0) {
        zmq_send(bus, topic, sizeof topic - 1, ZMQ_SNDMORE);
        zmq_send(bus, bytes + at + head, size - head, 0);
        at += size;
    }
    return at;
}

/* The exchange may begin to listen a little later. */
static int connect_patiently(const struct sockaddr_in *address)
{
    enum { TRIES = 1000, PAUSE_US = 10000 };
    int fd = -1;
    for (int i = 0; i < TRIES && (fd = link_connect(address)) == -1; i++)
        usleep(PAUSE_US);
    return fd;
}

/* In words that are understood by whatever the bench's exchange plays. */
static bool subscribe(int fd, unsigned symbols)
{
    char text[128], symbol[SAMPLE_SYMBOL_LENGTH];
    bool said = true;
    for (unsigned i = 0; said && i < symbols; i++) {
        int length = snprintf(text, sizeof text, "{\"action\":\"subscribe\",\"channel\":\"trades\",\"symbol\":\"%.*s\"}",
                              (int)sample_symbol(symbol, i), symbol);
        said = wire_put(fd, WIRE_TEXT, text, (size_t)length);
    }
    return said;
}

static int front(void *context, const char *exchange, const char *endpoint, unsigned symbols)
{
    static char input[INPUT_MAX];
    struct sockaddr_in address;
    void *bus = zmq_socket(context, ZMQ_PUB);
    zmq_setsockopt(bus, ZMQ_SNDHWM, &(int){100000}, sizeof(int));
    int fd = link_address(exchange, &address) && zmq_bind(bus, endpoint) == 0 ? connect_patiently(&address) : -1;
    if (fd == -1 || !wire_put_handshake(fd))
        return EXIT_FAILURE;
    ssize_t got = link_receive_until(fd, input, INPUT_MAX, "\r\n\r\n");
    if (got < 0 || !subscribe(fd, symbols))
        return EXIT_FAILURE;
    for (size_t length = 0; (got = recv(fd, input + length, INPUT_MAX - length, 0)) > 0;) {
        length += (size_t)got;
        size_t taken = forward(bus, input, length);
        length -= taken;
        memmove(input, input + taken, length);
    }
    return EXIT_SUCCESS;
}

/* Reads one message with its two frames into a WebSocket frame. False when there is none. */
static bool take(void *bus, char *out, size_t *length, int flags)
{
    char text[SAMPLE_MAX];
    if (zmq_recv(bus, text, sizeof text, flags) <= 0)
        return false;
    int size = zmq_recv(bus, text, sizeof text, 0);
    if (size <= 0 || size > (int)sizeof text)
        return true;
    char head[10];
    size_t head_size = link_frame_head(head, WIRE_TEXT, (size_t)size);
    memcpy(out + *length, head, head_size);
    memcpy(out + *length + head_size, text, (size_t)size);
    *length += head_size + (size_t)size;
    return true;
}

static int back(void *context, const char *endpoint, const char *listen_at)
{
    static char out[INPUT_MAX], request[4096];
    void *bus = zmq_socket(context, ZMQ_SUB);
    zmq_setsockopt(bus, ZMQ_RCVHWM, &(int){100000}, sizeof(int));
    zmq_setsockopt(bus, ZMQ_SUBSCRIBE, "", 0);
    if (zmq_connect(bus, endpoint) != 0)
        return EXIT_FAILURE;
    int fd = link_accept_one(listen_at);
    if (fd == -1 || link_receive_until(fd, request, sizeof request - 1, "\r\n\r\n") < 0 || !link_answer_handshake(fd, request))
        return EXIT_FAILURE;
    for (bool open = true; open;) {
        size_t length = 0;
        take(bus, out, &length, 0);
        while (length < INPUT_MAX - 2 * SAMPLE_MAX && take(bus, out, &length, ZMQ_DONTWAIT))
            ;
        open = link_send(fd, out, length);
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    void *context = zmq_ctx_new();
    if ((argc == 4 || argc == 5) && strcmp(argv[1], "front") == 0)
        return front(context, argv[2], argv[3], argc == 5 ? (unsigned)strtoul(argv[4], NULL, 10) : 1);
    if (argc == 4 && strcmp(argv[1], "back") == 0)
        return back(context, argv[2], argv[3]);
    fprintf(stderr, "usage: relay front HOST:PORT ENDPOINT [N] | relay back ENDPOINT HOST:PORT\n");
    return EXIT_FAILURE;
}
