#include "proto/status.h"
#include "tests/unit/run_tests.h"

#define STATUS(more)                                                                                                           \
    "{\"event\":\"heartbeat\",\"source\":\"coinbase\",\"connected\":true,\"since\":\"2025-11-10T17:24:33.000000001Z\","        \
    "\"time\":\"2025-11-10T17:24:34.000000000Z\",\"reason\":\"\",\"subscribe\":\"always\",\"epoch\":7,\"trades\":1,"           \
    "\"duplicates\":2,"                                                                                                        \
    "\"malformed\":3,\"gaps\":4,\"reconnects\":5,\"id_conflicts\":6,\"future\":7,\"breaker\":\"closed\",\"health\":97,"        \
    "\"stale\":{}" more ",\"symbols\":{\"BTC-USD\":42}}"
#define SPAN  "\"from\":\"2025-11-10T17:24:30.000000001Z\",\"to\":\"2025-11-10T17:24:31.000000000Z\",\"cursor\":\"7-40\""
#define HOLE  "\"BTC-USD\":{\"count\":2,\"missing\":17," SPAN "}"
#define OTHER "\"ETH-USD\":{\"count\":1,\"missing\":null," SPAN "}"
#define ASKED "\"BTC-USD\":{\"missing\":120,\"late\":false}"
#define MORE  "\"ETH-USD\":{\"missing\":null,\"late\":true}"

START_TEST(holes_are_walked_and_put)
{
    status_hole_t hole;
    buffer_t out = buffer_new(0);
    json_walk_t walk = json_walk(TEXT("{" HOLE "," OTHER "}"));
    ck_assert(status_next_hole(&walk, &hole));
    ck_assert(text_equal(hole.symbol, TEXT("BTC-USD")) && hole.count == 2 && hole.missing_known && hole.missing == 17);
    ck_assert_int_eq(hole.to_ns - hole.from_ns, 999999999);
    ck_assert(cursor_compare(hole.cursor, (cursor_t){7, 40}) == 0);
    status_put_hole(&out, &hole);
    buffer_append(&out, TEXT(","));
    ck_assert(status_next_hole(&walk, &hole) && !hole.missing_known);
    status_put_hole(&out, &hole);
    ck_assert_msg(text_equal(buffer_text(&out), TEXT(HOLE "," OTHER)), "%.*s", TEXT_ARG(buffer_text(&out)));
    ck_assert(!status_next_hole(&walk, &hole));
    buffer_release(&out);
}
END_TEST

START_TEST(what_is_being_asked_for_is_walked_and_put)
{
    status_backfill_t backfill;
    buffer_t out = buffer_new(0);
    json_walk_t walk = json_walk(TEXT("{" ASKED "," MORE "}"));
    ck_assert(status_next_backfill(&walk, &backfill));
    ck_assert(text_equal(backfill.symbol, TEXT("BTC-USD")) && backfill.missing == 120 && !backfill.late);
    status_put_backfill(&out, &backfill);
    buffer_append(&out, TEXT(","));
    ck_assert(status_next_backfill(&walk, &backfill) && !backfill.missing_known && backfill.late);
    status_put_backfill(&out, &backfill);
    ck_assert_msg(text_equal(buffer_text(&out), TEXT(ASKED "," MORE)), "%.*s", TEXT_ARG(buffer_text(&out)));
    ck_assert(!status_next_backfill(&walk, &backfill));
    buffer_release(&out);
}
END_TEST

static const char *const odd[] = {"{\"bad\":{\"count\":1,\"missing\":1," SPAN "}}",
                                  "{\"BTC-USD\":7}",
                                  "{\"BTC-USD\":{\"count\":0,\"missing\":1," SPAN "}}",
                                  "{\"BTC-USD\":{\"count\":1,\"missing\":\"1\"," SPAN "}}",
                                  "{\"BTC-USD\":{\"count\":1," SPAN "}}",
                                  "{\"BTC-USD\":{\"count\":1,\"missing\":1}}",
                                  "{\"BTC-USD\":{\"missing\":-1,\"late\":true}}",
                                  "{\"BTC-USD\":{\"missing\":1,\"late\":7}}"};

START_TEST(odd_ones_are_left_out)
{
    status_hole_t hole;
    status_backfill_t backfill;
    json_walk_t walk = json_walk(text_of(odd[_i])), again = walk;
    ck_assert(!status_next_hole(&walk, &hole) && !status_next_backfill(&again, &backfill));
}
END_TEST

START_TEST(a_status_has_them_where_there_are_some)
{
    static const char *const statuses[] = {STATUS(""), STATUS(",\"holes\":{" HOLE "}"), STATUS(",\"backfill\":{" ASKED "}"),
                                           STATUS(",\"holes\":{" HOLE "," OTHER "},\"backfill\":{" MORE "}")};
    buffer_t out = buffer_new(0);
    status_t status;
    ck_assert(status_parse(text_of(statuses[_i]), &status));
    ck_assert(text_equal(status.holes, TEXT("{}")) == (_i % 2 == 0));
    ck_assert(text_equal(status.backfill, TEXT("{}")) == (_i < 2));
    status_print(&out, &status);
    ck_assert_msg(text_equal(buffer_text(&out), text_of(statuses[_i])), "%.*s", TEXT_ARG(buffer_text(&out)));
    buffer_release(&out);
}
END_TEST

START_TEST(what_is_no_object_makes_no_status)
{
    status_t status;
    ck_assert(!status_parse(TEXT(STATUS(",\"holes\":7")), &status));
    ck_assert(!status_parse(TEXT(STATUS(",\"backfill\":[]")), &status));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("status_upstream");
    tcase_add_test(tests, holes_are_walked_and_put);
    tcase_add_test(tests, what_is_being_asked_for_is_walked_and_put);
    tcase_add_loop_test(tests, odd_ones_are_left_out, 0, sizeof odd / sizeof *odd);
    tcase_add_loop_test(tests, a_status_has_them_where_there_are_some, 0, 4);
    tcase_add_test(tests, what_is_no_object_makes_no_status);
    return RUN_TESTS("status_upstream", tests);
}
