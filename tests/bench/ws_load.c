/* ws-load: many WebSocket clients in one process, which measure how long after connectord had a trade it is read.
 *
 *     ws-load --gateway HOST:PORT --symbol A-B [--clients N] [--sleepers N] [--seconds N] [--settle N]
 *
 * All subscribe to the symbol; sleepers never read then. When everyone has subscribed and `settle` seconds are over it measures for
 * `seconds`, and prints one JSON object: frames and bytes read, quantiles of the latency in µs (from a trade's "received" to the read
 * that brought it, by the clock of the machine, which must be connectord's), its own CPU, connections that ended, and trades that
 * did not come in order.
 */
#include "tests/bench/latency.h"
#include "tests/chaos/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS_MAX = 20000, EVENTS = 1024, REST_MAX = 16384, INPUT_MAX = 1 << 18, SLEEPER_WINDOW = 4096, PATIENCE_S = 60 };

typedef struct {
    int fd;
    bool sleeper, open, subscribed;
    uint64_t last; /* seq of the trade before */
    size_t length; /* of rest */
    char rest[REST_MAX];
} client_t;

typedef struct {
    struct sockaddr_in gateway;
    const char *symbol;
    size_t count, sleepers; /* all; the last ones of them */
    int seconds, settle;
    client_t *clients;
    int poll;
    bool measuring;
    size_t subscribed, ended;
    uint64_t frames, bytes, disorder;
    latency_t latency;
    int64_t now_ns;    /* since 1970, when the last read returned */
    char minute[17];   /* the last one seen: 2025-11-10T17:24 */
    int64_t minute_ns; /* and where it begins, since 1970 */
    char input[INPUT_MAX];
} load_t;

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* --- a trade --- */

/* 2025-11-10T17:24:33.981112345Z; the minute is the same for most. */
static int64_t read_time(load_t *self, const char *text)
{
    if (memcmp(text, self->minute, 16) != 0) {
        struct tm tm = {0};
        memcpy(self->minute, text, 16);
        if (!strptime(self->minute, "%Y-%m-%dT%H:%M", &tm))
            return self->now_ns;
        self->minute_ns = timegm(&tm) * 1000000000LL;
    }
    int64_t ns = 0;
    for (int i = 20; i < 29; i++)
        ns = ns * 10 + (text[i] - '0');
    return self->minute_ns + ((text[17] - '0') * 10 + (text[18] - '0')) * 1000000000LL + ns;
}

static void on_trade(load_t *self, client_t *client, const char *text, size_t length)
{
    static const char received[] = "\"received\":\"2025-11-10T17:24:33.981112345Z\"}}", seq_name[] = "\"seq\":";
    const char *place = memmem(text, length < 128 ? length : 128, seq_name, sizeof seq_name - 1);
    uint64_t seq = place ? strtoull(place + sizeof seq_name - 1, NULL, 10) : 0;
    self->disorder += client->last != 0 && seq != client->last + 1;
    client->last = seq;
    if (!self->measuring || length < sizeof received)
        return;
    self->frames++;
    latency_note(&self->latency, self->now_ns - read_time(self, text + length - (sizeof received - 1) + 12));
}

static void on_text(load_t *self, client_t *client, const char *text, size_t length)
{
    static const char update[] = "{\"jsonrpc\":\"2.0\",\"method\":\"trades.update\"";
    if (length > sizeof update && memcmp(text, update, sizeof update - 1) == 0) {
        on_trade(self, client, text, length);
    } else if (memmem(text, length, "\"event\":\"subscribed\"", 20)) {
        self->subscribed += !client->subscribed;
        client->subscribed = true;
    }
}

/* --- a connection --- */

static void end(load_t *self, client_t *client)
{
    close(client->fd);
    client->fd = -1;
    self->ended++;
}

static bool subscribe(const load_t *self, client_t *client)
{
    char text[256];
    int length = snprintf(text, sizeof text,
                          "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscribe\","
                          "\"params\":{\"channel\":\"trades\",\"symbol\":\"%s\"}}",
                          self->symbol);
    client->open = true;
    return wire_put(client->fd, WIRE_TEXT, text, (size_t)length);
}

/* Takes the frames that are whole; returns how many bytes that is, or SIZE_MAX when the connection is to end. */
static size_t take_frames(load_t *self, client_t *client, const char *bytes, size_t length)
{
    size_t at = 0, head, size;
    while ((size = wire_frame_length(bytes + at, length - at, &head)) > 0) {
        int opcode = bytes[at] & 0x0f;
        if (opcode == WIRE_TEXT)
            on_text(self, client, bytes + at + head, size - head);
        else if (opcode == WIRE_CLOSE ||
                 (opcode == WIRE_PING && !wire_put(client->fd, WIRE_PONG, bytes + at + head, size - head)))
            return SIZE_MAX;
        at += size;
    }
    return at;
}

static size_t take(load_t *self, client_t *client, const char *bytes, size_t length)
{
    size_t at = 0;
    if (!client->open) {
        const char *over = memmem(bytes, length, "\r\n\r\n", 4);
        if (!over)
            return 0;
        if (!memmem(bytes, length, " 101 ", 5) || !subscribe(self, client))
            return SIZE_MAX;
        at = (size_t)(over + 4 - bytes);
    }
    size_t taken = take_frames(self, client, bytes + at, length - at);
    return taken == SIZE_MAX ? taken : at + taken;
}

