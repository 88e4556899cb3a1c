/* ask-load: clients that ask the same question again and again, each as soon as it has the answer.
 *
 *     ask-load KIND HOST:PORT REQUEST CLIENTS SECONDS [PID]
 *
 * KIND is req (a ROUTER is asked, in REQ's form), http, resp (Redis) or ws. REQUEST is what is sent, as it stands (req, ws: the text of the
 * frame). ZeroMQ's protocol is spoken here without its library, which costs more than what is measured. Prints answers, how long they took, bytes
 * of one, and the CPU of itself and of PID.
 */
#include "common/clock.h"
#include "tests/bench/latency.h"
#include "tests/bench/link.h"
#include "tests/bench/watch.h"
#include "tests/chaos/wire.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS_MAX = 1000, INPUT_MAX = 1 << 20, WARM_MS = 500 };

typedef struct {
    const char *name;
    bool (*greet)(int fd);
    bool (*ask)(int fd, const char *request, size_t length);
    size_t (*whole)(const char *bytes, size_t length); /* the bytes of a whole answer at `bytes`, or 0 */
} kind_t;

typedef struct {
    int fd;
    int64_t asked_ns;
    size_t length;
    char *input;
} load_asker_t;

typedef struct {
    const char *address, *request;
    size_t request_length;
    const kind_t *kind;
    unsigned count;
    double seconds;
    int pid;
    load_asker_t askers[CLIENTS_MAX];
    bool measuring;
    uint64_t answers;
    size_t answer_bytes;
    latency_t latency;
} ask_load_t;

/* --- when an answer is whole --- */

static size_t number_behind(const char *bytes, size_t length, const char *name)
{
    const char *at = memmem(bytes, length, name, strlen(name));
    return at ? strtoul(at + strlen(name), NULL, 10) : 0;
}

static size_t http_whole(const char *bytes, size_t length)
{
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (!end)
        return 0;
    size_t head = (size_t)(end + 4 - bytes), body = number_behind(bytes, head, "Content-Length: ");
    body += body == 0 ? number_behind(bytes, head, "content-length: ") : 0;
    return length >= head + body ? head + body : 0;
}

/* An array of bulk strings, or a line. */
static size_t resp_whole(const char *bytes, size_t length)
{
    const char *line = memchr(bytes, '\n', length);
    size_t at = line ? (size_t)(line + 1 - bytes) : 0;
    size_t items = line && bytes[0] == '*' ? strtoul(bytes + 1, NULL, 10) : 0;
    for (size_t i = 0; i < items; i++) {
        const char *end = at < length ? memchr(bytes + at, '\n', length - at) : NULL;
        if (!end)
            return 0;
        at = (size_t)(end + 1 - bytes) + strtoul(bytes + at + 1, NULL, 10) + 2;
    }
    return at <= length ? at : 0;
}

static size_t ws_whole(const char *bytes, size_t length)
{
    size_t head;
    return wire_frame_length(bytes, length, &head);
}

static bool ws_greet(int fd)
{
    char answer[4096];
    return wire_put_handshake(fd) && link_receive_until(fd, answer, sizeof answer, "\r\n\r\n") > 0;
}

static bool ws_ask(int fd, const char *request, size_t length)
{
    return wire_put(fd, WIRE_TEXT, request, length);
}

/* --- ZMTP 3.0: a frame is flags, its length in 1 or 8 bytes, and its body --- */

enum { ZMTP_MORE = 1, ZMTP_LONG = 2, ZMTP_GREETING = 64, ZMTP_SHORT_MAX = 127 };

static bool zmtp_greet(int fd)
{
    static const char ready[] = "\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03REQ";
    char greeting[ZMTP_GREETING] = {(char)0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0, 'N', 'U', 'L', 'L'}, answer[512];
    return link_send(fd, greeting, sizeof greeting) && recv(fd, answer, ZMTP_GREETING, MSG_WAITALL) == ZMTP_GREETING &&
           link_send(fd, ready, sizeof ready - 1) && link_receive_until(fd, answer, sizeof answer, "ROUTER") > 0;
}

/* An empty frame, and the request. */
static bool zmtp_ask(int fd, const char *request, size_t length)
{
    char message[4 + ZMTP_SHORT_MAX] = {ZMTP_MORE, 0, 0, (char)length};
    if (length > ZMTP_SHORT_MAX)
        return false;
    memcpy(message + 4, request, length);
    return link_send(fd, message, 4 + length);
}

static size_t zmtp_whole(const char *bytes, size_t length)
{
    for (size_t at = 0; length - at >= 2;) {
        int flags = (unsigned char)bytes[at];
        size_t head = flags & ZMTP_LONG ? 9 : 2, size = 0;
        if (length - at < head)
            return 0;
        for (size_t i = 1; i < head; i++)
            size = size << 8 | (unsigned char)bytes[at + i];
        if (length - at < head + size)
            return 0;
        at += head + size;
        if (!(flags & ZMTP_MORE))
            return at;
    }
    return 0;
}

