/* A listener that has no descriptor for who comes. */
#include "common/http/listener.h"
#include "tests/unit/run_tests.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOOK_MS = 300, TURNS_MAX = 100 /* far more than some timers take, far less than a loop that does not sleep */ };

static loop_t *loop;
static unsigned turns, accepted;

static void on_turn(void *arg)
{
    (void)arg;
    turns++;
}

static void on_accepted(void *arg, int fd)
{
    (void)arg;
    accepted++;
    close(fd);
    loop_stop(loop);
}

static void stop(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

/* A port that nobody listens at. */
static struct sockaddr_in free_address(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    close(fd);
    return address;
}

START_TEST(the_loop_sleeps_while_no_descriptor_is_left)
{
    char text[32];
    struct sockaddr_in address = free_address();
    struct rlimit before, none;
    snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(address.sin_port));
    loop = loop_new();
    listener_t *listener = listener_new(loop, text, false, on_accepted, NULL);
    loop_timer_t *timer = loop_timer_new(loop, stop, NULL);
    ck_assert_ptr_nonnull(listener);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    loop_turn_t *turn = loop_turn_new(loop, on_turn, NULL);
    loop_timer_start(timer, LOOK_MS, 0);
    loop_run(loop);
    ck_assert_uint_lt(turns, TURNS_MAX);
    ck_assert_uint_eq(accepted, 0);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    loop_run(loop);
    ck_assert_uint_eq(accepted, 1); /* it has waited */
    close(client);
    loop_turn_destroy(&turn);
    loop_timer_destroy(&timer);
    listener_destroy(&listener);
    loop_destroy(&loop);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("listener");
    tcase_add_test(tests, the_loop_sleeps_while_no_descriptor_is_left);
    return RUN_TESTS("listener", tests);
}
