#include "common/clock.h"
#include "connectord/lines/connection.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static const backoff_config_t plain = {.initial_ms = 1000, .maximum_ms = 30000, .multiplier = 2.0, .jitter = 0.0};

static const breaker_config_t never = {.failures = 0, .healthy_ms = 1000, .open_ms = 60000};

/* Brings a new connection into a state. */
static connection_t in_state(connection_state_t state)
{
    connection_t connection = connection_new(plain, never, 1);
    if (state != CONNECTION_IDLE)
        connection_event(&connection, CONNECTION_START, 0);
    if (state == CONNECTION_CONNECTED)
        connection_event(&connection, CONNECTION_MADE, 0);
    if (state == CONNECTION_WAITING)
        connection_event(&connection, CONNECTION_LOST, 0);
    ck_assert_int_eq(connection.state, state);
    return connection;
}

START_TEST(every_event_does_what_the_table_says)
{
    enum { I = CONNECTION_IDLE, C = CONNECTION_CONNECTING, O = CONNECTION_CONNECTED, W = CONNECTION_WAITING };
    static const struct {
        int state, event, action, next;
    } cases[] = {
        {I, CONNECTION_START, CONNECTION_CONNECT, C}, {I, CONNECTION_MADE, CONNECTION_IGNORE, I},
        {I, CONNECTION_LOST, CONNECTION_IGNORE, I},   {I, CONNECTION_GAP, CONNECTION_IGNORE, I},
        {I, CONNECTION_DUE, CONNECTION_IGNORE, I},    {I, CONNECTION_STOP, CONNECTION_IGNORE, I},
        {C, CONNECTION_START, CONNECTION_IGNORE, C},  {C, CONNECTION_MADE, CONNECTION_GREET, O},
        {C, CONNECTION_LOST, CONNECTION_WAIT, W},     {C, CONNECTION_GAP, CONNECTION_IGNORE, C},
        {C, CONNECTION_DUE, CONNECTION_IGNORE, C},    {C, CONNECTION_STOP, CONNECTION_DISCONNECT, I},
        {O, CONNECTION_START, CONNECTION_IGNORE, O},  {O, CONNECTION_MADE, CONNECTION_IGNORE, O},
        {O, CONNECTION_LOST, CONNECTION_WAIT, W},     {O, CONNECTION_GAP, CONNECTION_DROP, W},
        {O, CONNECTION_DUE, CONNECTION_IGNORE, O},    {O, CONNECTION_STOP, CONNECTION_DISCONNECT, I},
        {W, CONNECTION_START, CONNECTION_IGNORE, W},  {W, CONNECTION_MADE, CONNECTION_IGNORE, W},
        {W, CONNECTION_LOST, CONNECTION_IGNORE, W},   {W, CONNECTION_GAP, CONNECTION_IGNORE, W},
        {W, CONNECTION_DUE, CONNECTION_CONNECT, C},   {W, CONNECTION_STOP, CONNECTION_DISCONNECT, I},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        connection_t connection = in_state((connection_state_t)cases[i].state);
        connection_step_t step = connection_event(&connection, (connection_event_t)cases[i].event, 0);
        ck_assert_msg((int)step.action == cases[i].action && (int)connection.state == cases[i].next,
                      "state %d, event %d: action %d, state %d", cases[i].state, cases[i].event, step.action, connection.state);
    }
}
END_TEST

/* Connects at `from_ns`, carries a message if told to, and is lost at `to_ns`: the delay until the next try. */
static uint32_t delay_after(connection_t *connection, int64_t from_ns, bool carries, connection_event_t end, int64_t to_ns)
{
    connection_event(connection, CONNECTION_START, from_ns);
    connection_event(connection, CONNECTION_DUE, from_ns);
    connection_event(connection, CONNECTION_MADE, from_ns);
    if (carries)
        connection_carried(connection);
    return connection_event(connection, end, to_ns).delay_ms;
}

