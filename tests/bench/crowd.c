#include "tests/bench/crowd.h"

#include "common/clock.h"
#include "tests/bench/expand.h"
#include "tests/bench/sample.h"
#include "tests/chaos/wire.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 1024, REST_MAX = 80000 /* a batch, and more */, INPUT_MAX = 1 << 18, SLEEPER_WINDOW = 4096 };

typedef struct {
    crowd_t *crowd;
    bench_stream_t stream;
    unsigned first; /* the first of its symbols */
    bool sleeper, open, subscribed;
    bool compressed; /* the frame that the rest begins with */
    unsigned unanswered;
    uint64_t received;
    size_t frame_left; /* of the frame that the rest begins with; 0: it begins with a head, behind … */
    size_t carry;      /* … bytes of a message that began in the frame before */
    size_t length;     /* of rest */
    char rest[REST_MAX];
} crowd_reader_t;

typedef enum { DIALING, DIALED_ALL, DIALED_SOME } dialed_t;

struct crowd {
    crowd_config_t config;
    crowd_reader_t *readers;
    uint64_t *last; /* seq of each symbol of each client */
    int poll;
    _Atomic(dialed_t) dialed; /* by a thread of its own: a connection that has to wait keeps nobody else waiting */
    uint64_t since;           /* where those who connect resume; 0: they don't */
    uint64_t unanswered;
    crowd_counts_t counts;
    int64_t now_ns;
    crowd_notes_t *notes; /* NULL: none */
    expander_t *expander;
    char input[INPUT_MAX];
};

/* --- what a protocol hears --- */

static void note(crowd_window_t *window, int64_t due_ns, int64_t now_ns)
{
    if (due_ns >= window->from_ns && due_ns < window->until_ns)
        latency_note(&window->latency, now_ns - due_ns);
}

static void note_lateness(crowd_t *self, uint64_t number)
{
    int64_t due_ns = self->notes->start_ns + (int64_t)((double)number * self->notes->interval_ns);
    note(&self->notes->calm, due_ns, self->now_ns);
    note(&self->notes->storm, due_ns, self->now_ns);
}

static void on_update(void *arg, const char *text, size_t length)
{
    crowd_reader_t *reader = arg;
    crowd_t *self = reader->crowd;
    const crowd_config_t *config = &self->config;
    unsigned symbol = 0;
    uint64_t seq = sample_read(text, length, config->symbols > 1 ? &symbol : NULL);
    unsigned slot = config->symbols > 1 ? (symbol + config->symbols - reader->first) % config->symbols : 0;
    if (seq == 0 || slot >= config->each)
        return;
    uint64_t *last = &self->last[(size_t)(reader - self->readers) * config->each + slot];
    self->counts.disorder += seq <= *last;
    self->counts.lost += *last != 0 && seq > *last + 1 ? seq - *last - 1 : 0;
    *last = seq;
    reader->received++;
    self->counts.frames++;
    if (self->notes)
        note_lateness(self, schedule_number(config->schedule, symbol, seq));
}

static void on_subscribed(void *arg)
{
    crowd_reader_t *reader = arg;
    if (reader->unanswered > 0 && --reader->unanswered == 0)
        reader->subscribed = true;
    reader->crowd->unanswered--;
}

static void on_gap(void *arg)
{
    crowd_reader_t *reader = arg;
    reader->crowd->counts.gaps++;
}

static void put(crowd_reader_t *reader, int opcode, const char *payload, size_t length)
{
    char frame[WIRE_FRAME_MAX];
    bench_stream_write(&reader->stream, frame, wire_frame(frame, opcode, payload, length));
}

static void say(void *arg, const char *bytes, size_t length)
{
    crowd_reader_t *reader = arg;
    put(reader, reader->crowd->config.protocol->opcode, bytes, length);
}

static const protocol_events_t heard = {.on_update = on_update, .on_subscribed = on_subscribed, .on_gap = on_gap, .say = say};

/* --- frames --- */

static void greet(crowd_reader_t *reader)
{
    const crowd_config_t *config = &reader->crowd->config;
    protocol_subscription_t subscription = {
        .first = reader->first, .count = config->each, .of = config->symbols, .since = reader->crowd->since};
    reader->open = true;
    config->protocol->greet(&subscription, &heard, reader);
}

