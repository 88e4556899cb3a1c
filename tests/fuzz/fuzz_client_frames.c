/* What a client's WebSocket brings the gateway behind its handshake, through a whole connection (ws_connection.h): masked frames, compressed messages. However the
 * bytes come, the same becomes of them; messages keep within the bound, and texts are UTF-8; what goes out is frames: pongs, and one close at the
 * end.
 *
 * The first byte says whether compression is agreed on, and what the others are: the very bytes; or parts of a first byte, a length, and
 * so many bytes, which become well-made frames; or such parts that are compressed besides.
 */
#include "common/websocket/frame_reader.h"
#include "common/websocket/pack.h"
#include "gatewayd/doors/ws_connection.h"
#include "gatewayd/forms/frame.h"
#include "tests/fuzz/fuzz.h"

#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { LIMIT = 4096, ANSWERS_MAX = 1 << 17, PROTOCOL = 1002, MASK = 5, DEFLATES = 1, FRAMES = 2, PACKS = 4 };

typedef struct {
    ws_connection_t *connection;
    uint64_t sum; /* over what has happened */
} fuzzed_t;

static void add(fuzzed_t *self, uint64_t what)
{
    self->sum = self->sum * 31 + what;
}

static void on_message(void *owner, text_t message, bool binary)
{
    fuzzed_t *self = owner;
    require(message.length <= LIMIT && (binary || text_is_utf8(message)));
    require(!ws_connection_closing(self->connection));
    for (size_t i = 0; i < message.length; i++)
        add(self, (unsigned char)message.at[i]);
    add(self, 1000 + binary);
}

static void on_held(void *owner, size_t bytes)
{
    const fuzzed_t *self = owner;
    require(bytes <= LIMIT && !ws_connection_closing(self->connection));
}

static void on_broken(void *owner, unsigned code, const char *why)
{
    fuzzed_t *self = owner;
    require(why && (code == PROTOCOL || code == 1007 || code == 1009));
    add(self, code);
    buffer_t last = buffer_new(0);
    frame_append_close(&last, code, text_of(why));
    ws_connection_close(self->connection, buffer_text(&last));
    buffer_release(&last);
}

static void on_pinged(void *owner)
{
    const fuzzed_t *self = owner;
    require(!ws_connection_closing(self->connection));
}

static void on_ready(void *owner)
{
    (void)owner;
}

static void on_gone(void *owner)
{
    fuzzed_t *self = owner;
    self->connection = NULL;
}

static const ws_connection_events_t events = {
    .message = on_message, .held = on_held, .broken = on_broken, .pinged = on_pinged, .ready = on_ready, .gone = on_gone};
static const ws_connection_terms_t plain = {.message_bytes = LIMIT, .events = &events};
static const ws_connection_terms_t deflating = {.message_bytes = LIMIT, .deflates = true, .events = &events};

/* --- what the client says --- */

static void append_frame(buffer_t *out, unsigned first, text_t payload)
{
    unsigned char head[] = {(unsigned char)first, 0x80 | 126, (unsigned char)(payload.length >> 8),
                            (unsigned char)payload.length};
    char mask[] = {MASK, MASK, MASK, MASK};
    if (payload.length < 126)
        head[1] = (unsigned char)(0x80 | payload.length);
    buffer_append(out, (text_t){(const char *)head, payload.length < 126 ? 2 : sizeof head});
    buffer_append(out, (text_t){mask, sizeof mask});
    char *room = buffer_room(out, payload.length);
    for (size_t i = 0; i < payload.length; i++)
        room[i] = (char)(payload.at[i] ^ MASK);
    buffer_took(out, payload.length);
}

/* As the first byte of the input says; compressed, a part is a message in one frame. */
static buffer_t said_with(text_t rest, unsigned how)
{
    buffer_t said = buffer_new(0);
    if (!(how & FRAMES))
        buffer_append(&said, rest);
    while ((how & FRAMES) && rest.length >= 2) {
        unsigned first = (unsigned char)rest.at[0];
        text_t part = text_cut((text_t){rest.at + 2, rest.length - 2}, (unsigned char)rest.at[1]);
        char packed[1024];
        size_t length = how & PACKS && (first & 8) == 0 ? pack_message(&part, 1, packed, sizeof packed) : 0;
        append_frame(&said, first, length > 0 ? (text_t){packed, length} : part);
        rest = (text_t){part.at + part.length, rest.length - 2 - part.length};
    }
    return said;
}

/* --- what it hears --- */

static void check_answers(int peer)
{
    static char answers[ANSWERS_MAX];
    ssize_t got = recv(peer, answers, sizeof answers, MSG_DONTWAIT);
    text_t input = {answers, got > 0 ? (size_t)got : 0};
    frame_reader_t reader = {0};
    frame_t frame;
    const char *wrong;
    unsigned code;
    frame_found_t found;
    while ((found = frame_reader_next(&reader, &input, &frame, &wrong)) == FRAME_FOUND) {
        require(frame.kind == FRAME_PONG || frame.kind == FRAME_CLOSE);
        require(frame.kind == FRAME_PONG || (input.length == 0 && !frame_close_read(frame.bytes, &code)));
    }
    require(found == FRAME_NONE);
    frame_reader_release(&reader);
}

static uint64_t run(text_t said, const ws_connection_terms_t *terms, size_t step)
{
    static loop_t *loop;
    fuzzed_t fuzzed = {0};
    int ends[2];
    if (!loop)
        loop = loop_new();
    require(loop && socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    fuzzed.connection = ws_connection_new(loop, (byte_stream_t){.fd = ends[0]}, TEXT(""), terms, &fuzzed);
    require(fuzzed.connection != NULL);
    for (size_t at = 0; at < said.length; at += step)
        ws_connection_take(fuzzed.connection, text_cut((text_t){said.at + at, said.length - at}, step));
    add(&fuzzed, ws_connection_closing(fuzzed.connection));
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    check_answers(ends[1]);
    ws_connection_destroy(&fuzzed.connection);
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    close(ends[1]);
    return fuzzed.sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    unsigned how = data[0];
    const ws_connection_terms_t *terms = how & DEFLATES ? &deflating : &plain;
    buffer_t said = said_with((text_t){(const char *)data + 1, size - 1}, how);
    require(buffer_ok(&said));
    uint64_t whole = run(buffer_text(&said), terms, said.length > 0 ? said.length : 1);
    require(whole == run(buffer_text(&said), terms, 3));
    buffer_release(&said);
    return 0;
}
