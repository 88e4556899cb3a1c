#include "common/loop/sd_notify.h"
#include "tests/unit/run_tests.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000 };

static loop_t *loop;
static int ear = -1; /* the supervisor's end */
static char name[64];

static void listen_as(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(name, sizeof name, "%s", path);
    memcpy(address.sun_path, name, strlen(name));
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    ear = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    ck_assert_int_eq(bind(ear, (struct sockaddr *)&address, size), 0);
    setenv("NOTIFY_SOCKET", name, 1);
}

static void set_up(void)
{
    char path[32];
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    loop = loop_new();
    snprintf(path, sizeof path, "@test_supervisor.%d", (int)getpid());
    listen_as(path);
}

static void tear_down(void)
{
    close(ear);
    loop_destroy(&loop);
}

/* The next datagram, or "" when there is none. */
static const char *heard(void)
{
    static char state[128];
    ssize_t length = recv(ear, state, sizeof state - 1, MSG_DONTWAIT);
    state[length > 0 ? length : 0] = '\0';
    return state;
}

static void give_up(void *arg)
{
    (void)arg;
    loop_fail(loop);
}

/* Runs the loop until so many datagrams "WATCHDOG=1" have come; false when they do not. */
static int wanted;
static void look(void *arg)
{
    (void)arg;
    if (strcmp(heard(), "WATCHDOG=1") == 0 && --wanted == 0)
        loop_stop(loop);
}

static bool signs_of_life(int count)
{
    wanted = count;
    loop_timer_t *ears = loop_timer_new(loop, look, NULL), *patience = loop_timer_new(loop, give_up, NULL);
    loop_timer_start(ears, 1, 1);
    loop_timer_start(patience, PATIENCE_MS, 0);
    int rc = loop_run(loop);
    loop_timer_destroy(&ears);
    loop_timer_destroy(&patience);
    return rc == 0;
}

START_TEST(each_state_is_one_datagram)
{
    sd_notify_t *sd_notify = sd_notify_new(loop);
    ck_assert_ptr_nonnull(sd_notify);
    ck_assert_str_eq(heard(), ""); /* not ready before it says so */
    sd_notify_ready(sd_notify);
    ck_assert_str_eq(heard(), "READY=1");
    sd_notify_reloading(sd_notify);
    ck_assert_int_eq(strncmp(heard(), "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
    sd_notify_ready(sd_notify);
    ck_assert_str_eq(heard(), "READY=1");
    sd_notify_stopping(sd_notify);
    ck_assert_str_eq(heard(), "STOPPING=1");
    ck_assert_str_eq(heard(), "");
    sd_notify_destroy(&sd_notify);
    ck_assert_ptr_null(sd_notify);
}
END_TEST

START_TEST(a_socket_may_have_a_path)
{
    char path[32];
    close(ear);
    snprintf(path, sizeof path, "/tmp/test_supervisor.%d", (int)getpid());
    listen_as(path);
    sd_notify_t *sd_notify = sd_notify_new(loop);
    sd_notify_ready(sd_notify);
    unlink(path);
    ck_assert_str_eq(heard(), "READY=1");
    sd_notify_destroy(&sd_notify);
}
END_TEST

START_TEST(without_a_supervisor_nobody_is_told)
{
    unsetenv("NOTIFY_SOCKET");
    setenv("WATCHDOG_USEC", "2000", 1);
    sd_notify_t *sd_notify = sd_notify_new(loop);
    ck_assert_ptr_nonnull(sd_notify);
    sd_notify_ready(sd_notify);
    sd_notify_stopping(sd_notify);
    ck_assert_str_eq(heard(), "");
    sd_notify_destroy(&sd_notify);
}
END_TEST

static const char *const bad_names[] = {"relative", "@nobody-is-here", "/nobody/is/here",
                                        "/0123456789012345678901234567890123456789012345678901234567890123456789"
                                        "0123456789012345678901234567890123456789"};

START_TEST(a_socket_that_can_not_be_used_stops_the_start)
{
    setenv("NOTIFY_SOCKET", bad_names[_i], 1);
    ck_assert_ptr_null(sd_notify_new(loop));
}
END_TEST

START_TEST(the_watchdog_is_fed_again_and_again_once_ready)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("WATCHDOG_USEC", "20000", 1);
    setenv("WATCHDOG_PID", pid, 1);
    sd_notify_t *sd_notify = sd_notify_new(loop);
    sd_notify_ready(sd_notify);
    ck_assert_str_eq(heard(), "READY=1");
    ck_assert(signs_of_life(3));
    sd_notify_destroy(&sd_notify);
}
END_TEST

static const char *const not_watched[][2] = {{NULL, NULL}, {"0", NULL}, {"soon", NULL}, {"20000", "1"}, {"20000", "me"}};

/* Something that is not watched has no timer; a loop without one does not run. */
START_TEST(who_is_not_watched_gives_no_sign)
{
    if (not_watched[_i][0])
        setenv("WATCHDOG_USEC", not_watched[_i][0], 1);
    if (not_watched[_i][1])
        setenv("WATCHDOG_PID", not_watched[_i][1], 1);
    sd_notify_t *sd_notify = sd_notify_new(loop);
    sd_notify_ready(sd_notify);
    ck_assert_str_eq(heard(), "READY=1");
    loop_timer_t *end = loop_timer_new(loop, give_up, NULL);
    loop_timer_start(end, 100, 0);
    loop_run(loop);
    loop_timer_destroy(&end);
    ck_assert_str_eq(heard(), "");
    sd_notify_destroy(&sd_notify);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("sd_notify");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, each_state_is_one_datagram);
    tcase_add_test(tests, a_socket_may_have_a_path);
    tcase_add_test(tests, without_a_supervisor_nobody_is_told);
    tcase_add_loop_test(tests, a_socket_that_can_not_be_used_stops_the_start, 0, sizeof bad_names / sizeof *bad_names);
    tcase_add_test(tests, the_watchdog_is_fed_again_and_again_once_ready);
    tcase_add_loop_test(tests, who_is_not_watched_gives_no_sign, 0, sizeof not_watched / sizeof *not_watched);
    return RUN_TESTS("sd_notify", tests);
}
