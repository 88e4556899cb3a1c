/* Over a pair of sockets. */
#include "common/proxy/introduction.h"
#include "tests/unit/common/proxy/headers.h"

#include <sys/socket.h>
#include <unistd.h>

static introduction_t *introduction;
static int ours, theirs;
static ip_address_t client;

static void set_up(void)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    ours = ends[0];
    theirs = ends[1];
    introduction = introduction_new();
    ck_assert_ptr_nonnull(introduction);
    ck_assert(ip_address_read(TEXT("10.0.0.1"), &client));
}

static void tear_down(void)
{
    introduction_destroy(&introduction);
    close(ours);
    close(theirs);
}

static void say(text_t bytes)
{
    ck_assert_int_eq(send(theirs, bytes.at, bytes.length, 0), (ssize_t)bytes.length);
}

static introduction_result_t look(void)
{
    return introduction_read(introduction, ours, &client);
}

START_TEST(what_follows_the_header_is_left_to_whoever_goes_on)
{
    char room[16];
    say(TEXT(WITH_TLVS "GET /"));
    ck_assert_int_eq(look(), INTRODUCTION_DONE);
    check_client(&client, "192.0.2.7");
    ck_assert_int_eq(recv(ours, room, sizeof room, 0), 5);
    ck_assert(memcmp(room, "GET /", 5) == 0);
}
END_TEST

START_TEST(a_header_may_come_byte_by_byte)
{
    text_t header = TEXT(TCP6);
    for (size_t i = 0; i < header.length; i++) {
        ck_assert_int_eq(look(), INTRODUCTION_WAITS);
        say((text_t){header.at + i, 1});
    }
    ck_assert_int_eq(look(), INTRODUCTION_DONE);
    check_client(&client, "2001:db8::7");
}
END_TEST

START_TEST(the_longest_header_is_read_to_its_end)
{
    char header[PROXY_HEADER_MAX] = SIGNATURE "\x21\x11\x07\xf0\xc0\0\2\7\x7f\0\0\1\x1f\x90\0\x50", next;
    say((text_t){header, sizeof header - 1});
    ck_assert_int_eq(look(), INTRODUCTION_WAITS);
    say(TEXT("\0x"));
    ck_assert_int_eq(look(), INTRODUCTION_DONE);
    check_client(&client, "192.0.2.7");
    ck_assert_int_eq(recv(ours, &next, 1, 0), 1);
    ck_assert_int_eq(next, 'x');
}
END_TEST

START_TEST(the_proxy_itself_stays_who_it_is)
{
    say(TEXT(LOCAL));
    ck_assert_int_eq(look(), INTRODUCTION_DONE);
    check_client(&client, "10.0.0.1");
}
END_TEST

START_TEST(what_is_no_header_is_wrong_at_its_first_byte)
{
    say(TEXT("G"));
    ck_assert_int_eq(look(), INTRODUCTION_WRONG);
}
END_TEST

START_TEST(a_peer_that_goes_in_between_is_gone)
{
    say(text_cut(TEXT(TCP4), 20));
    ck_assert_int_eq(look(), INTRODUCTION_WAITS);
    shutdown(theirs, SHUT_WR);
    ck_assert_int_eq(look(), INTRODUCTION_ENDED);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {what_follows_the_header_is_left_to_whoever_goes_on,
                                  a_header_may_come_byte_by_byte,
                                  the_longest_header_is_read_to_its_end,
                                  the_proxy_itself_stays_who_it_is,
                                  what_is_no_header_is_wrong_at_its_first_byte,
                                  a_peer_that_goes_in_between_is_gone};
    return RUN_TESTS("introduction", TEST_CASE(set_up, tear_down, tests));
}
