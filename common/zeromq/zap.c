#include "common/zeromq/zap.h"

#include "common/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { TICK_MS = 5, REQUEST_FRAMES = 8, ID_MAX = 16 };

#define ENDPOINT "inproc://zeromq.zap.01"

/* A question's frames: who asks, an empty one, and these. */
enum { ASKER = 0, VERSION = 2, NUMBER = 3, DOMAIN = 4, ADDRESS = 5 };

typedef struct {
    int64_t due_ns;
    char asker[ID_MAX], number[ID_MAX];
    size_t asker_length, number_length;
} zap_request_t;

/* A socket that asks. */
typedef struct zap_socket {
    struct zap_socket *next;
    zap_policy_t policy;
    char domain[ZAP_DOMAIN_MAX];
    int64_t free_ns; /* for the next connection, at its pace */
    size_t count;
    zap_request_t waiting[ZAP_WAITING];
} zap_socket_t;

typedef struct {
    const zap_handler_t *handler;
    struct bus_socket *socket; /* the handler's */
    loop_timer_t *tick;
    zap_socket_t *sockets;
    uint64_t entered;
} zap_t;

/* The one of the process. */
static zap_t *zap;

/* ZeroMQ writes an address of ipc as ":uid:gid:pid", or with "localhost" before it. */
static bool is_near(text_t address)
{
    static const char *const near[] = {"127.", "::1", "::ffff:127.", "localhost:"};
    bool unix_peer = address.length > 1 && address.at[0] == ':' && address.at[1] != ':';
    for (size_t i = 0; i < sizeof near / sizeof *near; i++)
        if (text_starts_with(address, text_of(near[i])))
            return true;
    return unix_peer || address.length == 0;
}

static void answer(text_t asker, text_t number, text_t status, text_t id, text_t properties)
{
    const text_t frames[] = {asker, TEXT(""), TEXT("1.0"), number, status, TEXT(""), id, properties};
    zap->handler->send(zap->socket, frames, sizeof frames / sizeof *frames);
}

static void admit(const zap_socket_t *entry, text_t asker, text_t number)
{
    static const char nameless[] = "\10Identity\0\0\0"; /* and the 0 at its end: four bytes of the value's length */
    char id[20];
    size_t length = text_from_u64(id, entry->policy.next_id(entry->policy.arg));
    answer(asker, number, TEXT("200"), (text_t){id, length},
           entry->policy.names ? (text_t){nameless, sizeof nameless} : TEXT(""));
}

/* Those that wait and are due; returns how many still wait. */
static size_t answer_due(zap_socket_t *entry, int64_t now_ns)
{
    size_t left = 0;
    for (size_t i = 0; i < entry->count; i++) {
        const zap_request_t *request = &entry->waiting[i];
        if (request->due_ns > now_ns)
            entry->waiting[left++] = *request;
        else
            admit(entry, (text_t){request->asker, request->asker_length}, (text_t){request->number, request->number_length});
    }
    return entry->count = left;
}

static void on_tick(void *arg)
{
    size_t left = 0;
    (void)arg;
    for (zap_socket_t *entry = zap->sockets; entry; entry = entry->next)
        left += answer_due(entry, clock_mono_ns());
    if (left == 0)
        loop_timer_stop(zap->tick);
}

static void put_off(zap_socket_t *entry, text_t asker, text_t number, int64_t due_ns)
{
    zap_request_t *request = &entry->waiting[entry->count++];
    request->due_ns = due_ns;
    request->asker_length = asker.length;
    request->number_length = number.length;
    memcpy(request->asker, asker.at, asker.length);
    memcpy(request->number, number.at, number.length);
    if (!loop_timer_running(zap->tick))
        loop_timer_start(zap->tick, TICK_MS, TICK_MS);
}

static void ask_named(zap_socket_t *entry, text_t asker, text_t number, text_t address)
{
    int64_t wait_ms = is_near(address) ? ZAP_NEAR_MS : ZAP_FAR_MS;
    if (entry->count == ZAP_WAITING)
        admit(entry, asker, number);
    else
        put_off(entry, asker, number, clock_mono_ns() + wait_ms * NS_PER_MS);
}

/* Beyond those that may wait for their turn a question stays without an answer: libzmq gives the connection up, and its peer makes another one. */
static void ask_paced(zap_socket_t *entry, text_t asker, text_t number)
{
    int64_t now_ns = clock_mono_ns(), pace_ns = entry->policy.pace_ns ? entry->policy.pace_ns(entry->policy.arg) : 0;
    if (entry->count == ZAP_WAITING)
        return;
    int64_t due_ns = entry->free_ns > now_ns ? entry->free_ns : now_ns;
    entry->free_ns = due_ns + pace_ns;
    if (due_ns == now_ns)
        admit(entry, asker, number);
    else
        put_off(entry, asker, number, due_ns);
}

static zap_socket_t *zap_socket_of(text_t domain)
{
    zap_socket_t *entry = zap->sockets;
    while (entry && !text_equal(text_of(entry->domain), domain))
        entry = entry->next;
    return entry;
}

/* From libzmq itself, nobody else is at this address: what does not look like a question could not be answered. */
void zap_asked(const text_t *frames, size_t count)
{
    if (count < REQUEST_FRAMES || !text_equal(frames[VERSION], TEXT("1.0")) || frames[ASKER].length > ID_MAX ||
        frames[NUMBER].length > ID_MAX)
        return;
    zap_socket_t *entry = zap_socket_of(frames[DOMAIN]);
    if (!entry || !entry->policy.admits(entry->policy.arg, frames[ADDRESS]))
        answer(frames[ASKER], frames[NUMBER], TEXT("400"), TEXT(""), TEXT(""));
    else if (entry->policy.names)
        ask_named(entry, frames[ASKER], frames[NUMBER], frames[ADDRESS]);
    else
        ask_paced(entry, frames[ASKER], frames[NUMBER]);
}

static void zap_destroy(void)
{
    if (zap->socket)
        zap->handler->close(&zap->socket, ENDPOINT);
    loop_timer_destroy(&zap->tick);
    free(zap);
    zap = NULL;
}

static bool zap_open(loop_t *loop, const zap_handler_t *handler)
{
    if (zap)
        return true;
    zap = calloc(1, sizeof *zap);
    if (!zap)
        return false;
    zap->tick = loop_timer_new(loop, on_tick, NULL);
    zap->handler = handler;
    if (zap->tick && (zap->socket = handler->open(loop, ENDPOINT)))
        return true;
    zap_destroy();
    return false;
}

bool zap_enter(loop_t *loop, const zap_handler_t *handler, const zap_policy_t *policy, char domain[static ZAP_DOMAIN_MAX])
{
    zap_socket_t *entry = calloc(1, sizeof *entry);
    if (!entry || !zap_open(loop, handler)) {
        free(entry);
        return false;
    }
    snprintf(entry->domain, sizeof entry->domain, "%" PRIu64, ++zap->entered);
    memcpy(domain, entry->domain, sizeof entry->domain);
    entry->policy = *policy;
    entry->next = zap->sockets;
    zap->sockets = entry;
    return true;
}

void zap_leave(const char *domain)
{
    zap_socket_t *entry = zap_socket_of(text_of(domain)), **link = &zap->sockets;
    if (!entry)
        return;
    while (*link != entry)
        link = &(*link)->next;
    *link = entry->next;
    free(entry);
    if (!zap->sockets)
        zap_destroy();
}
