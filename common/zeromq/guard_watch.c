#include "common/zeromq/guard_watch.h"

#include "common/log.h"
#include "common/zeromq/guard_state.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>

enum {
    FORGIVEN_BYTES = 64,          /* a second; a ping is of 9 to 25 */
    FORGIVEN_ALL_BYTES = 2 << 20, /* from here on the process's size counts */
    MESSAGE_BYTES = 192,          /* that libzmq takes for each message of two frames that waits */
    TICK_GLANCES = GUARD_TICK_MS / GUARD_GLANCE_MS,
    SECOND_GLANCES = 1000 / GUARD_GLANCE_MS
};

static pthread_t thread;
static pthread_cond_t wake;
static bool ending;
static unsigned glances;

#define ENDLESS "endless: sent more than is read, or a message that does not end"
#define SLOW    "slow: too many bytes wait for it"
#define PATIENT "patient: slowly sent a message that does not end"

/* --- what a peer has sent --- */

static void forgive(guard_peer_t *peer)
{
    uint64_t bytes = peer->pending < FORGIVEN_BYTES ? peer->pending : FORGIVEN_BYTES;
    atomic_fetch_add(&peer->taken, bytes);
    atomic_fetch_add(&peer->forgiven, bytes);
}

/* Of what was taken the frames' heads are guessed: never is more taken than was received. */
static uint64_t taken_of(guard_peer_t *peer)
{
    uint_fast64_t taken = atomic_load(&peer->taken);
    while (taken > peer->received && !atomic_compare_exchange_weak(&peer->taken, &taken, peer->received))
        continue;
    return taken < peer->received ? taken : peer->received;
}

/* Nothing waited between the last look and this one: what was received before the last look and is complete has been taken. */
static void measure_input(guard_peer_t *peer, const struct tcp_info *info, bool drained, bool second)
{
    uint64_t before = peer->received;
    peer->received = info->tcpi_bytes_received;
    atomic_store(&peer->complete, drained ? before : 0);
    peer->pending = peer->received - taken_of(peer);
    if (second)
        forgive(peer);
}

/* --- what waits for a subscriber --- */

static uint64_t estimate(const guard_t *guard, const guard_peer_t *peer, uint64_t taken)
{
    uint64_t messages = atomic_load(&guard->messages) - peer->even.messages;
    uint64_t bytes = atomic_load(&guard->bytes) - peer->even.bytes;
    if (messages == 0)
        return 0;
    uint64_t each = bytes / messages, gone = each ? (taken - peer->even.taken) / each : 0;
    uint64_t waiting = messages > gone ? messages - gone : 0;
    if (waiting > guard->socket.queue_limit)
        waiting = guard->socket.queue_limit;
    return waiting * (each + MESSAGE_BYTES);
}

static void measure_waiting(const guard_t *guard, guard_peer_t *peer, uint64_t unsent, uint64_t taken)
{
    if (unsent == 0) {
        peer->even.messages = atomic_load(&guard->messages);
        peer->even.bytes = atomic_load(&guard->bytes);
        peer->even.taken = taken;
    }
    peer->waiting = unsent + estimate(guard, peer, taken);
}

static void measure(const guard_t *guard, guard_peer_t *peer, bool drained, bool second)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    int unsent = 0;
    if (getsockopt(peer->fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0) {
        measure_input(peer, &info, drained, second);
        unsent = (int)info.tcpi_notsent_bytes;
    } else {
        ioctl(peer->fd, SIOCOUTQ, &unsent);
    }
    if (guard->socket.publishes)
        measure_waiting(guard, peer, (uint64_t)(unsent > 0 ? unsent : 0), info.tcpi_bytes_acked);
}

/* --- who goes --- */

typedef uint64_t figure_fn(const guard_peer_t *peer);

static uint64_t pending_of(const guard_peer_t *peer)
{
    return peer->pending;
}

static uint64_t waiting_of(const guard_peer_t *peer)
{
    return peer->waiting;
}

static uint64_t forgiven_of(const guard_peer_t *peer)
{
    return atomic_load(&peer->forgiven);
}

