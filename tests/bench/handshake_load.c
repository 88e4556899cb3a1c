/* handshake-load: clients that shake hands under TLS again and again, each with a new connection as soon as the one before is over.
 *
 *     handshake-load HOST:PORT full|tickets 12|13 CLIENTS SECONDS PID
 *
 * A handshake is over when the server has finished it, too, and has given its ticket; then the client ends the connection, and has said nothing. With tickets
 * all of them resume, each by the newest one. A thread is a client. Prints handshakes, how many of them resumed, how long they took with their TCP, and
 * the CPU of itself and of PID.
 */
#include "common/clock.h"
#include "tests/bench/latency.h"
#include "tests/bench/link.h"
#include "tests/bench/stream.h"
#include "tests/bench/watch.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CLIENTS_MAX = 64, WARM_MS = 500 };

typedef struct {
    struct sockaddr_in address;
    unsigned count;
    double seconds;
    int pid;
    bench_tls_t *tls;
    atomic_bool over, failed;
    _Atomic uint64_t handshakes;
    pthread_mutex_t lock;
    latency_t latency;
} handshake_load_t;

/* --- a client --- */

static bool shake_once(handshake_load_t *self)
{
    bench_stream_t stream;
    int fd = link_connect(&self->address);
    bool shaken = fd != -1 && bench_stream_open(&stream, fd, self->tls);
    if (!shaken)
        return false;
    shaken = bench_stream_settle(&stream);
    bench_stream_close(&stream);
    return shaken;
}

static void count(handshake_load_t *self, int64_t took_ns)
{
    atomic_fetch_add(&self->handshakes, 1);
    pthread_mutex_lock(&self->lock);
    latency_note(&self->latency, took_ns);
    pthread_mutex_unlock(&self->lock);
}

static void *run_client(void *arg)
{
    handshake_load_t *self = arg;
    while (!atomic_load(&self->over)) {
        int64_t start_ns = clock_mono_ns();
        if (shake_once(self)) {
            count(self, clock_mono_ns() - start_ns);
        } else {
            atomic_store(&self->failed, true);
            break;
        }
    }
    return NULL;
}

/* --- all of them --- */

typedef struct {
    int64_t ns, own_ns, watched_ns;
    uint64_t handshakes, resumed;
} handshake_mark_t;

static handshake_mark_t mark(const handshake_load_t *self)
{
    struct timespec own;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    return (handshake_mark_t){.ns = clock_mono_ns(),
                              .own_ns = own.tv_sec * NS_PER_S + own.tv_nsec,
                              .watched_ns = watch_cpu_ns(self->pid),
                              .handshakes = atomic_load(&self->handshakes),
                              .resumed = bench_tls_resumed(self->tls)};
}

static void pause_for(double seconds)
{
    nanosleep(&(struct timespec){.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)},
              NULL);
}

static void print(const handshake_load_t *self, const handshake_mark_t *from, const handshake_mark_t *to)
{
    printf("{\"handshakes\":%" PRIu64 ",\"resumed\":%" PRIu64
           ",\"seconds\":%.3f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"load_cpu\":%.4f,\"cpu\":%.4f}\n",
           to->handshakes - from->handshakes, to->resumed - from->resumed, (double)(to->ns - from->ns) / 1e9,
           (double)latency_quantile(&self->latency, 0.5) / 1e3, (double)latency_quantile(&self->latency, 0.99) / 1e3,
           (double)(to->own_ns - from->own_ns) / 1e9, (double)(to->watched_ns - from->watched_ns) / 1e9);
}

static void measure(handshake_load_t *self)
{
    pause_for(WARM_MS / 1e3);
    pthread_mutex_lock(&self->lock);
    memset(&self->latency, 0, sizeof self->latency);
    pthread_mutex_unlock(&self->lock);
    handshake_mark_t from = mark(self);
    pause_for(self->seconds);
    handshake_mark_t to = mark(self);
    pthread_mutex_lock(&self->lock);
    print(self, &from, &to);
    pthread_mutex_unlock(&self->lock);
}

/* The first handshake of all is in full, whichever way the others are. */
static bool run(handshake_load_t *self)
{
    pthread_t clients[CLIENTS_MAX];
    unsigned begun = 0;
    if (!shake_once(self))
        return false;
    while (begun < self->count && pthread_create(&clients[begun], NULL, run_client, self) == 0)
        begun++;
    if (begun == self->count)
        measure(self);
    atomic_store(&self->over, true);
    while (begun > 0)
        pthread_join(clients[--begun], NULL);
    return !atomic_load(&self->failed) && atomic_load(&self->handshakes) > 0;
}

static bool read_options(handshake_load_t *self, int argc, char **argv)
{
    if (argc != 7 || !link_address(argv[1], &self->address))
        return false;
    self->tls = bench_tls_new(argv[2], (unsigned)strtoul(argv[3], NULL, 10));
    self->count = (unsigned)strtoul(argv[4], NULL, 10);
    self->seconds = strtod(argv[5], NULL);
    self->pid = (int)strtol(argv[6], NULL, 10);
    return self->tls && self->count > 0 && self->count <= CLIENTS_MAX && self->seconds > 0;
}

int main(int argc, char **argv)
{
    static handshake_load_t load = {.lock = PTHREAD_MUTEX_INITIALIZER};
    if (!read_options(&load, argc, argv)) {
        fprintf(stderr, "usage: handshake-load HOST:PORT full|tickets 12|13 CLIENTS SECONDS PID\n");
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    bool run_well = run(&load);
    bench_tls_destroy(&load.tls);
    if (run_well)
        return EXIT_SUCCESS;
    fprintf(stderr, "handshake-load: %s does not shake hands\n", argv[1]);
    return EXIT_FAILURE;
}
