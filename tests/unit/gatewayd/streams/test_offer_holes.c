#include "gatewayd/streams/offers.h"

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

/* A status of that run, in which symbols have so many holes: "BTC-USD 2", the missing one's number being the count. */
static void hear_holes(uint64_t run, const char *symbols, uint64_t btc, uint64_t eth)
{
    buffer_t holes = buffer_new(0);
    buffer_append(&holes, TEXT("{"));
    status_hole_t hole = {TEXT("BTC-USD"), btc, true, btc, 1, 2, {7, btc}};
    if (btc > 0)
        status_put_hole(&holes, &hole);
    hole = (status_hole_t){TEXT("ETH-USD"), eth, false, 0, 1, 2, {7, eth}};
    if (btc > 0 && eth > 0)
        buffer_append(&holes, TEXT(","));
    if (eth > 0)
        status_put_hole(&holes, &hole);
    buffer_append(&holes, TEXT("}"));
    status_t status = {.source = TEXT("a"),
                       .connected = true,
                       .time_ns = now_ns,
                       .epoch = 7,
                       .run = run,
                       .symbols = text_of(symbols),
                       .holes = buffer_text(&holes)};
    offers_update(offers, &status, now_ns, &offer);
    ck_assert(btc + eth == 0 ? offer->holes.length == 0 : text_equal(offer->holes, buffer_text(&holes)));
    buffer_release(&holes);
}

/* The new ones' counts; 0: none. */
static void assert_new_holes(uint64_t btc, uint64_t eth)
{
    status_hole_t hole;
    size_t at = 0;
    uint64_t found_btc = 0, found_eth = 0;
    while (offer_each_hole(offer, &at, &hole))
        *(text_equal(hole.symbol, TEXT("BTC-USD")) ? &found_btc : &found_eth) = hole.count;
    ck_assert_uint_eq(found_btc, btc);
    ck_assert_uint_eq(found_eth, eth);
}

#define BOTH "{\"BTC-USD\":1,\"ETH-USD\":1}"

START_TEST(holes_are_new_once)
{
    hear_holes(1, BOTH, 0, 0);
    assert_new_holes(0, 0);
    hear_holes(1, BOTH, 1, 0);
    assert_new_holes(1, 0);
    hear_holes(1, BOTH, 1, 0);
    assert_new_holes(0, 0);
    hear_holes(1, BOTH, 3, 1);
    assert_new_holes(3, 1);
    hear_holes(1, BOTH, 3, 1);
    assert_new_holes(0, 0);
}
END_TEST

START_TEST(what_was_there_before_a_source_was_heard_is_not_new)
{
    hear_holes(1, BOTH, 2, 0);
    assert_new_holes(0, 0);
    hear_holes(1, BOTH, 2, 1);
    assert_new_holes(0, 1);
    hear_holes(1, BOTH, 3, 1);
    assert_new_holes(3, 0);
}
END_TEST

START_TEST(in_a_run_behind_one_that_was_heard_all_are_new)
{
    hear_holes(1, BOTH, 2, 0);
    hear_holes(2, BOTH, 1, 0);
    assert_new_holes(1, 0);
    hear_holes(2, BOTH, 1, 0);
    assert_new_holes(0, 0);
    offers_withdraw(offers, TEXT("a"));
    hear_holes(3, BOTH, 1, 1);
    assert_new_holes(1, 1);
}
END_TEST

START_TEST(of_a_symbol_that_is_heard_of_for_the_first_time_none_is_new)
{
    hear_holes(1, "{\"BTC-USD\":1}", 0, 0);
    hear_holes(1, BOTH, 0, 1);
    assert_new_holes(0, 0);
    hear_holes(1, BOTH, 0, 2);
    assert_new_holes(0, 2);
    offers_withdraw(offers, TEXT("a"));
    hear_holes(1, BOTH, 1, 2);
    assert_new_holes(0, 0);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("offer_holes");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, holes_are_new_once);
    tcase_add_test(tcase, what_was_there_before_a_source_was_heard_is_not_new);
    tcase_add_test(tcase, in_a_run_behind_one_that_was_heard_all_are_new);
    tcase_add_test(tcase, of_a_symbol_that_is_heard_of_for_the_first_time_none_is_new);
    return RUN_TESTS("offer_holes", tcase);
}
