/* What every store must do, whatever it keeps trades in: the contract of cached/stores/store.h. Each case runs against each kind.
 *
 * A new kind: a backend in store_backends.h, and its line in backends[].
 */
#include "tests/contract/store_channel_cases.h"
#include "tests/contract/store_fill_cases.h"
#include "tests/contract/store_lasting_cases.h"
#include "tests/contract/store_retain_cases.h"
#include "tests/unit/run_tests.h"

/* --- the cases --- */

START_TEST(a_new_store_is_empty)
{
    begin(_i);
    ck_assert_uint_eq(load(handle, TOPIC).count, 0);
    read_all(TOPIC);
    ck_assert_uint_eq(seen_count, 0);
}
END_TEST

START_TEST(trades_come_back_in_order_byte_for_byte)
{
    begin(_i);
    append(TOPIC, 5, 1, 3000);
    read_all(TOPIC);
    assert_seen(5, 1, 3000);
    for (size_t i = 0; i < seen_count; i++)
        ck_assert_int_eq(seen[i].timestamp_ns, (int64_t)(i + 1) * 10);
    assert_place(TOPIC, (cursor_t){5, 3000}, 3000);
}
END_TEST

START_TEST(any_text_comes_back_unchanged)
{
    static const char *const exact[] = {
        "{\"qty\":12345678901234567890123456789012345678.90,\"price\":0.00000000000000000000000000000000000001}",
        "{\"qty\":8.5E-5,\"price\":105383.80000}",
        "{\"source\":\"börse-東京-💱\"}",
        "  spaces, 'quotes', \\\\backslashes\\n, $1 %s ? :name\r\n\ttabs ",
        "\x01\x7f",
        "",
    };
    enum { EXACT = sizeof exact / sizeof *exact };
    begin(_i);
    static char longest[TEXT_LENGTH];
    memset(longest, 'x', sizeof longest - 1);
    for (uint64_t i = 0; i < EXACT; i++)
        batch_add_text(OTHER, (cursor_t){1, i + 1}, 1763941200123456789 + (int64_t)i, exact[i]);
    batch_add_text(OTHER, (cursor_t){1, EXACT + 1}, INT64_C(1763941200123456789), longest);
    append_batch();
    read_all(OTHER);
    ck_assert_uint_eq(seen_count, EXACT + 1);
    for (size_t i = 0; i < EXACT; i++)
        ck_assert_msg(seen[i].hash == text_hash(text_of(exact[i])), "changed: %s", exact[i]);
    ck_assert(seen[EXACT].hash == text_hash(text_of(longest)));
    ck_assert_int_eq(seen[2].timestamp_ns, INT64_C(1763941200123456791));
}
END_TEST

START_TEST(the_same_batch_twice_is_as_good_as_once)
{
    begin(_i);
    append(TOPIC, 5, 1, 100);
    append(TOPIC, 5, 1, 100);
    read_all(TOPIC);
    assert_seen(5, 1, 100);
    assert_place(TOPIC, (cursor_t){5, 100}, 100);
}
END_TEST

START_TEST(what_overlaps_is_stored_once)
{
    begin(_i);
    append(TOPIC, 5, 1, 100);
    append(TOPIC, 5, 51, 150);
    batch_add(TOPIC, (cursor_t){5, 151}, 1510);
    batch_add(TOPIC, (cursor_t){5, 151}, 1510); /* twice in one batch */
    batch_add(TOPIC, (cursor_t){5, 152}, 1520);
    append_batch();
    read_all(TOPIC);
    assert_seen(5, 1, 152);
    assert_place(TOPIC, (cursor_t){5, 152}, 152);
}
END_TEST

START_TEST(nothing_to_append_is_well)
{
    begin(_i);
    append_batch();
    ck_assert_uint_eq(load(handle, TOPIC).count, 0);
}
END_TEST

START_TEST(streams_in_one_batch_are_kept_apart)
{
    begin(_i);
    for (uint64_t seq = 1; seq <= 500; seq++) {
        batch_add(TOPIC, (cursor_t){5, seq}, (int64_t)seq * 10);
        if (seq % 2)
            batch_add(OTHER, (cursor_t){9, seq / 2 + 1}, (int64_t)seq);
    }
    append_batch();
    read_all(TOPIC);
    assert_seen(5, 1, 500);
    read_all(OTHER);
    assert_seen(9, 1, 250);
    assert_place(TOPIC, (cursor_t){5, 500}, 500);
    assert_place(OTHER, (cursor_t){9, 250}, 250);
    ck_assert_uint_eq(load(handle, OTHER).count, 2);
}
END_TEST