START_TEST(failing_tries_back_off)
{
    connection_t connection = in_state(CONNECTION_CONNECTING);
    static const uint32_t delays[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
    for (size_t i = 0; i < sizeof delays / sizeof *delays; i++) {
        ck_assert_uint_eq(connection_event(&connection, CONNECTION_LOST, 0).delay_ms, delays[i]);
        connection_event(&connection, CONNECTION_DUE, 0);
    }
}
END_TEST

START_TEST(exchange_that_accepts_and_hangs_up_is_not_hammered)
{
    connection_t connection = connection_new(plain, never, 1);
    for (uint32_t delay_ms = 1000; delay_ms <= 16000; delay_ms *= 2)
        ck_assert_uint_eq(delay_after(&connection, 0, true, CONNECTION_LOST, 9 * NS_PER_S), delay_ms);
}
END_TEST

START_TEST(connection_that_held_without_a_message_does_not_reset_the_backoff)
{
    connection_t connection = connection_new(plain, never, 1);
    ck_assert_uint_eq(delay_after(&connection, 0, false, CONNECTION_LOST, 60 * NS_PER_S), 1000);
    ck_assert_uint_eq(delay_after(&connection, 0, false, CONNECTION_LOST, 60 * NS_PER_S), 2000);
}
END_TEST

START_TEST(good_connection_resets_the_backoff)
{
    connection_t connection = connection_new(plain, never, 1);
    delay_after(&connection, 0, true, CONNECTION_LOST, 1);
    delay_after(&connection, 0, true, CONNECTION_LOST, 1);
    ck_assert_uint_eq(delay_after(&connection, 5 * NS_PER_S, true, CONNECTION_LOST, 15 * NS_PER_S), 1000);
}
END_TEST

START_TEST(first_gap_reconnects_at_once_and_repeated_ones_back_off)
{
    connection_t connection = connection_new(plain, never, 1);
    ck_assert_uint_eq(delay_after(&connection, 0, true, CONNECTION_GAP, NS_PER_S), 0);
    ck_assert_uint_eq(delay_after(&connection, 0, true, CONNECTION_GAP, NS_PER_S), 1000);
    ck_assert_uint_eq(delay_after(&connection, 0, true, CONNECTION_GAP, NS_PER_S), 2000);
    ck_assert_uint_eq(delay_after(&connection, 0, true, CONNECTION_GAP, 20 * NS_PER_S), 0); /* this one was good */
}
END_TEST

START_TEST(a_loss_is_told_once_and_its_end_as_restored)
{
    connection_t connection = in_state(CONNECTION_CONNECTING);
    ck_assert_int_eq(connection_event(&connection, CONNECTION_MADE, 0).news, CONNECTION_TELL_CONNECTED);
    ck_assert_int_eq(connection_event(&connection, CONNECTION_LOST, 0).news, CONNECTION_TELL_LOST);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(connection_event(&connection, CONNECTION_DUE, 0).news, CONNECTION_TELL_NOTHING);
        ck_assert_int_eq(connection_event(&connection, CONNECTION_LOST, 0).news, CONNECTION_TELL_NOTHING);
    }
    connection_event(&connection, CONNECTION_DUE, 0);
    ck_assert_int_eq(connection_event(&connection, CONNECTION_MADE, 0).news, CONNECTION_TELL_RESTORED);
    ck_assert_int_eq(connection_event(&connection, CONNECTION_GAP, 0).news, CONNECTION_TELL_LOST);
}
END_TEST

START_TEST(exchange_that_is_down_at_the_start_is_told_as_lost)
{
    connection_t connection = in_state(CONNECTION_CONNECTING);
    ck_assert_int_eq(connection_event(&connection, CONNECTION_LOST, 0).news, CONNECTION_TELL_LOST);
}
END_TEST

/* Two failures open it for 60 s. */
static const breaker_config_t touchy = {.failures = 2, .healthy_ms = 1000, .open_ms = 60000};

