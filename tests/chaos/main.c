/* storm-clients: many WebSocket clients in one process, which come back with their cursors whatever happens, and count what they got.
 *
 *     storm-clients --gateways HOST:PORT,… --symbols A-B,… [--clients N] [--sleepers N]
 *
 * Every second client comes back to another gateway each time; sleepers subscribe and never read. Commands on stdin, a line each, are
 * answered by a line of JSON on stdout: `report`; `judge SYMBOL FILE` (a file of replay's answers); `sleep`, after which nobody reads or comes back
 * until `wake`. The end of stdin ends it.
 */
#include "tests/chaos/client.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS_MAX = 20000, EVENTS = 256, TICK_MS = 10, LINE_MAX_BYTES = 4096 };

typedef struct {
    struct sockaddr_in gateways[CLIENT_GATEWAYS_MAX];
    size_t gateway_count;
    storm_record_t record;
    storm_client_t *clients;
    size_t count, readers; /* the sleepers come behind the readers */
    int poll;
    bool asleep;
    char line[LINE_MAX_BYTES];
    size_t line_length;
} storm_t;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static bool read_gateways(storm_t *self, char *list)
{
    for (char *one; (one = strsep(&list, ","));) {
        char *colon = strchr(one, ':');
        if (!colon || self->gateway_count == CLIENT_GATEWAYS_MAX)
            return false;
        *colon = '\0';
        struct sockaddr_in *gateway = &self->gateways[self->gateway_count++];
        *gateway = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10))};
        if (inet_pton(AF_INET, one, &gateway->sin_addr) != 1)
            return false;
    }
    return self->gateway_count > 0;
}

static bool read_options(storm_t *self, int argc, char **argv)
{
    size_t sleepers = 0;
    bool ok = argc % 2 == 1;
    self->readers = 1;
    for (int i = 1; ok && i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--gateways") == 0)
            ok = read_gateways(self, argv[i + 1]);
        else if (strcmp(argv[i], "--symbols") == 0)
            ok = record_init(&self->record, argv[i + 1]);
        else if (strcmp(argv[i], "--clients") == 0)
            self->readers = strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--sleepers") == 0)
            sleepers = strtoul(argv[i + 1], NULL, 10);
        else
            ok = false;
    }
    self->count = self->readers + sleepers;
    return ok && self->gateway_count > 0 && self->record.count > 0 && self->count > 0 && self->count <= CLIENTS_MAX;
}

static bool make_clients(storm_t *self)
{
    if (!(self->clients = calloc(self->count, sizeof *self->clients)))
        return false;
    for (size_t i = 0; i < self->count; i++) {
        client_kind_t kind = i >= self->readers ? CLIENT_SLEEPS : i % 2 ? CLIENT_ROAMS : CLIENT_STAYS;
        if (!client_init(&self->clients[i], kind, &self->record, self->gateways, self->gateway_count, i / 2))
            return false;
    }
    return true;
}

/* --- what it says --- */

static void print_stream(const storm_t *self, size_t number)
{
    uint64_t lowest = UINT64_MAX, highest = 0, first = UINT64_MAX, begun = 0;
    for (size_t i = 0; i < self->readers; i++) {
        const client_place_t *place = &self->clients[i].places[number];
        if (!place->begun)
            continue;
        begun++;
        lowest = place->last < lowest ? place->last : lowest;
        highest = place->last > highest ? place->last : highest;
        first = place->first < first ? place->first : first;
    }
    const record_stream_t *stream = &self->record.streams[number];
    printf("%s\"%s\":{\"epoch\":%" PRIu64 ",\"begun\":%" PRIu64 ",\"first\":%" PRIu64 ",\"lowest\":%" PRIu64
           ",\"highest\":%" PRIu64 ",\"differing\":%" PRIu64 "}",
           number ? "," : "", stream->symbol, stream->epoch, begun, begun ? first : 0, begun ? lowest : 0, highest,
           stream->differing);
}

static void print_report(const storm_t *self)
{
    client_counts_t sum = {0};
    size_t open = 0, asleep = 0;
    for (size_t i = 0; i < self->count; i++) {
        const uint64_t *from = (const uint64_t *)&self->clients[i].counts;
        uint64_t *to = (uint64_t *)&sum;
        for (size_t k = 0; k < sizeof sum / sizeof *to; k++)
            to[k] += from[k];
        open += i < self->readers && self->clients[i].state == CLIENT_OPEN;
        asleep += i >= self->readers && self->clients[i].state == CLIENT_OPEN;
    }
    printf("{\"clients\":%zu,\"open\":%zu,\"asleep\":%zu,\"trades\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"connects\":%" PRIu64
           ",\"resumes\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"refetched\":%" PRIu64 ",\"wrong\":{\"holes\":%" PRIu64
           ",\"doubles\":%" PRIu64 ",\"epochs\":%" PRIu64 ",\"gaps\":%" PRIu64 ",\"unrecovered\":%" PRIu64
           ",\"errors\":%" PRIu64 ",\"junk\":%" PRIu64 "},\"streams\":{",
           self->readers, open, asleep, sum.trades, sum.bytes, sum.connects, sum.resumes, sum.refused, sum.refetched, sum.holes,
           sum.doubles, sum.epochs, sum.gaps, sum.unrecovered, sum.errors, sum.junk);
    for (size_t i = 0; i < self->record.count; i++)
        print_stream(self, i);
    puts("}}");
}