START_TEST(ten_thousand_at_once)
{
    begin(_i);
    append(TOPIC, 1763941200123456, 1, 10000);
    read_all(TOPIC);
    assert_seen(1763941200123456, 1, 10000);
}
END_TEST

START_TEST(epochs_order_before_seqs)
{
    begin(_i);
    append(TOPIC, 5, 1, 100);
    append(TOPIC, 8, 1, 20);
    append(TOPIC, 5, 101, 200); /* of an epoch that is over */
    assert_place(TOPIC, (cursor_t){8, 20}, 120);
    read_all(TOPIC);
    ck_assert_uint_eq(seen_count, 120);
    assert_seen_at(99, (cursor_t){5, 100});
    assert_seen_at(100, (cursor_t){8, 1});
    store_query_t query = everything;
    query.topic = TOPIC;
    query.from = (cursor_t){5, 99};
    query.to = (cursor_t){8, 2};
    query.order = STORE_NEWEST_FIRST;
    read_with(handle, query);
    ck_assert_uint_eq(seen_count, 4);
    assert_seen_at(0, (cursor_t){8, 2});
    assert_seen_at(3, (cursor_t){5, 99});
}
END_TEST

START_TEST(an_impossible_cursor_is_left_out)
{
    begin(_i);
    batch_add(TOPIC, (cursor_t){5, 1}, 10);
    batch_add(TOPIC, (cursor_t){5, UINT64_MAX}, 20);
    batch_add(TOPIC, (cursor_t){UINT64_MAX, 1}, 30);
    append_batch();
    OK(kind->write.skip(handle, TOPIC, (cursor_t){UINT64_MAX, UINT64_MAX}, error));
    append(TOPIC, 5, 2, 10);
    read_all(TOPIC);
    assert_seen(5, 1, 10);
    assert_place(TOPIC, (cursor_t){5, 10}, 10);
}
END_TEST

/* What a query wants of seqs 1 to 3000, with timestamps ten times that. */
static const struct {
    const char *what;
    uint64_t from, to;
    int64_t after_ns, before_ns;
    bool newest;
    uint64_t limit;
    uint64_t first, last; /* 0: nothing */
} queries[] = {
    {"all", 0, UINT64_MAX, INT64_MIN, INT64_MAX, false, UINT64_MAX, 1, 3000},
    {"all, newest first", 0, UINT64_MAX, INT64_MIN, INT64_MAX, true, UINT64_MAX, 3000, 1},
    {"the oldest 10", 0, UINT64_MAX, INT64_MIN, INT64_MAX, false, 10, 1, 10},
    {"the newest 10", 0, UINT64_MAX, INT64_MIN, INT64_MAX, true, 10, 3000, 2991},
    {"one by its cursor", 1024, 1024, INT64_MIN, INT64_MAX, false, 10, 1024, 1024},
    {"between cursors, both with it", 1000, 2000, INT64_MIN, INT64_MAX, false, UINT64_MAX, 1000, 2000},
    {"between cursors, newest first", 1000, 2000, INT64_MIN, INT64_MAX, true, 3, 2000, 1998},
    {"between times, both without it", 0, UINT64_MAX, 10230, 20480, false, UINT64_MAX, 1024, 2047},
    {"between times, newest first", 0, UINT64_MAX, 10230, 20480, true, UINT64_MAX, 2047, 1024},
    {"after a time, some", 0, UINT64_MAX, 15000, INT64_MAX, false, 5, 1501, 1505},
    {"after a time, newest first", 0, UINT64_MAX, 15000, INT64_MAX, true, 5, 3000, 2996},
    {"before a time, newest first", 0, UINT64_MAX, INT64_MIN, 15000, true, 5, 1499, 1495},
    {"between cursors and times", 1000, 2000, 15000, 25000, false, UINT64_MAX, 1501, 2000},
    {"between times and cursors", 1600, 5000, 15000, 17000, true, UINT64_MAX, 1699, 1600},
    {"none: a limit of 0", 0, UINT64_MAX, INT64_MIN, INT64_MAX, false, 0, 0, 0},
    {"none: behind the end", 3001, UINT64_MAX, INT64_MIN, INT64_MAX, false, 10, 0, 0},
    {"none: turned around", 20, 10, INT64_MIN, INT64_MAX, false, 10, 0, 0},
    {"none: after all", 0, UINT64_MAX, 30000, INT64_MAX, false, 10, 0, 0},
    {"none: before all", 0, UINT64_MAX, INT64_MIN, 10, true, 10, 0, 0},
    {"none: no time between", 0, UINT64_MAX, 100, 110, true, 10, 0, 0},
    {"none: times turned around", 0, UINT64_MAX, 200, 100, false, 10, 0, 0},
};

