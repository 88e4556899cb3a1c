#include "gatewayd/history/page_cache.h"

#include "common/clock.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

#define BTC TEXT("trade.BTC-USD.a")

enum { EPOCH = 7, ALL = 1 << 20 };

static page_cache_t *cache;
static const int64_t now_ns = 1000 * NS_PER_S;

static void setup(void)
{
    cache = page_cache_new();
    ck_assert_ptr_nonnull(cache);
}

static void teardown(void)
{
    page_cache_destroy(&cache);
}

static cursor_t at(uint64_t seq)
{
    return (cursor_t){EPOCH, seq};
}

/* A frame for each trade, with its number. */
static buffer_t frames_of(uint64_t from, uint64_t to)
{
    buffer_t frames = buffer_new(0);
    for (uint64_t seq = from; seq <= to; seq++) {
        char json[32];
        int length = snprintf(json, sizeof json, "{\"seq\":%llu}", (unsigned long long)seq);
        frame_append_text(&frames, (text_t){json, (size_t)length});
    }
    return frames;
}

/* What is behind `asked` was asked for, and `frames` came, of the trades behind `after`. How many waited for it. */
static size_t keep_frames(text_t topic, uint64_t asked, uint64_t after, uint64_t last, text_t frames)
{
    list_t waiters;
    size_t count = 0;
    list_init(&waiters);
    page_cache_keep(cache, topic, DIALECT_RPC, at(asked), at(after), at(last), frames, TEXT(""), now_ns, &waiters);
    while (list_take(&waiters))
        count++;
    return count;
}

static size_t keep(text_t topic, uint64_t after, uint64_t last)
{
    buffer_t frames = frames_of(after + 1, last);
    size_t waited = keep_frames(topic, after, after, last, buffer_text(&frames));
    buffer_release(&frames);
    return waited;
}

static bool expects(uint64_t after, int64_t when_ns)
{
    list_t waiter;
    list_init(&waiter);
    bool expected = page_cache_wait(cache, BTC, DIALECT_RPC, at(after), when_ns, &waiter);
    ck_assert_int_eq(list_linked(&waiter), expected);
    list_remove(&waiter);
    return expected;
}

static void ask_and_keep(text_t topic, uint64_t after, uint64_t last)
{
    page_cache_expect(cache, topic, DIALECT_RPC, at(after), last - after, now_ns);
    keep(topic, after, last);
}

/* What is kept behind `after` up to `to` are the trades after + 1 to `last`; 0: nothing is. */
static void expect_kept(text_t topic, uint64_t after, uint64_t to, size_t room, uint64_t last)
{
    cursor_t found_last = {0};
    text_t found = page_cache_find(cache, topic, DIALECT_RPC, at(after), at(to), room, &found_last);
    buffer_t wanted = frames_of(after + 1, last);
    ck_assert(text_equal(found, last > 0 ? buffer_text(&wanted) : TEXT("")));
    if (last > 0)
        ck_assert(cursor_compare(found_last, at(last)) == 0);
    buffer_release(&wanted);
}

START_TEST(each_gets_its_part)
{
    ask_and_keep(BTC, 10, 20);
    expect_kept(BTC, 10, 100, ALL, 20);
    expect_kept(BTC, 15, 100, ALL, 20);
    expect_kept(BTC, 19, 100, ALL, 20);
    expect_kept(BTC, 10, 14, ALL, 14);
    expect_kept(BTC, 12, 13, ALL, 13);
    expect_kept(BTC, 10, 100, 0, 11); /* one at least */
    expect_kept(BTC, 10, 100, 2 * (2 + strlen("{\"seq\":11}")) + 1, 12);
    expect_kept(BTC, 9, 100, ALL, 0);
    expect_kept(BTC, 20, 100, ALL, 0);
    expect_kept(BTC, 15, 15, ALL, 0);
    expect_kept(TEXT("trade.ETH-USD.a"), 15, 100, ALL, 0);
}
END_TEST

START_TEST(another_epoch_and_another_dialect_have_nothing_of_it)
{
    cursor_t last;
    ask_and_keep(BTC, 10, 20);
    ck_assert_uint_eq(page_cache_find(cache, BTC, DIALECT_SIGNALR, at(15), at(100), ALL, &last).length, 0);
    ck_assert_uint_eq(page_cache_find(cache, BTC, DIALECT_RPC, (cursor_t){EPOCH + 1, 15}, at(100), ALL, &last).length, 0);
    ck_assert_uint_gt(page_cache_find(cache, BTC, DIALECT_RPC, at(15), (cursor_t){EPOCH + 1, 3}, ALL, &last).length, 0);
}
END_TEST

START_TEST(what_is_asked_for_is_expected_by_others_until_it_came_or_never_does)
{
    ck_assert(!expects(10, now_ns));
    page_cache_expect(cache, BTC, DIALECT_RPC, at(10), 10, now_ns);
    ck_assert(!expects(9, now_ns));
    ck_assert(!expects(20, now_ns));
    ck_assert(!expects(15, now_ns + PAGE_CACHE_WAIT_MS * NS_PER_MS));
    ck_assert(expects(10, now_ns));
    ck_assert(expects(19, now_ns));
    keep(BTC, 10, 15);
    ck_assert(!expects(19, now_ns));
    expect_kept(BTC, 12, 100, ALL, 15);
}
END_TEST