/* A frame's head has come, behind the carry: what it announces is put right behind the carry. False when more is to come first. */
static bool begin_frame(crowd_reader_t *reader, char *bytes, size_t length, size_t *at)
{
    char *frame = bytes + *at + reader->carry;
    size_t there = length - *at - reader->carry, head = 0, size = wire_frame_length(frame, there, &head);
    int opcode = there > 0 ? frame[0] & 0x0f : 0;
    bool compressed = there > 0 && frame[0] & 0x40;
    if (there < 2 || there < head || (size == 0 && opcode >= WIRE_CLOSE))
        return false;
    size_t payload = size - head;
    if (size == 0) {
        payload = (unsigned char)frame[1] & 0x7f;
        for (size_t i = 2; head > 2 && i < head; i++)
            payload = (i == 2 ? 0 : payload << 8) | (unsigned char)frame[i];
    }
    bool control = opcode >= WIRE_CLOSE;
    if (opcode == WIRE_PING)
        put(reader, WIRE_PONG, frame + head, payload);
    size_t skipped = control ? size : head;
    memmove(bytes + *at + skipped, bytes + *at, reader->carry);
    *at += skipped;
    if (!control) {
        reader->compressed = compressed;
        reader->frame_left = reader->carry + payload;
        reader->carry = 0;
    }
    return true;
}

/* A message that is whole and stands in one frame. What can't be expanded is counted as an end: nothing that follows makes sense. */
static size_t take_message(crowd_reader_t *reader, const char *bytes, size_t length)
{
    const bench_protocol_t *protocol = reader->crowd->config.protocol;
    if (!reader->compressed)
        return protocol->take(bytes, length, &heard, reader);
    text_t text = expander_take(reader->crowd->expander, (text_t){bytes, length});
    reader->crowd->counts.ended += text.length == 0;
    protocol->take(text.at, text.length, &heard, reader);
    return length;
}

/* Returns how many bytes were taken. What is left begins as frame_left and carry say. */
static size_t take_frames(crowd_reader_t *reader, char *bytes, size_t length)
{
    const bench_protocol_t *protocol = reader->crowd->config.protocol;
    for (size_t at = 0;;) {
        if (reader->frame_left == 0 && !begin_frame(reader, bytes, length, &at))
            return at;
        if (reader->frame_left == 0)
            continue;
        size_t there = length - at < reader->frame_left ? length - at : reader->frame_left;
        if (!protocol->stream && there < reader->frame_left)
            return at;
        size_t taken = take_message(reader, bytes + at, there);
        at += taken;
        reader->frame_left -= taken;
        if (reader->frame_left > there - taken)
            return at;
        reader->carry = reader->frame_left;
        reader->frame_left = 0;
    }
}

static size_t take(crowd_reader_t *reader, char *bytes, size_t length)
{
    size_t at = 0;
    if (!reader->open) {
        const char *over = memmem(bytes, length, "\r\n\r\n", 4);
        if (!over)
            return 0;
        if (!memmem(bytes, length, " 101 ", 5))
            return SIZE_MAX;
        at = (size_t)(over + 4 - bytes);
        greet(reader);
    }
    return at + take_frames(reader, bytes + at, length - at);
}

static void end(crowd_reader_t *reader)
{
    bench_stream_close(&reader->stream);
    reader->crowd->counts.ended++;
}

/* What is not whole yet is kept: most of the time little. False when there is nothing more. */
static bool read_some(crowd_reader_t *reader)
{
    crowd_t *self = reader->crowd;
    memcpy(self->input, reader->rest, reader->length);
    size_t room = INPUT_MAX - reader->length;
    ssize_t got = bench_stream_read(&reader->stream, self->input + reader->length, room);
    if (got == -1 && (errno == EAGAIN || errno == EINTR))
        return false;
    self->now_ns = clock_mono_ns();
    size_t length = reader->length + (got > 0 ? (size_t)got : 0);
    size_t taken = got > 0 ? take(reader, self->input, length) : SIZE_MAX;
    if (taken == SIZE_MAX || length - taken > REST_MAX) {
        end(reader);
        return false;
    }
    self->counts.bytes += (uint64_t)got;
    reader->length = length - taken;
    memcpy(reader->rest, self->input + taken, reader->length);
    if (reader->sleeper && reader->subscribed)
        epoll_ctl(self->poll, EPOLL_CTL_DEL, reader->stream.fd, NULL);
    return true;
}

static void on_input(crowd_reader_t *reader)
{
    while (read_some(reader) && bench_stream_holds(&reader->stream))
        ;
}

