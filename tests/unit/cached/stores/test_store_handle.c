#include "cached/stores/store_handle.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

static struct {
    int opens, closes, jobs;
    store_result_t opening, working;
} seen;

static store_result_t open_seen(const char *url, void **self, char *error)
{
    seen.opens++;
    *self = seen.opening == STORE_OK ? &seen : NULL;
    if (seen.opening != STORE_OK)
        snprintf(error, STORE_ERROR_MAX, "can't open %s", url);
    return seen.opening;
}

static void close_seen(void *self)
{
    ck_assert_ptr_eq(self, &seen);
    seen.closes++;
}

static const store_kind_t seen_kind = {.scheme = "seen", .open = open_seen, .close = close_seen};

static store_result_t job(void *arg, const store_kind_t *kind, void *store, char *error)
{
    ck_assert_ptr_eq(kind, &seen_kind);
    ck_assert_ptr_eq(store, &seen);
    ++*(int *)arg;
    if (seen.working != STORE_OK)
        snprintf(error, STORE_ERROR_MAX, "can't work");
    return seen.working;
}

static store_handle_t handle;
static char error[STORE_ERROR_MAX];

static void set_up(void)
{
    handle = (store_handle_t){.kind = &seen_kind, .url = "seen:"};
    error[0] = '\0';
}

static store_result_t use(void)
{
    return store_handle_use(&handle, job, &seen.jobs, error);
}

START_TEST(it_opens_once_and_stays_open_while_all_goes_well)
{
    ck_assert_int_eq(use(), STORE_OK);
    ck_assert_int_eq(use(), STORE_OK);
    ck_assert_int_eq(seen.opens, 1);
    ck_assert_int_eq(seen.jobs, 2);
    ck_assert_int_eq(seen.closes, 0);
    store_handle_close(&handle);
    store_handle_close(&handle);
    ck_assert_int_eq(seen.closes, 1);
}
END_TEST

START_TEST(without_a_store_there_is_no_job)
{
    seen.opening = STORE_REFUSED;
    ck_assert_int_eq(use(), STORE_REFUSED);
    ck_assert_str_eq(error, "can't open seen:");
    ck_assert_int_eq(seen.jobs, 0);
    ck_assert_int_eq(seen.closes, 0);
}
END_TEST

START_TEST(after_a_failure_it_is_opened_again)
{
    seen.working = STORE_AWAY;
    ck_assert_int_eq(use(), STORE_AWAY);
    ck_assert_str_eq(error, "can't work");
    ck_assert_int_eq(seen.closes, 1);
    seen.working = STORE_OK;
    ck_assert_int_eq(use(), STORE_OK);
    ck_assert_int_eq(seen.opens, 2);
    ck_assert_int_eq(seen.closes, 1);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("store_handle");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, it_opens_once_and_stays_open_while_all_goes_well);
    tcase_add_test(tests, without_a_store_there_is_no_job);
    tcase_add_test(tests, after_a_failure_it_is_opened_again);
    return RUN_TESTS("store_handle", tests);
}
