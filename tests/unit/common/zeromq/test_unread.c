/* What waits for a peer, counted from the making of a message to its end. */
#include "common/zeromq/unread.h"
#include "tests/unit/run_tests.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { LIMIT = 1000, MANY = 10000 };

static unread_t *unread;
static zmq_msg_t message;

static void set_up(void)
{
    unread = unread_new(LIMIT);
    ck_assert_ptr_nonnull(unread);
}

static void tear_down(void)
{
    unread_destroy(&unread);
}

static text_t body_of(size_t length)
{
    static char bytes[2 * LIMIT];
    memset(bytes, 'x', sizeof bytes);
    return (text_t){bytes, length};
}

static bool take(const char *peer, size_t length)
{
    return unread_message(unread, text_of(peer), 0, body_of(length), &message);
}

START_TEST(a_message_counts_until_it_is_closed)
{
    text_t answer = TEXT("an answer");
    ck_assert(unread_message(unread, TEXT("a"), 0, answer, &message));
    ck_assert(text_equal((text_t){zmq_msg_data(&message), zmq_msg_size(&message)}, answer));
    ck_assert_uint_eq(unread_bytes(unread, TEXT("a")), answer.length);
    zmq_msg_close(&message);
    ck_assert_uint_eq(unread_bytes(unread, TEXT("a")), 0);
    ck_assert(unread_message(unread, TEXT("a"), 0, TEXT(""), &message));
    zmq_msg_close(&message);
}
END_TEST

START_TEST(what_goes_beyond_the_limit_of_a_peer_is_refused)
{
    zmq_msg_t first;
    ck_assert(unread_message(unread, TEXT("a"), 0, body_of(LIMIT - 1), &first));
    ck_assert(!take("a", 2));
    ck_assert(take("b", LIMIT));
    zmq_msg_close(&message);
    ck_assert(take("a", 1));
    zmq_msg_close(&message);
    zmq_msg_close(&first);
    ck_assert(take("a", 2));
    zmq_msg_close(&message);
}
END_TEST

START_TEST(one_that_is_longer_than_the_limit_is_taken_alone)
{
    zmq_msg_t first;
    ck_assert(unread_message(unread, TEXT("a"), 0, body_of(LIMIT + 1), &first));
    ck_assert(!take("a", 1));
    zmq_msg_close(&first);
    ck_assert(take("a", 1));
    zmq_msg_close(&message);
}
END_TEST

START_TEST(peers_for_whom_something_waits_are_remembered_while_many_come_and_go)
{
    static zmq_msg_t kept[100];
    char peer[16];
    for (size_t i = 0; i < MANY; i++) {
        snprintf(peer, sizeof peer, "%zu", i);
        ck_assert(unread_message(unread, text_of(peer), 0, body_of(10), i < 100 ? &kept[i] : &message));
        if (i >= 100)
            zmq_msg_close(&message);
    }
    ck_assert_uint_le(unread_peers(unread), 2 * 100);
    for (size_t i = 0; i < 100; i++) {
        snprintf(peer, sizeof peer, "%zu", i);
        ck_assert_uint_eq(unread_bytes(unread, text_of(peer)), 10);
        zmq_msg_close(&kept[i]);
    }
}
END_TEST

START_TEST(a_message_may_outlive_the_account)
{
    ck_assert(take("a", 10));
    unread_destroy(&unread);
    ck_assert_uint_eq(zmq_msg_size(&message), 10);
    zmq_msg_close(&message);
}
END_TEST

static void *close_all(void *arg)
{
    zmq_msg_t *messages = arg;
    for (size_t i = 0; i < MANY; i++)
        zmq_msg_close(&messages[i]);
    return NULL;
}

START_TEST(another_thread_closes_them)
{
    static zmq_msg_t messages[MANY];
    pthread_t thread;
    unread_destroy(&unread);
    unread = unread_new((size_t)2 * MANY * 10);
    for (size_t i = 0; i < MANY; i++)
        ck_assert(unread_message(unread, TEXT("a"), 0, body_of(10), &messages[i]));
    ck_assert_int_eq(pthread_create(&thread, NULL, close_all, messages), 0);
    for (size_t i = 0; i < MANY; i++) {
        ck_assert(take("a", 10));
        zmq_msg_close(&message);
    }
    pthread_join(thread, NULL);
    ck_assert_uint_eq(unread_bytes(unread, TEXT("a")), 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("unread");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_message_counts_until_it_is_closed);
    tcase_add_test(tests, what_goes_beyond_the_limit_of_a_peer_is_refused);
    tcase_add_test(tests, one_that_is_longer_than_the_limit_is_taken_alone);
    tcase_add_test(tests, peers_for_whom_something_waits_are_remembered_while_many_come_and_go);
    tcase_add_test(tests, a_message_may_outlive_the_account);
    tcase_add_test(tests, another_thread_closes_them);
    return RUN_TESTS("unread", tests);
}