START_TEST(open_breaker_rules_the_wait_and_a_trial_that_fails_begins_it_anew)
{
    connection_t connection = connection_new(plain, touchy, 1);
    connection_event(&connection, CONNECTION_START, 0);
    ck_assert_uint_eq(connection_event(&connection, CONNECTION_LOST, 0).delay_ms, 1000); /* closed: the backoff rules */
    for (int i = 0; i < 3; i++) {
        int64_t now_ns = (1 + 60 * i) * NS_PER_S;
        connection_event(&connection, CONNECTION_DUE, now_ns);
        ck_assert_uint_eq(connection_event(&connection, CONNECTION_LOST, now_ns).delay_ms, 60000);
        ck_assert_int_eq(connection.breaker.state, BREAKER_OPEN);
    }
    connection_event(&connection, CONNECTION_DUE, 181 * NS_PER_S);
    ck_assert_int_eq(connection.breaker.state, BREAKER_HALF_OPEN);
}
END_TEST

START_TEST(backoff_longer_than_the_breaker_stays)
{
    breaker_config_t brief = {.failures = 1, .healthy_ms = 1000, .open_ms = 10};
    connection_t connection = connection_new(plain, brief, 1);
    connection_event(&connection, CONNECTION_START, 0);
    ck_assert_uint_eq(connection_event(&connection, CONNECTION_LOST, 0).delay_ms, 1000);
    ck_assert_int_eq(connection.breaker.state, BREAKER_OPEN);
}
END_TEST

START_TEST(connection_lost_before_it_was_healthy_is_a_failure)
{
    connection_t connection = connection_new(plain, touchy, 1);
    delay_after(&connection, 0, true, CONNECTION_LOST, NS_PER_S - 1);
    ck_assert_uint_eq(delay_after(&connection, 0, true, CONNECTION_LOST, NS_PER_S - 1), 60000);
}
END_TEST

START_TEST(connection_that_held_ends_the_row_of_failures)
{
    connection_t connection = connection_new(plain, touchy, 1);
    for (int i = 0; i < 5; i++) {
        delay_after(&connection, 0, true, CONNECTION_LOST, NS_PER_S - 1);
        delay_after(&connection, 0, true, CONNECTION_LOST, NS_PER_S);
        ck_assert_int_eq(connection.breaker.state, BREAKER_CLOSED);
    }
}
END_TEST

START_TEST(trial_closes_the_breaker_when_it_has_held)
{
    connection_t connection = connection_new(plain, touchy, 1);
    delay_after(&connection, 0, true, CONNECTION_LOST, 0);
    delay_after(&connection, 0, true, CONNECTION_LOST, 0);
    connection_event(&connection, CONNECTION_DUE, 60 * NS_PER_S);
    connection_event(&connection, CONNECTION_MADE, 60 * NS_PER_S);
    ck_assert(!connection_check(&connection, 61 * NS_PER_S - 1));
    ck_assert_int_eq(connection.breaker.state, BREAKER_HALF_OPEN);
    ck_assert(connection_check(&connection, 61 * NS_PER_S));
    ck_assert(!connection_check(&connection, 62 * NS_PER_S));
    ck_assert_int_eq(connection.breaker.state, BREAKER_CLOSED);
}
END_TEST

START_TEST(gap_that_is_reconnected_from_at_once_is_no_failure)
{
    breaker_config_t one = {.failures = 1, .healthy_ms = 1000, .open_ms = 60000};
    connection_t connection = connection_new(plain, one, 1);
    ck_assert_uint_eq(delay_after(&connection, 0, true, CONNECTION_GAP, 1), 0);
    ck_assert_int_eq(connection.breaker.state, BREAKER_CLOSED);
    ck_assert_uint_eq(delay_after(&connection, 0, true, CONNECTION_GAP, 1), 60000);
}
END_TEST

/* Tries, and fails so: the delay until the next try. */
static uint32_t delay_after_loss(connection_t *connection, loss_t loss, int64_t now_ns)
{
    connection_event(connection, CONNECTION_START, now_ns);
    connection_event(connection, CONNECTION_DUE, now_ns);
    connection_heed(connection, &loss);
    return connection_event(connection, CONNECTION_LOST, now_ns).delay_ms;
}

