/* herd: many WebSocket clients that come at once, each for one symbol, and throw away what they get. For tests/attack.
 *
 *     herd HOST:PORT SYMBOL CLIENTS
 *
 * Some hundreds are under way at any time, as of clients that all lost their gateway. Prints {"open":N,"seconds":S} when all are subscribed, or after a
 * minute; then it reads on until the end of stdin.
 */
#include "tests/chaos/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { UNDER_WAY = 500, EVENTS = 256, PATIENCE_S = 60, READ_BYTES = 1 << 16, TURN_MS = 10 };

typedef enum { ABSENT, CONNECTING, SHAKING, SUBSCRIBING, OPEN } herd_state_t;

typedef struct {
    int fd;
    herd_state_t state;
} herd_member_t;

typedef struct {
    struct sockaddr_in address;
    const char *symbol;
    herd_member_t *members;
    size_t count, come, open; /* come: asked to connect, ever */
    size_t under_way;
    int poll;
    char room[READ_BYTES];
} herd_t;

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void watch(const herd_t *self, herd_member_t *member, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = member};
    epoll_ctl(self->poll, operation, member->fd, &event);
}

static void leave(herd_t *self, herd_member_t *member)
{
    self->under_way -= member->state != OPEN;
    self->open -= member->state == OPEN;
    close(member->fd);
    *member = (herd_member_t){.fd = -1};
}

static void come(herd_t *self, herd_member_t *member)
{
    member->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (member->fd == -1)
        return;
    member->state = CONNECTING;
    self->under_way++;
    if (connect(member->fd, (const struct sockaddr *)&self->address, sizeof self->address) == -1 && errno != EINPROGRESS)
        leave(self, member);
    else
        watch(self, member, EPOLL_CTL_ADD, EPOLLOUT);
}

/* Whoever was refused comes again, when all the others have come. */
static void bring(herd_t *self)
{
    for (size_t tried = 0; self->under_way < UNDER_WAY && self->under_way + self->open < self->count && tried < self->count;
         tried++) {
        herd_member_t *member = &self->members[self->come++ % self->count];
        if (member->state == ABSENT)
            come(self, member);
    }
}

static bool subscribe(const herd_t *self, const herd_member_t *member)
{
    char text[256];
    int length = snprintf(text, sizeof text,
                          "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscribe\",\"params\":{\"channel\":\"trades\","
                          "\"symbol\":\"%s\"}}",
                          self->symbol);
    return wire_put(member->fd, WIRE_TEXT, text, (size_t)length);
}

/* What came is the answer of the handshake, the answer to the subscribe, or anything. False when the connection has ended. */
static bool take(herd_t *self, herd_member_t *member)
{
    ssize_t got = recv(member->fd, self->room, sizeof self->room, 0);
    if (got == -1 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (got <= 0 || (member->state == SHAKING && !memmem(self->room, (size_t)got, " 101 ", 5)))
        return false;
    if (member->state == SHAKING) {
        member->state = SUBSCRIBING;
        return subscribe(self, member);
    }
    if (member->state == SUBSCRIBING && memmem(self->room, (size_t)got, "\"subscribed\"", 12)) {
        member->state = OPEN;
        self->under_way--;
        self->open++;
    }
    return true;
}

static bool serve(herd_t *self, herd_member_t *member, uint32_t events)
{
    if (member->state != CONNECTING)
        return take(self, member);
    if (events & (EPOLLERR | EPOLLHUP))
        return false;
    member->state = SHAKING;
    watch(self, member, EPOLL_CTL_MOD, EPOLLIN);
    return wire_put_handshake(member->fd);
}

/* False at the end of stdin. */
static bool turn(herd_t *self)
{
    struct epoll_event events[EVENTS];
    char ignored[64];
    int count = epoll_wait(self->poll, events, EVENTS, TURN_MS);
    for (int i = 0; i < count; i++) {
        herd_member_t *member = events[i].data.ptr;
        if (!member && read(STDIN_FILENO, ignored, sizeof ignored) <= 0)
            return false;
        if (member && !serve(self, member, events[i].events))
            leave(self, member);
    }
    return true;
}

static void run(herd_t *self)
{
    double begin = now_s();
    bool on = true;
    while (on && self->open < self->count && now_s() < begin + PATIENCE_S) {
        bring(self);
        on = turn(self);
    }
    printf("{\"open\":%zu,\"seconds\":%.2f}\n", self->open, now_s() - begin);
    fflush(stdout);
    while (on)
        on = turn(self);
}

static bool read_options(herd_t *self, int argc, char **argv)
{
    char *colon = argc == 4 ? strrchr(argv[1], ':') : NULL;
    if (!colon)
        return false;
    *colon = '\0';
    self->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10))};
    self->symbol = argv[2];
    self->count = strtoul(argv[3], NULL, 10);
    return self->count > 0 && inet_pton(AF_INET, argv[1], &self->address.sin_addr) == 1;
}

int main(int argc, char **argv)
{
    static herd_t self;
    struct rlimit files;
    struct epoll_event commands = {.events = EPOLLIN};
    if (!read_options(&self, argc, argv)) {
        fprintf(stderr, "usage: herd HOST:PORT SYMBOL CLIENTS\n");
        return EXIT_FAILURE;
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    self.members = calloc(self.count, sizeof *self.members);
    self.poll = epoll_create1(EPOLL_CLOEXEC);
    if (!self.members || self.poll == -1)
        return EXIT_FAILURE;
    epoll_ctl(self.poll, EPOLL_CTL_ADD, STDIN_FILENO, &commands);
    run(&self);
    free(self.members);
    close(self.poll);
    return EXIT_SUCCESS;
}
