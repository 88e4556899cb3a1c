#include "cached/archive/write_behind.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/zeromq/socket.h"
#include "proto/request.h"
#include "tests/unit/fake_store.h"

enum { EPOCH = 7, LIMIT = 100000, PATIENCE_MS = 30000 };

static const text_t topic = {"trade.BTC-USD.test", 18};

static loop_t *loop;
static loop_timer_t *watch;
static catalog_t *catalog;
static write_behind_t *write_behind;
static requester_t *replay;
static socket_t *router;
static uint64_t journal_first; /* replay has all from here on */
static int found, opened, warmed, filled, cleared_calls;
static cursor_t warm_last;
static uint64_t from_store, cleared;
static store_result_t clear_result;

static void look(void *arg)
{
    (void)arg; /* it only wakes the loop, so that run_until looks again */
}

static memory_log_t *memory_log(void)
{
    return catalog_memory_log(catalog, topic);
}

static void append(uint64_t from, uint64_t to)
{
    for (uint64_t seq = from; seq <= to; seq++) {
        char json[512] = "";
        cursor_t cursor = {EPOCH, seq};
        ck_assert(
            memory_log_append(memory_log(), &(memory_log_trade_t){cursor, 1, {json, fake_json(json, sizeof json, cursor)}}));
    }
    if (write_behind)
        write_behind_keep(write_behind, memory_log());
}

static void on_found(void *arg, text_t name)
{
    (void)arg, (void)name;
    ck_assert_int_eq(opened, 0);
    found++;
}

static void on_open(void *arg)
{
    (void)arg;
    opened++;
}

static void on_trade(void *arg, memory_log_t *into, const trade_t *trade, text_t json)
{
    (void)arg;
    ck_assert(memory_log_append(into, &(memory_log_trade_t){trade->cursor, 1, json}));
    from_store++;
}

static void on_warmed_up(void *arg, text_t name, cursor_t last)
{
    (void)arg, (void)name;
    warmed++;
    warm_last = last;
}

static void on_full(void *arg)
{
    (void)arg;
    ck_assert(write_behind_warm_up(write_behind));
    filled++;
}

static requester_t *replay_of(void *arg, text_t name)
{
    (void)arg, (void)name;
    return replay;
}

static const write_behind_events_t events = {on_found, on_open, {on_trade, on_warmed_up, on_full}, replay_of};

static void on_cleared(void *arg, store_result_t result, uint64_t count)
{
    (void)arg;
    cleared_calls++;
    clear_result = result;
    cleared = count;
}

/* As connectord's replay: what the journal does not have is missing. */
static void on_range(void *arg, const text_t *frames, size_t count)
{
    (void)arg;
    request_t request;
    buffer_t answer = buffer_new(0);
    ck_assert_uint_eq(count, 3);
    ck_assert(request_parse(frames[2], &request, &answer));
    answer_begin(&answer, &request);
    buffer_append(&answer, TEXT(",\"trades\":["));
    uint64_t seq = request.from.seq, missing = 0, given = 0;
    for (; seq <= request.to.seq && given < request.count; seq++) {
        char json[512] = "";
        if (seq < journal_first) {
            missing++;
            continue;
        }
        buffer_append(&answer, given++ ? TEXT(",") : TEXT(""));
        buffer_append(&answer, (text_t){json, fake_json(json, sizeof json, (cursor_t){EPOCH, seq})});
    }
    buffer_printf(&answer, "],\"missing\":%llu", (unsigned long long)missing);
    if (seq <= request.to.seq)
        buffer_printf(&answer, ",\"next\":\"%d-%llu\"", EPOCH, (unsigned long long)seq);
    buffer_append(&answer, TEXT("}"));
    text_t out[] = {frames[0], frames[1], buffer_text(&answer)};
    ck_assert(socket_send(router, out, 3));
    buffer_release(&answer);
}

static void set_up(void)
{
    static const socket_events_t router_events = {.on_message = on_range};
    memset(&fake, 0, sizeof fake);
    found = opened = warmed = filled = cleared_calls = 0;
    from_store = 0;
    journal_first = 1;
    loop = loop_new();
    watch = loop_timer_new(loop, look, NULL);
    loop_timer_start(watch, 1, 1);
    catalog = catalog_new(LIMIT);
    router = socket_new(loop, SOCKET_ROUTER, 1000, &router_events, NULL);
    char endpoint[64];
    snprintf(endpoint, sizeof endpoint, "ipc:///tmp/test_archive.%d", (int)getpid());
    ck_assert(socket_bind(router, endpoint));
    replay = requester_new(loop, (const char *const[]){endpoint}, 1, PATIENCE_MS);
}

static void start(void)
{
    write_behind = write_behind_new(loop, &(write_behind_config_t){&fake_kind, "fake:"}, catalog, &events, NULL);
    ck_assert_ptr_nonnull(write_behind);
}

static void tear_down(void)
{
    write_behind_destroy(&write_behind);
    requester_destroy(&replay);
    socket_destroy(&router);
    loop_timer_destroy(&watch);
    catalog_destroy(&catalog);
    loop_destroy(&loop);
    socket_shutdown();
    char path[64];
    snprintf(path, sizeof path, "/tmp/test_archive.%d", (int)getpid());
    unlink(path);
}

static void run_until(bool (*condition)(void))
{
    int64_t deadline_ns = clock_mono_ns() + PATIENCE_MS * NS_PER_MS;
    while (!condition()) {
        ck_assert_msg(clock_mono_ns() < deadline_ns, "what was waited for did not come");
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    }
}

static bool is_open(void)
{
    return opened > 0;
}

static bool is_level(void)
{
    return write_behind_counts(write_behind).state == WRITE_BEHIND_UP && write_behind_counts(write_behind).lag_trades == 0;
}

static bool is_warm(void)
{
    return opened > 0 && write_behind_warm_up(write_behind);
}

static bool is_away(void)
{
    return write_behind_counts(write_behind).state == WRITE_BEHIND_AWAY;
}

static bool is_refused(void)
{
    return write_behind_counts(write_behind).state == WRITE_BEHIND_REFUSED;
}

static bool is_cleared(void)
{
    return cleared_calls > 0;
}

static bool has_been_swept(void)
{
    return write_behind_counts(write_behind).retained > 0;
}

static bool has_failed_thrice(void)
{
    return write_behind_counts(write_behind).errors >= 3;
}

static void assert_stored(uint64_t from, uint64_t to)
{
    const fake_stream_t *stream = fake_stream(topic);
    ck_assert_uint_eq(stream->count, to - from + 1);
    for (uint64_t seq = from; seq <= to; seq++)
        ck_assert_uint_eq(stream->trades[seq - from].seq, seq);
    ck_assert_uint_eq(stream->place.seq, to);
    ck_assert_int_eq(fake.doubled, 0);
}

/* As if a process before this one had stored them. */
static void store_before(uint64_t from, uint64_t to)
{
    fake_stream_t *stream = fake_stream(topic);
    for (uint64_t seq = from; seq <= to; seq++)
        stream->trades[stream->count++] = (cursor_t){EPOCH, seq};
    stream->place = (cursor_t){EPOCH, to};
}

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
    Suite *suite = suite_create("write_behind");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
