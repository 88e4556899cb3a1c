#include "common/zap.h"

#include "common/clock.h"
#include "common/socket.h"

#include <stdlib.h>

enum { TICK_MS = 5, QUEUE_LIMIT = 1000, QUESTION_FRAMES = 8, ID_MAX = 16 };

#define ENDPOINT "inproc://zeromq.zap.01"

/* A question's frames: who asks, an empty one, and these. */
enum { ASKER = 0, VERSION = 2, NUMBER = 3, ADDRESS = 5 };

typedef struct {
    int64_t due_ns;
    char asker[ID_MAX], number[ID_MAX];
    size_t asker_length, number_length;
} question_t;

typedef struct {
    socket_t *socket;
    loop_timer_t *tick;
    size_t users, count;
    question_t waiting[ZAP_WAITING];
} zap_t;

/* The one of the process. */
static zap_t *zap;

/* ZeroMQ writes an address of ipc as ":uid:gid:pid". */
static bool is_near(text_t address)
{
    static const char *const near[] = {"127.", "::1", "::ffff:127."};
    bool unix_peer = address.length > 1 && address.at[0] == ':' && address.at[1] != ':';
    for (size_t i = 0; i < sizeof near / sizeof *near; i++)
        if (text_starts_with(address, text_of(near[i])))
            return true;
    return unix_peer || address.length == 0;
}

static void answer(text_t asker, text_t number)
{
    static const char nameless[] = "\10Identity\0\0\0"; /* and the 0 at its end: four bytes of the value's length */
    const text_t frames[] = {asker,       TEXT(""), TEXT("1.0"), number,
                             TEXT("200"), TEXT(""), TEXT(""),    {nameless, sizeof nameless}};
    socket_send(zap->socket, frames, sizeof frames / sizeof *frames);
}

static void on_tick(void *arg)
{
    int64_t now_ns = clock_mono_ns();
    size_t left = 0;
    (void)arg;
    for (size_t i = 0; i < zap->count; i++) {
        const question_t *question = &zap->waiting[i];
        if (question->due_ns > now_ns)
            zap->waiting[left++] = *question;
        else
            answer((text_t){question->asker, question->asker_length}, (text_t){question->number, question->number_length});
    }
    zap->count = left;
    if (left == 0)
        loop_timer_stop(zap->tick);
}

static void put_off(text_t asker, text_t number, int64_t ms)
{
    question_t *question = &zap->waiting[zap->count++];
    question->due_ns = clock_mono_ns() + ms * NS_PER_MS;
    question->asker_length = asker.length;
    question->number_length = number.length;
    memcpy(question->asker, asker.at, asker.length);
    memcpy(question->number, number.at, number.length);
    if (!loop_timer_running(zap->tick))
        loop_timer_start(zap->tick, TICK_MS, TICK_MS);
}

/* From libzmq itself, nobody else is at this address: what does not look like a question is none that could be answered. */
static void on_message(void *arg, const text_t *frames, size_t count)
{
    (void)arg;
    if (count < QUESTION_FRAMES || !text_equal(frames[VERSION], TEXT("1.0")) || frames[ASKER].length > ID_MAX ||
        frames[NUMBER].length > ID_MAX)
        return;
    if (zap->count == ZAP_WAITING)
        answer(frames[ASKER], frames[NUMBER]);
    else
        put_off(frames[ASKER], frames[NUMBER], is_near(frames[ADDRESS]) ? ZAP_NEAR_MS : ZAP_FAR_MS);
}

static const socket_events_t events = {.on_message = on_message};

static void zap_destroy(void)
{
    if (zap->socket)
        socket_unbind(zap->socket, ENDPOINT);
    socket_destroy(&zap->socket);
    loop_timer_destroy(&zap->tick);
    free(zap);
    zap = NULL;
}

bool zap_enter(loop_t *loop)
{
    if (!zap) {
        zap = calloc(1, sizeof *zap);
        if (!zap)
            return false;
        zap->tick = loop_timer_new(loop, on_tick, NULL);
        zap->socket = socket_new(loop, SOCKET_HANDLER, QUEUE_LIMIT, &events, NULL);
        if (!zap->tick || !zap->socket || !socket_bind(zap->socket, ENDPOINT)) {
            zap_destroy();
            return false;
        }
    }
    zap->users++;
    return true;
}

void zap_leave(void)
{
    if (--zap->users == 0)
        zap_destroy();
}
