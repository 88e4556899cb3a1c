/* Real ZeroMQ sockets of one process on one loop, over ipc in a folder of the test's own. */
#include "common/log.h"
#include "common/socket.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MANY = 5000, GUARD_MS = 20000 };

static char folder[] = "/tmp/test_socket.XXXXXX", endpoint[64];
static loop_t *loop;
static loop_timer_t *guard;
static socket_t *server, *client;
static int messages, drains, wanted;
static char last[64];

static void on_guard(void *arg)
{
    (void)arg;
    ck_abort_msg("no end after %d ms: %d messages", GUARD_MS, messages);
}

static void set_up(void)
{
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(endpoint, sizeof endpoint, "ipc://%s/socket", folder);
    loop = loop_new();
    guard = loop_timer_new(loop, on_guard, NULL);
    loop_timer_start(guard, GUARD_MS, 0);
    messages = drains = 0;
}

static void tear_down(void)
{
    socket_destroy(&client);
    socket_destroy(&server);
    loop_timer_destroy(&guard);
    loop_destroy(&loop);
    unlink(endpoint + strlen("ipc://"));
    rmdir(folder);
}

/* Stops the loop once `wanted` messages have come. */
static void count(void *arg, const text_t *frames, size_t frame_count)
{
    (void)arg;
    snprintf(last, sizeof last, "%zu:%.*s", frame_count, TEXT_ARG(frames[frame_count - 1]));
    if (++messages == wanted)
        loop_stop(loop);
}

static void drained(void *arg)
{
    (void)arg;
    drains++;
}

static const socket_events_t counting = {.on_message = count, .on_drained = drained};

/* An XPUB that answers each subscription with MANY messages on its topic. */
static void publish_many(void *arg, const text_t *frames, size_t frame_count)
{
    (void)arg;
    ck_assert_uint_eq(frame_count, 1);
    for (int i = 0; frames[0].at[0] == 1 && i < MANY; i++) { /* 0: its end */
        char number[16];
        text_t out[] = {TEXT("a.topic"), {number, (size_t)snprintf(number, sizeof number, "%d", i)}};
        ck_assert(socket_send(server, out, 2));
    }
}

static const socket_events_t publishing = {.on_message = publish_many};

START_TEST(a_burst_arrives_whole_although_zeromq_tells_only_of_its_beginning)
{
    server = socket_new(loop, SOCKET_XPUB, 2 * MANY, &publishing, NULL);
    client = socket_new(loop, SOCKET_SUB, 2 * MANY, &counting, NULL);
    ck_assert(socket_bind(server, endpoint));
    socket_subscribe(client, TEXT("a."));
    ck_assert(socket_connect(client, endpoint));
    wanted = MANY;
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_str_eq(last, "2:4999");
    ck_assert_int_ge(drains, MANY / SOCKET_BATCH - 1); /* in batches, so that others get their turn */
    ck_assert_int_lt(drains, MANY);
}
END_TEST

static void echo(void *arg, const text_t *frames, size_t frame_count)
{
    (void)arg;
    ck_assert(socket_send(server, frames, frame_count));
}

static const socket_events_t echoing = {.on_message = echo};

/* Asks again from within the answer: a send that eats the edge of the fd must not stall the next answer. */
static void ask_again(void *arg, const text_t *frames, size_t frame_count)
{
    count(arg, frames, frame_count);
    ck_assert(socket_send(client, frames, frame_count));
}

static const socket_events_t asking = {.on_message = ask_again};

static loop_timer_t *starter;

/* A DEALER takes nothing before it is connected. */
static void on_start(void *arg)
{
    text_t frames[] = {TEXT(""), TEXT("ping")};
    (void)arg;
    if (socket_send(client, frames, 2))
        loop_timer_stop(starter);
}

START_TEST(a_thousand_round_trips_do_not_stall)
{
    server = socket_new(loop, SOCKET_ROUTER, 100, &echoing, NULL);
    client = socket_new(loop, SOCKET_DEALER, 100, &asking, NULL);
    ck_assert(socket_bind(server, endpoint));
    text_t early[] = {TEXT(""), TEXT("early")};
    ck_assert_msg(!socket_send(client, early, 2), "nothing waits for a peer that is not there");
    ck_assert(socket_connect(client, endpoint));
    starter = loop_timer_new(loop, on_start, NULL);
    loop_timer_start(starter, 0, 5);
    wanted = 1000;
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_str_eq(last, "2:ping");
    loop_timer_destroy(&starter);
}
END_TEST

