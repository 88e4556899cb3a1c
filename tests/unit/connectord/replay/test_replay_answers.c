#include "connectord/replay/replay_answers.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>

static replay_answers_t *answers;
static char taken[200];

static void set_up(void)
{
    answers = NULL;
}

static void tear_down(void)
{
    replay_answers_destroy(&answers);
}

static void mark(recorded_kind_t kind, const char *subject)
{
    replay_answers_mark(answers, &(recorded_line_t){.kind = kind, .subject = text_of(subject)});
}

/* Of BTC-USD. Its time is its price, too. */
static replay_answers_put_t put(const char *id, int64_t ns)
{
    char price[24];
    snprintf(price, sizeof price, "%d", (int)ns);
    mapping_record_t record = {.channel = TEXT("trades"),
                               .key = TEXT("BTC-USD"),
                               .id = text_of(id),
                               .timestamp = TEXT("t"),
                               .timestamp_ns = ns,
                               .data = TEXT("")};
    record.trade.symbol = record.key;
    record.trade.price = text_of(price);
    record.trade.qty = TEXT("1");
    return replay_answers_put(answers, &record);
}

static const char *take_all(void)
{
    mapping_record_t record;
    size_t length = 0;
    taken[0] = '\0';
    while (replay_answers_take(answers, &record))
        length += (size_t)snprintf(taken + length, sizeof taken - length, "%d ", (int)record.timestamp_ns);
    return taken;
}

START_TEST(in_their_order_they_are_given_on_at_once_and_known_by_their_ids)
{
    answers = replay_answers_new(false);
    ck_assert(!replay_answers_open(answers));
    mark(RECORDED_ASKED, "");
    ck_assert(replay_answers_open(answers));
    ck_assert_int_eq(put("1", 1), REPLAY_ANSWERS_NEW);
    ck_assert_int_eq(put("1", 1), REPLAY_ANSWERS_KNOWN);
    ck_assert_int_eq(put("1", 2), REPLAY_ANSWERS_NEW); /* another record under the same id */
    mark(RECORDED_ANSWERED, "");
    ck_assert_str_eq(take_all(), "");
    mark(RECORDED_ASKED, "");
    ck_assert_int_eq(put("1", 1), REPLAY_ANSWERS_KNOWN);
    ck_assert_int_eq(put("2", 1), REPLAY_ANSWERS_NEW);
}
END_TEST

/* Those of one answer may have the same time. */
START_TEST(without_an_id_they_are_known_by_the_times_of_earlier_answers)
{
    answers = replay_answers_new(false);
    mark(RECORDED_ASKED, "BTC-USD");
    ck_assert_int_eq(put("", 5), REPLAY_ANSWERS_NEW);
    mark(RECORDED_ASKED, "BTC-USD"); /* the next page */
    ck_assert_int_eq(put("", 5), REPLAY_ANSWERS_NEW);
    mark(RECORDED_ANSWERED, "BTC-USD");
    ck_assert_str_eq(take_all(), "");
    mark(RECORDED_ASKED, "BTC-USD");
    ck_assert_int_eq(put("", 5), REPLAY_ANSWERS_KNOWN);
    ck_assert_int_eq(put("", 6), REPLAY_ANSWERS_NEW);
}
END_TEST

START_TEST(from_the_newest_on_they_wait_until_the_answer_is_whole)
{
    answers = replay_answers_new(true);
    mark(RECORDED_ASKED, "BTC-USD");
    ck_assert_int_eq(put("3", 3), REPLAY_ANSWERS_PUT);
    mark(RECORDED_ASKED, "ETH-USD"); /* of two that are asked at a time */
    mark(RECORDED_ASKED, "BTC-USD");
    ck_assert_int_eq(put("3", 3), REPLAY_ANSWERS_PUT); /* pages overlap where something new came meanwhile */
    ck_assert_int_eq(put("2", 2), REPLAY_ANSWERS_PUT);
    mark(RECORDED_ANSWERED, "ETH-USD");
    ck_assert_str_eq(take_all(), "");
    mark(RECORDED_ANSWERED, "BTC-USD");
    ck_assert_str_eq(take_all(), "2 3 ");
    mark(RECORDED_ASKED, "BTC-USD");
    ck_assert_int_eq(put("3", 3), REPLAY_ANSWERS_KNOWN);
}
END_TEST

START_TEST(an_answer_ends_with_its_connection_and_what_is_known_with_the_recording)
{
    answers = replay_answers_new(true);
    mark(RECORDED_ASKED, "BTC-USD");
    ck_assert_int_eq(put("1", 1), REPLAY_ANSWERS_PUT);
    mark(RECORDED_CONNECTION, "");
    ck_assert(!replay_answers_open(answers));
    mark(RECORDED_ANSWERED, "BTC-USD");
    ck_assert_str_eq(take_all(), "");
    mark(RECORDED_ASKED, "BTC-USD");
    ck_assert_int_eq(put("1", 1), REPLAY_ANSWERS_PUT);
    mark(RECORDED_ANSWERED, "BTC-USD");
    ck_assert_str_eq(take_all(), "1 ");
    ck_assert(replay_answers_begin(answers));
    mark(RECORDED_ASKED, "BTC-USD");
    ck_assert_int_eq(put("1", 1), REPLAY_ANSWERS_PUT);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("replay_answers");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, in_their_order_they_are_given_on_at_once_and_known_by_their_ids);
    tcase_add_test(tests, without_an_id_they_are_known_by_the_times_of_earlier_answers);
    tcase_add_test(tests, from_the_newest_on_they_wait_until_the_answer_is_whole);
    tcase_add_test(tests, an_answer_ends_with_its_connection_and_what_is_known_with_the_recording);
    return RUN_TESTS("replay_answers", tests);
}
