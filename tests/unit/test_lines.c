/* Several lines of one source over a connector that the test plays; each line's connection is the test's to make and to lose. */
#include "common/clock.h"
#include "common/config.h"
#include "common/log.h"
#include "connectord/lines.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

/* A connector's instance: its line's number is that of its opening. */
typedef struct {
    const connector_events_t *up; /* the source's */
    void *arg;
    const source_config_t *config;
    size_t number;
} fake_t;

static char calls[4096]; /* of the connectors and upwards: a word each, in order */
static loop_t *loop;
static lines_t *lines;
static source_config_t settings;
static fake_t fakes[LINES_MAX];
static size_t opened, opens;
static bool duplicate;
static bool there[LINES_MAX]; /* as told by on_line */

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void note(const char *format, ...)
{
    size_t length = strlen(calls);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(calls + length, sizeof calls - length, format, arguments);
    va_end(arguments);
    strncat(calls, " ", sizeof calls - strlen(calls) - 1);
    uv_stop(loop_uv(loop)); /* so that wait_for looks before the loop sleeps */
}

/* What has been noted since the last call. */
static void check_calls(const char *wanted)
{
    if (calls[0] != '\0')
        calls[strlen(calls) - 1] = '\0';
    ck_assert_str_eq(calls, wanted);
    calls[0] = '\0';
}