/* Of those that stay: the sum of the figure, and who has the greatest. */
static uint64_t sum(const guard_t *guard, figure_fn *figure, guard_peer_t **greatest)
{
    uint64_t all = 0;
    *greatest = NULL;
    for (size_t i = 0; i < guard->count; i++) {
        guard_peer_t *peer = guard->peers[i];
        if (atomic_load(&peer->reason))
            continue;
        all += figure(peer);
        if (!*greatest || figure(peer) > figure(*greatest))
            *greatest = peer;
    }
    return all;
}

/* The greediest go until what is left fits. */
static void keep_within(const guard_t *guard, figure_fn *figure, uint64_t limit, const char *reason)
{
    guard_peer_t *greatest;
    while (sum(guard, figure, &greatest) > limit && greatest)
        guard_shut(greatest, reason);
}

/* In the program's own memory, as against files that it has mapped. */
static uint64_t process_bytes(void)
{
    char line[128];
    unsigned long long kb = 0;
    FILE *file = fopen("/proc/self/status", "re");
    while (file && kb == 0 && fgets(line, sizeof line, file))
        if (strncmp(line, "RssAnon:", strlen("RssAnon:")) == 0)
            kb = strtoull(line + strlen("RssAnon:"), NULL, 10);
    if (file)
        fclose(file);
    return (uint64_t)kb << 10;
}

static void remember_forgiven(const guard_t *guard)
{
    guard_peer_t *greatest;
    if (sum(guard, forgiven_of, &greatest) > FORGIVEN_ALL_BYTES && process_bytes() > guard->config.memory_bytes)
        guard_shut(greatest, PATIENT);
}

/* second: one has passed since it was so last. */
static void watch(guard_t *guard, bool second)
{
    bool drained = atomic_exchange(&guard->drained, false);
    uint64_t limit = guard->socket.publishes ? GUARD_SUBSCRIPTION_BYTES : GUARD_INPUT_BYTES;
    for (size_t i = 0; i < guard->count; i++) {
        guard_peer_t *peer = guard->peers[i];
        if (atomic_load(&peer->reason))
            continue;
        measure(guard, peer, drained, second);
        if (peer->pending > limit)
            guard_shut(peer, ENDLESS);
    }
    keep_within(guard, pending_of, GUARD_INPUT_ALL_BYTES, ENDLESS);
    keep_within(guard, waiting_of, guard->share_bytes, SLOW);
    if (second)
        remember_forgiven(guard);
}

/* The loop is still in the call of libzmq in which it was at the last glance. */
static bool stands_still(guard_t *guard)
{
    uint64_t before = guard->calls_seen;
    guard->calls_seen = atomic_load(&guard->calls);
    return guard->calls_seen % 2 == 1 && guard->calls_seen == before;
}

static void glance(void)
{
    bool tick = glances % TICK_GLANCES == 0, second = glances % SECOND_GLANCES == 0;
    glances++;
    for (guard_t *guard = guards; guard; guard = guard->next)
        if (stands_still(guard) || tick)
            watch(guard, second);
}

/* --- the thread --- */

static bool is_watched(void)
{
    for (const guard_t *guard = guards; guard; guard = guard->next)
        if (guard->count > 0)
            return true;
    return false;
}

static void wait_a_little(void)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += GUARD_GLANCE_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    while (!ending && pthread_cond_timedwait(&wake, &guards_lock, &until) == 0)
        continue;
}

static void *run(void *arg)
{
    pthread_mutex_lock(&guards_lock);
    while (!ending) {
        if (!is_watched()) {
            pthread_cond_wait(&wake, &guards_lock);
            continue;
        }
        glance();
        wait_a_little();
    }
    pthread_mutex_unlock(&guards_lock);
    return arg;
}

bool guard_watch_begin(void)
{
    sigset_t all, before;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    ending = false;
    sigfillset(&all); /* signals belong to the loop */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, NULL, run, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error)
        log_error("guard: can't create a thread", LOG_TEXT("error", strerror(error)));
    return error == 0;
}

void guard_watch_end(void)
{
    pthread_mutex_lock(&guards_lock);
    ending = true;
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&guards_lock);
    pthread_join(thread, NULL);
    pthread_cond_destroy(&wake);
}

void guard_watch_wake(void)
{
    pthread_cond_signal(&wake);
}