START_TEST(a_range_is_what_the_query_wants)
{
    begin(_i);
    append(TOPIC, 5, 1, 3000);
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        store_query_t query = {TOPIC,
                               {5, queries[i].from},
                               {5, queries[i].to},
                               queries[i].after_ns,
                               queries[i].before_ns,
                               queries[i].newest ? STORE_NEWEST_FIRST : STORE_OLDEST_FIRST,
                               queries[i].limit};
        read_with(handle, query);
        ck_assert_msg((seen_count == 0) == (queries[i].first == 0), "%s: %zu came", queries[i].what, seen_count);
        if (seen_count > 0)
            assert_seen(5, queries[i].first, queries[i].last);
    }
}
END_TEST

START_TEST(of_an_unknown_topic_there_is_nothing)
{
    begin(_i);
    append(TOPIC, 5, 1, 10);
    read_all(TEXT("trade.BTC-USD.blockchai"));
    ck_assert_uint_eq(seen_count, 0);
    uint64_t count = 7;
    OK(kind->write.retain(handle, OTHER, 0, INT64_MAX, &count, error));
    ck_assert_uint_eq(count, 0);
    OK(kind->write.clear(handle, OTHER, &count, error));
    ck_assert_uint_eq(count, 0);
    ck_assert_uint_eq(load(handle, OTHER).count, 1);
}
END_TEST

START_TEST(who_has_enough_gets_no_more)
{
    begin(_i);
    append(TOPIC, 5, 1, 3000);
    store_query_t query = everything;
    query.topic = TOPIC;
    seen_count = 0;
    seen_limit = 7;
    OK(kind->read.range(handle, &query, see, &query, error));
    assert_seen(5, 1, 7);
    read_all(TOPIC); /* and the handle is as good as before */
    assert_seen(5, 1, 3000);
}
END_TEST

START_TEST(equal_timestamps_are_kept_and_found_all)
{
    begin(_i);
    for (uint64_t seq = 1; seq <= 2100; seq++)
        batch_add(TOPIC, (cursor_t){5, seq}, seq <= 50 ? 99 : 100);
    append_batch();
    store_query_t query = everything;
    query.topic = TOPIC;
    query.after_ns = 99;
    query.before_ns = 101;
    read_with(handle, query);
    assert_seen(5, 51, 2100);
}
END_TEST

START_TEST(times_are_exact_whatever_their_order)
{
    begin(_i);
    for (uint64_t seq = 1; seq <= 5000; seq++) {
        batch_add(TOPIC, (cursor_t){5, seq}, scrambled(seq));
        if (seq % 700 == 0)
            append_batch();
    }
    append_batch();
    store_query_t query = everything;
    query.topic = TOPIC;
    query.after_ns = 1000;
    query.before_ns = 2000;
    read_with(handle, query);
    size_t at = 0;
    for (uint64_t seq = 1; seq <= 5000; seq++)
        if (scrambled(seq) > 1000 && scrambled(seq) < 2000)
            assert_seen_at(at++, (cursor_t){5, seq});
    ck_assert_uint_eq(at, seen_count);
    ck_assert_uint_gt(at, 500);
}
END_TEST

