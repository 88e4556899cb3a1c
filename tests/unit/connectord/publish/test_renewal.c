/* A journal that begins another epoch because a follower has had more than it has. */
#include "connectord/publish/renewal.h"

#include "common/clock.h"
#include "common/log.h"
#include "proto/trade.h"
#include "tests/unit/journal_fixture.h"
#include "tests/unit/run_tests.h"

enum { KEPT = 40, RUN = 2000 /* more than a segment */ };

static unsigned renewed;

static void on_renewed(void *arg)
{
    ck_assert_ptr_nonnull(arg);
    renewed++;
}

static size_t print(char out[static TRADE_MAX], cursor_t cursor, unsigned id)
{
    char digits[16];
    snprintf(digits, sizeof digits, "%u", id);
    trade_t trade = {.cursor = cursor,
                     .symbol = TEXT("BTC-USD"),
                     .timestamp = TEXT("2025-11-10T17:24:33.9Z"),
                     .qty = TEXT("1"),
                     .price = TEXT("2.50"),
                     .id = text_of(digits),
                     .source = TEXT("x")};
    return trade_print(out, &trade);
}

/* So many trades with the ids id, id + 1 …, as connectord makes them. */
static void trade(journal_t *journal, text_t topic, unsigned id, unsigned count)
{
    journal_stream_t *stream = journal_stream(journal, topic);
    for (unsigned i = 0; i < count; i++) {
        char json[TRADE_MAX];
        size_t length = print(json, (cursor_t){journal_epoch(journal), journal_last(stream) + 1}, id + i);
        ck_assert(journal_append(journal, stream, (text_t){json, length}));
    }
}

/* The stream has the trades of the ids id, id + 1 … as 1, 2 … of the present epoch, and no other. */
static void expect(journal_t *journal, text_t topic, unsigned id, unsigned count)
{
    const journal_stream_t *stream = journal_find(journal, topic);
    ck_assert_ptr_nonnull(stream);
    ck_assert_uint_eq(journal_last(stream), count);
    for (unsigned i = 0; i < count; i++) {
        char json[TRADE_MAX];
        text_t wanted = {json, print(json, (cursor_t){journal_epoch(journal), i + 1}, id + i)};
        text_t found = journal_read(journal, stream, i + 1);
        ck_assert_msg(text_equal(found, wanted), "expected %.*s\nfound    %.*s", TEXT_ARG(wanted), TEXT_ARG(found));
    }
}

/* A journal with KEPT trades of an earlier process, and RUN of this one. */
static journal_t *open_with_run(void)
{
    journal_t *journal = journal_open(path, 64 * MIB, NOW);
    trade(journal, BTC, 1, KEPT);
    journal_close(&journal);
    journal = journal_open(path, 64 * MIB, NOW + 1);
    trade(journal, BTC, 1 + KEPT, RUN);
    trade(journal, ETH, 1, 3);
    return journal;
}

START_TEST(what_this_process_appended_goes_on_in_the_new_epoch)
{
    journal_t *journal = open_with_run();
    journal_stream_t *btc = journal_find(journal, BTC), *eth = journal_find(journal, ETH);
    ck_assert_uint_eq(journal_former_epoch(journal), 0);
    ck_assert(journal_renew(journal, NOW + 500, NOW + 7));
    ck_assert_uint_eq(journal_epoch(journal), NOW + 501);
    ck_assert_str_eq(journal_began(journal), "follower_ahead");
    ck_assert_uint_eq(journal_former_epoch(journal), NOW);
    ck_assert_uint_eq(journal_former_last(btc), KEPT);
    ck_assert_uint_eq(journal_former_last(eth), 0);
    ck_assert_ptr_eq(journal_find(journal, BTC), btc);
    ck_assert_ptr_eq(journal_find(journal, ETH), eth);
    expect(journal, BTC, 1 + KEPT, RUN);
    expect(journal, ETH, 1, 3);
    trade(journal, BTC, 1 + KEPT + RUN, 10);
    journal_close(&journal);
    journal = journal_open(path, 64 * MIB, NOW + 2);
    ck_assert_uint_eq(journal_epoch(journal), NOW + 501);
    expect(journal, BTC, 1 + KEPT, RUN + 10);
    expect(journal, ETH, 1, 3);
    ck_assert_uint_eq(folder_count(path, ".new"), 0);
    ck_assert_uint_eq(folder_count(path, ".bad"), 0);
    journal_close(&journal);
}
END_TEST

START_TEST(the_clock_is_the_epoch_where_it_is_later)
{
    journal_t *journal = open_with_run();
    ck_assert(journal_renew(journal, NOW + 5, NOW + 1000));
    ck_assert_uint_eq(journal_epoch(journal), NOW + 1000);
    ck_assert(journal_renew(journal, 3, 4));
    ck_assert_uint_eq(journal_epoch(journal), NOW + 1001);
    ck_assert_uint_eq(journal_former_epoch(journal), NOW + 1000);
    ck_assert_uint_eq(journal_former_last(journal_find(journal, BTC)), 0);
    expect(journal, BTC, 1 + KEPT, RUN);
    journal_close(&journal);
}
END_TEST

