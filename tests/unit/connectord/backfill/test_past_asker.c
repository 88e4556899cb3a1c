/* When the exchange is asked, and for whom. */
#include "tests/unit/connectord/backfill/past_asker_fixture.h"
#include "tests/unit/run_tests.h"

START_TEST(what_is_missing_is_asked_for)
{
    rest_host_t *host = rest_hosts_find(hosts, server.url, "", 1, 1);
    past.header = "X-Key: 5";
    ck_assert(!rest_host_is_hurried(host));
    lose_some(btc);
    ck_assert(rest_host_is_hurried(host)); /* what can wait has to */
    run_until_done(btc);
    ck_assert_str_eq(btc->words, "1 2+ 3+ 4+ 5 done ");
    ck_assert_ptr_nonnull(strstr(server.request, "GET /BTC-USD?after=1 HTTP/1.1\r\n"));
    ck_assert_ptr_nonnull(strstr(server.request, "\r\nX-Key: 5\r\n"));
    const past_asker_counts_t *counts = past_asker_counts(asker);
    ck_assert_uint_eq(counts->requests, 1);
    ck_assert_uint_eq(counts->trades, 3);
    ck_assert_uint_eq(counts->failures + counts->malformed + counts->contradictions, 0);
    run_for_ms(50);
    ck_assert_uint_eq(btc->asked.number, 0); /* there is nothing to look after any longer */
    ck_assert(!rest_host_is_hurried(host));
    ck_assert_int_eq(server.requests, 1);
}
END_TEST

START_TEST(page_follows_page)
{
    made = 35;
    live(btc, 1);
    live(btc, 34);
    hurry(btc);
    run_until_done(btc);
    ck_assert_uint_eq(past_asker_counts(asker)->requests, 4);
    ck_assert_uint_eq(past_asker_counts(asker)->trades, 33);
    ck_assert_ptr_nonnull(strstr(btc->words, " 32+ 33+ 34 35+ done "));
}
END_TEST

START_TEST(the_exchanges_own_address_is_asked_where_no_other_is_named)
{
    past.url = server.url;
    config.url = "";
    open_asker(MANY);
    lose_some(btc);
    run_until_done(btc);
    ck_assert_str_eq(btc->words, "1 2+ 3+ 4+ 5 done ");
}
END_TEST

START_TEST(every_symbol_has_its_turn)
{
    for (int i = 0; i < SYMBOLS; i++)
        lose_some(&symbols[i]);
    for (int i = 0; i < SYMBOLS; i++) {
        run_until_done(&symbols[i]);
        ck_assert_str_eq(symbols[i].words, "1 2+ 3+ 4+ 5 done ");
    }
    ck_assert_int_eq(server.requests, SYMBOLS);
    ck_assert_int_le(server.connections, REST_AT_ONCE);
}
END_TEST

/* --- the host's limit --- */

static const uint32_t per_minute[] = {0, 2};

START_TEST(symbols_share_what_the_host_takes)
{
    config.requests_per_minute = per_minute[_i];
    open_asker(per_minute[_i] > 0 ? MANY : 2); /* of two in a minute one may go at once */
    lose_some(btc);
    lose_some(eth);
    run_until_done(btc);
    ck_assert_uint_gt(host_wait_ms(), 0);
    run_for_ms(150);
    ck_assert_int_eq(server.requests, 1);
    ck_assert(eth->asked.backfill.busy);
}
END_TEST

START_TEST(sources_share_it_too)
{
    open_asker(2);
    lose_some(btc);
    run_until_done(btc);
    past_asker_t *other = past_asker_new(loop, hosts, &config, agrees);
    eth->asked.asker = other;
    lose_some(eth);
    run_for_ms(150);
    ck_assert_uint_eq(past_asker_counts(other)->requests, 0);
    past_asker_leave(&eth->asked);
    past_asker_destroy(&other);
}
END_TEST

