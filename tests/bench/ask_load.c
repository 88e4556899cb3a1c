/* ask-load: clients that ask the same question again and again, each as soon as it has the answer.
 *
 *     ask-load KIND ADDRESS REQUEST CLIENTS SECONDS [PID]
 *
 * KIND is zmq (a DEALER in REQ's form), http, resp (Redis) or ws. ADDRESS is an endpoint for zmq, else HOST:PORT; REQUEST is what is sent, as
 * it stands (ws: the text of the frame). Prints answers, how long they took, bytes of one, and the CPU of itself and of PID.
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
#include <zmq.h>

enum { CLIENTS_MAX = 1000, INPUT_MAX = 1 << 20, WARM_MS = 500 };

/* The bytes of a whole answer at `bytes`, or 0. */
typedef size_t whole_fn(const char *bytes, size_t length);

typedef struct {
    int fd;
    void *socket; /* ZeroMQ's */
    int64_t asked_ns;
    size_t length;
    char *input;
} asker_t;

typedef struct {
    const char *address, *request;
    size_t request_length;
    whole_fn *whole; /* NULL: ZeroMQ */
    bool frames;     /* ws */
    unsigned count;
    double seconds;
    int pid;
    asker_t askers[CLIENTS_MAX];
    bool measuring;
    uint64_t answers;
    size_t answer_bytes;
    latency_t latency;
} load_t;

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

/* --- asking --- */

static void ask(load_t *self, asker_t *asker)
{
    asker->asked_ns = clock_mono_ns();
    if (!self->whole) {
        zmq_send(asker->socket, "", 0, ZMQ_SNDMORE);
        zmq_send(asker->socket, self->request, self->request_length, 0);
    } else if (self->frames) {
        wire_put(asker->fd, WIRE_TEXT, self->request, self->request_length);
    } else {
        link_send(asker->fd, self->request, self->request_length);
    }
}

static void answered(load_t *self, asker_t *asker, size_t bytes)
{
    if (self->measuring) {
        self->answers++;
        self->answer_bytes = bytes;
        latency_note(&self->latency, clock_mono_ns() - asker->asked_ns);
    }
    ask(self, asker);
}

static bool on_input(load_t *self, asker_t *asker)
{
    ssize_t got = recv(asker->fd, asker->input + asker->length, INPUT_MAX - asker->length, MSG_DONTWAIT);
    if (got <= 0)
        return got == -1;
    asker->length += (size_t)got;
    size_t size = self->whole(asker->input, asker->length);
    if (size == 0)
        return asker->length < INPUT_MAX;
    asker->length -= size;
    memmove(asker->input, asker->input + size, asker->length);
    answered(self, asker, size);
    return true;
}

static void on_message(load_t *self, asker_t *asker)
{
    zmq_msg_t message;
    zmq_msg_init(&message);
    while (zmq_msg_recv(&message, asker->socket, ZMQ_DONTWAIT) >= 0)
        if (!zmq_msg_more(&message))
            answered(self, asker, zmq_msg_size(&message));
    zmq_msg_close(&message);
}

/* --- the run --- */

static bool turn_tcp(load_t *self, int poll)
{
    struct epoll_event events[64];
    int count = epoll_wait(poll, events, 64, 10);
    for (int i = 0; i < count; i++)
        if (!on_input(self, events[i].data.ptr))
            return false;
    return true;
}

static bool turn_zmq(load_t *self, zmq_pollitem_t *items)
{
    int ready = zmq_poll(items, (int)self->count, 10);
    for (unsigned i = 0; i < self->count && ready > 0; i++) {
        if (!(items[i].revents & ZMQ_POLLIN))
            continue;
        on_message(self, &self->askers[i]);
        ready--;
    }
    return true;
}

static bool run_for(load_t *self, int poll, zmq_pollitem_t *items, double seconds)
{
    int64_t end_ns = clock_mono_ns() + (int64_t)(seconds * 1e9);
    bool open = true;
    while (open && clock_mono_ns() < end_ns)
        open = self->whole ? turn_tcp(self, poll) : turn_zmq(self, items);
    return open;
}

static bool connect_tcp(load_t *self, asker_t *asker, int poll)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = asker};
    struct sockaddr_in address;
    char answer[4096];
    asker->input = malloc(INPUT_MAX);
    asker->fd = asker->input && link_address(self->address, &address) ? link_connect(&address) : -1;
    if (asker->fd == -1)
        return false;
    if (self->frames &&
        (!wire_put_handshake(asker->fd) || link_receive_until(asker->fd, answer, sizeof answer, "\r\n\r\n") < 0))
        return false;
    return epoll_ctl(poll, EPOLL_CTL_ADD, asker->fd, &event) == 0;
}

static bool connect_zmq(load_t *self, asker_t *asker, void *context, zmq_pollitem_t *item)
{
    asker->socket = zmq_socket(context, ZMQ_DEALER);
    zmq_setsockopt(asker->socket, ZMQ_LINGER, &(int){0}, sizeof(int));
    *item = (zmq_pollitem_t){.socket = asker->socket, .events = ZMQ_POLLIN};
    return zmq_connect(asker->socket, self->address) == 0;
}

static void print(const load_t *self, double seconds, double own, double watched)
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

static bool run(load_t *self)
{
    static zmq_pollitem_t items[CLIENTS_MAX];
    void *context = self->whole ? NULL : zmq_ctx_new();
    int poll = epoll_create1(EPOLL_CLOEXEC);
    for (unsigned i = 0; i < self->count; i++) {
        asker_t *asker = &self->askers[i];
        if (!(self->whole ? connect_tcp(self, asker, poll) : connect_zmq(self, asker, context, &items[i])))
            return false;
        ask(self, asker);
    }
    if (!run_for(self, poll, items, WARM_MS / 1e3))
        return false;
    double own = own_cpu(), watched = (double)watch_cpu_ns(self->pid) / 1e9;
    int64_t start_ns = clock_mono_ns();
    self->measuring = true;
    bool open = run_for(self, poll, items, self->seconds);
    print(self, (double)(clock_mono_ns() - start_ns) / 1e9, own_cpu() - own, (double)watch_cpu_ns(self->pid) / 1e9 - watched);
    return open && self->answers > 0;
}

static bool read_options(load_t *self, int argc, char **argv)
{
    static const struct {
        const char *name;
        whole_fn *whole;
    } kinds[] = {{"zmq", NULL}, {"http", http_whole}, {"resp", resp_whole}, {"ws", ws_whole}};
    if (argc != 6 && argc != 7)
        return false;
    self->address = argv[2];
    self->request = argv[3];
    self->request_length = strlen(argv[3]);
    self->count = (unsigned)strtoul(argv[4], NULL, 10);
    self->seconds = strtod(argv[5], NULL);
    self->pid = argc == 7 ? (int)strtol(argv[6], NULL, 10) : 0;
    self->frames = strcmp(argv[1], "ws") == 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        self->whole = kinds[i].whole;
        if (strcmp(argv[1], kinds[i].name) == 0)
            return self->count > 0 && self->count <= CLIENTS_MAX;
    }
    return false;
}

int main(int argc, char **argv)
{
    load_t *load = calloc(1, sizeof *load);
    if (!load || !read_options(load, argc, argv)) {
        fprintf(stderr, "usage: ask-load zmq|http|resp|ws ADDRESS REQUEST CLIENTS SECONDS [PID]\n");
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    link_many();
    if (run(load))
        return EXIT_SUCCESS; /* the system closes what is open */
    fprintf(stderr, "ask-load: %s does not answer\n", load->address);
    return EXIT_FAILURE;
}
