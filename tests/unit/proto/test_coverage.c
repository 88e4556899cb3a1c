#include "proto/coverage.h"
#include "proto/json_record.h"
#include "tests/unit/run_tests.h"

#define FROM   "\"from\":\"2026-11-29T12:00:07.100000000Z\""
#define TO     "\"to\":\"2026-11-29T12:00:09.000000000Z\""
#define SPAN   FROM "," TO
#define CURSOR "\"cursor\":\"1763941200123456-57\""

enum { FROM_NS = 100000000, TO_NS = 2000000000 };
static const int64_t base_ns = INT64_C(1795953607) * 1000000000;

/* As they are printed. */
static const char *const records[] = {
    "{\"state\":\"live\"," FROM "," CURSOR "}",
    "{\"state\":\"live\"," SPAN "," CURSOR "}",
    "{\"state\":\"unknown\"," FROM "," CURSOR "}",
    "{\"state\":\"unknown\"," FROM ",\"cursor\":\"1763941200123456-0\"}",
    "{\"state\":\"backfilled\"," SPAN "," CURSOR
    ",\"first\":\"1763941200123456-41\",\"last\":\"1763941200123456-57\",\"trades\":17}",
    "{\"state\":\"backfilled\"," SPAN "," CURSOR ",\"trades\":0}",
    "{\"state\":\"hole\"," SPAN "," CURSOR ",\"missing\":17,\"first_id\":\"9001\",\"last_id\":\"9017\"}",
    "{\"state\":\"hole\"," SPAN "," CURSOR ",\"missing\":null}",
    "{\"state\":\"proved\"," SPAN "," CURSOR ",\"trades\":3,\"volume\":\"1.250\"}",
    "{\"state\":\"proved\"," SPAN "," CURSOR ",\"trades\":0}",
    "{\"state\":\"short\"," SPAN "," CURSOR ",\"missing\":1,\"missing_volume\":\"0.015\"}",
    "{\"state\":\"short\"," SPAN "," CURSOR ",\"missing\":null}",
};

START_TEST(what_is_printed_is_read_again)
{
    coverage_t coverage;
    buffer_t out = buffer_new(0);
    ck_assert_msg(coverage_parse(text_of(records[_i]), &coverage), "%s", records[_i]);
    coverage_print(&out, &coverage);
    ck_assert_msg(text_equal(buffer_text(&out), text_of(records[_i])), "%.*s", TEXT_ARG(buffer_text(&out)));
    buffer_release(&out);
}
END_TEST

START_TEST(a_hole_is_read_field_by_field)
{
    coverage_t hole;
    ck_assert(coverage_parse(text_of(records[6]), &hole));
    ck_assert_int_eq(hole.state, COVERAGE_HOLE);
    ck_assert_int_eq(hole.from_ns, base_ns + FROM_NS);
    ck_assert_int_eq(hole.to_ns, base_ns + TO_NS);
    ck_assert(cursor_compare(hole.cursor, (cursor_t){1763941200123456, 57}) == 0);
    ck_assert(hole.missing_known && hole.missing == 17);
    ck_assert(text_equal(hole.first_id, TEXT("9001")) && text_equal(hole.last_id, TEXT("9017")));
}
END_TEST

START_TEST(what_has_no_end_is_open)
{
    coverage_t live;
    ck_assert(coverage_parse(text_of(records[0]), &live));
    ck_assert_int_eq(live.to_ns, COVERAGE_OPEN);
}
END_TEST

static const char *const others[] = {
    "",
    "[]",
    "{}",
    "{\"state\":\"live\"," FROM "," CURSOR,
    "{\"state\":\"dead\"," FROM "," CURSOR "}",
    "{\"state\":1," FROM "," CURSOR "}",
    "{\"state\":\"live\"," CURSOR "}",
    "{\"state\":\"live\"," FROM "}",
    "{\"state\":\"live\"," FROM ",\"cursor\":\"57\"}",
    "{\"state\":\"live\",\"from\":1795953607100," CURSOR "}",
    "{\"state\":\"live\"," FROM ",\"to\":null," CURSOR "}",
    "{\"state\":\"live\"," FROM ",\"to\":\"2026-11-29T12:00:07.100000000Z\"," CURSOR "}",
    "{\"state\":\"hole\"," FROM "," CURSOR ",\"missing\":17}",
    "{\"state\":\"hole\"," SPAN "," CURSOR "}",
    "{\"state\":\"hole\"," SPAN "," CURSOR ",\"missing\":-1}",
    "{\"state\":\"hole\"," SPAN "," CURSOR ",\"missing\":\"17\"}",
    "{\"state\":\"hole\"," SPAN "," CURSOR ",\"missing\":17,\"first_id\":9001}",
    "{\"state\":\"hole\"," SPAN "," CURSOR ",\"missing\":17,\"first_id\":\"\"}",
    "{\"state\":\"backfilled\"," SPAN "," CURSOR "}",
    "{\"state\":\"backfilled\"," SPAN "," CURSOR ",\"first\":\"7-1\",\"trades\":1}",
    "{\"state\":\"backfilled\"," SPAN "," CURSOR ",\"first\":\"7-2\",\"last\":\"7-1\",\"trades\":1}",
    "{\"state\":\"backfilled\"," SPAN "," CURSOR ",\"first\":\"7-0\",\"last\":\"7-1\",\"trades\":1}",
    "{\"state\":\"proved\"," SPAN "," CURSOR ",\"trades\":1,\"volume\":\"much\"}",
    "{\"state\":\"proved\"," SPAN "," CURSOR ",\"trades\":1,\"volume\":1.25}",
    "{\"state\":\"proved\"," SPAN "," CURSOR ",\"trades\":1.5}",
    "{\"state\":\"short\"," SPAN "," CURSOR ",\"missing\":null,\"missing_volume\":\"\"}",
};