static unsigned told; /* trades, by journal_on_safe */

static void on_safe(void *arg, const journal_stream_t *stream, text_t json)
{
    (void)arg, (void)stream, (void)json;
    told++;
}

/* They were published in the former epoch: who follows gets them by replay, not by the bus once more. */
START_TEST(what_goes_on_is_not_published_again)
{
    journal_t *journal = open_with_run();
    journal_flush(journal);
    journal_on_safe(journal, on_safe, NULL);
    told = 0;
    trade(journal, BTC, 1 + KEPT + RUN, 2);
    ck_assert(journal_renew(journal, 0, NOW + 9));
    ck_assert_uint_eq(told, 2);
    trade(journal, BTC, 1 + KEPT + RUN + 2, 1);
    journal_flush(journal);
    ck_assert_uint_eq(told, 3);
    expect(journal, BTC, 1 + KEPT, RUN + 3);
    journal_close(&journal);
}
END_TEST

/* As kill -9 leaves it, before the new segments are named: what is unfinished is gone, and the former epoch stands. */
START_TEST(a_renewal_that_is_cut_off_leaves_the_former_epoch)
{
    char name[160];
    journal_t *journal = open_with_run();
    journal_close(&journal);
    snprintf(name, sizeof name, "%s/%020u.new", path, 4);
    FILE *file = fopen(name, "w");
    fputs("half a segment", file);
    fclose(file);
    journal = journal_open(path, 64 * MIB, NOW + 3);
    ck_assert_uint_eq(journal_epoch(journal), NOW);
    ck_assert_uint_eq(journal_last(journal_find(journal, BTC)), KEPT + RUN);
    ck_assert_uint_eq(folder_count(path, ".new"), 0);
    journal_close(&journal);
}
END_TEST

START_TEST(a_follower_that_has_had_more_makes_it_renew_and_no_other)
{
    journal_t *journal = open_with_run();
    renewal_t renewal = renewal_new(journal, on_renewed, &renewal, 0);
    const journal_stream_t *btc = journal_find(journal, BTC);
    renewed = 0;
    ck_assert_int_eq(renewal_hear(&renewal, btc, (cursor_t){NOW, KEPT + RUN}, 0), RENEWAL_NOT_NEEDED);
    ck_assert_int_eq(renewal_hear(&renewal, btc, (cursor_t){NOW - 1, 1 << 30}, 0), RENEWAL_NOT_NEEDED);
    ck_assert_int_eq(renewal_hear(&renewal, btc, (cursor_t){UINT64_MAX, 1}, 0), RENEWAL_REFUSED);
    ck_assert_uint_eq(renewed, 0);
    ck_assert_uint_eq(journal_epoch(journal), NOW);
    ck_assert_int_eq(renewal_hear(&renewal, btc, (cursor_t){NOW, KEPT + RUN + 1}, 0), RENEWAL_DONE);
    ck_assert_uint_eq(renewed, 1);
    ck_assert_uint_gt(journal_epoch(journal), NOW);
    uint64_t far = journal_epoch(journal) + 1000000;
    ck_assert_int_eq(renewal_hear(&renewal, btc, (cursor_t){far, 1}, 0), RENEWAL_DONE);
    ck_assert_uint_eq(journal_epoch(journal), far + 1);
    ck_assert_uint_eq(renewal.count, 2);
    journal_close(&journal);
}
END_TEST

START_TEST(who_asks_again_and_again_is_not_heard)
{
    journal_t *journal = open_with_run();
    renewal_t renewal = renewal_new(journal, on_renewed, &renewal, 0);
    const journal_stream_t *eth = journal_find(journal, ETH);
    unsigned done = 0;
    for (unsigned i = 0; i < 10 * RENEWALS_PER_MINUTE; i++)
        done += renewal_hear(&renewal, eth, (cursor_t){journal_epoch(journal) + 1, 1}, i * NS_PER_MS) == RENEWAL_DONE;
    ck_assert_uint_gt(done, 0);
    ck_assert_uint_le(done, RENEWALS_PER_MINUTE);
    expect(journal, ETH, 1, 3);
    journal_close(&journal);
}
END_TEST

int main(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    TCase *tests = tcase_create("renewal");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, what_this_process_appended_goes_on_in_the_new_epoch);
    tcase_add_test(tests, the_clock_is_the_epoch_where_it_is_later);
    tcase_add_test(tests, what_goes_on_is_not_published_again);
    tcase_add_test(tests, a_renewal_that_is_cut_off_leaves_the_former_epoch);
    tcase_add_test(tests, a_follower_that_has_had_more_makes_it_renew_and_no_other);
    tcase_add_test(tests, who_asks_again_and_again_is_not_heard);
    return RUN_TESTS("renewal", tests);
}
