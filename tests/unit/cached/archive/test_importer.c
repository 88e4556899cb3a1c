#include "cached/archive/importer.h"

#include <stdlib.h>

#include "cached/stores/kinds.h"
#include "tests/unit/run_tests.h"
#include "tests/unit/temporary_folder.h"

static folder_t folder;
static char url[128], error[STORE_ERROR_MAX];
static const store_kind_t *kind;
static import_counts_t counts;
static buffer_t lines;

static void set_up(void)
{
    folder = folder_new();
    snprintf(url, sizeof url, "sqlite:///%s/trades.db", folder.path);
    kind = store_kind(url);
    lines = buffer_new(0);
}

static void tear_down(void)
{
    buffer_release(&lines);
    folder_remove(&folder);
}

static void line(uint64_t epoch, uint64_t seq)
{
    buffer_printf(
        &lines,
        "{\"epoch\":%llu,\"seq\":%llu,\"seqnum\":1,\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\","
        "\"timestamp\":\"2025-11-10T17:24:33.937345Z\",\"side\":\"buy\",\"qty\":0.5,\"price\":%llu.50000,\"tradeId\":\"7\","
        "\"source\":\"börse-東京\",\"received\":\"2025-11-10T17:24:33.981112345Z\"}\n",
        (unsigned long long)epoch, (unsigned long long)seq, (unsigned long long)seq);
}

static bool import_with(bool later)
{
    FILE *in = fmemopen(lines.bytes, lines.length, "r");
    ck_assert_ptr_nonnull(in);
    bool good = import_trades(in, kind, url, later, &counts, error);
    fclose(in);
    buffer_clear(&lines);
    return good;
}

static void import(uint64_t epoch, uint64_t from, uint64_t to)
{
    for (uint64_t seq = from; seq <= to; seq++)
        line(epoch, seq);
    ck_assert_msg(import_with(false), "%s", error);
    ck_assert_uint_eq(counts.read, to - from + 1);
}

static void assert_counts(uint64_t stored, uint64_t later)
{
    ck_assert_uint_eq(counts.stored, stored);
    ck_assert_uint_eq(counts.later, later);
}

static bool take(void *arg, const store_trade_t *trade)
{
    buffer_append(arg, trade->json);
    buffer_append(arg, TEXT("\n"));
    return true;
}

/* The store has exactly the lines; they are cleared. */
static void assert_stored(void)
{
    store_query_t query = {TEXT("trade.BTC-USD.börse-東京"),
                           {0, 0},
                           {UINT64_MAX, UINT64_MAX},
                           INT64_MIN,
                           INT64_MAX,
                           STORE_OLDEST_FIRST,
                           UINT64_MAX};
    buffer_t stored = buffer_new(0);
    void *store;
    ck_assert_int_eq(kind->open(url, &store, error), STORE_OK);
    ck_assert_int_eq(kind->read.range(store, &query, take, &stored, error), STORE_OK);
    kind->close(store);
    ck_assert(text_equal(buffer_text(&stored), buffer_text(&lines)));
    buffer_release(&stored);
    buffer_clear(&lines);
}

static void assert_stored_span(uint64_t epoch, uint64_t from, uint64_t to)
{
    for (uint64_t seq = from; seq <= to; seq++)
        line(epoch, seq);
    assert_stored();
}

START_TEST(a_new_store_takes_all_byte_for_byte_and_twice_is_once)
{
    import(5, 101, 45000); /* several batches */
    assert_counts(44900, 0);
    assert_stored_span(5, 101, 45000);
    import(5, 101, 45000);
    assert_counts(0, 0);
    assert_stored_span(5, 101, 45000);
}
END_TEST

START_TEST(what_is_older_fills_and_what_follows_is_appended)
{
    import(5, 1001, 2000);
    import(5, 1, 500);
    assert_counts(500, 0);
    import(5, 400, 2100); /* over a hole, what is there, and the end */
    assert_counts(600, 0);
    assert_stored_span(5, 1, 2100);
}
END_TEST

START_TEST(lines_may_come_in_any_order)
{
    for (uint64_t seq = 3000; seq > 0; seq--)
        line(5, seq);
    line(5, 7);
    ck_assert(import_with(false));
    assert_counts(3000, 0);
    assert_stored_span(5, 1, 3000);
}
END_TEST

START_TEST(what_would_leave_a_hole_is_left_out_unless_it_is_wanted)
{
    import(5, 1, 100);
    import(5, 201, 300);
    assert_counts(0, 100);
    assert_stored_span(5, 1, 100);
    for (uint64_t seq = 201; seq <= 300; seq++)
        line(5, seq);
    ck_assert(import_with(true));
    assert_counts(100, 0);
    import(5, 101, 200);
    assert_counts(100, 0);
    assert_stored_span(5, 1, 300);
}
END_TEST

/* A later epoch may be from elsewhere: it would keep out all that the journal has still to come. An older one is over. */
START_TEST(epochs)
{
    import(5, 1, 10);
    import(9, 1, 10);
    assert_counts(0, 10);
    import(4, 7, 9);
    assert_counts(3, 0);
    for (uint64_t seq = 7; seq <= 9; seq++)
        line(4, seq);
    assert_stored_span(5, 1, 10);
}
END_TEST

START_TEST(a_new_store_takes_all_epochs)
{
    for (uint64_t seq = 1; seq <= 10; seq++)
        line(5, seq);
    line(9, 3);
    line(12, 8);
    ck_assert(import_with(false));
    assert_counts(12, 0);
    for (uint64_t seq = 1; seq <= 10; seq++)
        line(5, seq);
    line(9, 3);
    line(12, 8);
    assert_stored();
}
END_TEST

START_TEST(a_byte_order_mark_is_skipped_at_the_start_only)
{
    buffer_append(&lines, TEXT(TEXT_MARK));
    line(5, 1);
    buffer_append(&lines, TEXT(TEXT_MARK));
    line(5, 2);
    ck_assert(!import_with(false));
    ck_assert_msg(strstr(error, "line 2: expected a trade in the form of an export"), "%s", error);
    assert_stored_span(5, 1, 1);
}
END_TEST

START_TEST(what_came_before_a_bad_line_is_stored)
{
    line(5, 1);
    buffer_append(&lines, TEXT("{\"epoch\":5}\n"));
    line(5, 2);
    ck_assert(!import_with(false));
    ck_assert_msg(strstr(error, "line 2: expected a trade in the form of an export, found {\"epoch\":5}"), "%s", error);
    assert_stored_span(5, 1, 1);
    line(INT64_MAX, 1);
    ck_assert(!import_with(false));
    assert_stored_span(5, 1, 1);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("importer");
    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_new_store_takes_all_byte_for_byte_and_twice_is_once);
    tcase_add_test(tests, what_is_older_fills_and_what_follows_is_appended);
    tcase_add_test(tests, lines_may_come_in_any_order);
    tcase_add_test(tests, what_would_leave_a_hole_is_left_out_unless_it_is_wanted);
    tcase_add_test(tests, epochs);
    tcase_add_test(tests, a_new_store_takes_all_epochs);
    tcase_add_test(tests, a_byte_order_mark_is_skipped_at_the_start_only);
    tcase_add_test(tests, what_came_before_a_bad_line_is_stored);
    return RUN_TESTS("importer", tests);
}
