/* How every unit test's main ends:
 *
 *     return RUN_TESTS("table", tests);                                      cases, one or more
 *     return RUN_TESTS("table", TEST_CASE(set_up, tear_down, tests));        of an array of tests
 */
#pragma once

#include <check.h>
#include <stdlib.h>

/* Runs the suite as CK_VERBOSITY and its like say, and frees it. */
static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Takes the cases, up to a NULL. */
static inline int run_tests(const char *name, TCase *const *cases)
{
    Suite *suite = suite_create(name);
    for (; *cases; cases++)
        suite_add_tcase(suite, *cases);
    return run_suite(suite);
}

#define RUN_TESTS(name, ...) run_tests(name, (TCase *const[]){__VA_ARGS__, NULL})

/* `before` and `after` are called around each test; NULL: nothing is. timeout_s is of each; 0: Check's own. */
static inline TCase *test_case(const char *name, void (*before)(void), void (*after)(void), double timeout_s,
                               const TTest *const *tests, size_t count)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, before, after);
    if (timeout_s > 0)
        tcase_set_timeout(tcase, timeout_s);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
    return tcase;
}

#define TEST_CASE(set_up, tear_down, tests) TEST_CASE_WITHIN(0, set_up, tear_down, tests)
#define TEST_CASE_WITHIN(timeout_s, set_up, tear_down, tests)                                                                  \
    test_case("tests", set_up, tear_down, timeout_s, tests, sizeof tests / sizeof *tests)
