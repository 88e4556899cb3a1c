/* What is the replay connector's own: pace, laps, when it begins. What every connector must do is test_connector.c's. */
#include "common/clock.h"
#include "common/log.h"
#include "connectord/connectors/connector.h"
#include "tests/unit/temporary_folder.h"

#include <stdarg.h>
#include <uv.h>

static loop_t *loop;
static folder_t folder;
static char path[96];
static source_config_t config;
enum { SPEED = 1, LOOP, DEFINITION }; /* their places in its settings */
static text_t symbols[] = {{"BTC-USD", 7}, {"ETH-USD", 7}};
static const connector_t *replay;
static void *connector;
static char events[8192]; /* what the connector told, a word each */
static int trades;
static bool leaves; /* upon a trade */

#define UNTIL(condition)                                                                                                       \
    while (!(condition))                                                                                                       \
    uv_run(loop_uv(loop), UV_RUN_ONCE)

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void note(const char *format, ...)
{
    size_t length = strlen(events);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(events + length, sizeof events - length, format, arguments);
    va_end(arguments);
    uv_stop(loop_uv(loop)); /* so that UNTIL looks before the loop sleeps */
}

static void on_connected(void *arg)
{
    (void)arg;
    note("connected ");
}

static void on_confirmed(void *arg, text_t symbol, bool subscribed)
{
    (void)arg;
    note("%c%.*s ", subscribed ? '+' : '-', TEXT_ARG(symbol));
}

static void on_rejected(void *arg, text_t symbol, text_t reason)
{
    (void)arg, (void)symbol, (void)reason;
}

static void on_trade(void *arg, const trade_t *trade)
{
    (void)arg;
    trades++;
    note("%.*s ", TEXT_ARG(trade->id));
    if (leaves)
        replay->disconnect(connector);
}

static void on_gap(void *arg, uint64_t expected, uint64_t found)
{
    (void)arg, (void)expected, (void)found;
    note("gap ");
}

static void on_malformed(void *arg, const char *reason, text_t sample)
{
    (void)arg, (void)sample;
    note("malformed:%s ", reason);
}

static void on_lost(void *arg, const loss_t *loss)
{
    (void)arg;
    note("lost:%s ", loss->reason);
}

static void on_received(void *arg, text_t message, int64_t received_ns)
{
    (void)arg, (void)message, (void)received_ns;
}

static const connector_events_t connector_events = {on_connected, on_confirmed, on_rejected, on_trade,   on_gap,
                                                    on_malformed, on_lost,      on_received, on_received};

static void set_up(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    events[0] = '\0';
    trades = 0;
    loop = loop_new();
    folder = folder_new();
    ck_assert_ptr_nonnull(loop);
    snprintf(path, sizeof path, "%s/recording", folder.path);
    config = (source_config_t){
        .name = TEXT("file"),
        .symbols = symbols,
        .symbol_count = 2,
        .settings = {{"file", .text = path}, [SPEED] = {"speed"}, [LOOP] = {"loop"}, [DEFINITION] = {"definition", .text = ""}},
        .setting_count = 4};
    replay = connector_find("replay");
    connector = NULL;
}

static void tear_down(void)
{
    replay->close(connector);
    loop_destroy(&loop);
    folder_remove(&folder);
}

/* A trade's frame. */
static void print_trade(FILE *out, const char *symbol, const char *id, const char *time)
{
    fprintf(
        out,
        "{\"seqnum\":9,\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\"%s\",\"timestamp\":\"%s\",\"side\":\"buy\","
        "\"qty\":1,\"price\":2,\"trade_id\":\"%s\"}\n",
        symbol, time, id);
}

static FILE *record(void)
{
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    return out;
}

static void connect_with(size_t subscriptions)
{
    if (!connector)
        connector = replay->open(loop, NULL, &config, &connector_events, NULL);
    ck_assert_ptr_nonnull(connector);
    replay->connect(connector);
    UNTIL(strstr(events, "connected"));
    for (size_t i = 0; i < subscriptions; i++)
        replay->subscribe(connector, symbols[i]);
    events[0] = '\0';
}

/* Everything that comes within 20 ms. */
static void settle(void)
{
    for (int64_t end_ns = clock_mono_ns() + 20 * NS_PER_MS; clock_mono_ns() < end_ns;)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
}

static void record_three(const char *first, const char *second, const char *third)
{
    FILE *out = record();
    print_trade(out, "BTC-USD", "a", first);
    print_trade(out, "ETH-USD", "b", second);
    print_trade(out, "BTC-USD", "c", third);
    fclose(out);
}

START_TEST(playing_begins_once_everything_is_subscribed)
{
    record_three("2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z");
    connect_with(1);
    settle();
    ck_assert_str_eq(events, "+BTC-USD ");
    replay->subscribe(connector, symbols[1]);
    settle();
    ck_assert_str_eq(events, "+BTC-USD +ETH-USD a b c ");
}
END_TEST

