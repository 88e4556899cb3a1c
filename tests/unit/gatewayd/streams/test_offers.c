#include "gatewayd/streams/offers.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "tests/unit/run_tests.h"

static offers_t *offers;
static const offer_t *offer;
static int64_t now_ns;

static void setup(void)
{
    offers = offers_new();
    now_ns = 100 * NS_PER_S;
}

static void teardown(void)
{
    offers_destroy(&offers);
}

static offer_change_t hear(const char *source, bool connected, const char *symbols, const char *reason)
{
    status_t status = {.source = text_of(source),
                       .connected = connected,
                       .since_ns = 50 * NS_PER_S,
                       .time_ns = now_ns,
                       .epoch = 7,
                       .reason = text_of(reason),
                       .symbols = text_of(symbols)};
    return offers_update(offers, &status, now_ns, &offer);
}

START_TEST(symbols_are_those_of_the_last_status)
{
    cursor_t last;
    hear("a", true, "{\"BTC-USD\":42,\"ETH-USD\":0}", "");
    ck_assert(offers_has(offers, TEXT("BTC-USD")));
    hear("a", true, "{\"BTC-USD\":43,\"LTC-USD\":1}", "");
    ck_assert(!offers_has(offers, TEXT("ETH-USD")));
    ck_assert(offers_has(offers, TEXT("LTC-USD")));
    ck_assert(offer_has(offer, TEXT("BTC-USD"), &last));
    ck_assert_uint_eq(last.epoch, 7);
    ck_assert_uint_eq(last.seq, 43);
    ck_assert(!offers_has(offers, TEXT("BTC-US")));
    ck_assert_uint_eq(table_count(offer->symbols), 2);
}
END_TEST

START_TEST(a_cursor_of_the_former_epoch_is_the_same_place_in_the_present_one)
{
    status_t status = {.source = TEXT("a"),
                       .connected = true,
                       .since_ns = 50 * NS_PER_S,
                       .time_ns = now_ns,
                       .epoch = 9,
                       .former_epoch = 7,
                       .former = TEXT("{\"BTC-USD\":40}"),
                       .symbols = TEXT("{\"BTC-USD\":3,\"ETH-USD\":2}")};
    offers_update(offers, &status, now_ns, &offer);
    static const struct {
        cursor_t former, present;
    } cases[] = {{{7, 43}, {9, 3}},  {{7, 41}, {9, 1}},  {{7, 40}, {9, 0}},
                 {{7, 39}, {7, 39}}, {{6, 43}, {6, 43}}, {{9, 43}, {9, 43}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_int_eq(cursor_compare(offer_present(offer, TEXT("BTC-USD"), cases[i].former), cases[i].present), 0);
    ck_assert_int_eq(cursor_compare(offer_present(offer, TEXT("ETH-USD"), (cursor_t){7, 2}), (cursor_t){9, 2}), 0);
    hear("a", true, "{\"BTC-USD\":43}", "");
    ck_assert_int_eq(cursor_compare(offer_present(offer, TEXT("BTC-USD"), (cursor_t){7, 43}), (cursor_t){7, 43}), 0);
}
END_TEST

START_TEST(a_change_is_told_once)
{
    ck_assert_int_eq(hear("a", true, "{}", ""), OFFER_SAME);
    ck_assert_int_eq(hear("a", false, "{}", "gone"), OFFER_DOWN);
    ck_assert(!offer_up(offer));
    ck_assert_int_eq(hear("a", false, "{}", "gone"), OFFER_SAME);
    ck_assert_int_eq(hear("a", true, "{}", ""), OFFER_UP);
    ck_assert(offer_up(offer));
}
END_TEST

START_TEST(a_source_that_is_down_when_first_heard_has_not_changed)
{
    ck_assert_int_eq(hear("a", false, "{}", "gone"), OFFER_SAME);
    ck_assert_int_eq(hear("a", true, "{}", ""), OFFER_UP);
}
END_TEST

START_TEST(a_source_that_is_silent_is_down_until_it_is_heard)
{
    bool changed;
    hear("a", true, "{}", "");
    now_ns += 5 * NS_PER_S;
    hear("b", true, "{}", "");
    offer = offers_silence(offers, now_ns, 4 * NS_PER_S, &changed);
    ck_assert(text_equal(offer->name, TEXT("a")));
    ck_assert(changed && !offer_up(offer));
    ck_assert(text_equal(offer->reason, TEXT("the bus is silent")));
    ck_assert_int_eq(offer->since_ns, 100 * NS_PER_S);
    ck_assert_ptr_null(offers_silence(offers, now_ns, 4 * NS_PER_S, &changed));
    ck_assert_int_eq(hear("a", true, "{}", ""), OFFER_UP);
    ck_assert_int_eq(offer->since_ns, now_ns);
    ck_assert_int_eq(offer->down_ns, 100 * NS_PER_S);
}
END_TEST

START_TEST(a_source_that_was_down_and_falls_silent_is_down_as_before)
{
    bool changed = true;
    hear("a", false, "{}", "gone");
    now_ns += 5 * NS_PER_S;
    ck_assert_ptr_nonnull(offers_silence(offers, now_ns, 4 * NS_PER_S, &changed));
    ck_assert(!changed);
    ck_assert_int_eq(hear("a", false, "{}", "gone"), OFFER_SAME);
}
END_TEST

START_TEST(it_is_settled_a_second_after_the_first_status)
{
    ck_assert(!offers_heard(offers));
    ck_assert(!offers_settled(offers, now_ns));
    hear("a", true, "{}", "");
    ck_assert(offers_heard(offers));
    ck_assert(!offers_settled(offers, now_ns + NS_PER_S));
    ck_assert(offers_settled(offers, now_ns + OFFERS_SETTLED_MS * NS_PER_MS));
}
END_TEST

static const struct {
    const char *tail;
    size_t kept; /* of the tail, behind OFFER_REASON_MAX - 4 other characters */
} reasons[] = {
    {"abcd", 4}, {"abcde", 4}, {"ab\\n", 4}, {"abc\\n", 3}, {"\\u0041", 0}, {"ab\xc3\xa4", 4}, {"abc\xc3\xa4", 3},
};

static void hear_stale(const char *source, bool connected, const char *stale)
{
    status_t status = {.source = text_of(source),
                       .connected = connected,
                       .time_ns = now_ns,
                       .breaker = TEXT("half_open"),
                       .health = 97,
                       .stale = text_of(stale),
                       .symbols = TEXT("{\"BTC-USD\":42,\"ETH-USD\":7}")};
    offers_update(offers, &status, now_ns, &offer);
}

/* The changes of the last status: "+BTC-USD " became stale, "-BTC-USD " is no more. */
static const char *changes(void)
{
    static char text[128];
    size_t at = 0;
    offer_stale_t change;
    text[0] = '\0';
    while (offer_each_change(offer, &at, &change)) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%c%.*s@%lld ", change.stale ? '+' : '-', TEXT_ARG(change.symbol),
                 (long long)(change.last_ns / NS_PER_S));
    }
    return text;
}

