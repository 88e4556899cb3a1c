/* Real ZeroMQ sockets on a real loop: a requester, and services played by the test. */
#include "tests/unit/common/bus/requester_fixture.h"
#include "tests/unit/run_tests.h"

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
    int status = RUN_TESTS("requester", tests);
    socket_shutdown();
    return status;
}