static void print_verdict(const storm_t *self, const char *symbol, const char *path)
{
    record_verdict_t found;
    int stream = record_find(&self->record, symbol, strlen(symbol));
    if (stream == -1 || !record_judge(&self->record, stream, path, &found)) {
        puts("{\"error\":\"expected a symbol that was asked for and a file that can be read\"}");
        return;
    }
    printf("{\"journaled\":%" PRIu64 ",\"same\":%" PRIu64 ",\"differing\":%" PRIu64 ",\"unseen\":%" PRIu64 ",\"holes\":%" PRIu64
           ",\"first\":%" PRIu64 ",\"last\":%" PRIu64 "}\n",
           found.journaled, found.same, found.differing, found.unseen, found.holes, found.first, found.last);
}

static void obey(storm_t *self, char *line)
{
    const char *verb = strsep(&line, " "), *symbol = strsep(&line, " ");
    if (strcmp(verb, "judge") == 0 && symbol && line)
        print_verdict(self, symbol, line);
    else
        print_report(self);
    if (strcmp(verb, "sleep") == 0 || strcmp(verb, "wake") == 0)
        self->asleep = *verb == 's';
    fflush(stdout);
}

/* False at the end of stdin. */
static bool take_commands(storm_t *self)
{
    ssize_t got = read(STDIN_FILENO, self->line + self->line_length, sizeof self->line - self->line_length);
    if (got <= 0)
        return false;
    self->line_length += (size_t)got;
    char *end;
    while ((end = memchr(self->line, '\n', self->line_length))) {
        *end = '\0';
        obey(self, self->line);
        self->line_length -= (size_t)(end + 1 - self->line);
        memmove(self->line, end + 1, self->line_length);
    }
    return self->line_length < sizeof self->line;
}

/* --- the loop --- */

static void tick(storm_t *self)
{
    int64_t now = now_ns();
    for (size_t i = 0; i < self->count; i++) {
        storm_client_t *client = &self->clients[i];
        struct epoll_event event = {.events = EPOLLOUT, .data.ptr = client};
        if (client_tick(client, now))
            epoll_ctl(self->poll, EPOLL_CTL_ADD, client->fd, &event);
    }
}

static void dispatch(storm_t *self, const struct epoll_event *event)
{
    storm_client_t *client = event->data.ptr;
    if (client->fd == -1)
        return;
    uint32_t before = client_wants(client);
    client_event(client, event->events, now_ns());
    uint32_t after = client_wants(client);
    struct epoll_event changed = {.events = after, .data.ptr = client};
    if (client->fd != -1 && before != after)
        epoll_ctl(self->poll, EPOLL_CTL_MOD, client->fd, &changed);
}

static void run(storm_t *self)
{
    struct epoll_event events[EVENTS], commands = {.events = EPOLLIN};
    int64_t ticked = 0;
    epoll_ctl(self->poll, EPOLL_CTL_ADD, STDIN_FILENO, &commands);
    for (bool on = true; on;) {
        if (self->asleep) {
            on = take_commands(self);
            continue;
        }
        int64_t now = now_ns();
        if (now - ticked >= TICK_MS * 1000000LL) {
            tick(self);
            ticked = now;
        }
        int count = epoll_wait(self->poll, events, EVENTS, TICK_MS);
        for (int i = 0; i < count && on; i++) {
            if (events[i].data.ptr)
                dispatch(self, &events[i]);
            else
                on = take_commands(self);
        }
    }
}

int main(int argc, char **argv)
{
    storm_t storm = {.poll = epoll_create1(EPOLL_CLOEXEC)};
    int rc = EXIT_FAILURE;
    struct rlimit files;
    if (!read_options(&storm, argc, argv)) {
        fprintf(stderr, "usage: storm-clients --gateways HOST:PORT,... --symbols A-B,... [--clients N] [--sleepers N]\n");
        goto done;
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (storm.poll == -1 || !make_clients(&storm))
        goto done;
    run(&storm);
    rc = EXIT_SUCCESS;
done:
    for (size_t i = 0; storm.clients && i < storm.count; i++)
        client_release(&storm.clients[i]);
    free(storm.clients);
    record_release(&storm.record);
    close(storm.poll);
    return rc;
}
