/* Services for a requester to ask, which answer, are late, die and come back as a test wants it. */
#pragma once

#include "common/buffer.h"
#include "common/bus/requester.h"
#include "common/json/json.h"
#include "common/zeromq/socket.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TIMEOUT_MS = 200, NEVER_MS = 60000 /* the guard comes first */, SLOW_MS = 300, SERVICES = 2, LATE_MAX = 16 };

typedef struct service service_t;

/* An answer that is given SLOW_MS after its request. */
typedef struct {
    service_t *service;
    loop_timer_t *timer;
    char peer[64], answer[128];
    size_t peer_length;
} late_answer_t;

/* A service that answers every request with {"id":…,"service":NUMBER}: at once, SLOW_MS later, or not at all. */
struct service {
    int number;
    bool mute, slow, unready;
    int asked, probed;
    socket_t *router;
    char endpoint[128];
    late_answer_t late[LATE_MAX];
};

static char folder[] = "/tmp/test_requester.XXXXXX";
static loop_t *loop;
static loop_timer_t *guard;
static service_t services[SERVICES];
static requester_t *requester;
static int done_count, wanted;
static char last_answer[256];

static void answer(service_t *self, text_t peer, text_t body)
{
    text_t out[] = {peer, TEXT(""), body};
    ck_assert(socket_send(self->router, out, 3));
}

static void on_later(void *arg)
{
    late_answer_t *late = arg;
    answer(late->service, (text_t){late->peer, late->peer_length}, text_of(late->answer));
}

static void answer_later(service_t *self, text_t peer, text_t body)
{
    late_answer_t *late = self->late;
    while (late < self->late + LATE_MAX && loop_timer_running(late->timer))
        late++;
    ck_assert_ptr_ne(late, self->late + LATE_MAX);
    ck_assert_uint_le(peer.length, sizeof late->peer);
    memcpy(late->peer, peer.at, peer.length);
    late->peer_length = peer.length;
    snprintf(late->answer, sizeof late->answer, "%.*s", TEXT_ARG(body));
    loop_timer_start(late->timer, SLOW_MS, 0);
}

/* Stops the loop, where a test waits for a request. */
static int asked_wanted = -1, probed_wanted = -1;

static void count_request(service_t *self, bool probe)
{
    int *count = probe ? &self->probed : &self->asked;
    if (++*count == (probe ? probed_wanted : asked_wanted))
        loop_stop(loop);
}

static void on_request(void *arg, const text_t *frames, size_t count)
{
    service_t *self = arg;
    ck_assert_uint_eq(count, 3); /* identity, delimiter, body: what a REQ socket would send */
    ck_assert_uint_eq(frames[1].length, 0);
    ck_assert(json_valid(frames[2]));
    text_t op = json_member(frames[2], "op"), id = json_member(frames[2], "id");
    bool probe = text_equal(op, TEXT("\"ready\""));
    ck_assert(probe || text_equal(op, TEXT("\"echo\"")));
    count_request(self, probe);
    if (self->mute)
        return;
    char body[128];
    int length = snprintf(body, sizeof body, "{\"id\":%.*s,\"service\":%d%s}", TEXT_ARG(id), self->number,
                          probe && self->unready ? ",\"ready\":false" : "");
    (self->slow ? answer_later : answer)(self, frames[0], (text_t){body, (size_t)length});
}

static const socket_events_t service_events = {.on_message = on_request};

static void serve(int number)
{
    service_t *self = &services[number];
    self->router = socket_new(loop, SOCKET_ROUTER, 100, &service_events, self);
    ck_assert(socket_bind(self->router, self->endpoint));
}

static void die(int number)
{
    socket_destroy(&services[number].router);
}

static void on_done(void *arg, text_t answer)
{
    ck_assert_ptr_eq(arg, &done_count);
    snprintf(last_answer, sizeof last_answer, "%.*s", TEXT_ARG(answer));
    if (++done_count == wanted)
        loop_stop(loop);
}

static void on_guard(void *arg)
{
    (void)arg;
    ck_abort_msg("no end after 20 s: %d answers", done_count);
}

static void set_up(void)
{
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    loop = loop_new();
    guard = loop_timer_new(loop, on_guard, NULL);
    loop_timer_start(guard, 20000, 0);
    for (int i = 0; i < SERVICES; i++) {
        service_t *service = &services[i];
        *service = (service_t){.number = i};
        for (late_answer_t *late = service->late; late < service->late + LATE_MAX; late++)
            *late = (late_answer_t){.service = service, .timer = loop_timer_new(loop, on_later, late)};
        snprintf(services[i].endpoint, sizeof services[i].endpoint, "ipc://%s/%d", folder, i);
    }
    done_count = 0;
    asked_wanted = probed_wanted = -1;
}

static void open_requester(size_t count, uint32_t timeout_ms)
{
    const char *endpoints[] = {services[0].endpoint, services[1].endpoint};
    requester = requester_new(loop, "history", endpoints, count, timeout_ms);
    ck_assert_ptr_nonnull(requester);
}

static void tear_down(void)
{
    requester_destroy(&requester);
    for (int i = 0; i < SERVICES; i++) {
        socket_destroy(&services[i].router);
        for (late_answer_t *late = services[i].late; late < services[i].late + LATE_MAX; late++)
            loop_timer_destroy(&late->timer);
    }
    loop_timer_destroy(&guard);
    loop_destroy(&loop);
    for (int i = 0; i < SERVICES; i++)
        unlink(services[i].endpoint + strlen("ipc://"));
    rmdir(folder);
}

static uint64_t ask(void)
{
    uint64_t handle = requester_send(requester, TEXT("{\"op\":\"echo\"}"), on_done, &done_count);
    ck_assert_uint_ne(handle, 0);
    return handle;
}

static void run_until_answers(int count)
{
    wanted = count;
    ck_assert_int_eq(loop_run(loop), 0);
}

static void run_until_asked(int count)
{
    asked_wanted = count;
    ck_assert_int_eq(loop_run(loop), 0);
    asked_wanted = -1;
}

static void run_until_probed(int count)
{
    probed_wanted = count;
    ck_assert_int_eq(loop_run(loop), 0);
    probed_wanted = -1;
}

static bool answered_by(int number)
{
    char expected[32];
    snprintf(expected, sizeof expected, "\"service\":%d", number);
    return strstr(last_answer, expected) != NULL;
}

/* Asks again and again until an answer comes from this service. */
static void ask_until_answered_by(int number)
{
    do {
        ask();
        run_until_answers(done_count + 1);
    } while (!answered_by(number));
}

/* Of two that are probed: until a connection stands to each. */
static void open_with_both(uint32_t timeout_ms)
{
    serve(0);
    serve(1);
    open_requester(SERVICES, timeout_ms);
    while (services[0].probed == 0 || services[1].probed == 0)
        run_until_probed(1);
}