START_TEST(a_stream_that_becomes_stale_is_a_change_once_and_so_is_its_end)
{
    hear_stale("a", true, "{}");
    hear_stale("a", true, "{\"BTC-USD\":31.000}");
    ck_assert_str_eq(changes(), "+BTC-USD@69 ");
    now_ns += NS_PER_S;
    hear_stale("a", true, "{\"BTC-USD\":32.001}");
    ck_assert_str_eq(changes(), "");
    ck_assert_uint_eq(offer->stale, 1);
    hear_stale("a", true, "{\"ETH-USD\":40.000}");
    ck_assert_ptr_nonnull(strstr(changes(), "-BTC-USD@69 "));
    ck_assert_ptr_nonnull(strstr(changes(), "+ETH-USD@61 "));
    hear_stale("a", true, "{}");
    ck_assert_str_eq(changes(), "-ETH-USD@61 ");
    hear_stale("a", true, "{}");
    ck_assert_str_eq(changes(), "");
    ck_assert_uint_eq(offer->stale, 0);
}
END_TEST

START_TEST(stale_streams_are_known_by_symbol)
{
    size_t at = 0;
    offer_stale_t stale;
    hear_stale("a", true, "{\"BTC-USD\":31.000,\"XRP-USD\":5.000}");
    ck_assert_str_eq(changes(), ""); /* it is heard for the first time */
    ck_assert(offer_is_stale(offer, TEXT("BTC-USD"), &stale));
    ck_assert_int_eq(stale.last_ns, 69 * NS_PER_S);
    ck_assert(!offer_is_stale(offer, TEXT("ETH-USD"), &stale));
    ck_assert(!offer_is_stale(offer, TEXT("XRP-USD"), &stale)); /* is not offered */
    ck_assert(offer_each_stale(offer, &at, &stale));
    ck_assert(text_equal(stale.symbol, TEXT("BTC-USD")));
    ck_assert(!offer_each_stale(offer, &at, &stale));
}
END_TEST

