#include "tests/unit/connectord/witness/told_minutes.h"
#include "tests/unit/run_tests.h"

enum { ROOM = 10 };

static minute_sums_t *sums;

static void open_sums(bool recent)
{
    sums = minute_sums_new(ROOM, recent);
    ck_assert_ptr_nonnull(sums);
}

static void set_up(void)
{
    open_sums(false);
}

static void tear_down(void)
{
    minute_sums_destroy(&sums);
}

static void assert_volume(size_t minute, const char *expected)
{
    buffer_t out = buffer_new(0);
    exact_print(&sums->minutes[minute].volume, &out);
    ck_assert_msg(text_equal(buffer_text(&out), text_of(expected)), "minute %zu: expected %s, found %.*s", minute, expected,
                  TEXT_ARG(buffer_text(&out)));
    buffer_release(&out);
}

/* A letter each: agrees, short, more, untold, not yet. */
static void assert_verdicts(const char *expected)
{
    char found[ROOM + 1] = "";
    for (size_t i = 0; i < sums->count; i++)
        found[i] = "asmun"[minute_sums_judge(sums, i)];
    ck_assert_str_eq(found, expected);
}

START_TEST(a_trade_belongs_to_the_minute_of_its_time)
{
    minute_sums_begin(sums, minute_at(0), minute_at(3));
    minute_sums_trade(sums, minute_at(0) - 1, TEXT("1000"));
    minute_sums_trade(sums, minute_at(0), TEXT("1"));
    minute_sums_trade(sums, minute_at(1) - 1, TEXT("2"));
    minute_sums_trade(sums, minute_at(1), TEXT("4"));
    minute_sums_trade(sums, minute_at(3) - 1, TEXT("8"));
    minute_sums_trade(sums, minute_at(3), TEXT("2000"));
    minute_sums_trade(sums, minute_at(0) + 7, TEXT("16")); /* late */
    assert_volume(0, "19");
    assert_volume(1, "4");
    assert_volume(2, "8");
    ck_assert_uint_eq(sums->minutes[0].trades, 3);
    ck_assert_uint_eq(sums->minutes[2].trades, 1);
}
END_TEST

START_TEST(sums_are_exact_whatever_the_quantities_look_like)
{
    minute_sums_begin(sums, minute_at(0), minute_at(2));
    tell_trades(sums, 0, "8.5E-5+1e3+0.10+3 99999999999999999999999999999999999999.5+0.00000000000000000000000000000000000001");
    assert_volume(0, "1003.100085");
    assert_volume(1, "99999999999999999999999999999999999999.50000000000000000000000000000000000001");
    tell_candles(sums, 0, "1003.10008500 99999999999999999999999999999999999999.50000000000000000000000000000000000002");
    assert_verdicts("as");
}
END_TEST

static const struct {
    const char *trades, *candles, *verdicts;
} cases[] = {
    {"1+2 3", "3/2 3.00/1", "aa"},   {"1+2 3", "3 3", "aa"},
    {"1+2 3", "3.1/3 3/1", "sa"},    {"1+2 3", "3/3 3/1", "sa"}, /* one without a quantity to speak of */
    {"1+2 3", "3.0001 3", "sa"},                                 /* nobody counts */
    {"1+2 3", "2.9999/2 3/1", "ma"}, {"1+2 3", "3/1 3/1", "ma"},
    {"1+2 3", "4/1 3/1", "ma"}, /* more trades, but less volume */
    {"1+2 3", "2/3 3/1", "ma"},      {"1 - 2", "1/1 0/0 2/1", "aaa"},
    {"1 - 2", "1 - 2", "aaa"}, /* minutes without a trade are left out */
    {"- - 2", "1 - 2", "saa"},       {"1 5 2", "1 - 2", "ama"},
    {"1 5 2", "1 - -", "ann"}, /* not made yet */
    {"1 - -", "1 - -", "aaa"},       {"1 - 2", "- - -", "nan"},
    {"1 - 2", "- - - 7", "mam"}, /* one behind them is */
};

START_TEST(a_minute_agrees_or_does_not)
{
    size_t count = strlen(cases[_i].verdicts);
    minute_sums_begin(sums, minute_at(0), minute_at((int64_t)count));
    tell_trades(sums, 0, cases[_i].trades);
    tell_candles(sums, 0, cases[_i].candles);
    assert_verdicts(cases[_i].verdicts);
}
END_TEST

START_TEST(what_recent_candles_do_not_reach_is_not_told)
{
    tear_down();
    open_sums(true);
    minute_sums_begin(sums, minute_at(0), minute_at(5));
    tell_trades(sums, 0, "1 2 3 4 5");
    tell_candles(sums, 1, "2/1 - 4/1");
    assert_verdicts("uauan");
    minute_sums_begin(sums, minute_at(0), minute_at(2));
    tell_candles(sums, 7, "2/1"); /* all before them are too long ago */
    assert_verdicts("uu");
    minute_sums_begin(sums, minute_at(0), minute_at(2));
    tell_candles(sums, -3, "2/1 3/1");
    assert_verdicts("nn");
}
END_TEST

START_TEST(how_much_is_missing_is_exact)
{
    buffer_t out = buffer_new(0);
    minute_sums_begin(sums, minute_at(0), minute_at(1));
    tell_trades(sums, 0, "0.1+8.5E-5");
    tell_candles(sums, 0, "10.10008500/9");
    assert_verdicts("s");
    exact_print(&sums->minutes[0].missing, &out);
    ck_assert(text_equal(buffer_text(&out), TEXT("10.00000000")));
    ck_assert_uint_eq(minute_missing(&sums->minutes[0]), 7);
    buffer_release(&out);
}
END_TEST

START_TEST(a_span_begins_empty)
{
    minute_sums_begin(sums, minute_at(0), minute_at(ROOM));
    tell_trades(sums, 0, "1 2 3 4");
    tell_candles(sums, 0, "7/1 7/1");
    minute_sums_begin(sums, minute_at(1), minute_at(3));
    assert_volume(0, "0");
    assert_verdicts("aa");
    ck_assert_int_eq(minute_of(minute_at(1) - 1), minute_at(0));
    ck_assert_int_eq(minute_after(minute_at(1) - 1), minute_at(1));
    ck_assert_int_eq(minute_after(minute_at(1)), minute_at(1));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("minute_sums");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_trade_belongs_to_the_minute_of_its_time);
    tcase_add_test(tcase, sums_are_exact_whatever_the_quantities_look_like);
    tcase_add_loop_test(tcase, a_minute_agrees_or_does_not, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tcase, what_recent_candles_do_not_reach_is_not_told);
    tcase_add_test(tcase, how_much_is_missing_is_exact);
    tcase_add_test(tcase, a_span_begins_empty);
    return RUN_TESTS("minute_sums", tcase);
}
