#include "tests/unit/cached/archive/write_behind_fixture.h"
#include "tests/unit/run_tests.h"

START_TEST(what_memory_takes_is_stored_in_order_and_in_batches)
{
    start();
    run_until(is_open);
    append(1, 12000);
    run_until(is_level);
    assert_stored(1, 12000);
    ck_assert_int_ge(fake.appends, 3); /* a batch is bounded */
    append(12001, 12001);
    run_until(is_level);
    assert_stored(1, 12001);
    ck_assert_uint_eq(write_behind_counts(write_behind).stored, 12001);
    ck_assert_uint_eq(write_behind_stored(write_behind, topic), 12001);
    ck_assert_uint_eq(write_behind_place(write_behind, topic).seq, 12001);
}
END_TEST

static void assert_memory(uint64_t from, uint64_t to)
{
    uint64_t number = memory_log_first(memory_log());
    ck_assert_uint_eq(memory_log_count(memory_log()), to - from + 1);
    for (uint64_t seq = from; seq <= to; seq++, number++) {
        char json[512] = "";
        memory_log_trade_t trade = memory_log_at(memory_log(), number);
        ck_assert_uint_eq(trade.cursor.seq, seq);
        ck_assert(text_equal(trade.json, (text_t){json, fake_json(json, sizeof json, trade.cursor)}));
    }
}

START_TEST(memory_is_filled_from_the_store)
{
    store_before(1, 12000); /* more than one piece */
    start();
    run_until(is_warm);
    ck_assert_int_eq(found, 1);
    ck_assert_int_eq(warmed, 1);
    ck_assert_int_eq(filled, 1);
    ck_assert_uint_eq(warm_last.seq, 12000);
    ck_assert_uint_eq(from_store, 12000);
    assert_memory(1, 12000);
    ck_assert_uint_eq(memory_log_known(memory_log()).seq, 12000);
    append(12001, 12100);
    run_until(is_level);
    assert_stored(1, 12100);
}
END_TEST

static bool is_followed(void)
{
    return warmed > 0;
}

START_TEST(a_stream_is_followed_with_its_newest_trades_while_older_ones_come)
{
    store_before(1, 30000);
    start();
    run_until(is_followed);
    ck_assert(write_behind_serves(write_behind));
    ck_assert(!write_behind_warm_up(write_behind));
    ck_assert_uint_eq(warm_last.seq, 30000);
    ck_assert_uint_lt(memory_log_count(memory_log()), 30000);
    assert_memory(30001 - memory_log_count(memory_log()), 30000);
    append(30001, 30500); /* live ones */
    run_until(is_warm);
    assert_memory(1, 30500);
    run_until(is_level);
    assert_stored(1, 30500);
}
END_TEST

START_TEST(what_is_cleared_while_memory_is_filled_stays_forgotten)
{
    store_before(1, 30000);
    start();
    run_until(is_followed);
    ck_assert(write_behind_clear(write_behind, topic, on_cleared, NULL));
    memory_log_clear(memory_log());
    run_until(is_warm);
    run_until(is_cleared);
    ck_assert_uint_eq(memory_log_count(memory_log()), 0);
    append(30001, 30100);
    run_until(is_level);
    assert_memory(30001, 30100);
}
END_TEST

START_TEST(memory_that_dropped_something_meanwhile_gets_nothing_older)
{
    catalog_destroy(&catalog);
    catalog = catalog_new(20000);
    store_before(1, 30000);
    start();
    run_until(is_followed);
    append(30001, 30000 + 20000);
    run_until(is_warm);
    assert_memory(30001, 50000);
}
END_TEST

START_TEST(only_as_much_is_read_as_memory_holds)
{
    catalog_destroy(&catalog);
    catalog = catalog_new(100);
    store_before(1, 12000);
    start();
    run_until(is_warm);
    ck_assert_uint_eq(from_store, 100);
    ck_assert_uint_eq(memory_log_at(memory_log(), memory_log_first(memory_log())).cursor.seq, 11901);
}
END_TEST

