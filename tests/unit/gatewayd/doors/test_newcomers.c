/* Connections that wait to be opened. */
#include "tests/unit/gateway_fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include "gatewayd/doors/newcomers.h"

static loop_t *loop;
static newcomers_t *newcomers;
static char opened[200];
static size_t count, expected;

static void on_open(void *arg, byte_stream_t stream, text_t answer, text_t behind)
{
    size_t used = strlen(opened);
    snprintf(opened + used, sizeof opened - used, "%s:%.*s:%.*s ", (const char *)arg, TEXT_ARG(answer), TEXT_ARG(behind));
    byte_stream_close(&stream);
    if (++count == expected)
        loop_stop(loop);
}

static byte_stream_t a_connection(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    return (byte_stream_t){.fd = fd};
}

static void set_up(void)
{
    loop = loop_new();
    newcomers = newcomers_new(loop, on_open);
    ck_assert_ptr_nonnull(newcomers);
    opened[0] = '\0';
    count = 0;
}

static void tear_down(void)
{
    newcomers_destroy(&newcomers);
    loop_destroy(&loop);
}

START_TEST(they_are_opened_in_the_order_in_which_they_came_with_what_was_read_already)
{
    static char names[3][2] = {"a", "b", "c"};
    expected = 3;
    for (size_t i = 0; i < 3; i++)
        ck_assert_ptr_nonnull(
            newcomers_add(newcomers, a_connection(), TEXT("101"), i == 1 ? TEXT("frame") : TEXT(""), names[i]));
    ck_assert_str_eq(opened, ""); /* never from within */
    loop_run(loop);
    ck_assert_str_eq(opened, "a:101: b:101:frame c:101: ");
}
END_TEST

START_TEST(one_that_goes_before_is_closed_and_not_opened)
{
    static char names[2][2] = {"a", "b"};
    byte_stream_t stream = a_connection();
    newcomer_t *first = newcomers_add(newcomers, stream, TEXT("101"), TEXT(""), names[0]);
    ck_assert_ptr_nonnull(newcomers_add(newcomers, a_connection(), TEXT("101"), TEXT(""), names[1]));
    newcomer_cancel(&first);
    ck_assert_ptr_null(first);
    ck_assert_int_eq(fcntl(stream.fd, F_GETFD), -1);
    newcomer_cancel(&first); /* fine */
    expected = 1;
    loop_run(loop);
    ck_assert_str_eq(opened, "b:101: ");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {they_are_opened_in_the_order_in_which_they_came_with_what_was_read_already,
                                  one_that_goes_before_is_closed_and_not_opened};
    return RUN_TESTS("newcomers", TEST_CASE(set_up, tear_down, tests));
}