static bool no_greeting(int fd)
{
    (void)fd;
    return true;
}

static const kind_t kinds[] = {{"req", zmtp_greet, zmtp_ask, zmtp_whole},
                               {"http", no_greeting, link_send, http_whole},
                               {"resp", no_greeting, link_send, resp_whole},
                               {"ws", ws_greet, ws_ask, ws_whole}};

/* --- asking --- */

static void ask(ask_load_t *self, load_asker_t *asker)
{
    asker->asked_ns = clock_mono_ns();
    self->kind->ask(asker->fd, self->request, self->request_length);
}

static void answered(ask_load_t *self, load_asker_t *asker, size_t bytes)
{
    if (self->measuring) {
        self->answers++;
        self->answer_bytes = bytes;
        latency_note(&self->latency, clock_mono_ns() - asker->asked_ns);
    }
    ask(self, asker);
}

static bool on_input(ask_load_t *self, load_asker_t *asker)
{
    ssize_t got = recv(asker->fd, asker->input + asker->length, INPUT_MAX - asker->length, MSG_DONTWAIT);
    if (got <= 0)
        return got == -1;
    asker->length += (size_t)got;
    size_t size = self->kind->whole(asker->input, asker->length);
    if (size == 0)
        return asker->length < INPUT_MAX;
    asker->length -= size;
    memmove(asker->input, asker->input + size, asker->length);
    answered(self, asker, size);
    return true;
}

/* --- the run --- */

static bool turn(ask_load_t *self, int poll)
{
    struct epoll_event events[64];
    int count = epoll_wait(poll, events, 64, 10);
    for (int i = 0; i < count; i++)
        if (!on_input(self, events[i].data.ptr))
            return false;
    return true;
}

static bool run_for(ask_load_t *self, int poll, double seconds)
{
    int64_t end_ns = clock_mono_ns() + (int64_t)(seconds * 1e9);
    bool open = true;
    while (open && clock_mono_ns() < end_ns)
        open = turn(self, poll);
    return open;
}

static bool connect_one(ask_load_t *self, load_asker_t *asker, int poll)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = asker};
    struct sockaddr_in address;
    asker->input = malloc(INPUT_MAX);
    asker->fd = asker->input && link_address(self->address, &address) ? link_connect(&address) : -1;
    return asker->fd != -1 && self->kind->greet(asker->fd) && epoll_ctl(poll, EPOLL_CTL_ADD, asker->fd, &event) == 0;
}

static void print(const ask_load_t *self, double seconds, double own, double watched)
{
    printf("{\"answers\":%" PRIu64
           ",\"seconds\":%.3f,\"answer_bytes\":%zu,\"p50_us\":%.1f,\"p99_us\":%.1f,\"load_cpu\":%.4f,\"cpu\":%.4f}\n",
           self->answers, seconds, self->answer_bytes, (double)latency_quantile(&self->latency, 0.5) / 1e3,
           (double)latency_quantile(&self->latency, 0.99) / 1e3, own, watched);
}

static double own_cpu(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool run(ask_load_t *self)
{
    int poll = epoll_create1(EPOLL_CLOEXEC);
    for (unsigned i = 0; i < self->count; i++) {
        load_asker_t *asker = &self->askers[i];
        if (!connect_one(self, asker, poll))
            return false;
        ask(self, asker);
    }
    if (!run_for(self, poll, WARM_MS / 1e3))
        return false;
    double own = own_cpu(), watched = (double)watch_cpu_ns(self->pid) / 1e9;
    int64_t start_ns = clock_mono_ns();
    self->measuring = true;
    bool open = run_for(self, poll, self->seconds);
    print(self, (double)(clock_mono_ns() - start_ns) / 1e9, own_cpu() - own, (double)watch_cpu_ns(self->pid) / 1e9 - watched);
    return open && self->answers > 0;
}

static bool read_options(ask_load_t *self, int argc, char **argv)
{
    if (argc != 6 && argc != 7)
        return false;
    self->address = argv[2];
    self->request = argv[3];
    self->request_length = strlen(argv[3]);
    self->count = (unsigned)strtoul(argv[4], NULL, 10);
    self->seconds = strtod(argv[5], NULL);
    self->pid = argc == 7 ? (int)strtol(argv[6], NULL, 10) : 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(argv[1], kinds[i].name) == 0)
            self->kind = &kinds[i];
    return self->kind && self->count > 0 && self->count <= CLIENTS_MAX;
}

int main(int argc, char **argv)
{
    static ask_load_t load; /* the system closes and frees what it holds */
    if (!read_options(&load, argc, argv)) {
        fprintf(stderr, "usage: ask-load req|http|resp|ws HOST:PORT REQUEST CLIENTS SECONDS [PID]\n");
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    link_many();
    if (run(&load))
        return EXIT_SUCCESS;
    fprintf(stderr, "ask-load: %s does not answer\n", load.address);
    return EXIT_FAILURE;
}