START_TEST(who_waits_for_a_page_is_handed_out_with_it)
{
    list_t waiters[3];
    page_cache_expect(cache, BTC, DIALECT_RPC, at(10), 10, now_ns);
    for (size_t i = 0; i < 3; i++) {
        list_init(&waiters[i]);
        ck_assert(page_cache_wait(cache, BTC, DIALECT_RPC, at(10 + i), now_ns, &waiters[i]));
        ck_assert(page_cache_wait(cache, BTC, DIALECT_RPC, at(10 + i), now_ns, &waiters[i])); /* once */
    }
    list_remove(&waiters[1]); /* leaves */
    ck_assert_uint_eq(keep(BTC, 10, 20), 2);
    ck_assert_uint_eq(keep(BTC, 10, 20), 0);
}
END_TEST

START_TEST(who_waits_for_what_never_comes_is_let_go)
{
    list_t waiter;
    list_init(&waiter);
    page_cache_expect(cache, BTC, DIALECT_RPC, at(10), 10, now_ns);
    ck_assert(page_cache_wait(cache, BTC, DIALECT_RPC, at(10), now_ns, &waiter));
    page_cache_expire(cache, now_ns + PAGE_CACHE_WAIT_MS * NS_PER_MS);
    ck_assert(!list_linked(&waiter));
}
END_TEST

START_TEST(who_asked_in_vain_is_followed_by_the_next)
{
    page_cache_expect(cache, BTC, DIALECT_RPC, at(10), 10, now_ns);
    int64_t later_ns = now_ns + PAGE_CACHE_WAIT_MS * NS_PER_MS;
    page_cache_expect(cache, BTC, DIALECT_RPC, at(12), 10, later_ns);
    ck_assert(expects(15, later_ns));
    keep(BTC, 12, 22);
    expect_kept(BTC, 15, 100, ALL, 22);
    keep(BTC, 10, 20); /* the first one's, late */
    expect_kept(BTC, 10, 100, ALL, 20);
}
END_TEST

START_TEST(an_answer_is_kept_though_it_is_not_expected_any_more)
{
    page_cache_expect(cache, BTC, DIALECT_RPC, at(10), 10, now_ns);
    page_cache_expire(cache, now_ns + PAGE_CACHE_WAIT_MS * NS_PER_MS);
    keep(BTC, 10, 20);
    expect_kept(BTC, 10, 100, ALL, 20);
}
END_TEST

START_TEST(behind_a_hole_it_is_kept_from_where_it_begins)
{
    buffer_t frames = frames_of(16, 20);
    page_cache_expect(cache, BTC, DIALECT_RPC, at(10), 10, now_ns);
    ck_assert(expects(12, now_ns));
    keep_frames(BTC, 10, 15, 20, buffer_text(&frames));
    ck_assert(!expects(12, now_ns));
    expect_kept(BTC, 10, 100, ALL, 0);
    expect_kept(BTC, 15, 100, ALL, 20);
    buffer_release(&frames);
}
END_TEST

START_TEST(a_page_that_has_not_a_frame_for_each_trade_is_not_kept)
{
    buffer_t frames = frames_of(11, 19);
    page_cache_expect(cache, BTC, DIALECT_RPC, at(10), 10, now_ns);
    keep_frames(BTC, 10, 10, 20, buffer_text(&frames));
    expect_kept(BTC, 10, 100, ALL, 0);
    page_cache_expect(cache, BTC, DIALECT_RPC, at(10), 10, now_ns);
    ck_assert(expects(10, now_ns));
    keep_frames(BTC, 10, 10, 10, TEXT("")); /* who waits is to ask */
    ck_assert(!expects(10, now_ns));
    expect_kept(BTC, 10, 100, ALL, 0);
    buffer_release(&frames);
}
END_TEST

START_TEST(after_a_moment_it_is_forgotten)
{
    ask_and_keep(BTC, 10, 20);
    page_cache_expire(cache, now_ns + PAGE_CACHE_MS * NS_PER_MS - 1);
    expect_kept(BTC, 10, 100, ALL, 20);
    page_cache_expire(cache, now_ns + PAGE_CACHE_MS * NS_PER_MS);
    expect_kept(BTC, 10, 100, ALL, 0);
}
END_TEST

