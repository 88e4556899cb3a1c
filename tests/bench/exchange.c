/* An exchange with one subscriber, which must know when it wrote each trade: the simulator keeps no such time. */
#include "tests/bench/link.h"
#include "tests/bench/publisher.h"
#include "tests/bench/sample.h"
#include "tests/chaos/wire.h"

#include "common/buffer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { INPUT_MAX = 1 << 16, OUT_MAX = 1 << 20, OUT_FULL = 1 << 16, MARK_AT = 5 /* in S0000-USD */ };

/* An exchange's words. */
typedef struct {
    text_t answer[2]; /* to a subscribe, for each of its symbols: what stands before the symbol, and behind it */
    char mark;        /* between the two parts of a symbol */
    size_t (*print)(char *out, unsigned symbol, uint64_t seq);
} exchange_form_t;

static const exchange_form_t blockchain = {
    {TEXT_CONST("{\"seqnum\":0,\"event\":\"subscribed\",\"channel\":\"trades\",\"symbol\":\""), TEXT_CONST("\"}")},
    '-',
    sample_exchange};
static const exchange_form_t kraken = {
    {TEXT_CONST("{\"method\":\"subscribe\",\"result\":{\"channel\":\"trade\",\"snapshot\":true,\"symbol\":\""),
     TEXT_CONST("\"},\"success\":true}")},
    '/',
    sample_kraken};

typedef struct {
    int fd;
    const exchange_form_t *form;
    unsigned symbols, subscribed;
    size_t length; /* of input */
    buffer_t out;
    char input[INPUT_MAX];
} bench_exchange_t;

static void put_frame(bench_exchange_t *self, int opcode, const char *text, size_t length)
{
    char head[10];
    buffer_append(&self->out, (text_t){head, link_frame_head(head, opcode, length)});
    buffer_append(&self->out, (text_t){text, length});
}

static void exchange_flush(void *arg);

/* To each symbol that the message names, as if it had named no other. */
static void answer_subscribe(bench_exchange_t *self, const char *text, size_t length)
{
    char answer[256], symbol[SAMPLE_SYMBOL_LENGTH];
    const text_t *around = self->form->answer;
    const char *end = text + length;
    for (const char *at = text; (at = memmem(at, (size_t)(end - at), "\"S", 2)); at++) {
        sample_symbol(symbol, (unsigned)strtoul(at + 2, NULL, 10));
        symbol[MARK_AT] = self->form->mark;
        int size = snprintf(answer, sizeof answer, "%.*s%.*s%.*s", TEXT_ARG(around[0]), (int)sizeof symbol, symbol,
                            TEXT_ARG(around[1]));
        put_frame(self, WIRE_TEXT, answer, (size_t)size);
        self->subscribed++;
    }
}

static void on_frame(bench_exchange_t *self, int opcode, char *payload, size_t length)
{
    const unsigned char *mask = (const unsigned char *)payload;
    char *text = payload + 4;
    for (size_t i = 0; i + 4 < length; i++)
        text[i] = (char)(text[i] ^ mask[i & 3]);
    if (opcode == WIRE_PING)
        put_frame(self, WIRE_PONG, text, length - 4);
    if (opcode == WIRE_TEXT && memmem(text, length - 4, "\"subscribe\"", 11))
        answer_subscribe(self, text, length - 4);
}

/* A client's frames have a mask between head and payload, of which wire_frame_length knows nothing. */
static void take_frames(bench_exchange_t *self)
{
    size_t at = 0, head, size;
    while ((size = wire_frame_length(self->input + at, self->length - at, &head)) > 0 && self->length - at >= size + 4) {
        on_frame(self, self->input[at] & 0x0f, self->input + at + head, size + 4 - head);
        at += size + 4;
    }
    self->length -= at;
    memmove(self->input, self->input + at, self->length);
}

static bool receive(bench_exchange_t *self, int flags)
{
    ssize_t got = recv(self->fd, self->input + self->length, INPUT_MAX - self->length, flags);
    if (got <= 0)
        return got == -1 && errno == EAGAIN;
    self->length += (size_t)got;
    take_frames(self);
    return true;
}

static void exchange_flush(void *arg)
{
    bench_exchange_t *self = arg;
    receive(self, MSG_DONTWAIT);
    link_send(self->fd, self->out.bytes, self->out.length);
    buffer_clear(&self->out);
}

static void exchange_close(void *arg)
{
    bench_exchange_t *self = arg;
    if (self->fd != -1)
        close(self->fd);
    buffer_release(&self->out);
    free(self);
}

static void *exchange_open(const exchange_form_t *form, const char *address, unsigned symbols)
{
    bench_exchange_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->form = form;
    self->symbols = symbols;
    self->out = buffer_new(OUT_MAX);
    self->fd = link_accept_one(address);
    ssize_t length = self->fd != -1 ? link_receive_until(self->fd, self->input, INPUT_MAX - 1, "\r\n\r\n") : -1;
    if (length > 0)
        self->input[length] = '\0';
    bool open = length > 0 && link_answer_handshake(self->fd, self->input);
    while (open && self->subscribed < symbols)
        open = receive(self, 0);
    if (open)
        exchange_flush(self);
    else
        exchange_close(self);
    return open ? self : NULL;
}

static void exchange_trade(void *arg, unsigned symbol, uint64_t seq)
{
    bench_exchange_t *self = arg;
    char text[SAMPLE_MAX];
    put_frame(self, WIRE_TEXT, text, self->form->print(text, symbol, seq));
    if (self->out.length > OUT_FULL)
        exchange_flush(self);
}

static void *blockchain_open(const char *address, const char *replay, unsigned symbols)
{
    (void)replay;
    return exchange_open(&blockchain, address, symbols);
}

static void *kraken_open(const char *address, const char *replay, unsigned symbols)
{
    (void)replay;
    return exchange_open(&kraken, address, symbols);
}

const bench_publisher_t publisher_exchanges[2] = {
    {"exchange", blockchain_open, exchange_trade, exchange_flush, exchange_close},
    {"exchange-kraken", kraken_open, exchange_trade, exchange_flush, exchange_close},
};
