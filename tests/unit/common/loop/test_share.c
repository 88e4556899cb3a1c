#include "common/loop/share.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

enum { PIECES = 50 };

static loop_t *loop;
static share_t *share;
static uint64_t turns[PIECES]; /* in which each piece was done */
static unsigned done;

static bool work(void *arg)
{
    (void)arg;
    turns[done++] = loop_turns(loop);
    if (done == PIECES)
        loop_stop(loop);
    return done < PIECES;
}

static void set_up(void)
{
    loop = loop_new();
    done = 0;
}

static void tear_down(void)
{
    share_destroy(&share);
    loop_destroy(&loop);
}

START_TEST(what_a_turn_has_no_time_for_goes_on_in_the_next_ones)
{
    share = share_new(loop, 0, work, NULL);
    share_run(share);
    ck_assert_uint_eq(done, 1);
    loop_run(loop);
    ck_assert_uint_eq(done, PIECES);
    for (unsigned i = 1; i < PIECES; i++)
        ck_assert_uint_eq(turns[i], turns[i - 1] + 1);
}
END_TEST

START_TEST(as_much_as_there_is_time_for_is_done_at_once)
{
    share = share_new(loop, 60 * 1000 * 1000, work, NULL);
    share_run(share);
    ck_assert_uint_eq(done, PIECES);
}
END_TEST

START_TEST(what_is_woken_is_done_by_the_loop)
{
    share = share_new(loop, 60 * 1000 * 1000, work, NULL);
    share_wake(share);
    ck_assert_uint_eq(done, 0);
    loop_run(loop);
    ck_assert_uint_eq(done, PIECES);
}
END_TEST

typedef struct {
    share_waiter_t waiter;
    unsigned number;
} guest_t;

static unsigned order[3];

static void serve(share_waiter_t *waiter)
{
    order[done++] = LIST_OWNER(waiter, guest_t, waiter)->number;
    if (done == 3)
        loop_stop(loop);
}

START_TEST(who_finds_no_time_waits_in_line_and_nobody_overtakes)
{
    guest_t guests[3];
    share = share_new(loop, 0, NULL, NULL);
    ck_assert(share_begin(share));
    share_end(share);
    for (unsigned i = 0; i < 3; i++) {
        guests[i] = (guest_t){{.serve = serve}, i};
        list_init(&guests[i].waiter.in_line);
        ck_assert(!share_begin(share));
        share_wait(share, &guests[i].waiter);
        share_wait(share, &guests[i].waiter); /* is in it already */
    }
    loop_run(loop);
    ck_assert_uint_eq(done, 3);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(order[i], i);
}
END_TEST

static void stop(void *arg)
{
    loop_stop(arg);
}

START_TEST(the_first_piece_of_a_turn_may_always_be_done_and_pieces_within_it)
{
    share = share_new(loop, 0, NULL, NULL);
    loop_timer_t *timer = loop_timer_new(loop, stop, loop);
    for (int i = 0; i < 3; i++) {
        ck_assert(share_begin(share));
        ck_assert(share_begin(share)); /* within */
        share_end(share);
        share_end(share);
        ck_assert(!share_begin(share));
        loop_timer_start(timer, 1, 0);
        loop_run(loop); /* to another turn */
    }
    loop_timer_destroy(&timer);
}
END_TEST

START_TEST(without_a_share_there_is_time_for_everything)
{
    for (int i = 0; i < 3; i++) {
        ck_assert(share_begin(NULL));
        share_end(NULL);
    }
    share_run(NULL);
    share_wake(NULL);
    share_destroy(&share);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("share");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, what_a_turn_has_no_time_for_goes_on_in_the_next_ones);
    tcase_add_test(tests, as_much_as_there_is_time_for_is_done_at_once);
    tcase_add_test(tests, what_is_woken_is_done_by_the_loop);
    tcase_add_test(tests, who_finds_no_time_waits_in_line_and_nobody_overtakes);
    tcase_add_test(tests, the_first_piece_of_a_turn_may_always_be_done_and_pieces_within_it);
    tcase_add_test(tests, without_a_share_there_is_time_for_everything);
    return RUN_TESTS("share", tests);
}
