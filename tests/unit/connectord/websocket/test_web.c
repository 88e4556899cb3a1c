/* libwebsockets closes the file descriptor of its wake-up event twice when it ends: whatever another thread opened in between, and got that
 * number for, would be closed beneath it. Here that other thread is played by close() itself. */
#include "connectord/websocket/web.h"
#include "tests/unit/run_tests.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { OPENED_MAX = 16 };

static bool watching;
static int opened[OPENED_MAX];
static size_t opened_count;

static bool is_event(int fd)
{
    static const char event[] = "anon_inode:[eventfd]";
    char path[64], name[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(path, name, sizeof name);
    return length == (ssize_t)strlen(event) && memcmp(name, event, strlen(event)) == 0;
}

/* In place of libc's. Somebody opens a file as soon as an event is closed. */
int close(int fd)
{
    bool opens = watching && is_event(fd) && opened_count < OPENED_MAX;
    int rc = (int)syscall(SYS_close, fd);
    if (opens)
        opened[opened_count++] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return rc;
}

START_TEST(what_others_open_while_it_ends_stays_open)
{
    loop_t *loop = loop_new();
    web_t *web = web_new(loop, 1024);
    ck_assert_ptr_nonnull(web);
    watching = true;
    web_destroy(&web);
    watching = false;
    ck_assert_uint_gt(opened_count, 0);
    for (size_t i = 0; i < opened_count; i++) {
        ck_assert_msg(fcntl(opened[i], F_GETFD) != -1, "file %d was closed", opened[i]);
        close(opened[i]);
    }
    loop_destroy(&loop);
}
END_TEST

START_TEST(it_leaves_no_file_open)
{
    int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(before);
    for (int i = 0; i < 3; i++) {
        loop_t *loop = loop_new();
        web_t *web = web_new(loop, 1024);
        web_destroy(&web);
        loop_destroy(&loop);
    }
    int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(after);
    ck_assert_int_le(after, before + 3); /* libuv keeps its pair for signals, libwebsockets its source of random numbers */
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("web");
    tcase_add_test(tcase, what_others_open_while_it_ends_stays_open);
    tcase_add_test(tcase, it_leaves_no_file_open);
    return RUN_TESTS("web", tcase);
}
