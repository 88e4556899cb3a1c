/* Real ZeroMQ sockets of one process on one loop, over ipc in a folder of the test's own. */
#include "common/log.h"
#include "common/zeromq/guard.h"
#include "common/zeromq/guard_report.h"
#include "common/zeromq/socket.h"
#include "common/zeromq/zap.h"
#include "tests/unit/run_tests.h"
#include "tests/unit/temporary_folder.h"

#include <czmq.h>
#include <stdio.h>
#include <stdlib.h>

enum { CROWD = ZAP_WAITING + 20, GUARD_MS = 20000, QUEUE = 1000 };

static folder_t folder;
static char endpoint[128];
static loop_t *loop;
static loop_timer_t *guard;
static socket_t *server;
static int asked, wanted;

static void on_guard(void *arg)
{
    (void)arg;
    ck_abort_msg("no end after %d ms: %d questions", GUARD_MS, asked);
}

static void on_request(void *arg, text_t asker, text_t body, size_t parts)
{
    (void)arg;
    ck_assert_uint_eq(parts, 1);
    ck_assert(socket_answer(server, asker, body));
    if (++asked == wanted)
        loop_stop(loop);
}

static const socket_events_t answering = {.on_request = on_request};

static void serve(void)
{
    server = socket_new(loop, SOCKET_ROUTER, QUEUE, &answering, NULL);
    ck_assert(socket_bind(server, endpoint));
}

static void set_up(void)
{
    folder = folder_new();
    snprintf(endpoint, sizeof endpoint, "ipc://%s/socket", folder.path);
    loop = loop_new();
    guard = loop_timer_new(loop, on_guard, NULL);
    loop_timer_start(guard, GUARD_MS, 0);
    asked = 0;
    serve();
}

static void tear_down(void)
{
    socket_destroy(&server);
    loop_timer_destroy(&guard);
    loop_destroy(&loop);
    folder_remove(&folder);
}

static zsock_t *peer_named(const char *name)
{
    zsock_t *peer = zsock_new(ZMQ_DEALER);
    zsock_set_identity(peer, name);
    zsock_set_rcvtimeo(peer, GUARD_MS);
    ck_assert_int_eq(zsock_connect(peer, "%s", endpoint), 0);
    return peer;
}

static void ask(zsock_t *peer, const char *question)
{
    ck_assert_int_eq(zmq_send(zsock_resolve(peer), "", 0, ZMQ_SNDMORE), 0);
    ck_assert_int_eq(zmq_send(zsock_resolve(peer), question, strlen(question), 0), strlen(question));
}

static void assert_answered(zsock_t *peer, const char *expected)
{
    char answer[16] = "";
    ck_assert_int_eq(zmq_recv(zsock_resolve(peer), answer, 1, 0), 0);
    ck_assert_int_gt(zmq_recv(zsock_resolve(peer), answer, sizeof answer - 1, 0), 0);
    ck_assert_str_eq(answer, expected);
}

START_TEST(peers_of_one_name_are_each_answered)
{
    zsock_t *one = peer_named("name"), *other = peer_named("name");
    wanted = 2;
    ask(one, "one");
    ask(other, "other");
    ck_assert_int_eq(loop_run(loop), 0);
    assert_answered(one, "one");
    assert_answered(other, "other");
    zsock_destroy(&one);
    zsock_destroy(&other);
}
END_TEST

START_TEST(a_crowd_that_comes_at_once_is_let_in)
{
    static zsock_t *peers[CROWD];
    char name[16];
    for (int i = 0; i < CROWD; i++) {
        snprintf(name, sizeof name, "%d", i);
        peers[i] = peer_named(name);
        ask(peers[i], name);
    }
    wanted = CROWD;
    ck_assert_int_eq(loop_run(loop), 0);
    for (int i = 0; i < CROWD; i++) {
        snprintf(name, sizeof name, "%d", i);
        assert_answered(peers[i], name);
        zsock_destroy(&peers[i]);
    }
}
END_TEST

START_TEST(a_service_that_follows_another_at_once_is_asked_about_its_connections_too)
{
    socket_destroy(&server);
    snprintf(endpoint, sizeof endpoint, "ipc://%s/other", folder.path);
    serve();
    zsock_t *one = peer_named("name"), *other = peer_named("name");
    wanted = 2;
    ask(one, "one");
    ask(other, "other");
    ck_assert_int_eq(loop_run(loop), 0);
    zsock_destroy(&one);
    zsock_destroy(&other);
}
END_TEST

static uint64_t heard_of;
static int heard;

static void on_peer(void *arg, uint64_t peer, const text_t *frames, size_t count)
{
    (void)arg, (void)frames, (void)count;
    ck_assert(heard == 0 || peer == heard_of);
    heard_of = peer;
    if (++heard == wanted)
        loop_stop(loop);
}

static int64_t once_an_hour(void *arg)
{
    (void)arg;
    return 3600 * INT64_C(1000000000);
}

static const socket_events_t paced = {.name = "paced", .on_peer = on_peer, .pace_ns = once_an_hour};

static void stop_at_two(void *arg)
{
    buffer_t text = buffer_new(0);
    metrics_t metrics = {.out = &text};
    (void)arg;
    guard_metrics(&metrics);
    buffer_append(&text, (text_t){"", 1});
    if (strstr(buffer_text(&text).at, "dataflow_peers{socket=\"paced\"} 2"))
        loop_stop(loop);
    buffer_release(&text);
}

static zsock_t *subscriber(void)
{
    zsock_t *peer = zsock_new_sub(endpoint, "a");
    ck_assert_ptr_nonnull(peer);
    return peer;
}

/* The second one has been accepted when the first says something more, and would be heard before. */
START_TEST(connections_to_a_publisher_come_at_its_pace)
{
    snprintf(endpoint, sizeof endpoint, "ipc://%s/bus", folder.path);
    socket_t *bus = socket_new(loop, SOCKET_XPUB, QUEUE, &paced, NULL);
    ck_assert(socket_bind(bus, endpoint));
    zsock_t *first = subscriber();
    heard = 0;
    wanted = 1;
    ck_assert_int_eq(loop_run(loop), 0);
    zsock_t *second = subscriber();
    loop_timer_t *look = loop_timer_new(loop, stop_at_two, NULL);
    loop_timer_start(look, 0, 10);
    ck_assert_int_eq(loop_run(loop), 0);
    loop_timer_destroy(&look);
    wanted = 2;
    zsock_set_subscribe(first, "b");
    ck_assert_int_eq(loop_run(loop), 0);
    zsock_destroy(&first);
    zsock_destroy(&second);
    socket_destroy(&bus);
}
END_TEST

int main(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    TCase *tests = tcase_create("zap");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, peers_of_one_name_are_each_answered);
    tcase_add_test(tests, a_crowd_that_comes_at_once_is_let_in);
    tcase_add_test(tests, a_service_that_follows_another_at_once_is_asked_about_its_connections_too);
    tcase_add_test(tests, connections_to_a_publisher_come_at_its_pace);
    int status = RUN_TESTS("zap", tests);
    socket_shutdown();
    return status;
}
