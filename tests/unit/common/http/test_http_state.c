#include "common/http/http_state.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static http_state_t state;

static void set_up(void)
{
    state = HTTP_READING;
}

static void expect(http_event_t event, http_action_t action, http_state_t next)
{
    http_state_t was = state;
    http_action_t found = http_state_step(&state, event);
    ck_assert_msg(found == action && state == next, "state %d, event %d: expected %d and %d, found %d and %d", was, event,
                  action, next, found, state);
}

static void expect_request(void)
{
    expect(HTTP_ON_INPUT, HTTP_SERVE, HTTP_READING);
    expect(HTTP_ON_REQUEST, HTTP_ENTER, HTTP_ANSWERING);
}

static void expect_end(void)
{
    expect(HTTP_ON_INPUT, HTTP_DISCARD, HTTP_ENDING);
    expect(HTTP_ON_TURN, HTTP_IGNORE, HTTP_ENDING);
    expect(HTTP_ON_SENT, HTTP_IGNORE, HTTP_ENDING);
    expect(HTTP_ON_PEER_ENDED, HTTP_IGNORE, HTTP_ENDING);
    expect(HTTP_ON_SETTLED, HTTP_LINGER, HTTP_LINGERING);
    expect(HTTP_ON_INPUT, HTTP_DISCARD, HTTP_LINGERING);
    expect(HTTP_ON_TURN, HTTP_IGNORE, HTTP_LINGERING);
    expect(HTTP_ON_SETTLED, HTTP_IGNORE, HTTP_LINGERING);
    expect(HTTP_ON_PEER_ENDED, HTTP_CLOSE, HTTP_LINGERING);
    expect(HTTP_ON_LEAVE, HTTP_REMOVE, HTTP_CLOSED);
}

START_TEST(a_request_is_answered_and_another_follows)
{
    for (int i = 0; i < 2; i++) {
        expect_request();
        expect(HTTP_ON_ANSWER, HTTP_ENTER, HTTP_SENDING);
        expect(HTTP_ON_SENT, HTTP_ENTER, HTTP_READING);
        expect(HTTP_ON_SETTLED, HTTP_IGNORE, HTTP_READING);
        expect(HTTP_ON_TURN, HTTP_IGNORE, HTTP_READING);
    }
    expect(HTTP_ON_PEER_ENDED, HTTP_CLOSE, HTTP_READING);
    expect(HTTP_ON_LEAVE, HTTP_REMOVE, HTTP_CLOSED);
}
END_TEST

START_TEST(what_comes_before_an_answer_or_behind_it_is_kept)
{
    expect_request();
    expect(HTTP_ON_INPUT, HTTP_KEEP, HTTP_ANSWERING);
    expect(HTTP_ON_SETTLED, HTTP_IGNORE, HTTP_ANSWERING);
    expect(HTTP_ON_PEER_ENDED, HTTP_IGNORE, HTTP_ANSWERING);
    expect(HTTP_ON_TURN, HTTP_READY, HTTP_ANSWERING);
    expect(HTTP_ON_ANSWER, HTTP_ENTER, HTTP_SENDING);
    expect(HTTP_ON_INPUT, HTTP_KEEP, HTTP_SENDING);
    expect(HTTP_ON_TURN, HTTP_IGNORE, HTTP_SENDING);
    expect(HTTP_ON_PEER_ENDED, HTTP_IGNORE, HTTP_SENDING);
}
END_TEST

START_TEST(the_last_answer_is_sent_before_the_end)
{
    expect_request();
    expect(HTTP_ON_LAST, HTTP_ENTER, HTTP_ENDING);
    expect_end();
}
END_TEST

START_TEST(a_stream_goes_on_when_its_peer_has_taken_all_until_it_is_closed)
{
    expect_request();
    expect(HTTP_ON_STREAM, HTTP_ENTER, HTTP_STREAMING);
    expect(HTTP_ON_INPUT, HTTP_DISCARD, HTTP_STREAMING);
    expect(HTTP_ON_SENT, HTTP_READY, HTTP_STREAMING);
    expect(HTTP_ON_TURN, HTTP_READY, HTTP_STREAMING);
    expect(HTTP_ON_SETTLED, HTTP_IGNORE, HTTP_STREAMING);
    expect(HTTP_ON_CLOSE, HTTP_ENTER, HTTP_ENDING);
    expect_end();
}
END_TEST

START_TEST(a_stream_whose_peer_has_ended_is_closed)
{
    expect_request();
    expect(HTTP_ON_STREAM, HTTP_ENTER, HTTP_STREAMING);
    expect(HTTP_ON_PEER_ENDED, HTTP_CLOSE, HTTP_STREAMING);
}
END_TEST

START_TEST(a_request_may_be_closed_instead_of_answered)
{
    expect_request();
    expect(HTTP_ON_CLOSE, HTTP_ENTER, HTTP_ENDING);
}
END_TEST