START_TEST(on_demand_playing_begins_at_the_first_subscribe)
{
    record_three("2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z");
    config.demand = true;
    connect_with(1);
    settle();
    ck_assert_str_eq(events, "+BTC-USD a c ");
}
END_TEST

START_TEST(end_of_the_file_is_no_loss)
{
    record_three("2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z");
    connect_with(2);
    settle();
    events[0] = '\0';
    uv_run(loop_uv(loop), UV_RUN_DEFAULT); /* ends, as nothing more is scheduled */
    ck_assert_str_eq(events, "");
    replay->unsubscribe(connector, symbols[0]);
    settle();
    ck_assert_str_eq(events, "-BTC-USD ");
}
END_TEST

START_TEST(each_connection_plays_from_the_start_with_the_same_ids)
{
    record_three("2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z");
    for (int i = 0; i < 3; i++) {
        connect_with(2);
        settle();
        ck_assert_str_eq(events, "+BTC-USD +ETH-USD a b c ");
        replay->disconnect(connector);
    }
}
END_TEST

/* Milliseconds that the three trades take. */
static double play_ms(double speed)
{
    config.settings[SPEED].number = speed;
    connect_with(2);
    UNTIL(trades >= 1);
    int64_t begin_ns = clock_mono_ns();
    UNTIL(trades == 3);
    return (double)(clock_mono_ns() - begin_ns) / (double)NS_PER_MS;
}

START_TEST(speed_one_keeps_the_recorded_pace)
{
    record_three("2025-11-10T17:00:00.000Z", "2025-11-10T17:00:00.100Z", "2025-11-10T17:00:00.300Z");
    ck_assert_double_ge(play_ms(1), 290);
}
END_TEST

START_TEST(speed_n_is_n_times_faster)
{
    record_three("2025-11-10T17:00:00Z", "2025-11-10T17:00:10Z", "2025-11-10T17:00:30Z");
    double took_ms = play_ms(200);
    ck_assert_double_ge(took_ms, 140);
    ck_assert_double_lt(took_ms, 15000);
}
END_TEST

START_TEST(speed_zero_does_not_wait)
{
    record_three("2025-11-10T17:00:00Z", "2025-11-10T17:30:00Z", "2025-11-10T17:59:59Z");
    connect_with(2);
    settle();
    ck_assert_int_eq(trades, 3);
}
END_TEST

START_TEST(seam_between_two_recordings_is_not_waited_for)
{
    record_three("2021-04-17T16:43:37Z", "2025-11-10T17:24:33Z", "2025-11-10T17:24:33.001Z");
    ck_assert_double_lt(play_ms(1), 15000);
}
END_TEST

START_TEST(time_that_goes_back_does_not_stop_it)
{
    record_three("2025-11-10T17:00:10Z", "2025-11-10T17:00:00Z", "2025-11-10T17:00:10Z");
    ck_assert_double_lt(play_ms(1), 5000);
}
END_TEST

START_TEST(later_laps_have_ids_of_their_own)
{
    record_three("2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z");
    config.settings[LOOP].number = true;
    int64_t before_ms = clock_real_ns() / NS_PER_MS;
    connect_with(2);
    UNTIL(trades >= 9);
    replay->disconnect(connector);
    char *at = events, *word;
    long long laps[3] = {0};
    for (int i = 0; i < 9; i++) {
        do
            word = strsep(&at, " ");
        while (*word == '+');
        ck_assert_int_eq(word[0], 'a' + i % 3);
        if (i < 3)
            ck_assert_str_eq(word + 1, "");
        else if (i % 3 == 0)
            ck_assert_int_eq(sscanf(word + 1, ".%lld", &laps[i / 3]), 1);
        else
            ck_assert_int_eq(strtoll(word + 2, NULL, 10), laps[i / 3]);
    }
    ck_assert_int_ge(laps[1], before_ms);
    ck_assert_int_gt(laps[2], laps[1]);
}
END_TEST

START_TEST(loop_over_a_file_without_a_trade_ends)
{
    FILE *out = record();
    fputs("{\"seqnum\":1,\"event\":\"updated\",\"channel\":\"heartbeat\",\"timestamp\":\"2021-01-01T00:00:00Z\"}\n\n", out);
    fclose(out);
    config.settings[LOOP].number = true;
    connect_with(2);
    uv_run(loop_uv(loop), UV_RUN_DEFAULT);
    settle();
    ck_assert_str_eq(events, "+BTC-USD +ETH-USD ");
}
END_TEST

