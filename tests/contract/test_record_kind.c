/* What every kind of record must do (proto/record_kind.h): its examples go through everything that works on records without knowing kinds. */
#include "common/json/json.h"
#include "proto/record.h"
#include "proto/record_kind.h"

#include <check.h>
#include <stdlib.h>

static char longest_data[RECORD_DATA_MAX], digits[64], id[TRADE_ID_MAX], source[SOURCE_MAX], key[KEY_MAX], channel[CHANNEL_MAX],
    symbol[SYMBOL_MAX];

/* By the number of the kind: an ordinary one, one with as little as may be, the longest. */
enum { EXAMPLES = 3 };

static trade_t example(size_t kind, unsigned number)
{
    const cursor_t greatest = {UINT64_MAX, UINT64_MAX};
    const trade_t examples[][EXAMPLES] = {
        {{.cursor = {1763941200123456, 42},
          .seqnum = 21,
          .symbol = TEXT("BTC-USD"),
          .timestamp = TEXT("2025-11-10T17:24:33.937345Z"),
          .side = SIDE_BUY,
          .qty = TEXT("0.00885072"),
          .price = TEXT("105383.80000"),
          .id = TEXT("10218211"),
          .source = TEXT("blockchain"),
          .received_ns = INT64_C(1762795473981112345)},
         {.symbol = TEXT("A-B"),
          .timestamp = TEXT("1970-01-01T00:00:00Z"),
          .side = SIDE_SELL,
          .qty = TEXT("0"),
          .price = TEXT("0"),
          .id = TEXT("1"),
          .source = TEXT("x")},
         {.cursor = greatest,
          .seqnum = UINT64_MAX,
          .symbol = {symbol, sizeof symbol},
          .timestamp = TEXT("2025-11-10T17:24:33.981112345+00:00"),
          .side = SIDE_SELL,
          .qty = {digits, sizeof digits},
          .price = {digits, sizeof digits},
          .id = {id, sizeof id},
          .source = {source, sizeof source},
          .received_ns = INT64_MAX}},
        {{.cursor = {1763941200123456, 42},
          .channel = TEXT("readings"),
          .symbol = TEXT("sensor-7"),
          .timestamp = TEXT("2025-11-10T17:24:33.937Z"),
          .id = TEXT("881"),
          .source = TEXT("lab"),
          .received_ns = INT64_C(1762795473981112345),
          .data = TEXT("{\"celsius\":21.50,\"ok\":true}")},
         {.channel = TEXT("a"),
          .symbol = TEXT("b"),
          .timestamp = TEXT("1970-01-01T00:00:00Z"),
          .source = TEXT("x"),
          .data = TEXT("{}")},
         {.cursor = greatest,
          .channel = {channel, sizeof channel},
          .symbol = {key, sizeof key},
          .timestamp = TEXT("2025-11-10T17:24:33.981112345+00:00"),
          .id = {id, sizeof id},
          .source = {source, sizeof source},
          .received_ns = INT64_MAX,
          .data = {longest_data, sizeof longest_data}}},
    };
    ck_assert_msg(kind < sizeof examples / sizeof *examples, "a kind of record without examples here");
    return examples[kind][number];
}

static void set_up(void)
{
    memset(digits, '9', sizeof digits);
    memset(id, '~', sizeof id);
    memset(source, 's', sizeof source);
    memset(key, 'k', sizeof key);
    memset(channel, 'c', sizeof channel);
    memset(symbol, 'S', sizeof symbol);
    symbol[1] = '-';
    memset(longest_data, '7', sizeof longest_data);
    memcpy(longest_data, "{\"n\":", 5);
    longest_data[sizeof longest_data - 1] = '}';
}

/* _i: which example of which kind. */
static const record_kind_t *the_kind(int i, trade_t *record)
{
    *record = example((size_t)i / EXAMPLES, (unsigned)i % EXAMPLES);
    return record_kind_at((size_t)i / EXAMPLES);
}

START_TEST(a_valid_record_prints_as_json_within_its_bound_and_comes_back)
{
    char out[RECORD_MAX], again[RECORD_MAX];
    trade_t record, found;
    const char *wrong = "";
    const record_kind_t *kind = the_kind(_i, &record);
    ck_assert(kind->has(&record));
    ck_assert_msg(record_valid(&record, &wrong), "%s of %s", wrong, kind->name);
    text_t json = {out, record_print(out, &record)};
    ck_assert_uint_le(json.length, kind->max);
    ck_assert(json_valid(json));
    ck_assert_msg(record_parse(json, &found), "%.*s", TEXT_ARG(json));
    ck_assert(kind->has(&found));
    ck_assert_int_eq(found.timestamp_ns, record.timestamp_ns);
    ck_assert(text_equal((text_t){again, record_print(again, &found)}, json));
}
END_TEST

