#include "connectord/http/known_records.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

static known_records_t *known;

static void set_up(void)
{
    known = known_records_new();
}

static void tear_down(void)
{
    known_records_destroy(&known);
}

static mapping_record_t trade_of(const char *key, const char *id, int64_t ns, const char *price)
{
    mapping_record_t record = {.channel = TEXT("trades"),
                               .key = text_of(key),
                               .id = text_of(id),
                               .timestamp = TEXT("t"),
                               .timestamp_ns = ns,
                               .data = TEXT("")};
    record.trade.price = text_of(price);
    record.trade.qty = TEXT("1");
    record.trade.symbol = record.key;
    return record;
}

static bool has(mapping_record_t record)
{
    return known_records_has(known, &record);
}

static void note(mapping_record_t record)
{
    known_records_note(known, &record);
}

START_TEST(a_record_is_known_by_key_id_and_content)
{
    ck_assert(!has(trade_of("A-B", "1", 5, "10")));
    note(trade_of("A-B", "1", 5, "10"));
    ck_assert(has(trade_of("A-B", "1", 5, "10")));
    ck_assert(!has(trade_of("A-C", "1", 5, "10")));
    ck_assert(!has(trade_of("A-B", "2", 5, "10")));
    ck_assert(!has(trade_of("A-B", "1", 5, "11")));
}
END_TEST

START_TEST(without_an_id_a_record_is_known_by_the_time_of_earlier_answers)
{
    note(trade_of("A-B", "", 5, "10"));
    ck_assert(!has(trade_of("A-B", "", 5, "10"))); /* two of the same time in an answer are two */
    known_records_settle(known, TEXT(""));
    ck_assert(has(trade_of("A-B", "", 5, "11")));
    ck_assert(has(trade_of("A-B", "", 4, "11")));
    ck_assert(!has(trade_of("A-B", "", 6, "11")));
    ck_assert(!has(trade_of("A-C", "", 5, "11")));
}
END_TEST

START_TEST(what_was_not_settled_is_forgotten_by_a_revert)
{
    note(trade_of("A-B", "1", 5, "10"));
    note(trade_of("A-C", "1", 5, "10"));
    known_records_settle(known, TEXT("A-B"));
    note(trade_of("A-B", "2", 6, "10"));
    known_records_revert(known);
    ck_assert(has(trade_of("A-B", "1", 5, "10")));
    ck_assert(!has(trade_of("A-B", "2", 6, "10")));
    ck_assert(!has(trade_of("A-C", "1", 5, "10")));
    ck_assert(text_equal(known_records_last_id(known, TEXT("A-B")), TEXT("1")));
    ck_assert_int_eq(known_records_last_ns(known, TEXT("A-B")), 5);
    ck_assert_int_eq(known_records_last_ns(known, TEXT("A-C")), 0);
}
END_TEST

START_TEST(the_last_id_and_the_latest_time_are_told)
{
    ck_assert_uint_eq(known_records_last_id(known, TEXT("")).length, 0);
    note(trade_of("A-B", "7", 9, "10"));
    note(trade_of("A-C", "8", 5, "10"));
    ck_assert(text_equal(known_records_last_id(known, TEXT("")), TEXT("8")));
    ck_assert_int_eq(known_records_last_ns(known, TEXT("")), 9);
    ck_assert(text_equal(known_records_last_id(known, TEXT("A-B")), TEXT("7")));
    ck_assert_uint_eq(known_records_last_id(known, TEXT("X-Y")).length, 0);
}
END_TEST

/* Answers of so many records, of which the oldest leave and one comes each time. */
static void answers(int first, int count)
{
    char id[16];
    for (int i = first; i < first + count; i++) {
        snprintf(id, sizeof id, "%d", i);
        if (!has(trade_of("A-B", id, i, "10")))
            note(trade_of("A-B", id, i, "10"));
    }
    known_records_settle(known, TEXT(""));
}

START_TEST(memory_is_bounded_by_twice_what_is_there_at_once)
{
    enum { MANY = 3000 };
    answers(0, MANY);
    answers(1, MANY);
    ck_assert(has(trade_of("A-B", "0", 0, "10")));
    answers(MANY, MANY);
    answers(2 * MANY, MANY);
    ck_assert(!has(trade_of("A-B", "0", 0, "10")));
    ck_assert(has(trade_of("A-B", "3000", 3000, "10")));
    for (int i = 9000; i < 9000 + KNOWN_RECORDS_MIN; i++)
        answers(i, 1);
    ck_assert(!has(trade_of("A-B", "3000", 3000, "10")));
}
END_TEST

START_TEST(keys_beyond_the_bound_are_not_remembered)
{
    char key[16];
    for (int i = 0; i < KNOWN_RECORDS_KEYS; i++) {
        snprintf(key, sizeof key, "%d", i);
        note(trade_of(key, "1", 1, "10"));
    }
    note(trade_of("one-more", "1", 1, "10"));
    ck_assert(!has(trade_of("one-more", "1", 1, "10")));
    ck_assert(has(trade_of("0", "1", 1, "10")));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("known_records");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_record_is_known_by_key_id_and_content);
    tcase_add_test(tests, without_an_id_a_record_is_known_by_the_time_of_earlier_answers);
    tcase_add_test(tests, what_was_not_settled_is_forgotten_by_a_revert);
    tcase_add_test(tests, the_last_id_and_the_latest_time_are_told);
    tcase_add_test(tests, memory_is_bounded_by_twice_what_is_there_at_once);
    tcase_add_test(tests, keys_beyond_the_bound_are_not_remembered);
    return RUN_TESTS("known_records", tests);
}
