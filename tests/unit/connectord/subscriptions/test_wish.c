#include "common/clock.h"
#include "connectord/subscriptions/wish.h"

#include <check.h>
#include <stdlib.h>

static wish_t wish;
static int64_t now_ns;

static void set_up(void)
{
    now_ns = 1000 * NS_PER_S;
    wish = (wish_t){.symbol = TEXT("BTC-USD"), .wanted = true};
    wish.backoff = backoff_new((backoff_config_t){.initial_ms = 100, .maximum_ms = 400, .multiplier = 2}, 1);
}

static wish_action_t happen(wish_event_t event, const char *why)
{
    return wish_event(&wish, event, &(wish_moment_t){.now_ns = now_ns, .patience_ms = 5000, .why = text_of(why)});
}

static void check_reason(const char *reason)
{
    ck_assert_msg(text_equal(wish_reason(&wish), text_of(reason)), "%.*s", TEXT_ARG(wish_reason(&wish)));
    ck_assert(wish_fails(&wish) == (reason[0] != '\0'));
}

static int64_t due_in_ms(void)
{
    return (wish.due_ns - now_ns) / NS_PER_MS;
}

START_TEST(subscribe_that_is_confirmed_is_taken)
{
    ck_assert_int_eq(happen(WISH_WANT, ""), WISH_SUBSCRIBE);
    ck_assert_int_eq(due_in_ms(), 5000);
    ck_assert_int_eq(happen(WISH_WANT, ""), WISH_IGNORE);
    ck_assert_int_eq(happen(WISH_CONFIRMED, ""), WISH_WAIT);
    ck_assert_int_eq(wish.state, WISH_TAKEN);
    ck_assert_int_eq(wish.due_ns, 0);
    check_reason("");
    ck_assert_int_eq(happen(WISH_UNWANT, ""), WISH_UNSUBSCRIBE);
    ck_assert_int_eq(happen(WISH_ENDED, ""), WISH_IGNORE);
    ck_assert_int_eq(wish.state, WISH_IDLE);
}
END_TEST

START_TEST(refused_subscribe_fails_until_it_is_confirmed_and_is_tried_with_backoff)
{
    static const int delays_ms[] = {100, 200, 400, 400, 400};
    happen(WISH_WANT, "");
    for (size_t i = 0; i < sizeof delays_ms / sizeof *delays_ms; i++) {
        ck_assert_int_eq(happen(WISH_REJECTED, "not now"), WISH_WAIT);
        check_reason("not now");
        ck_assert_int_eq(due_in_ms(), delays_ms[i]);
        ck_assert_int_eq(happen(WISH_DUE, ""), WISH_SUBSCRIBE);
        check_reason("not now");
    }
    happen(WISH_CONFIRMED, "");
    check_reason("");
}
END_TEST

START_TEST(subscribe_that_is_not_answered_fails)
{
    happen(WISH_WANT, "");
    ck_assert_int_eq(happen(WISH_DUE, ""), WISH_WAIT);
    ck_assert_int_eq(wish.state, WISH_FAILED);
    check_reason("the exchange does not answer");
    happen(WISH_CONFIRMED, ""); /* late */
    ck_assert_int_eq(wish.state, WISH_TAKEN);
    check_reason("");
}
END_TEST

START_TEST(what_the_exchange_drops_is_asked_for_at_once_when_it_has_held)
{
    happen(WISH_WANT, "");
    happen(WISH_CONFIRMED, "");
    now_ns += WISH_GOOD_MS * NS_PER_MS;
    happen(WISH_ENDED, "");
    check_reason("unsubscribed by the exchange");
    ck_assert_int_eq(due_in_ms(), 0);
    happen(WISH_DUE, "");
    happen(WISH_CONFIRMED, "");
    happen(WISH_ENDED, ""); /* and with the backoff when it has not */
    ck_assert_int_eq(due_in_ms(), 100);
}
END_TEST

START_TEST(subscription_that_held_begins_the_backoff_again)
{
    happen(WISH_WANT, "");
    for (int i = 0; i < 5; i++) {
        happen(WISH_REJECTED, "not now");
        happen(WISH_DUE, "");
    }
    happen(WISH_CONFIRMED, "");
    now_ns += WISH_GOOD_MS * NS_PER_MS;
    happen(WISH_LOST, "");
    happen(WISH_WANT, "");
    happen(WISH_REJECTED, "not now");
    ck_assert_int_eq(due_in_ms(), 100);
}
END_TEST

START_TEST(stream_is_renewed_by_an_unsubscribe_and_a_subscribe_behind_its_answer)
{
    static const wish_event_t answers[] = {WISH_ENDED, WISH_REJECTED, WISH_DUE};
    happen(WISH_WANT, "");
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        happen(WISH_CONFIRMED, "");
        ck_assert_int_eq(happen(WISH_RENEW, ""), WISH_UNSUBSCRIBE);
        ck_assert_int_eq(happen(WISH_CONFIRMED, ""), WISH_IGNORE); /* a trade that was under way */
        ck_assert_int_eq(happen(answers[i], ""), WISH_SUBSCRIBE);
        check_reason("");
    }
}
END_TEST

START_TEST(what_nobody_wants_or_has_lost_its_connection_does_not_fail)
{
    static const wish_event_t ends[] = {WISH_UNWANT, WISH_LOST};
    for (size_t i = 0; i < 2; i++) {
        happen(WISH_WANT, "");
        happen(WISH_REJECTED, "not now");
        happen(ends[i], "");
        ck_assert_int_eq(wish.state, WISH_IDLE);
        ck_assert_int_eq(wish.due_ns, 0);
        check_reason("");
    }
}
END_TEST

START_TEST(reason_is_cut_where_a_character_begins_and_never_empty)
{
    char text[WISH_REASON_MAX + 1];
    memset(text, 'x', sizeof text);
    memcpy(text + WISH_REASON_MAX - 1, "\xc3\xa4", 2);
    happen(WISH_WANT, "");
    wish_event(&wish, WISH_REJECTED, &(wish_moment_t){.now_ns = now_ns, .why = {text, sizeof text}});
    ck_assert_uint_eq(wish_reason(&wish).length, WISH_REASON_MAX - 1);
    happen(WISH_DUE, "");
    happen(WISH_REJECTED, "");
    check_reason("rejected");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("wish");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, subscribe_that_is_confirmed_is_taken);
    tcase_add_test(tests, refused_subscribe_fails_until_it_is_confirmed_and_is_tried_with_backoff);
    tcase_add_test(tests, subscribe_that_is_not_answered_fails);
    tcase_add_test(tests, what_the_exchange_drops_is_asked_for_at_once_when_it_has_held);
    tcase_add_test(tests, subscription_that_held_begins_the_backoff_again);
    tcase_add_test(tests, stream_is_renewed_by_an_unsubscribe_and_a_subscribe_behind_its_answer);
    tcase_add_test(tests, what_nobody_wants_or_has_lost_its_connection_does_not_fail);
    tcase_add_test(tests, reason_is_cut_where_a_character_begins_and_never_empty);
    Suite *suite = suite_create("wish");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
