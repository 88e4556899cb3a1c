#include "connectord/backfill/held_trades.h"
#include "tests/unit/numbered_trade.h"
#include "tests/unit/run_tests.h"

enum { MANY = 5000 };

static held_trades_t held;

static void tear_down(void)
{
    held_trades_release(&held);
}

static held_verdict_t add(uint64_t id, bool asked)
{
    trade_t trade = numbered_trade(id);
    return held_trades_add(&held, &trade, id, asked);
}

/* Byte for byte. */
static void check_trade(const trade_t *found, uint64_t id)
{
    char a[TRADE_MAX], b[TRADE_MAX];
    trade_t trade = numbered_trade(id);
    text_t expected = {a, trade_print(a, &trade)}, text = {b, trade_print(b, found)};
    if (!text_equal(text, expected) || found->timestamp_ns != trade.timestamp_ns)
        ck_abort_msg("%.*s", TEXT_ARG(text));
}

static bool take(uint64_t id)
{
    trade_t trade;
    ck_assert_uint_eq(held_trades_first(&held), id);
    held_trade_t taken = held_trades_take(&held, &trade);
    ck_assert_uint_eq(taken.id, id);
    check_trade(&trade, id);
    free(taken.json);
    return taken.asked;
}

START_TEST(none_is_held_at_first)
{
    trade_t trade;
    ck_assert_uint_eq(held_trades_count(&held), 0);
    ck_assert_uint_eq(held_trades_first(&held), UINT64_MAX);
    ck_assert(!held_trades_find(&held, 1, &trade));
}
END_TEST

START_TEST(they_are_taken_in_order_and_remember_whether_they_were_asked_for)
{
    ck_assert_int_eq(add(7, false), HELD_TAKEN);
    ck_assert_int_eq(add(9, true), HELD_TAKEN);
    ck_assert_int_eq(add(5, true), HELD_TAKEN);
    ck_assert_int_eq(add(INT64_MAX, false), HELD_TAKEN);
    ck_assert_int_eq(add(8, false), HELD_TAKEN);
    ck_assert_uint_eq(held_trades_count(&held), 5);
    ck_assert(take(5));
    ck_assert(!take(7));
    ck_assert_int_eq(add(6, false), HELD_TAKEN);
    ck_assert(!take(6));
    ck_assert(!take(8));
    ck_assert(take(9));
    ck_assert(!take(INT64_MAX));
    ck_assert_uint_eq(held_trades_count(&held), 0);
}
END_TEST

START_TEST(one_that_is_held_is_not_held_twice)
{
    ck_assert_int_eq(add(7, false), HELD_TAKEN);
    ck_assert_int_eq(add(8, false), HELD_TAKEN);
    ck_assert_int_eq(add(7, true), HELD_TWICE);
    ck_assert_int_eq(add(8, true), HELD_TWICE);
    ck_assert_uint_eq(held_trades_count(&held), 2);
    ck_assert(!take(7));
    ck_assert_int_eq(add(7, true), HELD_TAKEN); /* it is not held any longer */
    ck_assert(take(7));
}
END_TEST

START_TEST(one_is_found_by_its_id)
{
    trade_t trade;
    for (uint64_t id = 10; id <= 30; id += 10)
        add(id, false);
    for (uint64_t id = 10; id <= 30; id += 10) {
        ck_assert(held_trades_find(&held, id, &trade));
        check_trade(&trade, id);
        ck_assert(!held_trades_find(&held, id - 1, &trade));
        ck_assert(!held_trades_find(&held, id + 1, &trade));
    }
    take(10);
    ck_assert(!held_trades_find(&held, 10, &trade));
    ck_assert(held_trades_find(&held, 20, &trade));
}
END_TEST

START_TEST(a_copy_is_held_exactly)
{
    trade_t found;
    char symbol[] = "ETH-EUR", price[] = "105383.80000";
    trade_t trade = numbered_trade(3);
    trade.symbol = text_of(symbol);
    trade.price = text_of(price);
    trade.timestamp = TEXT("2025-11-10T17:24:33.9Z");
    trade.seqnum = UINT64_MAX;
    ck_assert_int_eq(held_trades_add(&held, &trade, 3, false), HELD_TAKEN);
    memset(symbol, 'x', 7);
    memset(price, '9', 12);
    held_trade_t taken = held_trades_take(&held, &found);
    ck_assert(text_equal(found.symbol, TEXT("ETH-EUR")));
    ck_assert(text_equal(found.price, TEXT("105383.80000")));
    ck_assert(text_equal(found.qty, TEXT("0.0010")));
    ck_assert(text_equal(found.timestamp, TEXT("2025-11-10T17:24:33.9Z")));
    ck_assert_uint_eq(found.seqnum, UINT64_MAX);
    ck_assert_int_eq(found.received_ns, trade.received_ns);
    ck_assert_uint_eq(found.cursor.epoch, 0);
    free(taken.json);
}
END_TEST

/* 1 to MANY, each once, in an order of its own. */
static uint64_t shuffled(size_t i)
{
    return 1 + i * 2477 % MANY; /* 2477 is prime */
}

START_TEST(many_are_held_and_some_taken_meanwhile)
{
    trade_t trade;
    uint64_t next = 1;
    for (size_t i = 0; i < MANY; i++) {
        if (add(shuffled(i), false) != HELD_TAKEN)
            ck_abort_msg("not taken: %d", (int)shuffled(i));
        while (held_trades_first(&held) == next)
            take(next++);
    }
    ck_assert_uint_eq(next, MANY + 1);
    for (size_t i = 0; i < MANY; i++)
        add(MANY + shuffled(i), false);
    for (uint64_t id = 1; id <= 2 * (uint64_t)MANY; id++)
        if (held_trades_find(&held, id, &trade) != (id > MANY))
            ck_abort_msg("%d", (int)id);
    for (; next <= 2 * (uint64_t)MANY; next++)
        take(next);
}
END_TEST

/* As long as a hole stays, one leaves in front for each that comes. */
START_TEST(room_is_made_of_what_was_taken)
{
    for (uint64_t id = 1; id <= 100; id++)
        add(id, false);
    size_t room = held.room;
    for (uint64_t id = 101; id <= 10000; id++) {
        take(id - 100);
        add(id, false);
    }
    ck_assert_uint_eq(held.room, room);
    ck_assert_uint_eq(held_trades_count(&held), 100);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {none_is_held_at_first,
                                  they_are_taken_in_order_and_remember_whether_they_were_asked_for,
                                  one_that_is_held_is_not_held_twice,
                                  one_is_found_by_its_id,
                                  a_copy_is_held_exactly,
                                  many_are_held_and_some_taken_meanwhile,
                                  room_is_made_of_what_was_taken};
    return RUN_TESTS("held_trades", TEST_CASE(NULL, tear_down, tests));
}
