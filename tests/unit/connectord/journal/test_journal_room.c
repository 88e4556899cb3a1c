/* A journal that goes on whatever others leave of the disk and of the descriptors. */
#include "tests/unit/journal_fixture.h"
#include "tests/unit/run_tests.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PER_SEGMENT = SEGMENT / TRADE_BYTES };

static struct rlimit size_before, files_before;

static void set_up(void)
{
    setup();
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &size_before);
    getrlimit(RLIMIT_NOFILE, &files_before);
}

static void set_limit(int which, struct rlimit limit, rlim_t now)
{
    limit.rlim_cur = now;
    ck_assert_int_eq(setrlimit(which, &limit), 0);
}

static void fill_disk(void)
{
    set_limit(RLIMIT_FSIZE, size_before, SEGMENT / 2);
}

static void empty_disk(void)
{
    set_limit(RLIMIT_FSIZE, size_before, size_before.rlim_cur);
}

static void tear_down(void)
{
    empty_disk();
    set_limit(RLIMIT_NOFILE, files_before, files_before.rlim_cur);
    teardown();
}

/* Check notes each assertion in a file, which the limit holds for, too: so without one. */
static void append_quietly(journal_t *journal, uint64_t count)
{
    journal_stream_t *stream = journal_find(journal, BTC);
    uint64_t before = journal_last(stream);
    char bytes[TRADE_BYTES];
    for (uint64_t i = 0; i < count; i++)
        if (!journal_append(journal, stream, trade_text(bytes, BTC, journal_last(stream) + 1)))
            break;
    ck_assert_uint_eq(journal_last(stream), before + count);
}

/* From where on all is there, in this life and the next. */
static void check_goes_on(journal_t *journal, uint64_t last)
{
    empty_disk();
    check(journal, BTC, journal_first(journal_find(journal, BTC)), last);
    journal_close(&journal);
    journal = reopen();
    check(journal, BTC, journal_first(journal_find(journal, BTC)), last);
    append(journal, BTC, 2 * PER_SEGMENT);
    journal_close(&journal);
}

START_TEST(a_full_disk_costs_the_oldest_trades_and_no_new_one)
{
    journal_t *journal = create();
    append(journal, BTC, PER_SEGMENT + 10);
    fill_disk();
    append_quietly(journal, 20 * PER_SEGMENT);
    ck_assert_int_eq(journal_stuck(journal), 0);
    ck_assert_uint_lt(journal_first(journal_find(journal, BTC)), 20 * PER_SEGMENT);
    check_goes_on(journal, 21 * PER_SEGMENT + 10);
}
END_TEST

START_TEST(a_spare_segment_is_enough_for_a_journal_that_has_just_begun)
{
    journal_t *journal = create();
    append(journal, BTC, 1);
    ck_assert(journal_keep_spare(journal) && journal_has_spare(journal));
    fill_disk();
    append_quietly(journal, 10 * PER_SEGMENT - 1);
    check_goes_on(journal, 10 * PER_SEGMENT);
}
END_TEST

START_TEST(no_descriptor_is_needed_to_go_on)
{
    journal_t *journal = create();
    append(journal, BTC, 1);
    ck_assert(journal_keep_spare(journal));
    set_limit(RLIMIT_NOFILE, files_before, 3);
    append_quietly(journal, 10 * PER_SEGMENT - 1);
    set_limit(RLIMIT_NOFILE, files_before, files_before.rlim_cur);
    check_goes_on(journal, 10 * PER_SEGMENT);
}
END_TEST

START_TEST(a_full_ring_needs_no_spare)
{
    journal_t *journal = create();
    append(journal, BTC, 5 * MIB / TRADE_BYTES);
    ck_assert(journal_has_spare(journal));
    fill_disk();
    append_quietly(journal, 10 * PER_SEGMENT);
    check_goes_on(journal, 5 * MIB / TRADE_BYTES + 10 * PER_SEGMENT);
}
END_TEST

START_TEST(a_journal_that_is_stuck_says_why_and_goes_on_when_it_can)
{
    journal_t *journal = create();
    append(journal, BTC, 10);
    fill_disk();
    ck_assert(!journal_keep_spare(journal) && !journal_has_spare(journal));
    journal_stream_t *stream = journal_find(journal, BTC);
    char bytes[TRADE_BYTES];
    while (journal_append(journal, stream, trade_text(bytes, BTC, journal_last(stream) + 1)) &&
           journal_last(stream) < 2 * PER_SEGMENT)
        ;
    ck_assert_int_eq(journal_stuck(journal), EFBIG);
    ck_assert(!journal_unstick(journal));
    empty_disk();
    ck_assert(journal_unstick(journal));
    ck_assert_int_eq(journal_stuck(journal), 0);
    uint64_t last = journal_last(stream);
    append(journal, BTC, 10);
    check_goes_on(journal, last + 10);
}
END_TEST

START_TEST(a_spare_is_no_part_of_the_journal)
{
    journal_t *journal = create();
    append(journal, BTC, 10);
    ck_assert(journal_keep_spare(journal));
    ck_assert(journal_renew(journal, 0, NOW + 5)); /* these are no trades, so that none is carried over */
    append(journal, BTC, 10);
    check(journal, BTC, 11, 20);
    ck_assert(journal_keep_spare(journal));
    journal_close(&journal);
    journal = reopen();
    check(journal, BTC, 11, 20);
    journal_close(&journal);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("journal_room");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_full_disk_costs_the_oldest_trades_and_no_new_one);
    tcase_add_test(tests, a_spare_segment_is_enough_for_a_journal_that_has_just_begun);
    tcase_add_test(tests, no_descriptor_is_needed_to_go_on);
    tcase_add_test(tests, a_full_ring_needs_no_spare);
    tcase_add_test(tests, a_journal_that_is_stuck_says_why_and_goes_on_when_it_can);
    tcase_add_test(tests, a_spare_is_no_part_of_the_journal);
    return RUN_TESTS("journal_room", tests);
}
