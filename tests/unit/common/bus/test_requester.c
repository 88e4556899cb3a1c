/* Real ZeroMQ sockets on a real loop: a requester, and services played by the test. */
#include "common/buffer.h"
#include "common/bus/requester.h"
#include "common/json.h"
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
    requester = requester_new(loop, endpoints, count, timeout_ms);
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

START_TEST(an_answer_comes_back_to_who_asked)
{
    serve(0);
    open_requester(1, NEVER_MS);
    ask();
    run_until_answers(1);
    ck_assert(answered_by(0));
}
END_TEST

START_TEST(a_hundred_requests_at_once_are_each_answered_once)
{
    open_with_both(NEVER_MS);
    for (int i = 0; i < 100; i++)
        ask();
    run_until_answers(100);
    ck_assert_int_eq(services[0].asked + services[1].asked, 100);
}
END_TEST

START_TEST(the_next_endpoint_is_asked_when_one_is_not_there)
{
    serve(1);
    open_requester(SERVICES, NEVER_MS);
    ask();
    run_until_answers(1);
    ck_assert(answered_by(1));
}
END_TEST

START_TEST(the_next_endpoint_is_asked_when_one_does_not_answer_in_time)
{
    open_with_both(TIMEOUT_MS);
    ask_until_answered_by(1);
    ask_until_answered_by(0);
    services[0].mute = true;
    int asked = services[0].asked;
    ask();
    ask(); /* one to each */
    run_until_answers(done_count + 2);
    ck_assert(answered_by(1));
    ck_assert_int_eq(services[0].asked, asked + 1);
}
END_TEST

START_TEST(who_asks_when_nobody_answers_is_told_once)
{
    services[0].mute = services[1].mute = true;
    open_with_both(TIMEOUT_MS);
    ask();
    run_until_answers(1);
    ck_assert_str_eq(last_answer, "");
    ck_assert_int_eq(services[0].asked, 1);
    ck_assert_int_eq(services[1].asked, 1);
}
END_TEST

