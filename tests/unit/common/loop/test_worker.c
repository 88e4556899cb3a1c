#include "common/loop/worker.h"
#include "tests/unit/run_tests.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

enum { PATIENCE_MS = 30000 };

static loop_t *loop;
static worker_t *worker;
static pthread_t worked_on, told_on;
static int worked, told;
static sem_t gate, arrived;

static void set_up(void)
{
    worked = told = 0;
    sem_init(&gate, 0, 0);
    sem_init(&arrived, 0, 0);
    loop = loop_new();
    worker = worker_new(loop);
    ck_assert_ptr_nonnull(worker);
}

static void tear_down(void)
{
    worker_destroy(&worker);
    loop_destroy(&loop); /* asserts that nothing was left open */
    sem_destroy(&gate);
    sem_destroy(&arrived);
}

static void work(void *arg)
{
    ck_assert_ptr_eq(arg, &worked);
    worked_on = pthread_self();
    worked++;
}

static void work_at_the_gate(void *arg)
{
    (void)arg;
    sem_post(&arrived);
    sem_wait(&gate);
    worked++;
    sem_post(&arrived);
}

static void tell(void *arg)
{
    ck_assert_ptr_eq(arg, &worked);
    told_on = pthread_self();
    told++;
}

static void tell_and_stop(void *arg)
{
    tell(arg);
    loop_stop(loop);
}

static void tell_and_go_on(void *arg)
{
    tell(arg);
    ck_assert(!worker_busy(worker));
    worker_run(worker, work, told < 1000 ? tell_and_go_on : tell_and_stop, arg);
}

static void never(void *arg)
{
    (void)arg;
    ck_abort_msg("nobody is there to be told");
}

START_TEST(a_job_runs_on_a_thread_of_its_own_and_is_told_on_the_loop)
{
    worker_run(worker, work, tell_and_stop, &worked);
    ck_assert(worker_busy(worker));
    loop_run(loop);
    ck_assert_int_eq(worked, 1);
    ck_assert_int_eq(told, 1);
    ck_assert(!pthread_equal(worked_on, pthread_self()));
    ck_assert(pthread_equal(told_on, pthread_self()));
    ck_assert(!worker_busy(worker));
}
END_TEST

START_TEST(the_next_job_is_run_from_where_the_last_one_is_told)
{
    worker_run(worker, work, tell_and_go_on, &worked);
    loop_run(loop);
    ck_assert_int_eq(worked, 1001);
    ck_assert_int_eq(told, 1001);
}
END_TEST

START_TEST(whoever_waits_is_told_there_and_only_once)
{
    worker_run(worker, work, tell, &worked);
    ck_assert(worker_wait(worker, PATIENCE_MS));
    ck_assert_int_eq(told, 1);
    ck_assert(worker_wait(worker, 0)); /* nothing to wait for */
    worker_run(worker, work, tell_and_stop, &worked);
    loop_run(loop);
    ck_assert_int_eq(told, 2);
}
END_TEST

START_TEST(a_job_that_hangs_holds_up_nobody)
{
    worker_run(worker, work_at_the_gate, never, NULL);
    sem_wait(&arrived);
    ck_assert(!worker_wait(worker, 1));
    worker_destroy(&worker); /* returns although the job has not */
    ck_assert_int_eq(worked, 0);
    sem_post(&gate);
    sem_wait(&arrived);
    ck_assert_int_eq(worked, 1);
}
END_TEST

START_TEST(a_worker_without_a_job_ends)
{
    ck_assert(!worker_busy(worker));
    worker_destroy(&worker);
    ck_assert_ptr_null(worker);
    worker_destroy(&worker);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("worker");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_job_runs_on_a_thread_of_its_own_and_is_told_on_the_loop);
    tcase_add_test(tcase, the_next_job_is_run_from_where_the_last_one_is_told);
    tcase_add_test(tcase, whoever_waits_is_told_there_and_only_once);
    tcase_add_test(tcase, a_job_that_hangs_holds_up_nobody);
    tcase_add_test(tcase, a_worker_without_a_job_ends);
    tcase_set_timeout(tcase, 60);
    return RUN_TESTS("worker", tcase);
}