START_TEST(one_kind_s_record_is_no_other_s)
{
    char out[RECORD_MAX];
    trade_t record, found;
    const record_kind_t *kind = the_kind(_i, &record), *other;
    text_t json = {out, record_print(out, &record)};
    for (size_t number = 0; (other = record_kind_at(number)); number++) {
        ck_assert_int_eq(other->has(&record), other == kind);
        found = (trade_t){0};
        ck_assert_int_eq(other->parse(json, &found), other == kind);
    }
}
END_TEST

START_TEST(what_is_cut_or_goes_on_is_no_record)
{
    char out[RECORD_MAX + 1];
    trade_t record, found;
    the_kind(_i, &record);
    size_t length = record_print(out, &record);
    for (size_t cut = 0; cut < length; cut += cut < 600 ? 1 : 97)
        ck_assert(!record_parse((text_t){out, cut}, &found));
    for (const char *more = " }\n0"; *more; more++) {
        out[length] = *more;
        ck_assert(!record_parse((text_t){out, length + 1}, &found));
    }
}
END_TEST

START_TEST(its_cursor_stands_at_the_start_and_it_moves_to_another)
{
    char out[RECORD_MAX], moved[RECORD_MAX], back[RECORD_MAX];
    trade_t record, found;
    cursor_t cursor;
    the_kind(_i, &record);
    text_t json = {out, record_print(out, &record)};
    ck_assert(trade_cursor(json, &cursor));
    ck_assert_int_eq(cursor_compare(cursor, record.cursor), 0);
    text_t other = {moved, record_move(moved, json, (cursor_t){7, 8})};
    ck_assert(record_parse(other, &found));
    ck_assert_int_eq(cursor_compare(found.cursor, (cursor_t){7, 8}), 0);
    ck_assert(text_equal((text_t){back, record_move(back, other, record.cursor)}, json));
}
END_TEST

START_TEST(its_topic_is_that_of_its_subject_and_source)
{
    char out[RECORD_MAX], subject[SUBJECT_MAX], topic[TOPIC_MAX];
    trade_t record, found;
    text_t other, from;
    the_kind(_i, &record);
    ck_assert(record_parse((text_t){out, record_print(out, &record)}, &found));
    text_t name = {subject, record_subject(subject, &found)}, whole = {topic, topic_print(topic, name, found.source)};
    ck_assert(subject_valid(name));
    ck_assert(record_is_of(&found, whole));
    ck_assert(topic_parse(whole, &other, &from) && text_equal(other, name) && text_equal(from, found.source));
    ck_assert(text_equal(record_subject_in(whole, &found), name));
}
END_TEST

START_TEST(each_field_that_is_wrong_is_named)
{
    const char *wrong = NULL;
    trade_t record;
    const struct {
        text_t *field, value;
    } breaks[] = {
        {&record.symbol, TEXT("a b")}, {&record.timestamp, TEXT("soon")}, {&record.id, TEXT("\"")}, {&record.source, TEXT("")}};
    for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
        the_kind(_i, &record);
        *breaks[i].field = breaks[i].value;
        ck_assert(!record_valid(&record, &wrong));
        ck_assert_ptr_nonnull(wrong);
    }
}
END_TEST

int main(void)
{
    int examples = 0;
    while (record_kind_at((size_t)examples))
        examples++;
    examples *= EXAMPLES;
    Suite *suite = suite_create("record kinds");
    TCase *tests = tcase_create("record kinds");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_loop_test(tests, a_valid_record_prints_as_json_within_its_bound_and_comes_back, 0, examples);
    tcase_add_loop_test(tests, one_kind_s_record_is_no_other_s, 0, examples);
    tcase_add_loop_test(tests, what_is_cut_or_goes_on_is_no_record, 0, examples);
    tcase_add_loop_test(tests, its_cursor_stands_at_the_start_and_it_moves_to_another, 0, examples);
    tcase_add_loop_test(tests, its_topic_is_that_of_its_subject_and_source, 0, examples);
    tcase_add_loop_test(tests, each_field_that_is_wrong_is_named, 0, examples);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
