#include "common/zeromq/zap.h"

#include "common/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

enum { TICK_MS = 5, REQUEST_FRAMES = 8, ID_MAX = 16, KEY_BYTES = 32, PROPERTIES_MAX = 128 };

#define ENDPOINT "inproc://zeromq.zap.01"

/* A question's frames: who asks, an empty one, and these. */
enum { ASKER = 0, VERSION = 2, NUMBER = 3, DOMAIN = 4, ADDRESS = 5, MECHANISM = 7, CREDENTIALS = 8 };

typedef struct {
    int64_t due_ns;
    char asker[ID_MAX], number[ID_MAX];
    size_t asker_length, number_length;
    char key[ZAP_KEY + 1]; /* empty: without CURVE */
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

/* Behind the name, with a byte of its length before it, comes the value, with four. */
static size_t put_property(char *out, text_t name, text_t value)
{
    const char head[] = {0, 0, 0, (char)value.length};
    out[0] = (char)name.length;
    memcpy(out + 1, name.at, name.length);
    memcpy(out + 1 + name.length, head, sizeof head);
    if (value.length > 0)
        memcpy(out + 1 + name.length + sizeof head, value.at, value.length);
    return 1 + name.length + sizeof head + value.length;
}

static void admit(const zap_socket_t *entry, const zap_request_t *request)
{
    char id[20], properties[PROPERTIES_MAX];
    size_t length = text_from_u64(id, entry->policy.next_id(entry->policy.arg)), size = 0;
    if (entry->policy.names)
        size += put_property(properties, TEXT("Identity"), TEXT(""));
    if (request->key[0])
        size += put_property(properties + size, TEXT("Key"), text_of(request->key));
    answer((text_t){request->asker, request->asker_length}, (text_t){request->number, request->number_length}, TEXT("200"),
           (text_t){id, length}, (text_t){properties, size});
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
            admit(entry, request);
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

static void put_off(zap_socket_t *entry, const zap_request_t *request, int64_t due_ns)
{
    entry->waiting[entry->count] = *request;
    entry->waiting[entry->count++].due_ns = due_ns;
    if (!loop_timer_running(zap->tick))
        loop_timer_start(zap->tick, TICK_MS, TICK_MS);
}

static void ask_named(zap_socket_t *entry, const zap_request_t *request, text_t address)
{
    int64_t wait_ms = request->key[0] || is_near(address) ? ZAP_NEAR_MS : ZAP_FAR_MS;
    if (entry->count == ZAP_WAITING)
        admit(entry, request);
    else
        put_off(entry, request, clock_mono_ns() + wait_ms * NS_PER_MS);
}

/* Beyond those that may wait for their turn a question stays without an answer: libzmq gives the connection up, and its peer makes another one. */
static void ask_paced(zap_socket_t *entry, const zap_request_t *request)
{
    int64_t now_ns = clock_mono_ns(), pace_ns = entry->policy.pace_ns ? entry->policy.pace_ns(entry->policy.arg) : 0;
    if (entry->count == ZAP_WAITING)
        return;
    int64_t due_ns = entry->free_ns > now_ns ? entry->free_ns : now_ns;
    entry->free_ns = due_ns + pace_ns;
    if (due_ns == now_ns)
        admit(entry, request);
    else
        put_off(entry, request, due_ns);
}

static zap_socket_t *zap_socket_of(text_t domain)
{
    zap_socket_t *entry = zap->sockets;
    while (entry && !text_equal(text_of(entry->domain), domain))
        entry = entry->next;
    return entry;
}

/* False: it does not look like a question. */
static bool read_request(zap_request_t *request, const text_t *frames, size_t count)
{
    if (count < REQUEST_FRAMES || !text_equal(frames[VERSION], TEXT("1.0")) || frames[ASKER].length > ID_MAX ||
        frames[NUMBER].length > ID_MAX)
        return false;
    *request = (zap_request_t){.asker_length = frames[ASKER].length, .number_length = frames[NUMBER].length};
    memcpy(request->asker, frames[ASKER].at, frames[ASKER].length);
    memcpy(request->number, frames[NUMBER].at, frames[NUMBER].length);
    if (text_equal(frames[MECHANISM], TEXT("CURVE")) && count > CREDENTIALS && frames[CREDENTIALS].length == KEY_BYTES)
        zmq_z85_encode(request->key, (const uint8_t *)frames[CREDENTIALS].at, KEY_BYTES);
    return true;
}

/* From libzmq itself, nobody else is at this address: what does not look like a question could not be answered. */
void zap_asked(const text_t *frames, size_t count)
{
    static const text_t statuses[] = {
        [ZAP_ADMITTED] = TEXT_CONST("200"), [ZAP_REFUSED] = TEXT_CONST("400"), [ZAP_NOT_NOW] = TEXT_CONST("300")};
    zap_request_t request;
    if (!read_request(&request, frames, count))
        return;
    zap_socket_t *entry = zap_socket_of(frames[DOMAIN]);
    const zap_newcomer_t newcomer = {frames[ADDRESS], text_of(request.key)};
    zap_verdict_t verdict = entry ? entry->policy.admits(entry->policy.arg, &newcomer) : ZAP_REFUSED;
    if (verdict != ZAP_ADMITTED)
        answer(frames[ASKER], frames[NUMBER], statuses[verdict], TEXT(""), TEXT(""));
    else if (entry->policy.names)
        ask_named(entry, &request, newcomer.address);
    else
        ask_paced(entry, &request);
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