START_TEST(line_that_is_no_frame_is_told_with_its_number)
{
    FILE *out = record();
    print_trade(out, "BTC-USD", "a", "2025-11-10T17:00:00Z");
    fputs("{\"seqnum\":1,\"event\":\"updated\",\"channel\":\"heartbeat\",\"timestamp\":\"2021-01-01T00:00:00Z\"}\n", out);
    fputs("nonsense\n", out);
    for (int i = 0; i < 2000000; i++)
        fputc('x', out);
    fputs("\n\r\n", out);
    print_trade(out, "XRP-USD", "b", "2025-11-10T17:00:00Z"); /* not configured: left out in silence */
    print_trade(out, "BTC-USD", "", "2025-11-10T17:00:00Z");
    print_trade(out, "ETH-USD", "c", "2025-11-10T17:00:00Z");
    fclose(out);
    connect_with(2);
    settle();
    ck_assert_str_eq(events, "+BTC-USD +ETH-USD a malformed:line 3: expected JSON malformed:line 4: over 1 MiB "
                             "malformed:line 7: trade_id: invalid, found  c ");
}
END_TEST

/* A message of Coinbase's with so many trades. */
static void record_defined(int count)
{
    FILE *out = record();
    fputs("# line 0: connected\n1762795473.5: {\"channel\":\"market_trades\",\"events\":[{\"type\":\"update\",\"trades\":[",
          out);
    for (int i = 0; i < count; i++)
        fprintf(out,
                "%s{\"trade_id\":\"%c\",\"product_id\":\"BTC-USD\",\"price\":\"1\",\"size\":\"2\",\"side\":\"BUY\","
                "\"time\":\"2025-11-10T17:00:00Z\"}",
                i == 0 ? "" : ",", 'a' + i);
    fputs("]}]}\n", out);
    fclose(out);
    config.settings[DEFINITION].text = "deploy/sources/coinbase-advanced.json";
}

START_TEST(a_recording_of_another_source_is_played_by_its_definition)
{
    record_defined(3);
    connect_with(2);
    settle();
    ck_assert_int_eq(trades, 3);
    ck_assert_str_eq(events, "+BTC-USD +ETH-USD a b c ");
}
END_TEST

START_TEST(who_leaves_in_the_midst_of_a_message_is_told_no_more_of_it)
{
    record_defined(3);
    leaves = true;
    connect_with(2);
    settle();
    ck_assert_int_eq(trades, 1);
    leaves = false;
    connect_with(2);
    settle();
    ck_assert_int_eq(trades, 4);
}
END_TEST

START_TEST(recorded_times_set_the_pace)
{
    FILE *out = record();
    for (int i = 0; i < 3; i++) {
        fprintf(out, "%d.%d: ", 1762795473, i * 2);
        print_trade(out, "BTC-USD", "a", "2025-11-10T17:00:00Z");
    }
    fclose(out);
    ck_assert_double_ge(play_ms(1), 390);
}
END_TEST

START_TEST(others_get_their_turn_while_it_plays_as_fast_as_it_goes)
{
    FILE *out = record();
    for (int i = 0; i < 5000; i++)
        print_trade(out, "BTC-USD", "a", "2025-11-10T17:00:00Z");
    fclose(out);
    connect_with(2);
    int turns = 0;
    for (int before = -1; trades < 5000; turns += trades != before, before = trades)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    ck_assert_int_ge(turns, 5);
}
END_TEST

START_TEST(file_that_is_none_is_a_loss_that_names_it)
{
    connector = replay->open(loop, NULL, &config, &connector_events, NULL);
    replay->connect(connector);
    UNTIL(strstr(events, "lost"));
    ck_assert_ptr_nonnull(strstr(events, path));
    ck_assert_ptr_nonnull(strstr(events, "No such file"));
    record_three("2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z", "2025-11-10T17:00:00Z"); /* now there is one */
    connect_with(2);
    settle();
    ck_assert_int_eq(trades, 3);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("replay_file");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, playing_begins_once_everything_is_subscribed);
    tcase_add_test(tests, on_demand_playing_begins_at_the_first_subscribe);
    tcase_add_test(tests, end_of_the_file_is_no_loss);
    tcase_add_test(tests, each_connection_plays_from_the_start_with_the_same_ids);
    tcase_add_test(tests, speed_one_keeps_the_recorded_pace);
    tcase_add_test(tests, speed_n_is_n_times_faster);
    tcase_add_test(tests, speed_zero_does_not_wait);
    tcase_add_test(tests, seam_between_two_recordings_is_not_waited_for);
    tcase_add_test(tests, time_that_goes_back_does_not_stop_it);
    tcase_add_test(tests, later_laps_have_ids_of_their_own);
    tcase_add_test(tests, loop_over_a_file_without_a_trade_ends);
    tcase_add_test(tests, line_that_is_no_frame_is_told_with_its_number);
    tcase_add_test(tests, a_recording_of_another_source_is_played_by_its_definition);
    tcase_add_test(tests, who_leaves_in_the_midst_of_a_message_is_told_no_more_of_it);
    tcase_add_test(tests, recorded_times_set_the_pace);
    tcase_add_test(tests, others_get_their_turn_while_it_plays_as_fast_as_it_goes);
    tcase_add_test(tests, file_that_is_none_is_a_loss_that_names_it);
    Suite *suite = suite_create("replay_file");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
