/* fan-load: publishes trades at one end of a server, and reads them at the other with many WebSocket clients.
 *
 *     fan-load --protocol dataflow[-batch][-deflate]|dataflow-readings|mqtt|nats|plain --address HOST:PORT --publisher bus|bus-readings|mqtt|nats|plain|exchange|exchange-kraken --publish ADDRESS [--replay ADDRESS]
 *              [--clients N] [--sleepers N] [--symbols N] [--each N] [--rate N] [--trades N] [--settle S] [--seconds S] [--drain S] [--late N --behind N]
 *              [--tls full|tickets] [--early 1] [--power-law 1] [--watch PID,PID…]
 *
 * Prints {"open":true,…} when there is a publisher, and {"subscribed":true,…} when all clients have subscribed; each time it waits for a line on
 * stdin. Then it publishes for settle + seconds, waits for at most `drain` seconds until everyone has everything, and prints what it measured as one JSON object, and stays until stdin has
 * one more line, or ends. With rate 0 it publishes as fast as it goes: so that no client is more than
 * WINDOW trades behind, or, without clients, as fast as the bus takes them; `trades` ends it sooner. Latecomers connect in the middle, each to
 * resume so many trades behind. A thread of their own reads for them, and stands back (nice): they are others than those whose latency is
 * measured, and would be elsewhere. With --early trades are published while the clients open, and how late those are is told apart, as a storm's. With --power-law
 * the k-th symbol has a weight of 1/k, and each is to be read by as many clients as any other. With --tls clients shake hands as stream.h says. CPU is that of the processes watched, and its own, between settle and the end of seconds.
 *
 * Over 400 lines, but one idea: one program, which is a load by itself.
 */
#include "common/clock.h"
#include "tests/bench/crowd.h"
#include "tests/bench/publisher.h"
#include "tests/bench/sample.h"
#include "tests/bench/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    LATE_NICE = 10,
    WINDOW = 1024,
    BURST = 64,
    WATCHED_MAX = 8,
    PATIENCE_S = 60,
    IDLE_NS = 20000,
    BEHIND_NS = 200000,
    FLUSH_NS = 1000000
};

typedef struct {
    crowd_config_t crowd;
    const bench_publisher_t *publisher;
    const char *publish, *replay;
    double rate, settle, seconds, drain;
    uint64_t trades, behind;
    unsigned late, early, power_law;
    int watched[WATCHED_MAX];
    unsigned watched_count;
} fan_options_t;

typedef struct {
    int64_t ns;
    uint64_t frames, bytes, published;
    int64_t cpu_ns[WATCHED_MAX], own_ns;
} mark_t;

/* Those who come back at once, behind `since`, and have arrived when each has `goal`. Counted is what is read so far. */
typedef struct {
    crowd_t *crowd;
    pthread_t thread;
    uint64_t since, goal;
    _Atomic uint64_t frames, bytes;
    _Atomic int64_t arrived_ns; /* 0: not yet */
    atomic_bool over;
} late_crowd_t;

typedef struct {
    fan_options_t options;
    crowd_t *crowd;
    late_crowd_t late;
    void *publisher;
    _Atomic uint64_t published, progress;
    atomic_bool go, stopped, idle, ending; /* idle: nothing more is published */
    pthread_t thread;
    int64_t start_ns;
    crowd_notes_t notes;
    mark_t from, to;
    double late_seconds;
} fan_load_t;

