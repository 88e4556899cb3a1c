#include "common/config/reload.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "common/log.h"
#include "tests/unit/run_tests.h"

enum { LOGGED_MAX = 1 << 16 };

static char file_name[32];
static char *environment[] = {NULL};
static loop_t *loop;
static config_t *started;
static sd_notify_t *sd_notify;
static reload_t *reload;
static int log_end, kept_stderr; /* the log goes through a pipe */
static int64_t applied;          /* gatewayd.subscriptions, by the last apply */

static void write_config(const char *json)
{
    FILE *file = fopen(file_name, "w");
    ck_assert_ptr_nonnull(file);
    fputs(json, file);
    fclose(file);
}

static bool takes(void *arg, const config_t *config, const char *key)
{
    (void)arg, (void)config;
    return strcmp(key, "gatewayd.subscriptions") == 0;
}

static void apply(void *arg, const config_t *config)
{
    (void)arg;
    applied = config_integer(config, "gatewayd.subscriptions");
}

static const reload_events_t events = {.section = "gatewayd", .takes = takes, .apply = apply};

static void set_up(void)
{
    int ends[2];
    static const char *const settings[] = {"gatewayd.clients=77"};
    snprintf(file_name, sizeof file_name, "/tmp/test_reload.XXXXXX");
    close(mkstemp(file_name));
    write_config("{\"gatewayd\": {\"subscriptions\": 5}}");
    unsetenv("NOTIFY_SOCKET");
    log_open("test", LOG_LEVEL_INFO, LOG_FORMAT_HUMAN);
    loop = loop_new();
    started = config_load(file_name, settings, 1, environment);
    sd_notify = sd_notify_new(loop);
    reload = reload_new(loop, started, sd_notify, &events, NULL);
    ck_assert_ptr_nonnull(reload);
    ck_assert_int_eq(pipe(ends), 0);
    log_end = ends[0];
    kept_stderr = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    applied = -1;
}

static void tear_down(void)
{
    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    close(log_end);
    unlink(file_name);
    reload_destroy(&reload);
    sd_notify_destroy(&sd_notify);
    config_destroy(&started);
    loop_destroy(&loop);
}

static void never(void *arg)
{
    (void)arg;
    ck_abort();
}

/* One turn of the loop, in which it hears of signals that came before: they are in libuv's pipe. */
static void turn(void)
{
    loop_timer_t *reason_to_live = loop_timer_new(loop, never, NULL);
    loop_timer_start(reason_to_live, 1000000, 0);
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    loop_timer_destroy(&reason_to_live);
}

/* What is logged when the process is hung up with that configuration. */
static const char *hung_up(const char *json)
{
    static char logged[LOGGED_MAX];
    write_config(json);
    raise(SIGHUP);
    turn();
    fputs("\n", stderr); /* so that ours is never empty */
    ssize_t length = read(log_end, logged, sizeof logged - 1);
    ck_assert_int_gt(length, 0);
    logged[length] = '\0';
    return logged;
}

static void assert_logged(const char *logged, const char *expected)
{
    ck_assert_msg(strstr(logged, expected) != NULL, "expected: %s\nlogged: %s", expected, logged);
}

static void assert_not_logged(const char *logged, const char *unexpected)
{
    ck_assert_msg(strstr(logged, unexpected) == NULL, "not expected: %s\nlogged: %s", unexpected, logged);
}

START_TEST(what_the_process_takes_is_applied_and_named)
{
    const char *logged = hung_up("{\"gatewayd\": {\"subscriptions\": 6}}");
    ck_assert_int_eq(applied, 6);
    assert_logged(logged, "config: changed key=gatewayd.subscriptions\n");
    assert_not_logged(logged, "restart");
    logged = hung_up("{\"gatewayd\": {\"subscriptions\": 6}}");
    assert_not_logged(logged, "config: changed");
    logged = hung_up("{\"gatewayd\": {\"subscriptions\": 5}}"); /* as at the start, but not as it is */
    ck_assert_int_eq(applied, 5);
    assert_logged(logged, "config: changed key=gatewayd.subscriptions\n");
}
END_TEST