START_TEST(name_that_is_not_resolved_backs_off_and_is_no_failure)
{
    connection_t connection = connection_new(plain, touchy, 1);
    static const uint32_t delays[] = {1000, 2000, 4000, 8000};
    for (size_t i = 0; i < sizeof delays / sizeof *delays; i++)
        ck_assert_uint_eq(delay_after_loss(&connection, (loss_t){.kind = LOSS_LOOKUP}, 0), delays[i]);
    ck_assert_int_eq(connection.breaker.state, BREAKER_CLOSED);
    ck_assert_uint_eq(connection.breaker.failed, 0);
    ck_assert_uint_eq(connection.refused, 4);
}
END_TEST

START_TEST(trial_whose_name_is_not_resolved_stays_one)
{
    connection_t connection = connection_new(plain, touchy, 1);
    delay_after_loss(&connection, (loss_t){.kind = LOSS_USUAL}, 0);
    ck_assert_uint_eq(delay_after_loss(&connection, (loss_t){.kind = LOSS_USUAL}, 0), 60000);
    ck_assert_uint_eq(delay_after_loss(&connection, (loss_t){.kind = LOSS_LOOKUP}, 60 * NS_PER_S), 4000);
    ck_assert_int_eq(connection.breaker.state, BREAKER_HALF_OPEN);
}
END_TEST

START_TEST(exchange_that_refuses_is_tried_slowly_at_once)
{
    connection_t connection = connection_new(plain, never, 1);
    ck_assert_uint_eq(delay_after_loss(&connection, (loss_t){.kind = LOSS_REFUSED}, 0), 30000);
    ck_assert_uint_eq(delay_after_loss(&connection, (loss_t){.kind = LOSS_USUAL}, 0), 2000); /* only what it was said of */
}
END_TEST

START_TEST(exchange_is_left_alone_for_as_long_as_it_asks)
{
    connection_t connection = connection_new(plain, touchy, 1);
    ck_assert_uint_eq(delay_after_loss(&connection, (loss_t){.retry_after_ms = 45000}, 0), 45000);
    ck_assert_uint_eq(delay_after_loss(&connection, (loss_t){.retry_after_ms = 70000}, 0),
                      70000); /* the breaker asks for less */
    ck_assert_uint_eq(delay_after_loss(&connection, (loss_t){.retry_after_ms = 1}, 70 * NS_PER_S), 60000);
    ck_assert_uint_eq(delay_after(&connection, 200 * NS_PER_S, true, CONNECTION_GAP, 230 * NS_PER_S), 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("connection");
    tcase_add_test(tests, every_event_does_what_the_table_says);
    tcase_add_test(tests, failing_tries_back_off);
    tcase_add_test(tests, exchange_that_accepts_and_hangs_up_is_not_hammered);
    tcase_add_test(tests, connection_that_held_without_a_message_does_not_reset_the_backoff);
    tcase_add_test(tests, good_connection_resets_the_backoff);
    tcase_add_test(tests, first_gap_reconnects_at_once_and_repeated_ones_back_off);
    tcase_add_test(tests, a_loss_is_told_once_and_its_end_as_restored);
    tcase_add_test(tests, exchange_that_is_down_at_the_start_is_told_as_lost);
    tcase_add_test(tests, open_breaker_rules_the_wait_and_a_trial_that_fails_begins_it_anew);
    tcase_add_test(tests, backoff_longer_than_the_breaker_stays);
    tcase_add_test(tests, connection_lost_before_it_was_healthy_is_a_failure);
    tcase_add_test(tests, connection_that_held_ends_the_row_of_failures);
    tcase_add_test(tests, trial_closes_the_breaker_when_it_has_held);
    tcase_add_test(tests, gap_that_is_reconnected_from_at_once_is_no_failure);
    tcase_add_test(tests, name_that_is_not_resolved_backs_off_and_is_no_failure);
    tcase_add_test(tests, trial_whose_name_is_not_resolved_stays_one);
    tcase_add_test(tests, exchange_that_refuses_is_tried_slowly_at_once);
    tcase_add_test(tests, exchange_is_left_alone_for_as_long_as_it_asks);
    return RUN_TESTS("connection", tests);
}
