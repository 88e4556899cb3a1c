#include "common/clock.h"
#include "connectord/subscriptions/symbol_subscription.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static symbol_subscription_t subscription;
static int64_t now_ns;

static void set_up(void)
{
    now_ns = 1000 * NS_PER_S;
    subscription = (symbol_subscription_t){.symbol = TEXT("BTC-USD"), .wanted = true};
    subscription.backoff = backoff_new((backoff_config_t){.initial_ms = 100, .maximum_ms = 400, .multiplier = 2}, 1);
}

static symbol_subscription_action_t happen(symbol_subscription_event_t event, const char *why)
{
    return symbol_subscription_event(
        &subscription, event, &(symbol_subscription_moment_t){.now_ns = now_ns, .patience_ms = 5000, .why = text_of(why)});
}

static void check_reason(const char *reason)
{
    ck_assert_msg(text_equal(symbol_subscription_reason(&subscription), text_of(reason)), "%.*s",
                  TEXT_ARG(symbol_subscription_reason(&subscription)));
    ck_assert(symbol_subscription_fails(&subscription) == (reason[0] != '\0'));
}

static int64_t due_in_ms(void)
{
    return (subscription.due_ns - now_ns) / NS_PER_MS;
}

START_TEST(subscribe_that_is_confirmed_is_taken)
{
    ck_assert_int_eq(happen(SUBSCRIPTION_WANT, ""), SUBSCRIPTION_SUBSCRIBE);
    ck_assert_int_eq(due_in_ms(), 5000);
    ck_assert_int_eq(happen(SUBSCRIPTION_WANT, ""), SUBSCRIPTION_IGNORE);
    ck_assert_int_eq(happen(SUBSCRIPTION_CONFIRMED, ""), SUBSCRIPTION_WAIT);
    ck_assert_int_eq(subscription.state, SUBSCRIPTION_TAKEN);
    ck_assert_int_eq(subscription.due_ns, 0);
    check_reason("");
    ck_assert_int_eq(happen(SUBSCRIPTION_UNWANT, ""), SUBSCRIPTION_UNSUBSCRIBE);
    ck_assert_int_eq(happen(SUBSCRIPTION_ENDED, ""), SUBSCRIPTION_IGNORE);
    ck_assert_int_eq(subscription.state, SUBSCRIPTION_IDLE);
}
END_TEST

START_TEST(refused_subscribe_fails_until_it_is_confirmed_and_is_tried_with_backoff)
{
    static const int delays_ms[] = {100, 200, 400, 400, 400};
    happen(SUBSCRIPTION_WANT, "");
    for (size_t i = 0; i < sizeof delays_ms / sizeof *delays_ms; i++) {
        ck_assert_int_eq(happen(SUBSCRIPTION_REJECTED, "not now"), SUBSCRIPTION_WAIT);
        check_reason("not now");
        ck_assert_int_eq(due_in_ms(), delays_ms[i]);
        ck_assert_int_eq(happen(SUBSCRIPTION_DUE, ""), SUBSCRIPTION_SUBSCRIBE);
        check_reason("not now");
    }
    happen(SUBSCRIPTION_CONFIRMED, "");
    check_reason("");
}
END_TEST

START_TEST(subscribe_that_is_not_answered_fails)
{
    happen(SUBSCRIPTION_WANT, "");
    ck_assert_int_eq(happen(SUBSCRIPTION_DUE, ""), SUBSCRIPTION_WAIT);
    ck_assert_int_eq(subscription.state, SUBSCRIPTION_FAILED);
    check_reason("the exchange does not answer");
    happen(SUBSCRIPTION_CONFIRMED, ""); /* late */
    ck_assert_int_eq(subscription.state, SUBSCRIPTION_TAKEN);
    check_reason("");
}
END_TEST

START_TEST(what_the_exchange_drops_is_asked_for_at_once_when_it_has_held)
{
    happen(SUBSCRIPTION_WANT, "");
    happen(SUBSCRIPTION_CONFIRMED, "");
    now_ns += SUBSCRIPTION_GOOD_MS * NS_PER_MS;
    happen(SUBSCRIPTION_ENDED, "");
    check_reason("unsubscribed by the exchange");
    ck_assert_int_eq(due_in_ms(), 0);
    happen(SUBSCRIPTION_DUE, "");
    happen(SUBSCRIPTION_CONFIRMED, "");
    happen(SUBSCRIPTION_ENDED, ""); /* and with the backoff when it has not */
    ck_assert_int_eq(due_in_ms(), 100);
}
END_TEST