START_TEST(a_cancelled_request_is_not_answered)
{
    serve(0);
    open_requester(1, NEVER_MS);
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

START_TEST(a_request_on_a_link_that_broke_is_sent_again_over_the_next_one)
{
    open_requester(1, NEVER_MS);
    serve(0);
    services[0].mute = true;
    ask();
    run_until_asked(1);
    die(0);
    services[0].mute = false;
    serve(0);
    run_until_answers(1);
    ck_assert(answered_by(0));
    ck_assert_int_eq(services[0].asked, 2);
}
END_TEST

START_TEST(a_request_moves_to_the_other_service_when_its_own_dies)
{
    open_requester(2, NEVER_MS);
    serve(0);
    services[0].mute = true;
    ask();
    run_until_asked(1); /* the only one there is */
    serve(1);
    run_until_probed(1);
    die(0);
    run_until_answers(1);
    ck_assert(answered_by(1));
}
END_TEST

START_TEST(a_request_that_breaks_every_link_is_given_up)
{
    open_requester(1, NEVER_MS);
    services[0].mute = true;
    ask();
    for (int breaks = 1; done_count == 0; breaks++) {
        wanted = 1;
        serve(0);
        run_until_asked(breaks);
        ck_assert_int_le(breaks, 20);
        die(0);
        if (breaks == 9)
            run_until_answers(1);
    }
    ck_assert_str_eq(last_answer, "");
}
END_TEST

START_TEST(a_late_answer_is_waited_for_when_nobody_else_is_left)
{
    serve(0);
    open_requester(1, TIMEOUT_MS);
    ask_until_answered_by(0); /* a connection stands */
    services[0].slow = true;
    ask();
    run_until_answers(done_count + 1);
    ck_assert(answered_by(0));
}
END_TEST

START_TEST(of_all_that_were_asked_in_vain_the_first_to_answer_late_is_heard)
{
    services[0].slow = services[1].mute = true;
    open_with_both(TIMEOUT_MS);
    ask();
    run_until_answers(1);
    ck_assert(answered_by(0));
}
END_TEST

START_TEST(requests_are_spread_over_all_services)
{
    open_requester(2, NEVER_MS);
    serve(0);
    serve(1);
    ask_until_answered_by(0);
    ask_until_answered_by(1);
    int before[] = {services[0].asked, services[1].asked};
    for (int i = 0; i < 10; i++)
        ask();
    run_until_answers(done_count + 10);
    ck_assert_int_eq(services[0].asked - before[0], 5);
    ck_assert_int_eq(services[1].asked - before[1], 5);
}
END_TEST

START_TEST(who_did_not_answer_is_left_out_until_a_probe_is_answered)
{
    open_requester(2, TIMEOUT_MS);
    serve(0);
    serve(1);
    ask_until_answered_by(1);
    ask_until_answered_by(0);
    services[0].mute = true;
    do
        ask_until_answered_by(1);
    while (services[0].probed < 3);
    int asked = services[0].asked, before = services[1].asked;
    for (int i = 0; i < 20; i++)
        ask_until_answered_by(1);
    ck_assert_int_eq(services[0].asked, asked);
    ck_assert_int_eq(services[1].asked, before + 20);
    services[0].mute = false;
    ask_until_answered_by(0);
}
END_TEST

START_TEST(who_says_that_it_is_not_ready_is_not_asked_before_it_is)
{
    open_requester(2, NEVER_MS);
    services[1].unready = true;
    serve(1);
    run_until_probed(1);
    serve(0);
    ask_until_answered_by(0);
    int asked = services[1].asked;
    for (int i = 0; i < 10; i++)
        ask_until_answered_by(0);
    ck_assert_int_eq(services[1].asked, asked);
    services[1].unready = false;
    ask_until_answered_by(1);
}
END_TEST

static void tell(int number, uint32_t limit_ms)
{
    ck_assert_uint_ne(requester_send_to(requester, (size_t)number, TEXT("{\"op\":\"echo\"}"), limit_ms, on_done, &done_count),
                      0);
}

START_TEST(what_is_for_one_service_goes_to_no_other)
{
    open_requester(2, NEVER_MS);
    ck_assert_uint_eq(requester_endpoints(requester), 2);
    serve(0);
    serve(1);
    for (int i = 0; i < 20; i++) {
        tell(i % 2, NEVER_MS);
        run_until_answers(i + 1);
        ck_assert(answered_by(i % 2));
    }
    ck_assert_int_eq(services[0].asked, 10);
    ck_assert_int_eq(services[1].asked, 10);
}
END_TEST

START_TEST(what_may_take_long_is_waited_for_and_not_held_against_who_does_it)
{
    open_requester(2, TIMEOUT_MS / 4);
    serve(0);
    serve(1);
    ask_until_answered_by(1);
    ask_until_answered_by(0); /* both are in use */
    int before = done_count, probed = services[0].probed;
    services[0].slow = true;
    tell(0, NEVER_MS);
    run_until_answers(before + 1);
    ck_assert(answered_by(0));
    services[0].slow = false;
    ask_until_answered_by(0);
    ck_assert_int_eq(services[0].probed, probed); /* it was not left out */
}
END_TEST

START_TEST(what_is_not_done_within_its_limit_is_told_so_once)
{
    open_requester(2, TIMEOUT_MS);
    serve(0);
    serve(1);
    ask_until_answered_by(0);
    int before = done_count, asked = services[0].asked, others = services[1].asked;
    services[0].mute = true;
    tell(0, TIMEOUT_MS);
    run_until_answers(before + 1);
    ck_assert_str_eq(last_answer, "");
    ck_assert_int_eq(services[0].asked, asked + 1);
    ck_assert_int_eq(services[1].asked, others);
}
END_TEST

START_TEST(what_is_for_one_service_is_not_done_when_that_is_not_there_or_dies)
{
    open_requester(2, TIMEOUT_MS);
    serve(0);
    ask_until_answered_by(0);
    int before = done_count, asked = services[0].asked;
    tell(1, NEVER_MS);
    run_until_answers(before + 1);
    ck_assert_str_eq(last_answer, "");
    services[0].mute = true;
    tell(0, NEVER_MS);
    run_until_asked(asked + 1);
    die(0);
    services[0].mute = false;
    serve(0);
    run_until_answers(before + 2);
    ck_assert_str_eq(last_answer, "");
    ask_until_answered_by(0);
    ck_assert_int_eq(services[0].asked, asked + 2); /* the question, and not what was for it before it died */
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
    tcase_add_test(tests, of_all_that_were_asked_in_vain_the_first_to_answer_late_is_heard);
    tcase_add_test(tests, a_cancelled_request_is_not_answered);
    tcase_add_test(tests, a_request_on_a_link_that_broke_is_sent_again_over_the_next_one);
    tcase_add_test(tests, a_request_moves_to_the_other_service_when_its_own_dies);
    tcase_add_test(tests, a_request_that_breaks_every_link_is_given_up);
    tcase_add_test(tests, a_late_answer_is_waited_for_when_nobody_else_is_left);
    tcase_add_test(tests, requests_are_spread_over_all_services);
    tcase_add_test(tests, who_did_not_answer_is_left_out_until_a_probe_is_answered);
    tcase_add_test(tests, who_says_that_it_is_not_ready_is_not_asked_before_it_is);
    tcase_add_test(tests, what_is_for_one_service_goes_to_no_other);
    tcase_add_test(tests, what_may_take_long_is_waited_for_and_not_held_against_who_does_it);
    tcase_add_test(tests, what_is_not_done_within_its_limit_is_told_so_once);
    tcase_add_test(tests, what_is_for_one_service_is_not_done_when_that_is_not_there_or_dies);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    socket_shutdown();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