START_TEST(what_it_does_not_take_needs_a_restart_until_it_is_as_it_was)
{
    const char *logged = hung_up("{\"gatewayd\": {\"subscriptions\": 5, \"listen\": \"127.0.0.1:1\"}}");
    assert_logged(logged, "config: needs a restart key=gatewayd.listen\n");
    assert_not_logged(logged, "changed");
    logged = hung_up("{\"gatewayd\": {\"subscriptions\": 5, \"listen\": \"127.0.0.1:1\"}}");
    assert_logged(logged, "config: needs a restart key=gatewayd.listen\n");
    logged = hung_up("{\"gatewayd\": {\"subscriptions\": 5}}");
    assert_not_logged(logged, "gatewayd.listen");
}
END_TEST

START_TEST(other_processes_sections_are_no_concern)
{
    const char *logged =
        hung_up("{\"gatewayd\": {\"subscriptions\": 5}, \"cached\": {\"trades\": 3}, \"connectord\": {\"sources\": []}}");
    assert_not_logged(logged, "key=");
}
END_TEST

START_TEST(what_the_command_line_sets_stays_over_the_file)
{
    const char *logged = hung_up("{\"gatewayd\": {\"subscriptions\": 5, \"clients\": 3}}");
    assert_not_logged(logged, "key=");
}
END_TEST

START_TEST(the_log_level_changes_in_every_process_and_both_changes_are_told)
{
    const char *logged = hung_up("{\"gatewayd\": {\"subscriptions\": 5}, \"log\": {\"level\": \"error\"}}");
    assert_logged(logged, "config: changed key=log.level\n");
    ck_assert(!log_enabled(LOG_LEVEL_WARN));
    logged = hung_up("{\"gatewayd\": {\"subscriptions\": 5}, \"log\": {\"level\": \"debug\"}}");
    assert_logged(logged, "config: changed key=log.level\n");
    ck_assert(log_enabled(LOG_LEVEL_DEBUG));
    logged = hung_up("{\"gatewayd\": {\"subscriptions\": 5}}");
    assert_logged(logged, "config: changed key=log.level\n");
    ck_assert(!log_enabled(LOG_LEVEL_DEBUG));
    logged = hung_up("{\"gatewayd\": {\"subscriptions\": 5}, \"log\": {\"format\": \"json\"}}");
    assert_logged(logged, "config: needs a restart key=log.format\n");
}
END_TEST

START_TEST(mistakes_are_all_named_and_change_nothing)
{
    const char *logged = hung_up("{\"gatewayd\": {\"subscriptions\": 0, \"listen\": 7}, \"log\": {\"level\": \"debug\"}}");
    assert_logged(logged, "config: mistake found=\"gatewayd.subscriptions: expected an integer from 1 to 1000000, found 0");
    assert_logged(logged, "config: mistake found=\"gatewayd.listen: expected HOST:PORT, found 7");
    assert_logged(logged, "config: unchanged\n");
    ck_assert_int_eq(applied, -1);
    ck_assert(!log_enabled(LOG_LEVEL_DEBUG));
}
END_TEST

START_TEST(a_file_that_is_gone_changes_nothing)
{
    write_config("");
    unlink(file_name);
    raise(SIGHUP);
    turn();
    ck_assert_int_eq(applied, -1);
    assert_logged(hung_up("{\"gatewayd\": {\"subscriptions\": 6}}"), "can't be read");
    ck_assert_int_eq(applied, 6);
}
END_TEST

START_TEST(nobody_heeds_the_signal_after_the_end)
{
    reload_destroy(&reload);
    assert_not_logged(hung_up("{\"gatewayd\": {\"subscriptions\": 6}}"), "config");
    ck_assert_int_eq(applied, -1);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("reload");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, what_the_process_takes_is_applied_and_named);
    tcase_add_test(tests, what_it_does_not_take_needs_a_restart_until_it_is_as_it_was);
    tcase_add_test(tests, other_processes_sections_are_no_concern);
    tcase_add_test(tests, what_the_command_line_sets_stays_over_the_file);
    tcase_add_test(tests, the_log_level_changes_in_every_process_and_both_changes_are_told);
    tcase_add_test(tests, mistakes_are_all_named_and_change_nothing);
    tcase_add_test(tests, a_file_that_is_gone_changes_nothing);
    tcase_add_test(tests, nobody_heeds_the_signal_after_the_end);
    return RUN_TESTS("reload", tests);
}