START_TEST(a_store_that_is_away_gets_all_of_it_when_it_is_back)
{
    start();
    run_until(is_open);
    fake.writes = STORE_AWAY;
    append(1, 3000);
    run_until(has_failed_thrice);
    run_until(is_away);
    ck_assert_str_eq(write_behind_counts(write_behind).error, "fake: away");
    ck_assert_uint_eq(write_behind_counts(write_behind).lag_trades, 3000);
    ck_assert_int_gt(write_behind_counts(write_behind).lag_ns, 0);
    fake.writes = STORE_OK;
    run_until(is_level);
    assert_stored(1, 3000);
}
END_TEST

START_TEST(that_it_can_be_read_does_not_make_it_look_well)
{
    start();
    run_until(is_open);
    fake.writes = STORE_REFUSED;
    append(1, 10);
    run_until(is_refused);
    int opens = fake.opens;
    uint64_t errors = write_behind_counts(write_behind).errors;
    while (write_behind_counts(write_behind).errors == errors) { /* it is opened and read, and then refuses again */
        ck_assert(is_refused());
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    }
    ck_assert_int_gt(fake.opens, opens);
}
END_TEST

START_TEST(what_was_stored_without_being_told_is_not_stored_twice)
{
    start();
    run_until(is_open);
    fake.forgets_to_tell = true;
    append(1, 50);
    run_until(is_away);
    append(51, 60);
    run_until(is_level);
    assert_stored(1, 60);
}
END_TEST

START_TEST(a_store_that_refuses_at_the_start_holds_up_nobody)
{
    fake.reads = STORE_REFUSED;
    store_before(1, 20);
    start();
    run_until(is_open);
    ck_assert_int_eq(found, 0);
    append(1, 30); /* from the journal's first */
    fake.reads = STORE_OK;
    run_until(is_level);
    assert_stored(1, 30);
    ck_assert_int_eq(opened, 1);
    ck_assert_int_eq(found, 0);
}
END_TEST

START_TEST(another_store_in_its_place_gets_all_that_there_is)
{
    start();
    run_until(is_open);
    append(1, 100);
    run_until(is_level);
    fake.writes = STORE_AWAY;
    append(101, 101);
    run_until(is_away);
    fake.count = 0; /* somebody made a new one; the thread rests */
    memset(fake.streams, 0, sizeof fake.streams);
    fake.writes = STORE_OK;
    run_until(is_level);
    assert_stored(1, 101);
}
END_TEST

static void drop_from_memory_while_away(void)
{
    catalog_destroy(&catalog);
    catalog = catalog_new(100);
    start();
    run_until(is_open);
    append(1, 10);
    run_until(is_level);
    fake.writes = STORE_AWAY;
    append(11, 6000); /* memory has the last 100 */
    run_until(is_away);
}

START_TEST(what_memory_dropped_comes_from_the_journal)
{
    drop_from_memory_while_away();
    fake.writes = STORE_OK;
    run_until(is_level);
    assert_stored(1, 6000);
    ck_assert_uint_eq(write_behind_counts(write_behind).lost, 0);
}
END_TEST

START_TEST(what_has_left_the_journal_too_is_counted)
{
    drop_from_memory_while_away();
    journal_first = 5001;
    fake.writes = STORE_OK;
    run_until(is_level);
    const fake_stream_t *stream = fake_stream(topic);
    ck_assert_uint_eq(stream->count, 10 + 1000);
    ck_assert_uint_eq(stream->trades[10].seq, 5001);
    ck_assert_uint_eq(stream->place.seq, 6000);
    ck_assert_uint_eq(write_behind_counts(write_behind).lost, 5000 - 10);
}
END_TEST