START_TEST(a_body_that_is_wanted_comes_before_the_answer)
{
    expect_request();
    expect(HTTP_ON_RECEIVE, HTTP_ENTER, HTTP_RECEIVING);
    expect(HTTP_ON_SETTLED, HTTP_IGNORE, HTTP_RECEIVING);
    expect(HTTP_ON_INPUT, HTTP_SERVE, HTTP_RECEIVING);
    expect(HTTP_ON_TURN, HTTP_IGNORE, HTTP_RECEIVING);
    expect(HTTP_ON_SENT, HTTP_IGNORE, HTTP_RECEIVING);
    expect(HTTP_ON_BODY, HTTP_ENTER, HTTP_ANSWERING);
    expect(HTTP_ON_ANSWER, HTTP_ENTER, HTTP_SENDING);
}
END_TEST

START_TEST(a_body_may_be_answered_before_it_has_come_or_not_come)
{
    expect_request();
    expect(HTTP_ON_RECEIVE, HTTP_ENTER, HTTP_RECEIVING);
    expect(HTTP_ON_LAST, HTTP_ENTER, HTTP_ENDING);
    expect_end();
    state = HTTP_RECEIVING;
    expect(HTTP_ON_PEER_ENDED, HTTP_CLOSE, HTTP_RECEIVING);
}
END_TEST

START_TEST(every_state_breaks_and_is_closed_in_its_turn)
{
    state = (http_state_t)_i;
    expect(HTTP_ON_BREAK, HTTP_WAKE, HTTP_BROKEN);
    expect(HTTP_ON_BREAK, HTTP_IGNORE, HTTP_BROKEN);
    expect(HTTP_ON_INPUT, HTTP_DISCARD, HTTP_BROKEN);
    expect(HTTP_ON_RECEIVE, HTTP_IGNORE, HTTP_BROKEN);
    expect(HTTP_ON_BODY, HTTP_IGNORE, HTTP_BROKEN);
    expect(HTTP_ON_ANSWER, HTTP_IGNORE, HTTP_BROKEN);
    expect(HTTP_ON_LAST, HTTP_IGNORE, HTTP_BROKEN);
    expect(HTTP_ON_STREAM, HTTP_IGNORE, HTTP_BROKEN);
    expect(HTTP_ON_CLOSE, HTTP_IGNORE, HTTP_BROKEN);
    expect(HTTP_ON_SENT, HTTP_IGNORE, HTTP_BROKEN);
    expect(HTTP_ON_SETTLED, HTTP_IGNORE, HTTP_BROKEN);
    expect(HTTP_ON_PEER_ENDED, HTTP_IGNORE, HTTP_BROKEN);
    expect(HTTP_ON_TURN, HTTP_CLOSE, HTTP_BROKEN);
    expect(HTTP_ON_LEAVE, HTTP_REMOVE, HTTP_CLOSED);
}
END_TEST

START_TEST(every_state_can_be_left_once)
{
    state = (http_state_t)_i;
    expect(HTTP_ON_LEAVE, HTTP_REMOVE, HTTP_CLOSED);
    expect(HTTP_ON_LEAVE, HTTP_IGNORE, HTTP_CLOSED);
    expect(HTTP_ON_BREAK, HTTP_IGNORE, HTTP_CLOSED);
    expect(HTTP_ON_INPUT, HTTP_DISCARD, HTTP_CLOSED);
    expect(HTTP_ON_SETTLED, HTTP_IGNORE, HTTP_CLOSED);
}
END_TEST

START_TEST(only_what_could_be_a_request_is_kept)
{
    for (state = HTTP_READING; state < HTTP_STATES; state++)
        ck_assert(http_state_discards(state) ==
                  (state != HTTP_READING && state != HTTP_ANSWERING && state != HTTP_RECEIVING && state != HTTP_SENDING));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("http_state");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, a_request_is_answered_and_another_follows);
    tcase_add_test(tests, what_comes_before_an_answer_or_behind_it_is_kept);
    tcase_add_test(tests, the_last_answer_is_sent_before_the_end);
    tcase_add_test(tests, a_stream_goes_on_when_its_peer_has_taken_all_until_it_is_closed);
    tcase_add_test(tests, a_stream_whose_peer_has_ended_is_closed);
    tcase_add_test(tests, a_request_may_be_closed_instead_of_answered);
    tcase_add_test(tests, a_body_that_is_wanted_comes_before_the_answer);
    tcase_add_test(tests, a_body_may_be_answered_before_it_has_come_or_not_come);
    tcase_add_loop_test(tests, every_state_breaks_and_is_closed_in_its_turn, HTTP_READING, HTTP_BROKEN);
    tcase_add_loop_test(tests, every_state_can_be_left_once, HTTP_READING, HTTP_CLOSED);
    tcase_add_test(tests, only_what_could_be_a_request_is_kept);
    return RUN_TESTS("http_state", tests);
}
