/* Real ZeroMQ sockets on a real loop: a requester, and services played by the test. */
#include "common/buffer.h"
#include "common/json.h"
#include "common/requester.h"
#include "common/socket.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TIMEOUT_MS = 200, SERVICES = 2 };

/* A service that answers every request with {"id":…,"service":NUMBER}, or not at all. */
typedef struct {
    int number;
    bool mute;
    int asked;
    socket_t *router;
    char endpoint[128];
} service_t;

static char folder[] = "/tmp/test_requester.XXXXXX";
static loop_t *loop;
static loop_timer_t *guard;
static service_t services[SERVICES];
static requester_t *requester;
static int done_count, wanted;
static char last_answer[256];

static void on_request(void *arg, const text_t *frames, size_t count)
{
    service_t *self = arg;
    ck_assert_uint_eq(count, 3); /* identity, delimiter, body: what a REQ socket would send */
    ck_assert_uint_eq(frames[1].length, 0);
    ck_assert(json_valid(frames[2]));
    ck_assert(text_equal(json_member(frames[2], "op"), TEXT("\"echo\"")));
    self->asked++;
    if (self->mute)
        return;
    char answer[128];
    text_t id = json_member(frames[2], "id");
    int length = snprintf(answer, sizeof answer, "{\"id\":%.*s,\"service\":%d}", TEXT_ARG(id), self->number);
    text_t out[] = {frames[0], frames[1], {answer, (size_t)length}};
    ck_assert(socket_send(self->router, out, 3));
}

static const socket_events_t service_events = {.on_message = on_request};

static void serve(int number)
{
    service_t *self = &services[number];
    self->router = socket_new(loop, SOCKET_ROUTER, 100, &service_events, self);
    ck_assert(socket_bind(self->router, self->endpoint));
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
    const char *endpoints[SERVICES];
    for (int i = 0; i < SERVICES; i++) {
        services[i] = (service_t){.number = i};
        snprintf(services[i].endpoint, sizeof services[i].endpoint, "ipc://%s/%d", folder, i);
        endpoints[i] = services[i].endpoint;
    }
    done_count = 0;
    requester = requester_new(loop, endpoints, SERVICES, TIMEOUT_MS);
    ck_assert_ptr_nonnull(requester);
}

static void tear_down(void)
{
    requester_destroy(&requester);
    for (int i = 0; i < SERVICES; i++)
        socket_destroy(&services[i].router);
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

START_TEST(an_answer_comes_back_to_who_asked)
{
    serve(0);
    ck_assert(!requester_alive(requester));
    ask();
    run_until_answers(1);
    ck_assert_ptr_nonnull(strstr(last_answer, "\"service\":0"));
    ck_assert(requester_alive(requester));
}
END_TEST

START_TEST(a_hundred_requests_at_once_are_each_answered_once)
{
    serve(0);
    serve(1);
    for (int i = 0; i < 100; i++)
        ask();
    run_until_answers(100);
    ck_assert_int_eq(services[0].asked + services[1].asked, 100);
}
END_TEST

START_TEST(the_next_endpoint_is_asked_when_one_is_not_there)
{
    serve(1);
    ask();
    run_until_answers(1);
    ck_assert_ptr_nonnull(strstr(last_answer, "\"service\":1"));
}
END_TEST

START_TEST(the_next_endpoint_is_asked_when_one_does_not_answer_in_time)
{
    serve(0);
    serve(1);
    services[0].mute = true;
    services[1].mute = false;
    ask();
    run_until_answers(1);
    ck_assert_ptr_nonnull(strstr(last_answer, "\"service\":1"));
}
END_TEST

START_TEST(who_asks_when_nobody_answers_is_told_once)
{
    serve(0);
    serve(1);
    services[0].mute = services[1].mute = true;
    ask();
    run_until_answers(1);
    ck_assert_str_eq(last_answer, "");
    ck_assert(!requester_alive(requester));
    ck_assert_int_eq(services[0].asked, 1);
    ck_assert_int_eq(services[1].asked, 1);
}
END_TEST

START_TEST(a_cancelled_request_is_not_answered)
{
    serve(0);
    uint64_t cancelled = ask();
    ask();
    requester_cancel(requester, cancelled);
    requester_cancel(requester, cancelled);
    requester_cancel(requester, 12345);
    run_until_answers(1);
    char expected[64];
    snprintf(expected, sizeof expected, "\"id\":%llu,", (unsigned long long)cancelled);
    ck_assert_ptr_null(strstr(last_answer, expected));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("requester");
    TCase *tests = tcase_create("requester");
    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, an_answer_comes_back_to_who_asked);
    tcase_add_test(tests, a_hundred_requests_at_once_are_each_answered_once);
    tcase_add_test(tests, the_next_endpoint_is_asked_when_one_is_not_there);
    tcase_add_test(tests, the_next_endpoint_is_asked_when_one_does_not_answer_in_time);
    tcase_add_test(tests, who_asks_when_nobody_answers_is_told_once);
    tcase_add_test(tests, a_cancelled_request_is_not_answered);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    socket_shutdown();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
