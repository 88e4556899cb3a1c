/* How far lines have come in a stream. */
#include "connectord/lines/line_progress.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static line_progress_t progress;

static void set_up(void)
{
    line_progress_init(&progress);
}

START_TEST(what_was_made_before_the_last_one_of_every_line_comes_no_more)
{
    ck_assert_int_eq(line_progress_since_ns(&progress), INT64_MAX);
    line_progress_join(&progress, 0);
    line_progress_join(&progress, 1);
    line_progress_passed(&progress, 0, 100);
    ck_assert_int_eq(line_progress_since_ns(&progress), 0);
    line_progress_passed(&progress, 1, 70);
    ck_assert_int_eq(line_progress_since_ns(&progress), 70);
    line_progress_leave(&progress, 1);
    ck_assert_int_eq(line_progress_since_ns(&progress), 100);
}
END_TEST

START_TEST(a_line_that_comes_begins_behind_all_that_had_come)
{
    line_progress_join(&progress, 0);
    line_progress_passed(&progress, 0, 100);
    line_progress_passed(&progress, 0, 90); /* as an exchange may */
    line_progress_join(&progress, 1);
    ck_assert_int_eq(line_progress_since_ns(&progress), 90);
    line_progress_passed(&progress, 0, 120);
    ck_assert_int_eq(line_progress_since_ns(&progress), 100);
}
END_TEST

START_TEST(a_line_is_covered_where_another_one_has_come_to_its_begin)
{
    line_progress_join(&progress, 0);
    line_progress_passed(&progress, 0, 100);
    ck_assert(line_progress_covers(&progress, 0));
    line_progress_join(&progress, 1); /* has brought nothing: begins at 100 */
    ck_assert(line_progress_covers(&progress, 0));
    line_progress_passed(&progress, 1, 150);
    ck_assert(!line_progress_covers(&progress, 0));
    line_progress_passed(&progress, 0, 149);
    ck_assert(!line_progress_covers(&progress, 0));
    line_progress_passed(&progress, 0, 150);
    ck_assert(line_progress_covers(&progress, 0));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("line_progress");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, what_was_made_before_the_last_one_of_every_line_comes_no_more);
    tcase_add_test(tests, a_line_that_comes_begins_behind_all_that_had_come);
    tcase_add_test(tests, a_line_is_covered_where_another_one_has_come_to_its_begin);
    return RUN_TESTS("line_progress", tests);
}