START_TEST(anything_else_is_refused_and_changes_nothing)
{
    coverage_t coverage = {.missing = 77};
    ck_assert_msg(!coverage_parse(text_of(others[_i]), &coverage), "%s", others[_i]);
    ck_assert_uint_eq(coverage.missing, 77);
}
END_TEST

START_TEST(members_that_are_not_known_or_not_the_states_are_ignored)
{
    coverage_t coverage;
    ck_assert(coverage_parse(
        TEXT("{\"why\":{\"a\":[1]},\"state\":\"live\"," FROM "," CURSOR ",\"missing\":\"many\",\"first\":7}"), &coverage));
    ck_assert(!coverage.missing_known && coverage.first.seq == 0);
}
END_TEST

START_TEST(of_a_part_nothing_is_counted)
{
    static const size_t counted[] = {4, 6, 8, 10};
    static const char *const parts[] = {
        "{\"state\":\"backfilled\"," SPAN "," CURSOR "}",
        "{\"state\":\"hole\"," SPAN "," CURSOR ",\"missing\":null}",
        "{\"state\":\"proved\"," SPAN "," CURSOR "}",
        "{\"state\":\"short\"," SPAN "," CURSOR ",\"missing\":null}",
    };
    coverage_t coverage;
    buffer_t out = buffer_new(0);
    ck_assert(coverage_parse(text_of(records[counted[_i]]), &coverage));
    coverage.partial = true;
    coverage_print(&out, &coverage);
    ck_assert_msg(text_equal(buffer_text(&out), text_of(parts[_i])), "%.*s", TEXT_ARG(buffer_text(&out)));
    buffer_release(&out);
}
END_TEST

START_TEST(an_answer_says_what_is_still_going_on)
{
    coverage_t live;
    buffer_t out = buffer_new(0);
    json_writer_t json = json_write(&out);
    ck_assert(coverage_parse(text_of(records[0]), &live));
    json_open_object(&json, NULL);
    coverage_put(&json, &live);
    json_close_object(&json);
    ck_assert(text_equal(buffer_text(&out), TEXT("{\"state\":\"live\"," FROM ",\"to\":null," CURSOR "}")));
    buffer_release(&out);
}
END_TEST

START_TEST(the_longest_one_fits_into_a_record)
{
    char id[TRADE_ID_MAX], digits[64];
    memset(id, '~', sizeof id);
    memset(digits, '9', sizeof digits);
    buffer_t out = buffer_new(0);
    cursor_t far = {UINT64_MAX, UINT64_MAX};
    for (coverage_state_t state = COVERAGE_UNKNOWN; state <= COVERAGE_SHORT; state++) {
        coverage_t coverage = {.state = state,
                               .from_ns = INT64_MAX - 2,
                               .to_ns = INT64_MAX - 1,
                               .cursor = far,
                               .first = far,
                               .last = far,
                               .trades = UINT64_MAX,
                               .missing_known = true,
                               .missing = UINT64_MAX,
                               .volume = {digits, sizeof digits},
                               .missing_volume = {digits, sizeof digits},
                               .first_id = {id, sizeof id},
                               .last_id = {id, sizeof id}};
        buffer_clear(&out);
        coverage_print(&out, &coverage);
        ck_assert_uint_le(out.length, COVERAGE_DATA_MAX);
        ck_assert_uint_le(out.length, RECORD_DATA_MAX);
        ck_assert(coverage_parse(buffer_text(&out), &coverage));
    }
    buffer_release(&out);
}
END_TEST

START_TEST(three_states_are_complete)
{
    for (coverage_state_t state = COVERAGE_UNKNOWN; state <= COVERAGE_SHORT; state++)
        ck_assert(coverage_state_complete(state) ==
                  (state == COVERAGE_LIVE || state == COVERAGE_BACKFILLED || state == COVERAGE_PROVED));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("coverage");
    tcase_add_loop_test(tests, what_is_printed_is_read_again, 0, sizeof records / sizeof *records);
    tcase_add_test(tests, a_hole_is_read_field_by_field);
    tcase_add_test(tests, what_has_no_end_is_open);
    tcase_add_loop_test(tests, anything_else_is_refused_and_changes_nothing, 0, sizeof others / sizeof *others);
    tcase_add_test(tests, members_that_are_not_known_or_not_the_states_are_ignored);
    tcase_add_loop_test(tests, of_a_part_nothing_is_counted, 0, 4);
    tcase_add_test(tests, an_answer_says_what_is_still_going_on);
    tcase_add_test(tests, the_longest_one_fits_into_a_record);
    tcase_add_test(tests, three_states_are_complete);
    return RUN_TESTS("coverage", tests);
}