START_TEST(clear_forgets_what_is_stored_and_what_is_not_yet)
{
    start();
    run_until(is_open);
    append(1, 100);
    run_until(is_level);
    append(101, 200);
    ck_assert(write_behind_clear(write_behind, topic, on_cleared, NULL));
    run_until(is_cleared);
    ck_assert_int_eq(clear_result, STORE_OK);
    ck_assert_uint_ge(cleared, 100);
    run_until(is_level);
    ck_assert_uint_eq(fake_stream(topic)->count, 0);
    ck_assert_uint_eq(fake_stream(topic)->place.seq, 200);
    ck_assert_uint_eq(write_behind_stored(write_behind, topic), 0);
    append(201, 210);
    run_until(is_level);
    ck_assert_uint_eq(fake_stream(topic)->count, 10);
}
END_TEST

START_TEST(clear_fails_while_the_store_is_away)
{
    start();
    run_until(is_open);
    append(1, 10);
    run_until(is_level);
    fake.writes = STORE_AWAY;
    ck_assert(write_behind_clear(write_behind, topic, on_cleared, NULL));
    run_until(is_cleared);
    ck_assert_int_eq(clear_result, STORE_AWAY);
    ck_assert(!write_behind_clear(write_behind, topic, on_cleared, NULL));
}
END_TEST

START_TEST(the_store_keeps_what_its_retention_says)
{
    static const char *const settings[] = {"cached.retention.store={\"*-USD\":{\"trades\":30}}"};
    char *environment[] = {NULL};
    config_t *config = config_load(NULL, settings, 1, environment);
    retention_t *retention = retention_new(config, "cached.retention.store");
    start();
    run_until(is_open);
    append(1, 100);
    run_until(is_level);
    write_behind_retain(write_behind, retention);
    run_until(has_been_swept);
    ck_assert_uint_eq(fake.kept, 30);
    ck_assert_uint_eq(write_behind_counts(write_behind).retained, 70);
    ck_assert_uint_eq(write_behind_stored(write_behind, topic), 30);
    write_behind_destroy(&write_behind);
    retention_destroy(&retention);
    config_destroy(&config);
}
END_TEST

START_TEST(what_is_pending_is_stored_before_the_end)
{
    start();
    run_until(is_open);
    append(1, 12000);
    write_behind_destroy(&write_behind);
    assert_stored(1, 12000);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("write_behind");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, what_memory_takes_is_stored_in_order_and_in_batches);
    tcase_add_test(tests, memory_is_filled_from_the_store);
    tcase_add_test(tests, a_stream_is_followed_with_its_newest_trades_while_older_ones_come);
    tcase_add_test(tests, what_is_cleared_while_memory_is_filled_stays_forgotten);
    tcase_add_test(tests, memory_that_dropped_something_meanwhile_gets_nothing_older);
    tcase_add_test(tests, only_as_much_is_read_as_memory_holds);
    tcase_add_test(tests, a_store_that_is_away_gets_all_of_it_when_it_is_back);
    tcase_add_test(tests, that_it_can_be_read_does_not_make_it_look_well);
    tcase_add_test(tests, what_was_stored_without_being_told_is_not_stored_twice);
    tcase_add_test(tests, a_store_that_refuses_at_the_start_holds_up_nobody);
    tcase_add_test(tests, another_store_in_its_place_gets_all_that_there_is);
    tcase_add_test(tests, what_memory_dropped_comes_from_the_journal);
    tcase_add_test(tests, what_has_left_the_journal_too_is_counted);
    tcase_add_test(tests, clear_forgets_what_is_stored_and_what_is_not_yet);
    tcase_add_test(tests, clear_fails_while_the_store_is_away);
    tcase_add_test(tests, the_store_keeps_what_its_retention_says);
    tcase_add_test(tests, what_is_pending_is_stored_before_the_end);
    tcase_set_timeout(tests, 120);
    return RUN_TESTS("write_behind", tests);
}