START_TEST(what_a_lost_connection_ends_is_no_change)
{
    hear_stale("a", true, "{}");
    hear_stale("a", true, "{\"BTC-USD\":31.000}");
    hear_stale("a", false, "{}");
    ck_assert_str_eq(changes(), "");
    ck_assert_uint_eq(offer->stale, 0);
}
END_TEST

START_TEST(condition_is_that_of_the_last_status)
{
    hear_stale("a", true, "{}");
    ck_assert(text_equal(offer->breaker, TEXT("half_open")));
    ck_assert_uint_eq(offer->health, 97);
}
END_TEST

START_TEST(a_long_reason_is_cut_between_characters)
{
    char reason[2 * OFFER_REASON_MAX];
    int length = snprintf(reason, sizeof reason, "%0*d%s", OFFER_REASON_MAX - 4, 0, reasons[_i].tail);
    ck_assert_int_gt(length, 0);
    hear("a", false, "{}", reason);
    ck_assert_uint_eq(offer->reason.length, OFFER_REASON_MAX - 4 + reasons[_i].kept);
    ck_assert_mem_eq(offer->reason.at, reason, offer->reason.length);
}
END_TEST

START_TEST(sources_are_bounded)
{
    char name[32];
    for (int i = 0; i < OFFERS_SOURCES_MAX; i++) {
        snprintf(name, sizeof name, "source%d", i);
        hear(name, true, "{}", "");
        ck_assert_ptr_nonnull(offer);
    }
    ck_assert_int_eq(hear("one more", true, "{}", ""), OFFER_SAME);
    ck_assert_ptr_null(offer);
    hear("source0", true, "{\"BTC-USD\":1}", "");
    ck_assert(offers_has(offers, TEXT("BTC-USD")));
}
END_TEST

static void withdraw(const char *source)
{
    status_t status = {.event = STATUS_WITHDRAWN, .source = text_of(source), .symbols = TEXT("{\"BTC-USD\":9}")};
    offers_update(offers, &status, now_ns, &offer);
    offers_withdraw(offers, text_of(source));
}

START_TEST(a_source_that_is_withdrawn_is_gone_until_it_is_heard_again)
{
    hear("a", true, "{\"BTC-USD\":1}", "");
    hear("b", true, "{\"ETH-USD\":1}", "");
    withdraw("a");
    ck_assert(!offers_has(offers, TEXT("BTC-USD")) && offers_has(offers, TEXT("ETH-USD")));
    ck_assert(text_equal(offers_at(offers, 0)->name, TEXT("b")));
    ck_assert_ptr_null(offers_at(offers, 1));
    withdraw("a");
    withdraw("never heard of");
    ck_assert_ptr_null(offers_at(offers, 1));
    ck_assert_int_eq(hear("a", true, "{\"BTC-USD\":10}", ""), OFFER_UP); /* clients were told that it was lost */
    ck_assert(offers_has(offers, TEXT("BTC-USD")));
    ck_assert(text_equal(offers_at(offers, 1)->name, TEXT("a")));
}
END_TEST

START_TEST(names_that_were_withdrawn_make_room_for_others)
{
    char name[16];
    for (int i = 0; i < OFFERS_SOURCES_MAX + 10; i++) {
        snprintf(name, sizeof name, "s%d", i);
        hear(name, true, "{\"BTC-USD\":1}", "");
        ck_assert_ptr_nonnull(offer);
        withdraw(name);
    }
    ck_assert_ptr_null(offers_at(offers, 0));
}
END_TEST

START_TEST(a_symbol_that_is_dropped_or_added_is_a_change)
{
    size_t at = 0;
    offer_stale_t change;
    hear("a", true, "{\"BTC-USD\":1,\"ETH-USD\":1}", "");
    ck_assert(!offer_each_change(offer, &at, &change));
    hear("a", true, "{\"ETH-USD\":1,\"LTC-USD\":0}", "");
    at = 0;
    ck_assert(offer_each_change(offer, &at, &change));
    ck_assert(text_equal(change.symbol, TEXT("LTC-USD")) && !change.stale);
    ck_assert(offer_each_change(offer, &at, &change));
    ck_assert(text_equal(change.symbol, TEXT("BTC-USD")) && change.stale && change.gone);
    ck_assert(!offer_each_change(offer, &at, &change));
    hear("a", true, "{\"ETH-USD\":1,\"LTC-USD\":0}", "");
    at = 0;
    ck_assert(!offer_each_change(offer, &at, &change));
}
END_TEST