/* Runs the loop until the word has been noted. */
static void wait_for(const char *word)
{
    while (!strstr(calls, word))
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

static void on_later(void *arg)
{
    (void)arg;
    note("later");
}

/* Lets the loop do what it still would, for longer than the rotations here are apart. */
static void run_on(void)
{
    loop_timer_t *timer = loop_timer_new(loop, on_later, NULL);
    loop_timer_start(timer, 20, 0);
    wait_for("later");
    loop_timer_destroy(&timer);
}

static void *fake_open(loop_t *l, web_t *web, const source_config_t *config, const connector_events_t *events, void *arg)
{
    (void)l, (void)web;
    if (opened == opens)
        return NULL;
    fakes[opened] = (fake_t){events, arg, config, opened};
    return &fakes[opened++];
}

static void fake_connect(void *self)
{
    note("connect%zu", ((fake_t *)self)->number);
}

static void fake_disconnect(void *self)
{
    note("disconnect%zu", ((fake_t *)self)->number);
}

static void fake_subscribe(void *self, text_t symbol)
{
    note("+%zu:%.*s", ((fake_t *)self)->number, TEXT_ARG(symbol));
}

static void fake_unsubscribe(void *self, text_t symbol)
{
    note("-%zu:%.*s", ((fake_t *)self)->number, TEXT_ARG(symbol));
}

static void fake_close(void *self)
{
    if (self)
        note("close%zu", ((fake_t *)self)->number);
}

static const connector_t fake = {.name = "fake",
                                 .open = fake_open,
                                 .connect = fake_connect,
                                 .disconnect = fake_disconnect,
                                 .subscribe = fake_subscribe,
                                 .unsubscribe = fake_unsubscribe,
                                 .close = fake_close};

static status_t describe(void)
{
    status_t status = {0};
    lines_describe(lines, &status);
    return status;
}

static bool on_trade(void *arg, size_t line, trade_t *trade)
{
    (void)arg, (void)line;
    note("trade:%.*s.%.*s", TEXT_ARG(trade->symbol), TEXT_ARG(trade->source));
    return !duplicate;
}

static void on_status(void *arg, status_event_t event)
{
    static const char *const names[] = {"heartbeat", "connected", "lost", "restored", "gap"};
    (void)arg;
    note("%s/%zu/%s", names[event], lines_connected(lines), describe().connected ? "up" : "down");
}

static void on_line(void *arg, size_t line, bool up)
{
    (void)arg;
    there[line] = up;
}

static const lines_events_t events = {.on_trade = on_trade, .on_line = on_line, .on_status = on_status};

static void set_up(void)
{
    calls[0] = '\0';
    opened = 0;
    opens = LINES_MAX;
    duplicate = false;
    loop = loop_new();
    settings = (source_config_t){.name = TEXT("exchange"),
                                 .connector = "fake",
                                 .lines = 2,
                                 .messages_per_minute = 1000000, /* a symbol takes no time */
                                 .backoff = {.initial_ms = 1, .maximum_ms = 8, .multiplier = 2.0, .jitter = 0.0}};
    settings.symbols = calloc(1, sizeof *settings.symbols);
    ck_assert_ptr_nonnull(settings.symbols);
    settings.symbols[settings.symbol_count++] = TEXT("BTC-USD");
    log_set_level(LOG_LEVEL_ERROR);
}

static void tear_down(void)
{
    lines_destroy(&lines);
    loop_destroy(&loop);
}

static void make(void)
{
    lines = lines_new_with(&fake, loop, NULL, &settings, &events, NULL);
    ck_assert_ptr_nonnull(lines);
    ck_assert_ptr_null(settings.symbols);
    lines_start(lines);
}

static void connected(size_t line)
{
    fakes[line].up->on_connected(fakes[line].arg);
}

static void lost(size_t line, const char *reason)
{
    fakes[line].up->on_lost(fakes[line].arg, reason);
}

static void trade(size_t line)
{
    trade_t one = {.symbol = TEXT("BTC-USD"), .id = TEXT("1")};
    fakes[line].up->on_trade(fakes[line].arg, &one);
}

/* Two lines, both connected, with nothing noted. */
static void make_connected(void)
{
    make();
    connected(0);
    connected(1);
    calls[0] = '\0';
}

START_TEST(each_line_connects_and_subscribes_and_the_first_makes_the_source_connected)
{
    make();
    check_calls("connect0 connect1");
    ck_assert(!describe().connected);
    connected(1);
    check_calls("connected/1/up +1:BTC-USD");
    connected(0);
    check_calls("heartbeat/2/up +0:BTC-USD");
    ck_assert_uint_eq(lines_count(lines), 2);
}
END_TEST

START_TEST(source_is_lost_with_its_last_line_and_restored_with_its_first)
{
    make_connected();
    int64_t since_ns = describe().since_ns;
    lost(0, "first");
    check_calls("heartbeat/1/up");
    ck_assert_int_eq(describe().since_ns, since_ns);
    ck_assert_uint_eq(describe().reason.length, 0);
    lost(1, "second");
    check_calls("lost/0/down");
    ck_assert_int_gt(describe().since_ns, since_ns);
    ck_assert(text_equal(describe().reason, TEXT("second")));
    wait_for("connect0");
    wait_for("connect1");
    calls[0] = '\0';
    connected(0);
    check_calls("restored/1/up +0:BTC-USD");
    connected(1);
    check_calls("heartbeat/2/up +1:BTC-USD");
    ck_assert_uint_eq(describe().reconnects, 2);
}
END_TEST

START_TEST(lines_cut_in_turn_never_lose_the_source)
{
    make_connected();
    for (size_t i = 0; i < 10; i++) {
        lost(i % 2, "cut");
        check_calls("heartbeat/1/up");
        wait_for("connect");
        calls[0] = '\0';
        connected(i % 2);
        check_calls(i % 2 ? "heartbeat/2/up +1:BTC-USD" : "heartbeat/2/up +0:BTC-USD");
    }
}
END_TEST

START_TEST(source_that_never_connected_is_lost_once_when_every_line_has_failed)
{
    make();
    calls[0] = '\0';
    lost(0, "refused");
    check_calls("");
    lost(1, "refused too");
    check_calls("lost/0/down");
    wait_for("connect0");
    lost(0, "refused again");
    wait_for("connect1");
    ck_assert_ptr_null(strstr(calls, "lost"));
    calls[0] = '\0';
    connected(1);
    check_calls("restored/1/up +1:BTC-USD");
}
END_TEST

START_TEST(counters_are_the_sum_of_all_lines)
{
    make_connected();
    trade(0);
    trade(1);
    duplicate = true;
    trade(1);
    fakes[0].up->on_malformed(fakes[0].arg, "price: missing", TEXT("{}"));
    check_calls("trade:BTC-USD.exchange trade:BTC-USD.exchange trade:BTC-USD.exchange");
    ck_assert_uint_eq(describe().trades, 2);
    ck_assert_uint_eq(describe().duplicates, 1);
    ck_assert_uint_eq(describe().malformed, 1);
}
END_TEST

static text_t gap_reason;

static void on_gap_status(void *arg, status_event_t event)
{
    on_status(arg, event);
    if (event == STATUS_GAP)
        gap_reason = describe().reason;
}

START_TEST(gap_of_one_line_is_told_with_its_reason_and_the_source_goes_on)
{
    static const lines_events_t gap_events = {.on_trade = on_trade, .on_line = on_line, .on_status = on_gap_status};
    lines = lines_new_with(&fake, loop, NULL, &settings, &gap_events, NULL);
    lines_start(lines);
    connected(0);
    connected(1);
    calls[0] = '\0';
    fakes[1].up->on_gap(fakes[1].arg, 7, 9);
    check_calls("gap/2/up disconnect1 heartbeat/1/up");
    ck_assert(text_equal(gap_reason, TEXT("the exchange's numbering has a hole: expected 7, found 9")));
    ck_assert_uint_eq(describe().gaps, 1);
    ck_assert_uint_eq(describe().reason.length, 0);
}
END_TEST

START_TEST(rotation_makes_one_line_anew_in_turn)
{
    settings.rotate_ms = 20;
    make_connected();
    wait_for("connect0 heartbeat/1/up"); /* which is within "disconnect0 connect0 …" */
    check_calls("disconnect0 connect0 heartbeat/1/up");
    connected(0);
    check_calls("heartbeat/2/up +0:BTC-USD");
    wait_for("connect1 heartbeat/1/up");
    check_calls("disconnect1 connect1 heartbeat/1/up");
}
END_TEST

START_TEST(rotation_waits_for_the_other_line)
{
    settings.rotate_ms = 4;
    make_connected();
    lost(1, "cut");
    for (int i = 0; i < 20; i++) { /* longer than several rotations; line 1 tries and fails all the while */
        wait_for("connect1");
        calls[0] = '\0';
        lost(1, "cut");
        check_calls("");
    }
    ck_assert_uint_eq(lines_connected(lines), 1);
    wait_for("connect1");
    connected(1);
    wait_for("disconnect0");
    ck_assert_uint_eq(describe().reconnects, 1);
}
END_TEST

START_TEST(rotation_waits_until_the_other_line_has_settled)
{
    settings.rotate_ms = 2;
    settings.settle_ms = 40;
    make();
    connected(0);
    connected(1);
    calls[0] = '\0';
    int64_t begin_ns = clock_mono_ns();
    wait_for("disconnect0");
    ck_assert_int_ge(clock_mono_ns() - begin_ns, 38 * NS_PER_MS); /* the lines were connected before `begin` */
    connected(0);
    begin_ns = clock_mono_ns();
    wait_for("disconnect1");
    ck_assert_int_ge(clock_mono_ns() - begin_ns, 38 * NS_PER_MS);
}
END_TEST

START_TEST(rotation_leaves_time_for_the_subscriptions)
{
    settings.rotate_ms = 2;
    settings.messages_per_minute = 2 * 60000 / 40; /* of two lines: 40 ms for the one symbol */
    make_connected();
    int64_t begin_ns = clock_mono_ns();
    wait_for("disconnect0");
    ck_assert_int_ge(clock_mono_ns() - begin_ns, 38 * NS_PER_MS);
}
END_TEST

START_TEST(one_line_is_never_rotated)
{
    settings.lines = 1;
    settings.rotate_ms = 1;
    make();
    connected(0);
    calls[0] = '\0';
    run_on();
    check_calls("later");
}
END_TEST

START_TEST(loss_of_the_other_line_during_a_rotation_is_a_loss)
{
    settings.rotate_ms = 20;
    make_connected();
    wait_for("disconnect0");
    calls[0] = '\0';
    lost(1, "cut");
    check_calls("lost/0/down");
    connected(0);
    check_calls("restored/1/up +0:BTC-USD");
}
END_TEST

START_TEST(demand_is_put_to_every_line)
{
    settings.demand = true;
    make_connected();
    lines_want(lines, TEXT("BTC-USD"));
    check_calls("+0:BTC-USD +1:BTC-USD");
    lines_release(lines, TEXT("BTC-USD"));
    wait_for("-0:BTC-USD");
    wait_for("-1:BTC-USD");
}
END_TEST

START_TEST(rotation_does_not_forget_a_release)
{
    settings.demand = true;
    settings.rotate_ms = 20;
    settings.grace_ms = 30; /* the rotation comes before its end */
    make_connected();
    lines_want(lines, TEXT("BTC-USD"));
    lines_release(lines, TEXT("BTC-USD"));
    wait_for("connect0 heartbeat/1/up");
    connected(0);
    wait_for("-0:BTC-USD");
}
END_TEST

START_TEST(which_lines_there_are_is_told)
{
    make();
    lines_start(lines);
    connected(0);
    ck_assert(there[0] && !there[1]);
    connected(1);
    ck_assert(there[0] && there[1]);
    lost(0, "broken wire");
    ck_assert(!there[0] && there[1]);
}
END_TEST

START_TEST(lines_share_the_limit_of_messages)
{
    settings.lines = 3;
    settings.messages_per_minute = 100;
    make();
    ck_assert_uint_eq(opened, 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(fakes[i].config->messages_per_minute, 33);
}
END_TEST

START_TEST(stop_ends_every_line_for_good)
{
    settings.rotate_ms = 2;
    make_connected();
    lines_stop(lines);
    check_calls("disconnect0 disconnect1");
    run_on();
    check_calls("later");
    ck_assert(!describe().connected);
    ck_assert_uint_eq(lines_connected(lines), 0);
}
END_TEST

START_TEST(connector_that_refuses_the_second_line_gives_none)
{
    opens = 1;
    ck_assert_ptr_null(lines_new_with(&fake, loop, NULL, &settings, &events, NULL));
    ck_assert_ptr_null(settings.symbols);
    check_calls("close0");
}
END_TEST

START_TEST(settings_of_lines_are_read_and_can_be_copied)
{
    static const char *const overrides[] = {"connectord.sources=[{\"name\":\"a\",\"symbols\":[\"BTC-USD\"],\"lines\":2,"
                                            "\"rotate_ms\":5000,\"settle_ms\":70,\"group\":\"btc\"},"
                                            "{\"name\":\"b\"}]"};
    char *const environment[] = {NULL};
    config_t *config = config_load(NULL, overrides, 1, environment);
    ck_assert_ptr_nonnull(config);
    source_config_t one, copy;
    ck_assert(source_config_read(&one, config, 0) && source_config_copy(&copy, &one));
    source_config_release(&one);
    ck_assert_uint_eq(copy.lines, 2);
    ck_assert_uint_eq(copy.rotate_ms, 5000);
    ck_assert_uint_eq(copy.settle_ms, 70);
    ck_assert(text_equal(copy.group, TEXT("btc")));
    ck_assert_uint_eq(copy.symbol_count, 1);
    ck_assert(text_equal(copy.symbols[0], TEXT("BTC-USD")));
    source_config_release(&copy);
    ck_assert(source_config_read(&one, config, 1));
    ck_assert_uint_eq(one.lines, 1);
    ck_assert_uint_eq(one.rotate_ms, 0);
    ck_assert_uint_eq(one.group.length, 0);
    source_config_release(&one);
    source_config_release(&settings);
    config_destroy(&config);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("lines");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 20);
    tcase_add_test(tests, each_line_connects_and_subscribes_and_the_first_makes_the_source_connected);
    tcase_add_test(tests, source_is_lost_with_its_last_line_and_restored_with_its_first);
    tcase_add_test(tests, lines_cut_in_turn_never_lose_the_source);
    tcase_add_test(tests, source_that_never_connected_is_lost_once_when_every_line_has_failed);
    tcase_add_test(tests, counters_are_the_sum_of_all_lines);
    tcase_add_test(tests, gap_of_one_line_is_told_with_its_reason_and_the_source_goes_on);
    tcase_add_test(tests, rotation_makes_one_line_anew_in_turn);
    tcase_add_test(tests, rotation_waits_for_the_other_line);
    tcase_add_test(tests, rotation_waits_until_the_other_line_has_settled);
    tcase_add_test(tests, rotation_leaves_time_for_the_subscriptions);
    tcase_add_test(tests, one_line_is_never_rotated);
    tcase_add_test(tests, loss_of_the_other_line_during_a_rotation_is_a_loss);
    tcase_add_test(tests, demand_is_put_to_every_line);
    tcase_add_test(tests, rotation_does_not_forget_a_release);
    tcase_add_test(tests, lines_share_the_limit_of_messages);
    tcase_add_test(tests, which_lines_there_are_is_told);
    tcase_add_test(tests, stop_ends_every_line_for_good);
    tcase_add_test(tests, connector_that_refuses_the_second_line_gives_none);
    tcase_add_test(tests, settings_of_lines_are_read_and_can_be_copied);
    Suite *suite = suite_create("lines");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
