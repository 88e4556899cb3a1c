#include "common/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { SEEN_NS = NS_PER_MS /* for so long it is not noted again that the clock was asked */ };

static _Atomic int64_t seen_ns;  /* when clock_mono_ns was last asked; 0: nobody watches */
static _Atomic int64_t stood_ns; /* in all */
static pthread_mutex_t standing = PTHREAD_MUTEX_INITIALIZER;

static struct timespec clock_now(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now); /* can't fail for these two clocks */
    return now;
}

bool clock_real_is_wrong(void)
{
    int64_t now_s = clock_now(CLOCK_REALTIME).tv_sec;
    return now_s < CLOCK_REAL_MIN_S || now_s >= CLOCK_REAL_MAX_S;
}

int64_t clock_real_ns(void)
{
    struct timespec now = clock_now(CLOCK_REALTIME);
    if (now.tv_sec < CLOCK_REAL_MIN_S)
        return CLOCK_REAL_MIN_S * NS_PER_S;
    if (now.tv_sec >= CLOCK_REAL_MAX_S)
        return CLOCK_REAL_MAX_S * NS_PER_S;
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t clock_steady_ns(void)
{
    struct timespec now = clock_now(CLOCK_MONOTONIC);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Nobody asked for long. Of several threads that see it the first one adds it up; what is seen as new is added already. */
static void stand_still(int64_t now_ns)
{
    pthread_mutex_lock(&standing);
    int64_t seen = atomic_load(&seen_ns), still_ns = now_ns - seen;
    if (seen != 0 && still_ns > CLOCK_STILL_MS * NS_PER_MS) {
        atomic_fetch_add(&stood_ns, still_ns - SEEN_NS); /* up to which it may have been asked */
        atomic_store_explicit(&seen_ns, now_ns, memory_order_release);
    }
    pthread_mutex_unlock(&standing);
}

int64_t clock_mono_ns(void)
{
    int64_t now_ns = clock_steady_ns(), seen = atomic_load_explicit(&seen_ns, memory_order_acquire);
    if (seen != 0 && now_ns - seen > CLOCK_STILL_MS * NS_PER_MS)
        stand_still(now_ns);
    else if (seen != 0 && now_ns - seen > SEEN_NS)
        atomic_compare_exchange_strong_explicit(&seen_ns, &seen, now_ns, memory_order_release, memory_order_relaxed);
    return now_ns - atomic_load_explicit(&stood_ns, memory_order_relaxed);
}

void clock_watch(bool watched)
{
    atomic_store(&seen_ns, watched ? clock_steady_ns() : 0);
}

int64_t clock_stood_still_ns(void)
{
    return atomic_load_explicit(&stood_ns, memory_order_relaxed);
}