static void pause_ns(int64_t ns)
{
    nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

/* --- the publisher's thread --- */

/* How many trades may be published now. */
static uint64_t allowed(const fan_load_t *self, uint64_t published, int64_t now_ns)
{
    uint64_t limit = self->options.trades > 0 ? self->options.trades : UINT64_MAX;
    if (self->options.rate > 0) {
        uint64_t due = (uint64_t)((double)(now_ns - self->start_ns) * self->options.rate / 1e9) + 1;
        limit = due < limit ? due : limit;
    } else if (self->options.crowd.clients > 0) {
        uint64_t read =
            atomic_load(&self->progress) + WINDOW * (uint64_t)self->options.crowd.symbols / self->options.crowd.each;
        limit = read < limit ? read : limit;
    }
    return limit > published ? limit - published : 0;
}

static void *run_publisher(void *arg)
{
    fan_load_t *self = arg;
    const bench_publisher_t *publisher = self->options.publisher;
    const schedule_t *schedule = self->options.crowd.schedule;
    uint64_t count = 0;
    while (!atomic_load(&self->ending)) {
        bool publishing = atomic_load(&self->go) && !atomic_load(&self->stopped);
        if (!publishing) {
            publisher->flush(self->publisher);
            atomic_store(&self->idle, atomic_load(&self->stopped));
            pause_ns(FLUSH_NS);
            continue;
        }
        uint64_t burst = allowed(self, count, clock_mono_ns());
        burst = burst < BURST ? burst : BURST;
        for (uint64_t i = 0; i < burst; i++, count++)
            publisher->publish(self->publisher, schedule_symbol(schedule, count), schedule_seq(schedule, count));
        publisher->flush(self->publisher);
        atomic_store(&self->published, count);
        if (burst < BURST)
            pause_ns(self->options.rate > 0 ? IDLE_NS : BEHIND_NS); /* what clients are behind takes longer than that */
    }
    return NULL;
}

/* --- the latecomers' thread --- */

static void *run_latecomers(void *arg)
{
    late_crowd_t *self = arg;
    const crowd_counts_t *counts = crowd_counts(self->crowd);
    errno = 0;
    if (nice(LATE_NICE) == -1 && errno != 0) /* of this thread, in Linux */
        perror("fan-load: nice");
    if (!crowd_resume(self->crowd, self->since))
        fprintf(stderr, "fan-load: not all latecomers were let in\n");
    while (!atomic_load(&self->over)) {
        crowd_turn(self->crowd, 1);
        atomic_store(&self->frames, counts->frames);
        atomic_store(&self->bytes, counts->bytes);
        if (atomic_load(&self->arrived_ns) == 0 && crowd_all_arrived(self->crowd, self->goal))
            atomic_store(&self->arrived_ns, clock_mono_ns());
    }
    return NULL;
}

/* --- the clients' --- */

static void mark(const fan_load_t *self, mark_t *at)
{
    const crowd_counts_t *counts = crowd_counts(self->crowd);
    struct timespec own;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    *at = (mark_t){.ns = clock_mono_ns(),
                   .frames = counts->frames + atomic_load(&self->late.frames),
                   .bytes = counts->bytes + atomic_load(&self->late.bytes),
                   .published = atomic_load(&self->published),
                   .own_ns = own.tv_sec * NS_PER_S + own.tv_nsec};
    for (unsigned i = 0; i < self->options.watched_count; i++)
        at->cpu_ns[i] = watch_cpu_ns(self->options.watched[i]);
}

static void turn(fan_load_t *self)
{
    crowd_turn(self->crowd, 1);
    if (self->options.rate <= 0)
        atomic_store(&self->progress, crowd_progress(self->crowd));
}

static void turn_until(fan_load_t *self, int64_t end_ns)
{
    uint64_t trades = self->options.trades;
    while (clock_mono_ns() < end_ns && (trades == 0 || atomic_load(&self->published) < trades))
        turn(self);
}

/* Whoever runs this may go on now; it says so by a line. */
static bool told_to_go_on(const char *what, int64_t start_ns)
{
    printf("{\"%s\":true,\"seconds\":%.3f}\n", what, (double)(clock_mono_ns() - start_ns) / 1e9);
    fflush(stdout);
    return getchar() != EOF;
}

static bool open_all(fan_load_t *self)
{
    const fan_options_t *options = &self->options;
    int64_t start_ns = clock_mono_ns();
    crowd_config_t late = options->crowd;
    late.clients = options->late;
    late.sleepers = 0;
    self->crowd = crowd_new(&options->crowd);
    self->late.crowd = crowd_new(&late);
    self->publisher = options->publisher->open(options->publish, options->replay, options->crowd.symbols);
    if (self->publisher && pthread_create(&self->thread, NULL, run_publisher, self) == 0)
        return self->crowd && self->late.crowd && told_to_go_on("open", start_ns);
    fprintf(stderr, "fan-load: no publisher at %s\n", options->publish);
    return false;
}

static bool everyone_subscribed(fan_load_t *self)
{
    int64_t end_ns = clock_mono_ns() + PATIENCE_S * NS_PER_S;
    while (crowd_unanswered(self->crowd) > 0 && clock_mono_ns() < end_ns)
        crowd_turn(self->crowd, 10);
    return crowd_unanswered(self->crowd) == 0;
}

/* The trades go on from now on. */
static void publish(fan_load_t *self)
{
    self->start_ns = clock_mono_ns();
    self->notes = (crowd_notes_t){.start_ns = self->start_ns, .calm = {.from_ns = INT64_MAX, .until_ns = INT64_MAX}};
    atomic_store(&self->go, true);
    if (self->options.rate <= 0)
        return;
    self->notes.interval_ns = 1e9 / self->options.rate;
    crowd_note_into(self->crowd, &self->notes);
}

/* Early ones open while the trades go on: what these cost them is noted as a storm's. */
static bool gather(fan_load_t *self)
{
    int64_t start_ns = clock_mono_ns();
    if (self->options.early)
        publish(self);
    self->notes.storm = (crowd_window_t){.from_ns = start_ns, .until_ns = INT64_MAX};
    if (crowd_connect(self->crowd) && everyone_subscribed(self)) {
        self->notes.storm.until_ns = clock_mono_ns();
        self->late_seconds = (double)(self->notes.storm.until_ns - start_ns) / 1e9;
        return told_to_go_on("subscribed", start_ns);
    }
    fprintf(stderr, "fan-load: %" PRIu64 " subscriptions were not answered\n", crowd_unanswered(self->crowd));
    return false;
}

/* The latecomers have arrived when each has what had been published when the first of them connected. The storm's trades are those that were due
 * until then; what they cost those who stay is no longer a storm. */
static void run_storm(fan_load_t *self)
{
    late_crowd_t *late = &self->late;
    uint64_t behind = self->options.behind;
    int64_t start_ns = clock_mono_ns(), patience_ns = start_ns + PATIENCE_S * NS_PER_S, end_ns = 0;
    late->goal = atomic_load(&self->published);
    late->since = late->goal > behind ? late->goal - behind : 0;
    self->notes.calm.until_ns = self->notes.storm.from_ns = start_ns;
    self->notes.storm.until_ns = INT64_MAX;
    if (pthread_create(&late->thread, NULL, run_latecomers, late) != 0) {
        self->options.late = 0;
        return;
    }
    while (end_ns == 0 && clock_mono_ns() < patience_ns) {
        turn(self);
        end_ns = atomic_load(&late->arrived_ns);
    }
    self->notes.storm.until_ns = end_ns ? end_ns : patience_ns;
    self->late_seconds = (double)(self->notes.storm.until_ns - start_ns) / 1e9;
}

static void end_storm(late_crowd_t *late)
{
    atomic_store(&late->over, true);
    pthread_join(late->thread, NULL);
}

/* How many trades behind a client may be that has had its part of all: where symbols take turns, those of a turn that was not finished. */
static uint64_t slack(const fan_load_t *self)
{
    return schedule_is_even(self->options.crowd.schedule) ? self->options.crowd.symbols : 0;
}

static void drain(fan_load_t *self)
{
    int64_t end_ns = clock_mono_ns() + (int64_t)(self->options.drain * 1e9);
    while (crowd_progress(self->crowd) + slack(self) < atomic_load(&self->published) && clock_mono_ns() < end_ns)
        crowd_turn(self->crowd, 5);
}

static void run(fan_load_t *self)
{
    if (!self->options.early)
        publish(self);
    int64_t settled_ns = clock_mono_ns() + (int64_t)(self->options.settle * 1e9);
    int64_t end_ns = settled_ns + (int64_t)(self->options.seconds * 1e9);
    self->notes.calm.from_ns = settled_ns;
    turn_until(self, settled_ns);
    mark(self, &self->from);
    if (self->options.late > 0) {
        turn_until(self, settled_ns + (end_ns - settled_ns) / 2);
        run_storm(self);
    }
    turn_until(self, end_ns);
    mark(self, &self->to);
    atomic_store(&self->stopped, true);
    while (!atomic_load(&self->idle))
        crowd_turn(self->crowd, 1);
    if (self->options.crowd.clients > 0)
        drain(self);
    if (self->options.late > 0)
        end_storm(&self->late);
}

/* --- the report --- */

static void print_latency(const char *name, const latency_t *latency)
{
    printf(",\"%s\":{\"count\":%" PRIu64, name, latency->count);
    static const struct {
        const char *name;
        double part;
    } quantiles[] = {{"p50_us", 0.5}, {"p90_us", 0.9}, {"p99_us", 0.99}, {"p99.9_us", 0.999}, {"max_us", 1}};
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
        printf(",\"%s\":%.1f", quantiles[i].name, (double)latency_quantile(latency, quantiles[i].part) / 1e3);
    printf("}");
}

static void print(const fan_load_t *self)
{
    const crowd_counts_t *counts = crowd_counts(self->crowd), *late = crowd_counts(self->late.crowd);
    uint64_t published = atomic_load(&self->published), progress = crowd_progress(self->crowd);
    double seconds = (double)(self->to.ns - self->from.ns) / 1e9;
    unsigned readers = self->options.crowd.clients - self->options.crowd.sleepers;
    char text[SAMPLE_MAX];
    printf("{\"seconds\":%.3f,\"frames\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"trades\":%" PRIu64 ",\"published\":%" PRIu64
           ",\"frame_bytes\":%zu",
           seconds, self->to.frames - self->from.frames, self->to.bytes - self->from.bytes,
           self->to.published - self->from.published, published, sample_update(text, 0, published > 0 ? published : 1));
    printf(",\"missing\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"disorder\":%" PRIu64 ",\"gaps\":%" PRIu64 ",\"ended\":%" PRIu64,
           readers > 0 && published > progress + slack(self) ? published - progress : 0, counts->lost + late->lost,
           counts->disorder + late->disorder, counts->gaps + late->gaps, counts->ended + late->ended);
    print_latency("latency", &self->notes.calm.latency);
    if (self->options.late > 0 || self->options.early) {
        print_latency("storm_latency", &self->notes.storm.latency);
        printf(",\"late_seconds\":%.3f", self->late_seconds);
    }
    if (self->options.crowd.tls)
        printf(",\"resumed\":%" PRIu64, bench_tls_resumed(self->options.crowd.tls));
    printf(",\"load_cpu\":%.4f,\"cpu\":{", (double)(self->to.own_ns - self->from.own_ns) / 1e9);
    for (unsigned i = 0; i < self->options.watched_count; i++)
        printf("%s\"%d\":%.4f", i ? "," : "", self->options.watched[i],
               (double)(self->to.cpu_ns[i] - self->from.cpu_ns[i]) / 1e9);
    printf("}}\n");
}

/* --- options --- */

static bool read_watched(fan_options_t *options, char *list)
{
    char *rest = NULL;
    for (char *pid = strtok_r(list, ",", &rest); pid; pid = strtok_r(NULL, ",", &rest)) {
        if (options->watched_count == WATCHED_MAX)
            return false;
        options->watched[options->watched_count++] = (int)strtol(pid, NULL, 10);
    }
    return true;
}

static bool read_number(fan_options_t *options, const char *name, double value)
{
    const struct {
        const char *name;
        unsigned *to;
    } counts[] = {{"--clients", &options->crowd.clients},
                  {"--sleepers", &options->crowd.sleepers},
                  {"--symbols", &options->crowd.symbols},
                  {"--each", &options->crowd.each},
                  {"--late", &options->late},
                  {"--early", &options->early},
                  {"--power-law", &options->power_law}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (strcmp(name, counts[i].name) == 0)
            return value >= 0 && value <= 1e6 && (*counts[i].to = (unsigned)value, true);
    if (strcmp(name, "--trades") == 0)
        options->trades = (uint64_t)value;
    else if (strcmp(name, "--behind") == 0)
        options->behind = (uint64_t)value;
    else if (strcmp(name, "--rate") == 0)
        options->rate = value;
    else if (strcmp(name, "--settle") == 0)
        options->settle = value;
    else if (strcmp(name, "--seconds") == 0)
        options->seconds = value;
    else if (strcmp(name, "--drain") == 0)
        options->drain = value;
    else
        return false;
    return value >= 0;
}

static bool read_option(fan_options_t *options, const char *name, char *value)
{
    if (strcmp(name, "--protocol") == 0)
        return (options->crowd.protocol = protocol_find(value));
    if (strcmp(name, "--publisher") == 0)
        return (options->publisher = publisher_find(value));
    if (strcmp(name, "--address") == 0)
        return link_address(value, &options->crowd.address);
    if (strcmp(name, "--tls") == 0)
        return (options->crowd.tls = bench_tls_new(value, 0));
    if (strcmp(name, "--watch") == 0)
        return read_watched(options, value);
    if (strcmp(name, "--publish") == 0)
        return (options->publish = value);
    if (strcmp(name, "--replay") == 0)
        return (options->replay = value);
    return read_number(options, name, strtod(value, NULL));
}

static bool read_options(fan_options_t *options, int argc, char **argv)
{
    *options = (fan_options_t){.crowd = {.clients = 1, .symbols = 1, .each = 1}, .seconds = 5, .drain = 6, .replay = ""};
    for (int i = 1; i < argc; i += 2)
        if (i + 1 >= argc || !read_option(options, argv[i], argv[i + 1]))
            return false;
    const crowd_config_t *crowd = &options->crowd;
    return crowd->protocol && options->publisher && options->publish && crowd->symbols > 0 &&
           crowd->symbols <= SAMPLE_SYMBOLS_MAX && crowd->each > 0 && crowd->each <= crowd->symbols &&
           crowd->sleepers <= crowd->clients;
}

int main(int argc, char **argv)
{
    fan_load_t *load = calloc(1, sizeof *load);
    if (!load || !read_options(&load->options, argc, argv)) {
        fprintf(stderr, "fan-load: wrong options; see tests/bench/fan_load.c\n");
        free(load);
        return EXIT_FAILURE;
    }
    fan_options_t *options = &load->options;
    schedule_t *schedule = schedule_new(options->crowd.symbols, options->power_law);
    int rc = EXIT_FAILURE;
    signal(SIGPIPE, SIG_IGN);
    link_many();
    options->crowd.schedule = schedule;
    if (schedule && open_all(load) && gather(load)) {
        run(load);
        print(load);
        fflush(stdout);
        getchar(); /* until then the publisher stays, and so do the clients */
        rc = EXIT_SUCCESS;
    }
    atomic_store(&load->ending, true);
    if (load->publisher) {
        pthread_join(load->thread, NULL);
        options->publisher->close(load->publisher);
    }
    crowd_destroy(&load->late.crowd);
    crowd_destroy(&load->crowd);
    bench_tls_destroy(&options->crowd.tls);
    schedule_destroy(&schedule);
    free(load);
    return rc;
}
