/* What past_asker.h makes of answers, useful and useless ones. */
#include "tests/unit/connectord/backfill/past_asker_fixture.h"
#include "tests/unit/run_tests.h"

static const struct {
    const char *status, *headers, *body;
    size_t blanks;
    bool hangs_up;
} useless[] = {
    {"200 OK", "Content-Type: text/html\r\n", "<html>Just a moment…</html>", 0, false},
    {"404 Not Found", "", "2 3 4", 0, false},
    {"500 Internal Server Error", "", "", 0, false},
    {"200 OK", "", "2 3 4", REST_BODY_MAX, false},
    {"200 OK\r\nContent-Length: 100", "X-", "2 3 4", 0, true}, /* less than was promised */
};

START_TEST(a_useless_answer_is_counted_and_asked_for_again)
{
    first_status = useless[_i].status;
    first_headers = useless[_i].headers;
    first_body = useless[_i].body;
    first_blanks = useless[_i].blanks;
    server.hangs_up = useless[_i].hangs_up;
    lose_some(btc);
    run_until_failed(1);
    ck_assert_str_eq(btc->words, "1 ");
    ck_assert_uint_eq(past_asker_counts(asker)->trades, 0);
    ck_assert_uint_eq(btc->asked.backfill.failures, 1);
    hurry(btc);
    run_until_done(btc);
    ck_assert_str_eq(btc->words, "1 2+ 3+ 4+ 5 done ");
    ck_assert_uint_eq(past_asker_counts(asker)->requests, 2);
    ck_assert_uint_eq(past_asker_counts(asker)->failures, 1);
}
END_TEST

START_TEST(an_answer_may_be_as_large_as_is_said)
{
    first_status = "200 OK";
    first_body = "2 3 4";
    first_blanks = REST_BODY_MAX - strlen(first_body);
    lose_some(btc);
    run_until_done(btc);
    ck_assert_str_eq(btc->words, "1 2+ 3+ 4+ 5 done ");
}
END_TEST

START_TEST(a_refused_connection_is_a_failure)
{
    config.url = "http://127.0.0.1:1";
    open_asker(MANY);
    lose_some(btc);
    run_until_failed(1);
    ck_assert_uint_eq(btc->asked.backfill.failures, 1);
}
END_TEST

START_TEST(what_cannot_be_asked_is_a_failure)
{
    past.header = "no header\r\n";
    lose_some(btc);
    run_until_failed(1);
    ck_assert_int_eq(server.requests, 0);
    past.header = NULL;
    hurry(btc);
    run_until_done(btc);
    ck_assert_str_eq(btc->words, "1 2+ 3+ 4+ 5 done ");
}
END_TEST

START_TEST(malformed_records_are_left_out_and_counted)
{
    first_status = "200 OK";
    first_body = "2 x 3 y 4";
    lose_some(btc);
    run_until_done(btc);
    ck_assert_str_eq(btc->words, "1 2+ 3+ 4+ 5 done ");
    ck_assert_uint_eq(past_asker_counts(asker)->malformed, 1); /* answers */
    ck_assert_uint_eq(past_asker_counts(asker)->failures, 0);
}
END_TEST

/* One was published, one is held. */
START_TEST(what_contradicts_the_feed_is_counted_and_the_feed_stays)
{
    first_status = "200 OK";
    first_body = "1! 2 3 5! 5 1 4";
    lose_some(btc);
    run_until_done(btc);
    ck_assert_str_eq(btc->words, "1 2+ 3+ 4+ 5 done ");
    ck_assert_uint_eq(past_asker_counts(asker)->contradictions, 2);
    ck_assert_uint_eq(past_asker_counts(asker)->trades, 3);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {an_answer_may_be_as_large_as_is_said, what_cannot_be_asked_is_a_failure,
                                  malformed_records_are_left_out_and_counted,
                                  what_contradicts_the_feed_is_counted_and_the_feed_stays};
    const TTest *const opening[] = {a_refused_connection_is_a_failure};
    TCase *opened = TEST_CASE(set_up_open, tear_down, tests);
    tcase_add_loop_test(opened, a_useless_answer_is_counted_and_asked_for_again, 0, sizeof useless / sizeof *useless);
    return RUN_TESTS("past_answers", opened, TEST_CASE(set_up, tear_down, opening));
}