/* What is not whole yet is kept: most of the time nothing. */
static void on_input(load_t *self, client_t *client)
{
    memcpy(self->input, client->rest, client->length);
    ssize_t got = recv(client->fd, self->input + client->length, INPUT_MAX - client->length, 0);
    if (got == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    self->now_ns = clock_ns(CLOCK_REALTIME);
    size_t length = client->length + (got > 0 ? (size_t)got : 0);
    size_t taken = got > 0 ? take(self, client, self->input, length) : SIZE_MAX;
    if (taken == SIZE_MAX || length - taken > REST_MAX) {
        end(self, client);
        return;
    }
    self->bytes += self->measuring ? (size_t)got : 0;
    client->length = length - taken;
    memcpy(client->rest, self->input + taken, client->length);
    if (client->sleeper && client->subscribed)
        epoll_ctl(self->poll, EPOLL_CTL_DEL, client->fd, NULL);
}

static bool connect_client(load_t *self, client_t *client)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd == -1)
        return false;
    if (client->sleeper)
        setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &(int){SLEEPER_WINDOW}, sizeof(int));
    return connect(client->fd, (const struct sockaddr *)&self->gateway, sizeof self->gateway) == 0 &&
           wire_put_handshake(client->fd) && epoll_ctl(self->poll, EPOLL_CTL_ADD, client->fd, &event) == 0;
}

/* --- the run --- */

static void run_until(load_t *self, int64_t deadline_ns, size_t subscribed)
{
    struct epoll_event events[EVENTS];
    while (clock_ns(CLOCK_MONOTONIC) < deadline_ns && self->subscribed < subscribed) {
        int count = epoll_wait(self->poll, events, EVENTS, 10);
        for (int i = 0; i < count; i++)
            on_input(self, events[i].data.ptr);
    }
}

static void run_for(load_t *self, int seconds)
{
    run_until(self, clock_ns(CLOCK_MONOTONIC) + seconds * 1000000000LL, SIZE_MAX);
}

static double cpu_seconds(void)
{
    return (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e9;
}

static void print(const load_t *self, double cpu)
{
    static const struct {
        const char *name;
        double part;
    } quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};
    printf("{\"clients\":%zu,\"sleepers\":%zu,\"seconds\":%d,\"frames\":%" PRIu64 ",\"bytes\":%" PRIu64,
           self->count - self->sleepers, self->sleepers, self->seconds, self->frames, self->bytes);
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
        printf(",\"%s_us\":%.1f", quantiles[i].name, (double)latency_quantile(&self->latency, quantiles[i].part) / 1e3);
    printf(",\"max_us\":%.1f,\"cpu_seconds\":%.3f,\"ended\":%zu,\"disorder\":%" PRIu64 "}\n",
           (double)self->latency.highest / 1e3, cpu, self->ended, self->disorder);
}

static bool read_gateway(load_t *self, char *text)
{
    char *colon = strchr(text, ':');
    if (!colon)
        return false;
    *colon = '\0';
    self->gateway = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10))};
    return inet_pton(AF_INET, text, &self->gateway.sin_addr) == 1;
}

static bool read_options(load_t *self, int argc, char **argv)
{
    bool ok = argc % 2 == 1;
    size_t readers = 1;
    self->seconds = 5;
    for (int i = 1; ok && i + 1 < argc; i += 2) {
        char *value = argv[i + 1];
        if (strcmp(argv[i], "--gateway") == 0)
            ok = read_gateway(self, value);
        else if (strcmp(argv[i], "--symbol") == 0)
            self->symbol = value;
        else if (strcmp(argv[i], "--clients") == 0)
            readers = strtoul(value, NULL, 10);
        else if (strcmp(argv[i], "--sleepers") == 0)
            self->sleepers = strtoul(value, NULL, 10);
        else if (strcmp(argv[i], "--seconds") == 0)
            self->seconds = (int)strtol(value, NULL, 10);
        else if (strcmp(argv[i], "--settle") == 0)
            self->settle = (int)strtol(value, NULL, 10);
        else
            ok = false;
    }
    self->count = readers + self->sleepers;
    return ok && self->gateway.sin_port && self->symbol && strlen(self->symbol) < 64 && self->count > 0 &&
           self->count <= CLIENTS_MAX;
}

static bool connect_all(load_t *self)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    self->poll = epoll_create1(EPOLL_CLOEXEC);
    self->clients = calloc(self->count, sizeof *self->clients);
    for (size_t i = 0; self->clients && i < self->count; i++) {
        self->clients[i].sleeper = i >= self->count - self->sleepers;
        if (!connect_client(self, &self->clients[i]))
            return false;
    }
    run_until(self, clock_ns(CLOCK_MONOTONIC) + PATIENCE_S * 1000000000LL, self->count);
    return self->subscribed == self->count;
}

int main(int argc, char **argv)
{
    load_t *load = calloc(1, sizeof *load);
    if (!load || !read_options(load, argc, argv)) {
        fprintf(stderr,
                "usage: ws-load --gateway HOST:PORT --symbol A-B [--clients N] [--sleepers N] [--seconds N] [--settle N]\n");
        free(load);
        return EXIT_FAILURE;
    }
    int rc = EXIT_FAILURE;
    if (connect_all(load)) {
        run_for(load, load->settle);
        load->measuring = true;
        double before = cpu_seconds();
        run_for(load, load->seconds);
        print(load, cpu_seconds() - before);
        rc = EXIT_SUCCESS;
    } else {
        fprintf(stderr, "ws-load: %zu of %zu clients subscribed: %s\n", load->subscribed, load->count, strerror(errno));
    }
    free(load->clients); /* the system closes what is open */
    free(load);
    return rc;
}