START_TEST(symbols_whose_trades_are_held_come_first)
{
    open_asker(2);
    for (int i = 0; i < SYMBOLS; i++) {
        if (i != 4)
            backfill_had(&symbols[i].asked.backfill, 1, numbered_trade_ns(1));
        backfill_resume(&symbols[i].asked.backfill, clock_mono_ns());
        if (i == 4)
            lose_some(&symbols[i]);
        hurry(&symbols[i]);
    }
    run_until_done(&symbols[4]);
    ck_assert_int_eq(server.requests, 1);
    ck_assert_ptr_nonnull(strstr(server.request, "GET /XRP-USD?"));
}
END_TEST

static const struct {
    const char *status, *headers;
    uint64_t wait_ms; /* more than that */
} refusals[] = {
    {"429 Too Many Requests", "", 0},
    {"429 Too Many Requests", "Retry-After: 70\r\n", 60000},
    {"503 Service Unavailable", "Retry-After: 70\r\n", 60000},
};

START_TEST(a_refusal_pauses_the_host_for_all_symbols)
{
    first_status = refusals[_i].status;
    first_headers = refusals[_i].headers;
    lose_some(btc);
    run_until_failed(1);
    ck_assert_uint_gt(host_wait_ms(), refusals[_i].wait_ms);
    lose_some(eth);
    run_for_ms(150);
    ck_assert_int_eq(server.requests, 1);
    ck_assert_str_eq(eth->words, "1 ");
}
END_TEST

START_TEST(a_hold_ends_while_the_host_is_waited_for)
{
    first_status = "429 Too Many Requests";
    first_headers = "Retry-After: 70\r\n";
    times.hold_ms = 150;
    lose_some(btc);
    run_until_failed(1);
    while (held_trades_count(&btc->asked.backfill.held) > 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    ck_assert_str_eq(btc->words, "1 5 ");
    ck_assert_int_eq(server.requests, 1);
}
END_TEST

/* --- who leaves --- */

START_TEST(what_is_under_way_is_cancelled_when_the_symbol_leaves)
{
    server.mute = true;
    lose_some(btc);
    while (server.requests == 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    past_asker_leave(&btc->asked);
    ck_assert_ptr_null(btc->asked.transfer);
    ck_assert_uint_eq(btc->asked.number, 0);
    run_for_ms(150);
    ck_assert_int_eq(server.requests, 1);
    ck_assert_uint_eq(past_asker_counts(asker)->failures, 0);
    past_asker_leave(&btc->asked);
    server.mute = false;
    hurry(btc); /* and is back */
    run_until_done(btc);
    ck_assert_str_eq(btc->words, "1 2+ 3+ 4+ 5 done ");
}
END_TEST

START_TEST(those_who_leave_hold_no_place_at_the_host)
{
    server.mute = true;
    for (int i = 0; i < SYMBOLS; i++)
        lose_some(&symbols[i]);
    run_for_ms(150);
    ck_assert_uint_eq(past_asker_counts(asker)->requests, REST_AT_ONCE);
    ck_assert_uint_gt(host_wait_ms(), 0);
    for (int i = 0; i < SYMBOLS; i++)
        past_asker_leave(&symbols[i].asked);
    ck_assert_uint_eq(host_wait_ms(), 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {what_is_missing_is_asked_for,
                                  page_follows_page,
                                  every_symbol_has_its_turn,
                                  a_hold_ends_while_the_host_is_waited_for,
                                  what_is_under_way_is_cancelled_when_the_symbol_leaves,
                                  those_who_leave_hold_no_place_at_the_host};
    const TTest *const opening[] = {the_exchanges_own_address_is_asked_where_no_other_is_named, sources_share_it_too,
                                    symbols_whose_trades_are_held_come_first};
    TCase *opened = TEST_CASE(set_up_open, tear_down, tests), *openers = TEST_CASE(set_up, tear_down, opening);
    tcase_add_loop_test(opened, a_refusal_pauses_the_host_for_all_symbols, 0, sizeof refusals / sizeof *refusals);
    tcase_add_loop_test(openers, symbols_share_what_the_host_takes, 0, 2);
    return RUN_TESTS("past_asker", opened, openers);
}
