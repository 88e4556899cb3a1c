#include "tests/bench/publisher.h"

#include "common/clock.h"
#include "tests/bench/link.h"
#include "tests/bench/played_bus.h"
#include "tests/bench/protocol.h"
#include "tests/bench/sample.h"
#include "tests/chaos/wire.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OUT_MAX = 1 << 20, OUT_FULL = 1 << 16 };

/* --- the bus --- */

static void *bus_open(const char *address, const char *replay, unsigned symbols)
{
    return played_bus_new(address, replay, symbols, &sample_trades);
}

static void *readings_open(const char *address, const char *replay, unsigned symbols)
{
    return played_bus_new(address, replay, symbols, &sample_readings);
}

static void bus_trade(void *self, unsigned symbol, uint64_t seq)
{
    (void)seq; /* it counts itself */
    played_bus_publish(self, symbol);
}

static void bus_flush(void *self)
{
    played_bus_turn(self, clock_mono_ns());
}

static void bus_close(void *arg)
{
    played_bus_t *self = arg;
    played_bus_destroy(&self);
}

/* --- over TCP --- */

typedef struct {
    int fd;
    buffer_t out;
} tcp_t;

static void tcp_flush(void *arg)
{
    tcp_t *self = arg;
    link_send(self->fd, self->out.bytes, self->out.length);
    buffer_clear(&self->out);
}

static void tcp_put(tcp_t *self, const char *bytes, size_t length)
{
    buffer_append(&self->out, (text_t){bytes, length});
}

static void tcp_close(void *arg)
{
    tcp_t *self = arg;
    if (self->fd != -1)
        close(self->fd);
    buffer_release(&self->out);
    free(self);
}

/* Says `hello`, and hears `until`. */
static void *tcp_open(const char *address, const char *hello, size_t length, const char *until)
{
    struct sockaddr_in to;
    char answer[8192];
    tcp_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->out = buffer_new(OUT_MAX);
    self->fd = link_address(address, &to) ? link_connect(&to) : -1;
    if (self->fd != -1 && link_send(self->fd, hello, length) && link_receive_until(self->fd, answer, sizeof answer, until) > 0)
        return self;
    tcp_close(self);
    return NULL;
}

static void tcp_full(tcp_t *self)
{
    if (self->out.length > OUT_FULL)
        tcp_flush(self);
}

static void *mqtt_open(const char *address, const char *replay, unsigned symbols)
{
    (void)replay, (void)symbols;
    buffer_t hello = buffer_new(0);
    protocol_mqtt_connect(&hello, "publisher");
    void *self = tcp_open(address, hello.bytes, hello.length, "\x20\x02");
    buffer_release(&hello);
    return self;
}

static void mqtt_trade(void *arg, unsigned symbol, uint64_t seq)
{
    tcp_t *self = arg;
    char topic[SAMPLE_MAX], text[SAMPLE_MAX];
    protocol_mqtt_publish(&self->out, (text_t){topic, sample_topic(topic, symbol)},
                          (text_t){text, sample_update(text, symbol, seq)});
    tcp_full(self);
}

static void *nats_open(const char *address, const char *replay, unsigned symbols)
{
    (void)replay, (void)symbols;
    static const char hello[] = "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nPING\r\n";
    return tcp_open(address, hello, sizeof hello - 1, "PONG");
}

static void nats_trade(void *arg, unsigned symbol, uint64_t seq)
{
    tcp_t *self = arg;
    char topic[SAMPLE_MAX], text[SAMPLE_MAX];
    size_t length = sample_update(text, symbol, seq);
    buffer_append(&self->out, TEXT("PUB "));
    tcp_put(self, topic, sample_topic(topic, symbol));
    buffer_append(&self->out, TEXT(" "));
    buffer_append_u64(&self->out, length);
    buffer_append(&self->out, TEXT("\r\n"));
    tcp_put(self, text, length);
    buffer_append(&self->out, TEXT("\r\n"));
    tcp_full(self);
}

static void *plain_open(const char *address, const char *replay, unsigned symbols)
{
    (void)replay, (void)symbols;
    static const char hello[] = "GET /publish HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    return tcp_open(address, hello, sizeof hello - 1, "\r\n\r\n");
}

/* A client's frames have a mask: one of zeros changes nothing. */
static void plain_trade(void *arg, unsigned symbol, uint64_t seq)
{
    tcp_t *self = arg;
    char text[SAMPLE_MAX], head[14];
    size_t length = sample_update(text, symbol, seq), size = link_frame_head(head, WIRE_TEXT, length);
    head[1] = (char)(head[1] | 0x80);
    memset(head + size, 0, 4);
    tcp_put(self, head, size + 4);
    tcp_put(self, text, length);
    tcp_full(self);
}

static const bench_publisher_t publishers[] = {
    {"bus", bus_open, bus_trade, bus_flush, bus_close},       {"bus-readings", readings_open, bus_trade, bus_flush, bus_close},
    {"mqtt", mqtt_open, mqtt_trade, tcp_flush, tcp_close},    {"nats", nats_open, nats_trade, tcp_flush, tcp_close},
    {"plain", plain_open, plain_trade, tcp_flush, tcp_close},
};

const bench_publisher_t *publisher_find(const char *name)
{
    for (size_t i = 0; i < sizeof publishers / sizeof *publishers; i++)
        if (strcmp(publishers[i].name, name) == 0)
            return &publishers[i];
    for (size_t i = 0; i < sizeof publisher_exchanges / sizeof *publisher_exchanges; i++)
        if (strcmp(publisher_exchanges[i].name, name) == 0)
            return &publisher_exchanges[i];
    return NULL;
}
