/* clearHistory where there are several histories. */
#include "tests/unit/gateway_fixture.h"
#include "tests/unit/run_tests.h"

#define CLEAR                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"clearHistory\",\"params\":{\"token\":\"s\"}}"
#define REQUEST                "{\"op\":\"clear\",\"token\":\"s\"}"
#define CLEARED(number)        "{\"ok\":true,\"id\":7,\"cleared\":" #number "}"
#define REFUSED(code, message) "{\"ok\":false,\"id\":7,\"error\":{\"code\":\"" code "\",\"message\":\"" message "\"}}"
#define RESULT(number)         "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"cleared\":" #number "}}"
#define ERROR(code, message)   "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":" code ",\"message\":\"" message "\"}}"

static void setup(void)
{
    fixture_setup();
    fixture.histories = 2;
}

static const struct {
    const char *first, *second, *answer;
} ends[] = {
    {CLEARED(5), CLEARED(3), RESULT(5)},
    {CLEARED(3), CLEARED(5), RESULT(5)},
    {CLEARED(0), CLEARED(0), RESULT(0)},
    {CLEARED(5), NULL, ERROR("-32000", "cleared on only 1 of 2 history servers: no answer from the others")},
    {NULL, CLEARED(5), ERROR("-32000", "cleared on only 1 of 2 history servers: no answer from the others")},
    {REFUSED("forbidden", "no \\\"s\\\""), CLEARED(5), ERROR("-32000", "cleared on only 1 of 2 history servers: no \\\"s\\\"")},
    {CLEARED(5), "{\"ok\":true}", ERROR("-32000", "cleared on only 1 of 2 history servers: no answer from the others")},
    {REFUSED("forbidden", "no"), NULL, ERROR("-32003", "no")},
    {NULL, REFUSED("unavailable", "later"), ERROR("-32000", "later")},
    {NULL, NULL, ERROR("-32000", "History is not available now")},
};

START_TEST(it_is_done_when_all_have_done_it)
{
    say(CLEAR);
    ck_assert_uint_eq(fixture.asked_count, 2);
    service_answers("history", REQUEST, ends[_i].first);
    client_pump(fixture.client);
    expect_nothing();
    service_answers("history", REQUEST, ends[_i].second);
    client_pump(fixture.client);
    expect(ends[_i].answer);
    expect_nothing();
}
END_TEST

START_TEST(who_leaves_meanwhile_is_told_nothing)
{
    say(CLEAR);
    service_answers("history", REQUEST, CLEARED(5));
    peer_leaves(&fixture.client);
    ck_assert_uint_eq(fixture.asked_count, 0);
}
END_TEST

START_TEST(when_nobody_can_be_asked_it_says_so_at_once)
{
    fixture.deaf = true;
    say(CLEAR);
    expect(ERROR("-32000", "History is not available now"));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("clear");
    tcase_add_checked_fixture(tests, setup, fixture_teardown);
    tcase_add_loop_test(tests, it_is_done_when_all_have_done_it, 0, sizeof ends / sizeof *ends);
    tcase_add_test(tests, who_leaves_meanwhile_is_told_nothing);
    tcase_add_test(tests, when_nobody_can_be_asked_it_says_so_at_once);
    return RUN_TESTS("clear", tests);
}