/* --- all of them --- */

static bool connect_one(crowd_t *self, crowd_reader_t *reader)
{
    const char *handshake = self->config.protocol->handshake;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = reader};
    int fd = link_connect(&self->config.address);
    if (fd == -1)
        return false;
    if (reader->sleeper)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){SLEEPER_WINDOW}, sizeof(int));
    return bench_stream_open(&reader->stream, fd, self->config.tls) &&
           bench_stream_write(&reader->stream, handshake, strlen(handshake)) &&
           epoll_ctl(self->poll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void *dial(void *arg)
{
    crowd_t *self = arg;
    unsigned made = 0;
    while (made < self->config.clients && connect_one(self, &self->readers[made]))
        made++;
    atomic_store(&self->dialed, made == self->config.clients ? DIALED_ALL : DIALED_SOME);
    return NULL;
}

bool crowd_connect(crowd_t *self)
{
    pthread_t dialer;
    for (unsigned i = 0; i < self->config.clients; i++)
        self->unanswered += self->readers[i].unanswered;
    if (pthread_create(&dialer, NULL, dial, self) != 0)
        return false;
    while (atomic_load(&self->dialed) == DIALING)
        crowd_turn(self, 1);
    pthread_join(dialer, NULL);
    return atomic_load(&self->dialed) == DIALED_ALL;
}

bool crowd_resume(crowd_t *self, uint64_t since)
{
    self->since = since;
    for (unsigned i = 0; i < self->config.clients; i++) {
        self->unanswered += self->readers[i].unanswered;
        if (!connect_one(self, &self->readers[i]))
            return false;
    }
    return true;
}

void crowd_turn(crowd_t *self, int timeout_ms)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(self->poll, events, EVENTS, timeout_ms);
    for (int i = 0; i < count; i++)
        on_input(events[i].data.ptr);
}

void crowd_note_into(crowd_t *self, crowd_notes_t *notes)
{
    self->notes = notes;
}

uint64_t crowd_unanswered(const crowd_t *self)
{
    return self->unanswered;
}

static uint64_t progress_of_all(const crowd_t *self)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < self->config.clients; i++)
        sum += self->readers[i].received;
    return sum * self->config.symbols / ((uint64_t)self->config.clients * self->config.each);
}

uint64_t crowd_progress(const crowd_t *self)
{
    if (!schedule_is_even(self->config.schedule) && self->config.clients > 0)
        return progress_of_all(self);
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < self->config.clients; i++)
        if (!self->readers[i].sleeper && self->readers[i].received < least)
            least = self->readers[i].received;
    return least == UINT64_MAX ? 0 : least * self->config.symbols / self->config.each;
}

bool crowd_all_arrived(const crowd_t *self, uint64_t seq)
{
    for (unsigned i = 0; i < self->config.clients; i++)
        if (self->last[(size_t)i * self->config.each] < seq)
            return false;
    return true;
}

const crowd_counts_t *crowd_counts(const crowd_t *self)
{
    return &self->counts;
}

crowd_t *crowd_new(const crowd_config_t *config)
{
    crowd_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->config = *config;
    self->poll = epoll_create1(EPOLL_CLOEXEC);
    self->expander = expander_new();
    self->readers = calloc(config->clients + 1, sizeof *self->readers);
    self->last = calloc((size_t)(config->clients + 1) * config->each, sizeof *self->last);
    if (!self->readers || !self->last || !self->expander || self->poll == -1) {
        crowd_destroy(&self);
        return NULL;
    }
    for (unsigned i = 0; i < self->config.clients; i++)
        self->readers[i] = (crowd_reader_t){.crowd = self,
                                            .stream = {.fd = -1},
                                            .first = (unsigned)((uint64_t)i * config->each % config->symbols),
                                            .sleeper = i >= config->clients - config->sleepers,
                                            .unanswered = config->protocol->answers ? config->each : 1};
    return self;
}

void crowd_destroy(crowd_t **self_ref)
{
    crowd_t *self = *self_ref;
    if (!self)
        return;
    for (unsigned i = 0; self->readers && i < self->config.clients; i++)
        if (self->readers[i].stream.fd > 0)
            bench_stream_close(&self->readers[i].stream);
    close(self->poll);
    expander_destroy(&self->expander);
    free(self->readers);
    free(self->last);
    free(self);
    *self_ref = NULL;
}