START_TEST(the_oldest_go_where_there_are_too_many_bytes)
{
    buffer_t frames = buffer_new(0), one = buffer_new(0);
    char *room = buffer_room(&one, PAGE_CACHE_BYTES / 4);
    memset(room, 'x', PAGE_CACHE_BYTES / 4);
    frame_append_text(&frames, (text_t){room, PAGE_CACHE_BYTES / 4});
    for (uint64_t seq = 1; seq <= 6; seq++) {
        page_cache_expect(cache, BTC, DIALECT_RPC, at(seq), 1, now_ns);
        keep_frames(BTC, seq, seq, seq + 1, buffer_text(&frames));
    }
    for (uint64_t seq = 1; seq <= 6; seq++) {
        cursor_t last;
        bool found = page_cache_find(cache, BTC, DIALECT_RPC, at(seq), at(100), ALL, &last).length > 0;
        ck_assert_int_eq(found, seq > 3);
    }
    buffer_release(&frames);
    buffer_release(&one);
}
END_TEST

START_TEST(what_is_used_stays_longer)
{
    buffer_t frames = buffer_new(0), one = buffer_new(0);
    char *room = buffer_room(&one, PAGE_CACHE_BYTES / 4);
    memset(room, 'x', PAGE_CACHE_BYTES / 4);
    frame_append_text(&frames, (text_t){room, PAGE_CACHE_BYTES / 4});
    cursor_t last;
    for (uint64_t seq = 1; seq <= 6; seq++) {
        page_cache_expect(cache, BTC, DIALECT_RPC, at(seq), 1, now_ns);
        keep_frames(BTC, seq, seq, seq + 1, buffer_text(&frames));
        ck_assert_uint_gt(page_cache_find(cache, BTC, DIALECT_RPC, at(1), at(100), ALL, &last).length, 0);
    }
    ck_assert_uint_eq(page_cache_find(cache, BTC, DIALECT_RPC, at(2), at(100), ALL, &last).length, 0);
    buffer_release(&frames);
    buffer_release(&one);
}
END_TEST

START_TEST(the_oldest_go_where_there_are_too_many_pages)
{
    for (uint64_t seq = 1; seq <= PAGE_CACHE_PAGES + 5; seq++)
        page_cache_expect(cache, BTC, DIALECT_RPC, at(seq), 1, now_ns);
    ck_assert(!expects(5, now_ns));
    ck_assert(expects(6, now_ns));
}
END_TEST

START_TEST(what_goes_out_of_a_page_is_summed)
{
    list_t waiters;
    uint32_t sums[10];
    buffer_t frames = frames_of(11, 20);
    list_init(&waiters);
    for (uint32_t i = 0; i < 10; i++)
        sums[i] = 0x40000000 + i;
    text_t all = {(const char *)sums, sizeof sums};
    page_cache_keep(cache, BTC, DIALECT_RPC, at(10), at(10), at(20), buffer_text(&frames), all, now_ns, &waiters);
    ck_assert_uint_eq(page_cache_sum(cache, BTC, DIALECT_RPC, at(10), at(11)), 0x40000000);
    ck_assert_uint_eq(page_cache_sum(cache, BTC, DIALECT_RPC, at(13), at(16)), 0xc0000000 + 3 + 4 + 5);
    ck_assert_uint_eq(page_cache_sum(cache, BTC, DIALECT_RPC, at(10), at(20)), 0x80000000 + 45);
    ck_assert_uint_eq(page_cache_sum(cache, BTC, DIALECT_RPC, at(20), at(21)), 0);
    page_cache_keep(cache, BTC, DIALECT_RPC, at(30), at(30), at(40), buffer_text(&frames), TEXT(""), now_ns, &waiters);
    ck_assert_uint_eq(page_cache_sum(cache, BTC, DIALECT_RPC, at(30), at(31)), 0);
    expect_kept(BTC, 10, 100, ALL, 20);
    all.length -= sizeof *sums; /* one is missing */
    page_cache_keep(cache, BTC, DIALECT_RPC, at(50), at(50), at(60), buffer_text(&frames), all, now_ns, &waiters);
    expect_kept(BTC, 50, 100, ALL, 0);
    buffer_release(&frames);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("page_cache");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, each_gets_its_part);
    tcase_add_test(tests, another_epoch_and_another_dialect_have_nothing_of_it);
    tcase_add_test(tests, what_is_asked_for_is_expected_by_others_until_it_came_or_never_does);
    tcase_add_test(tests, who_asked_in_vain_is_followed_by_the_next);
    tcase_add_test(tests, who_waits_for_a_page_is_handed_out_with_it);
    tcase_add_test(tests, who_waits_for_what_never_comes_is_let_go);
    tcase_add_test(tests, an_answer_is_kept_though_it_is_not_expected_any_more);
    tcase_add_test(tests, behind_a_hole_it_is_kept_from_where_it_begins);
    tcase_add_test(tests, a_page_that_has_not_a_frame_for_each_trade_is_not_kept);
    tcase_add_test(tests, what_is_used_stays_longer);
    tcase_add_test(tests, after_a_moment_it_is_forgotten);
    tcase_add_test(tests, the_oldest_go_where_there_are_too_many_bytes);
    tcase_add_test(tests, the_oldest_go_where_there_are_too_many_pages);
    tcase_add_test(tests, what_goes_out_of_a_page_is_summed);
    return RUN_TESTS("page_cache", tests);
}