static uint64_t run = 1;

static void hear_missed(bool connected, int64_t since_ns, int64_t missed)
{
    status_t status = {.source = TEXT("a"),
                       .connected = connected,
                       .since_ns = since_ns,
                       .time_ns = now_ns,
                       .missed_known = missed >= 0,
                       .missed = missed >= 0 ? (uint64_t)missed : 0,
                       .epoch = 7,
                       .run = run,
                       .reason = TEXT(""),
                       .symbols = TEXT("{}")};
    offers_update(offers, &status, now_ns, &offer);
}

START_TEST(what_was_missed_is_what_the_source_says)
{
    hear_missed(true, 50 * NS_PER_S, -1);
    hear_missed(false, 60 * NS_PER_S, -1);
    hear_missed(true, 70 * NS_PER_S, -1);
    ck_assert(!offer->missed_known);
    hear_missed(false, 80 * NS_PER_S, -1);
    hear_missed(true, 90 * NS_PER_S, 17);
    ck_assert(offer->missed_known);
    ck_assert_uint_eq(offer->missed, 17);
}
END_TEST

START_TEST(nothing_was_missed_of_a_source_that_was_connected_while_the_bus_was_silent)
{
    bool changed;
    hear_missed(true, 50 * NS_PER_S, -1);
    now_ns += 10 * NS_PER_S;
    ck_assert_ptr_nonnull(offers_silence(offers, now_ns, 4 * NS_PER_S, &changed));
    hear_missed(true, 50 * NS_PER_S, -1);
    ck_assert(offer->missed_known);
    ck_assert_uint_eq(offer->missed, 0);
    now_ns += 10 * NS_PER_S;
    ck_assert_ptr_nonnull(offers_silence(offers, now_ns, 4 * NS_PER_S, &changed));
    hear_missed(true, now_ns, -1); /* it was lost meanwhile, too */
    ck_assert(!offer->missed_known);
}
END_TEST

START_TEST(a_connectord_that_is_started_again_with_a_clock_behind_was_not_connected_meanwhile)
{
    bool changed;
    hear_missed(true, 50 * NS_PER_S, -1);
    now_ns += 10 * NS_PER_S;
    ck_assert_ptr_nonnull(offers_silence(offers, now_ns, 4 * NS_PER_S, &changed));
    run++;
    hear_missed(true, 20 * NS_PER_S, -1);
    ck_assert(!offer->missed_known);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("offers");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, symbols_are_those_of_the_last_status);
    tcase_add_test(tcase, a_cursor_of_the_former_epoch_is_the_same_place_in_the_present_one);
    tcase_add_test(tcase, a_change_is_told_once);
    tcase_add_test(tcase, a_source_that_is_down_when_first_heard_has_not_changed);
    tcase_add_test(tcase, a_source_that_is_silent_is_down_until_it_is_heard);
    tcase_add_test(tcase, a_source_that_was_down_and_falls_silent_is_down_as_before);
    tcase_add_test(tcase, it_is_settled_a_second_after_the_first_status);
    tcase_add_test(tcase, a_stream_that_becomes_stale_is_a_change_once_and_so_is_its_end);
    tcase_add_test(tcase, stale_streams_are_known_by_symbol);
    tcase_add_test(tcase, what_a_lost_connection_ends_is_no_change);
    tcase_add_test(tcase, condition_is_that_of_the_last_status);
    tcase_add_loop_test(tcase, a_long_reason_is_cut_between_characters, 0, sizeof reasons / sizeof *reasons);
    tcase_add_test(tcase, sources_are_bounded);
    tcase_add_test(tcase, a_source_that_is_withdrawn_is_gone_until_it_is_heard_again);
    tcase_add_test(tcase, names_that_were_withdrawn_make_room_for_others);
    tcase_add_test(tcase, a_symbol_that_is_dropped_or_added_is_a_change);
    tcase_add_test(tcase, what_was_missed_is_what_the_source_says);
    tcase_add_test(tcase, a_connectord_that_is_started_again_with_a_clock_behind_was_not_connected_meanwhile);
    tcase_add_test(tcase, nothing_was_missed_of_a_source_that_was_connected_while_the_bus_was_silent);
    return RUN_TESTS("offers", tcase);
}