START_TEST(a_skip_moves_the_place_and_only_forward)
{
    begin(_i);
    OK(kind->write.skip(handle, TOPIC, (cursor_t){5, 100}, error));
    assert_place(TOPIC, (cursor_t){5, 100}, 0);
    append(TOPIC, 5, 1, 150);
    read_all(TOPIC);
    assert_seen(5, 101, 150);
    OK(kind->write.skip(handle, TOPIC, (cursor_t){5, 120}, error));
    OK(kind->write.skip(handle, TOPIC, (cursor_t){4, 9000}, error));
    assert_place(TOPIC, (cursor_t){5, 150}, 50);
    OK(kind->write.skip(handle, TOPIC, (cursor_t){6, 0}, error));
    assert_place(TOPIC, (cursor_t){6, 0}, 50);
}
END_TEST

START_TEST(closing_nothing_is_well)
{
    begin(_i);
    kind->close(NULL);
}
END_TEST

START_TEST(every_kind_has_a_backend)
{
    for (size_t i = 0; store_kind_at(i); i++) {
        bool found = false;
        for (int k = 0; k < BACKENDS && !found; k++)
            found = strcmp(backends[k].name, store_kind_at(i)->scheme) == 0;
        ck_assert_msg(found, "%s has none", store_kind_at(i)->scheme);
    }
}
END_TEST

START_TEST(this_store_is_not_here)
{
    printf("SKIP: %s\n", backends[_i].missing());
    fflush(stdout);
}
END_TEST

/* --- which cases run against which kinds --- */

static void add_first_cases(TCase *tests, int number)
{
    tcase_add_loop_test(tests, trades_come_back_in_order_byte_for_byte, number, number + 1);
    tcase_add_loop_test(tests, what_overlaps_is_stored_once, number, number + 1);
    tcase_add_loop_test(tests, streams_in_one_batch_are_kept_apart, number, number + 1);
    tcase_add_loop_test(tests, a_range_is_what_the_query_wants, number, number + 1);
    tcase_add_loop_test(tests, times_are_exact_whatever_their_order, number, number + 1);
}

static void add_cases(TCase *tests, int number)
{
    tcase_add_loop_test(tests, a_new_store_is_empty, number, number + 1);
    tcase_add_loop_test(tests, any_text_comes_back_unchanged, number, number + 1);
    tcase_add_loop_test(tests, the_same_batch_twice_is_as_good_as_once, number, number + 1);
    tcase_add_loop_test(tests, nothing_to_append_is_well, number, number + 1);
    tcase_add_loop_test(tests, ten_thousand_at_once, number, number + 1);
    tcase_add_loop_test(tests, epochs_order_before_seqs, number, number + 1);
    tcase_add_loop_test(tests, an_impossible_cursor_is_left_out, number, number + 1);
    tcase_add_loop_test(tests, of_an_unknown_topic_there_is_nothing, number, number + 1);
    tcase_add_loop_test(tests, who_has_enough_gets_no_more, number, number + 1);
    tcase_add_loop_test(tests, equal_timestamps_are_kept_and_found_all, number, number + 1);
    tcase_add_loop_test(tests, a_skip_moves_the_place_and_only_forward, number, number + 1);
    tcase_add_loop_test(tests, closing_nothing_is_well, number, number + 1);
}

static TCase *cases_of(int number)
{
    TCase *tests = tcase_create(backends[number].name);
    tcase_set_timeout(tests, 30);
    if (backends[number].missing()) {
        tcase_add_loop_test(tests, this_store_is_not_here, number, number + 1);
        return tests;
    }
    if (backends[number].prepare)
        tcase_add_unchecked_fixture(tests, backends[number].prepare, backends[number].unprepare);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    add_first_cases(tests, number);
    add_first_retain_cases(tests, number);
    add_first_fill_cases(tests, number);
    add_first_channel_cases(tests, number);
    if (backends[number].brief)
        return tests;
    add_cases(tests, number);
    add_retain_cases(tests, number);
    add_fill_cases(tests, number);
    add_channel_cases(tests, number);
    if (backends[number].set_version)
        add_lasting_cases(tests, number);
    if (backends[number].take_away)
        add_server_cases(tests, number);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *kinds = tcase_create("kinds");
    tcase_add_test(kinds, every_kind_has_a_backend);
    suite_add_tcase(suite, kinds);
    for (int i = 0; i < BACKENDS; i++)
        suite_add_tcase(suite, cases_of(i));
    return run_suite(suite);
}