START_TEST(subscription_that_held_begins_the_backoff_again)
{
    happen(SUBSCRIPTION_WANT, "");
    for (int i = 0; i < 5; i++) {
        happen(SUBSCRIPTION_REJECTED, "not now");
        happen(SUBSCRIPTION_DUE, "");
    }
    happen(SUBSCRIPTION_CONFIRMED, "");
    now_ns += SUBSCRIPTION_GOOD_MS * NS_PER_MS;
    happen(SUBSCRIPTION_LOST, "");
    happen(SUBSCRIPTION_WANT, "");
    happen(SUBSCRIPTION_REJECTED, "not now");
    ck_assert_int_eq(due_in_ms(), 100);
}
END_TEST

START_TEST(stream_is_renewed_by_an_unsubscribe_and_a_subscribe_behind_its_answer)
{
    static const symbol_subscription_event_t answers[] = {SUBSCRIPTION_ENDED, SUBSCRIPTION_REJECTED, SUBSCRIPTION_DUE};
    happen(SUBSCRIPTION_WANT, "");
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        happen(SUBSCRIPTION_CONFIRMED, "");
        ck_assert_int_eq(happen(SUBSCRIPTION_RENEW, ""), SUBSCRIPTION_UNSUBSCRIBE);
        ck_assert_int_eq(happen(SUBSCRIPTION_CONFIRMED, ""), SUBSCRIPTION_IGNORE); /* a trade that was under way */
        ck_assert_int_eq(happen(answers[i], ""), SUBSCRIPTION_SUBSCRIBE);
        check_reason("");
    }
}
END_TEST

START_TEST(what_nobody_wants_or_has_lost_its_connection_does_not_fail)
{
    static const symbol_subscription_event_t ends[] = {SUBSCRIPTION_UNWANT, SUBSCRIPTION_LOST};
    for (size_t i = 0; i < 2; i++) {
        happen(SUBSCRIPTION_WANT, "");
        happen(SUBSCRIPTION_REJECTED, "not now");
        happen(ends[i], "");
        ck_assert_int_eq(subscription.state, SUBSCRIPTION_IDLE);
        ck_assert_int_eq(subscription.due_ns, 0);
        check_reason("");
    }
}
END_TEST

START_TEST(reason_is_cut_where_a_character_begins_and_never_empty)
{
    char text[SUBSCRIPTION_REASON_MAX + 1];
    memset(text, 'x', sizeof text);
    memcpy(text + SUBSCRIPTION_REASON_MAX - 1, "\xc3\xa4", 2);
    happen(SUBSCRIPTION_WANT, "");
    symbol_subscription_event(&subscription, SUBSCRIPTION_REJECTED,
                              &(symbol_subscription_moment_t){.now_ns = now_ns, .why = {text, sizeof text}});
    ck_assert_uint_eq(symbol_subscription_reason(&subscription).length, SUBSCRIPTION_REASON_MAX - 1);
    happen(SUBSCRIPTION_DUE, "");
    happen(SUBSCRIPTION_REJECTED, "");
    check_reason("rejected");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("symbol_subscription");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, subscribe_that_is_confirmed_is_taken);
    tcase_add_test(tests, refused_subscribe_fails_until_it_is_confirmed_and_is_tried_with_backoff);
    tcase_add_test(tests, subscribe_that_is_not_answered_fails);
    tcase_add_test(tests, what_the_exchange_drops_is_asked_for_at_once_when_it_has_held);
    tcase_add_test(tests, subscription_that_held_begins_the_backoff_again);
    tcase_add_test(tests, stream_is_renewed_by_an_unsubscribe_and_a_subscribe_behind_its_answer);
    tcase_add_test(tests, what_nobody_wants_or_has_lost_its_connection_does_not_fail);
    tcase_add_test(tests, reason_is_cut_where_a_character_begins_and_never_empty);
    return RUN_TESTS("symbol_subscription", tests);
}
