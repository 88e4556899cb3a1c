/* One status of what three lines say of themselves. */
#include "connectord/lines/lines_status.h"

#include "tests/unit/fake_connector.h"
#include "tests/unit/run_tests.h"

enum { LINES = 3 };

static line_view_t lines[LINES];
static source_t *sources[LINES];
static buffer_t failing;

static bool on_trade(void *arg, source_t *source, trade_t *trade, memo_t *memo)
{
    (void)memo;
    (void)arg, (void)source, (void)trade;
    return !duplicate;
}

static void on_status(void *arg, source_t *source, status_event_t event)
{
    (void)arg, (void)source, (void)event;
}

static bool may_leave(void *arg, const source_t *source, text_t symbol)
{
    (void)arg, (void)source, (void)symbol;
    return false;
}

static void on_symbol(void *arg, source_t *source, text_t symbol)
{
    (void)arg, (void)source, (void)symbol;
}

static const source_events_t events = {
    .on_trade = on_trade, .on_symbol = on_symbol, .on_status = on_status, .may_leave = may_leave};

/* All are connected. */
static void set_up(void)
{
    static const char *const symbols[] = {"BTC-USD", "ETH-USD"};
    fake_set_up(symbols, sizeof symbols / sizeof *symbols);
    failing = buffer_new(0);
    for (size_t i = 0; i < LINES; i++) {
        source_config_t copy;
        ck_assert(source_config_copy(&copy, &settings));
        sources[i] = source_new_with(&fake, loop, NULL, &copy, &events, NULL);
        ck_assert_ptr_nonnull(sources[i]);
        source_start(sources[i]);
        fakes[i].up->on_connected(fakes[i].arg);
        lines[i] = (line_view_t){sources[i], true};
    }
}

static void tear_down(void)
{
    for (size_t i = 0; i < LINES; i++)
        source_destroy(&sources[i]);
    free(settings.symbols);
    buffer_release(&failing);
    loop_destroy(&loop);
}

static void lose(size_t line, const char *reason)
{
    fake_lose(line, reason);
    lines[line].up = false;
}

static void reject(size_t line, text_t symbol, const char *reason)
{
    fakes[line].up->on_rejected(fakes[line].arg, symbol, text_of(reason));
}

static status_t describe(const line_view_t *lost, const line_view_t *telling)
{
    status_t status;
    memset(&status, 0xff, sizeof status); /* all of it is to be set */
    lines_status_describe(&status, lines, LINES, lost, telling, &failing);
    return status;
}

static void check(text_t found, const char *wanted)
{
    ck_assert_msg(text_equal(found, text_of(wanted)), "expected %s, found %.*s", wanted, TEXT_ARG(found));
}

START_TEST(counters_are_of_all_lines)
{
    trade_t trade = {.symbol = TEXT("BTC-USD"), .qty = TEXT("1"), .id = TEXT("1")};
    for (size_t i = 0; i < LINES; i++) {
        duplicate = i > 0;
        fakes[i].up->on_trade(fakes[i].arg, &trade, NULL);
        fakes[i].up->on_malformed(fakes[i].arg, "unusable", TEXT("?"));
    }
    status_t status = describe(NULL, NULL);
    ck_assert_uint_eq(status.trades, 1);
    ck_assert_uint_eq(status.duplicates, 2);
    ck_assert_uint_eq(status.malformed, 3);
    ck_assert(status.connected);
}
END_TEST

START_TEST(line_that_was_lost_last_speaks_when_none_is_connected)
{
    lose(0, "first");
    check(describe(&lines[0], NULL).reason, "");
    ck_assert(describe(&lines[0], NULL).connected);
    lose(2, "third");
    lose(1, "second");
    check(describe(&lines[1], NULL).reason, "second");
    check(describe(&lines[0], NULL).reason, "first");
    check(describe(NULL, NULL).reason, "first");
    ck_assert(!describe(&lines[1], NULL).connected);
}
END_TEST

START_TEST(line_that_tells_something_speaks_whatever_others_are)
{
    lose(0, "cut");
    check(describe(&lines[0], NULL).reason, "");
    check(describe(&lines[0], &lines[0]).reason, "cut");
    ck_assert(describe(&lines[0], &lines[0]).connected); /* the source is */
}
END_TEST

START_TEST(healthiest_connected_line_speaks)
{
    reject(0, TEXT("BTC-USD"), "no");
    status_t ill = {0}, well = {0};
    source_describe(sources[0], &ill);
    source_describe(sources[1], &well);
    ck_assert_uint_lt(ill.health, well.health);
    ck_assert_uint_eq(describe(&lines[0], NULL).health, well.health);
    lose(1, "cut");
    lose(2, "cut");
    ck_assert_uint_eq(describe(&lines[1], NULL).health, ill.health);
}
END_TEST

START_TEST(what_fails_on_every_connected_line_fails)
{
    reject(0, TEXT("BTC-USD"), "no");
    reject(0, TEXT("ETH-USD"), "never");
    reject(1, TEXT("BTC-USD"), "not now");
    reject(2, TEXT("BTC-USD"), "no");
    reject(2, TEXT("ETH-USD"), "never");
    check(describe(NULL, &lines[0]).failing, "{\"BTC-USD\":\"no\"}");
    lose(1, "cut");
    check(describe(&lines[1], NULL).failing, "{\"BTC-USD\":\"no\",\"ETH-USD\":\"never\"}");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("lines_status");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 20);
    tcase_add_test(tests, counters_are_of_all_lines);
    tcase_add_test(tests, line_that_was_lost_last_speaks_when_none_is_connected);
    tcase_add_test(tests, line_that_tells_something_speaks_whatever_others_are);
    tcase_add_test(tests, healthiest_connected_line_speaks);
    tcase_add_test(tests, what_fails_on_every_connected_line_fails);
    return RUN_TESTS("lines_status", tests);
}