static void on_surplus(void *arg)
{
    text_t surplus[SOCKET_FRAMES + 1], good[] = {TEXT(""), TEXT("good")};
    (void)arg;
    for (size_t i = 0; i <= SOCKET_FRAMES; i++)
        surplus[i] = TEXT("x");
    if (!socket_send(client, surplus, SOCKET_FRAMES + 1))
        return;
    ck_assert(socket_send(client, good, 2));
    loop_timer_stop(starter);
}

START_TEST(a_message_of_too_many_frames_is_dropped_and_the_next_one_comes)
{
    server = socket_new(loop, SOCKET_ROUTER, 100, &counting, NULL);
    client = socket_new(loop, SOCKET_DEALER, 100, &counting, NULL);
    ck_assert(socket_bind(server, endpoint));
    ck_assert(socket_connect(client, endpoint));
    starter = loop_timer_new(loop, on_surplus, NULL);
    loop_timer_start(starter, 0, 5);
    wanted = 1;
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_str_eq(last, "3:good");
    loop_timer_destroy(&starter);
}
END_TEST

/* A subscriber that is behind, as on a busy machine: its loop stands still while its queue is full, for longer than a peer may leave pings
 * unanswered. libzmq then made the connection anew, and aborted the whole process when it read on (libzmq's issue 3937). */
enum { STANDSTILL_MS = 7500 };

static loop_t *far;

static void on_standstill(void *arg)
{
    (void)arg;
    loop_stop(far);
}

START_TEST(a_subscriber_that_was_far_behind_reads_on)
{
    far = loop_new();
    loop_timer_t *standstill = loop_timer_new(far, on_standstill, NULL);
    loop_timer_start(standstill, STANDSTILL_MS, 0);
    server = socket_new(far, SOCKET_XPUB, 2 * MANY, &publishing, NULL);
    client = socket_new(loop, SOCKET_SUB, 1, &counting, NULL);
    ck_assert(socket_bind(server, endpoint));
    socket_subscribe(client, TEXT("a."));
    ck_assert(socket_connect(client, endpoint));
    ck_assert_int_eq(loop_run(far), 0);
    socket_destroy(&server); /* what is under way comes, and nothing more */
    wanted = 10;
    ck_assert_int_eq(loop_run(loop), 0);
    loop_timer_destroy(&standstill);
    loop_destroy(&far);
}
END_TEST

START_TEST(a_connection_that_is_made_anew_keeps_its_subscriptions)
{
    server = socket_new(loop, SOCKET_XPUB, 2 * MANY, &publishing, NULL);
    client = socket_new(loop, SOCKET_SUB, 2 * MANY, &counting, NULL);
    ck_assert(socket_bind(server, endpoint));
    socket_subscribe(client, TEXT("a."));
    ck_assert(socket_connect(client, endpoint));
    wanted = MANY;
    ck_assert_int_eq(loop_run(loop), 0);
    messages = 0; /* each connection's subscription is answered by as many */
    ck_assert(socket_reconnect(client, endpoint));
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_str_eq(last, "2:4999");
}
END_TEST

START_TEST(an_address_that_is_none_is_refused)
{
    server = socket_new(loop, SOCKET_ROUTER, 100, &counting, NULL);
    client = socket_new(loop, SOCKET_ROUTER, 100, &counting, NULL);
    ck_assert(socket_bind(server, "tcp://127.0.0.1:*"));
    ck_assert(!socket_bind(client, "tcp://256.0.0.1:1"));
    ck_assert(!socket_connect(client, "nonsense"));
}
END_TEST

int main(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    Suite *suite = suite_create("socket");
    TCase *tests = tcase_create("socket");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_burst_arrives_whole_although_zeromq_tells_only_of_its_beginning);
    tcase_add_test(tests, a_thousand_round_trips_do_not_stall);
    tcase_add_test(tests, a_message_of_too_many_frames_is_dropped_and_the_next_one_comes);
    tcase_add_test(tests, a_subscriber_that_was_far_behind_reads_on);
    tcase_add_test(tests, a_connection_that_is_made_anew_keeps_its_subscriptions);
    tcase_add_test(tests, an_address_that_is_none_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    socket_shutdown();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
