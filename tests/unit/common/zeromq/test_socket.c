/* Real ZeroMQ sockets of one process on one loop, over ipc in a folder of the test's own.
 *
 * Over 400 lines, but one idea: one kind of socket after the other, on one fixture.
 */
#include "common/clock.h"
#include "common/log.h"
#include "common/zeromq/socket.h"
#include "tests/unit/run_tests.h"

#include <czmq.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MANY = 5000, FEW = 100, GUARD_MS = 20000, FDS = 1024, SILENCE_ENDS_MS = 30000 };

static char folder[] = "/tmp/test_socket.XXXXXX", endpoint[64];
static loop_t *loop;
static loop_timer_t *guard;
static socket_t *server, *client;
static int messages, drains, wanted, sent;
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
    messages = drains = sent = 0;
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

/* A subscriber that is behind, as on a busy machine: its loop stands still while its queue is full. If either side pinged, it would be cut off
 * for leaving pings unanswered, and libzmq would abort the process when it reads on (libzmq's issue 3937). The publisher has a loop of its
 * own, which goes on meanwhile and afterwards. */
enum { STANDSTILL_MS = 7500, PINGS_MS = 2500, TURN_MS = 1 };

static loop_t *far;
static loop_timer_t *far_end;

static void on_far_end(void *arg)
{
    (void)arg;
    loop_stop(far);
}

static void run_far(void *arg)
{
    (void)arg;
    loop_timer_start(far_end, TURN_MS, 0);
    ck_assert_int_eq(loop_run(far), 0);
}

static void read_to_the_last(void *arg, const text_t *frames, size_t frame_count)
{
    count(arg, frames, frame_count);
    if (text_equal(frames[frame_count - 1], TEXT("4999")))
        loop_stop(loop);
}

static const socket_events_t reading_to_the_last = {.on_message = read_to_the_last};

START_TEST(a_subscriber_that_was_far_behind_reads_on)
{
    far = loop_new();
    far_end = loop_timer_new(far, on_far_end, NULL);
    server = socket_new(far, SOCKET_XPUB, 2 * MANY, &publishing, NULL);
    client = socket_new(loop, SOCKET_SUB, FEW, &reading_to_the_last, NULL);
    ck_assert(socket_bind(server, endpoint));
    socket_subscribe(client, TEXT("a."));
    ck_assert(socket_connect(client, endpoint));
    loop_timer_start(far_end, STANDSTILL_MS, 0);
    ck_assert_int_eq(loop_run(far), 0);
    loop_timer_t *turns = loop_timer_new(loop, run_far, NULL);
    loop_timer_start(turns, 0, TURN_MS);
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_int_eq(messages, MANY); /* all of them by the one connection */
    loop_timer_destroy(&turns);
    socket_destroy(&server);
    loop_timer_destroy(&far_end);
    loop_destroy(&far);
}
END_TEST

/* A connection to a ROUTER stands when the loop has run: it is asked about. */
static zsock_t *connected_peer(void)
{
    zsock_t *peer = zsock_new_dealer(endpoint);
    ck_assert_int_eq(zmq_send(zsock_resolve(peer), "", 0, 0), 0);
    wanted = 1;
    ck_assert_int_eq(loop_run(loop), 0);
    messages = drains = sent = 0;
    return peer;
}

static void stop_at_good(void *arg, const text_t *frames, size_t frame_count)
{
    (void)arg;
    if (text_equal(frames[frame_count - 1], TEXT("good")))
        loop_stop(loop);
}

static const socket_events_t stopping_at_good = {.on_message = stop_at_good};

/* libzmq aborts where such a connection has broken, its queue is full, and there is a ping to send, once a second, or to answer. It tells nobody of
 * the end before the queue has been read, so that there is nothing to wait for but the pings that must not be. */
START_TEST(a_peer_that_floods_a_service_and_goes_does_not_take_it_with_it)
{
    char request[1024] = "";
    server = socket_new(loop, SOCKET_ROUTER, FEW, &stopping_at_good, NULL);
    ck_assert(socket_bind(server, endpoint));
    zsock_t *peer = zsock_new_dealer(endpoint), *other = zsock_new_dealer(endpoint);
    ck_assert_int_eq(zmq_send(zsock_resolve(peer), "good", 4, 0), 4);
    ck_assert_int_eq(loop_run(loop), 0);
    for (int i = 0; i < 10 * FEW; i++)
        ck_assert_int_eq(zmq_send(zsock_resolve(peer), request, sizeof request, 0), sizeof request);
    zsock_destroy(&peer);
    usleep(PINGS_MS * 1000);
    ck_assert_int_eq(zmq_send(zsock_resolve(other), "good", 4, 0), 4);
    ck_assert_int_eq(loop_run(loop), 0);
    zsock_destroy(&other);
}
END_TEST

START_TEST(requests_are_taken_in_small_batches_since_each_may_take_long)
{
    server = socket_new(loop, SOCKET_ROUTER, 2 * MANY, &counting, NULL);
    ck_assert(socket_bind(server, endpoint));
    zsock_t *peer = connected_peer();
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(zmq_send(zsock_resolve(peer), "", 0, 0), 0);
    wanted = MANY;
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_int_ge(drains, MANY / SOCKET_REQUESTS - 1);
    zsock_destroy(&peer);
}
END_TEST

/* FEW in all, as soon as there is a connection. */
static void send_few(void *arg)
{
    (void)arg;
    text_t frames[] = {TEXT(""), TEXT("request")};
    while (sent < FEW && socket_send(client, frames, 2))
        sent++;
}

/* All has been sent, and has had the time to come. */
static void on_later(void *arg)
{
    if (sent == FEW && ++*(int *)arg == 5)
        loop_stop(loop);
}

/* Each message takes longer than a turn may. */
static void take_long(void *arg, const text_t *frames, size_t frame_count)
{
    int64_t until_ns = clock_mono_ns() + 2 * SOCKET_TURN_US * (NS_PER_MS / 1000);
    while (clock_mono_ns() < until_ns)
        ;
    count(arg, frames, frame_count);
}

START_TEST(a_batch_ends_when_its_time_is_up_and_nothing_is_lost)
{
    static const socket_events_t long_ones = {.on_message = take_long, .on_drained = drained};
    static const socket_events_t none = {.on_message = count};
    client = socket_new(loop, SOCKET_DEALER, MANY, &none, NULL);
    server = socket_new(loop, SOCKET_ROUTER, MANY, &long_ones, NULL);
    ck_assert(socket_bind(server, endpoint) && socket_connect(client, endpoint));
    loop_timer_t *retry = loop_timer_new(loop, send_few, NULL);
    loop_timer_start(retry, 1, 1);
    wanted = FEW;
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_int_ge(drains, FEW - 1); /* one in a turn: the clock is looked at behind each that may take long */
    loop_timer_destroy(&retry);
}
END_TEST

START_TEST(a_socket_that_is_paused_takes_nothing_until_it_goes_on)
{
    client = socket_new(loop, SOCKET_DEALER, MANY, &counting, NULL);
    server = socket_new(loop, SOCKET_ROUTER, MANY, &counting, NULL);
    ck_assert(socket_bind(server, endpoint) && socket_connect(client, endpoint));
    socket_pause(server, true);
    loop_timer_t *retry = loop_timer_new(loop, send_few, NULL), *later = loop_timer_new(loop, on_later, &(int){0});
    loop_timer_start(retry, 1, 1);
    loop_timer_start(later, 20, 20);
    wanted = -1;
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_int_eq(messages, 0);
    socket_pause(server, false);
    wanted = FEW;
    ck_assert_int_eq(loop_run(loop), 0);
    loop_timer_destroy(&retry);
    loop_timer_destroy(&later);
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
    ck_assert(socket_reconnect(client));
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_str_eq(last, "2:4999");
}
END_TEST

static void on_linked(void *arg, bool up)
{
    (void)arg;
    if (up)
        loop_stop(loop);
}

static const socket_events_t linking = {.on_message = count, .on_link = on_linked};

/* Sends one that is too long once a connection stands, and waits until it breaks. */
static void send_too_long(void *arg, bool up)
{
    static char frame[SOCKET_REQUEST_BYTES + 1];
    (void)arg;
    if (up)
        ck_assert(socket_send(client, (text_t[]){{frame, sizeof frame}}, 1));
    else
        loop_stop(loop);
}

static const socket_events_t too_long = {.on_message = count, .on_link = send_too_long};

START_TEST(a_request_that_is_too_long_closes_its_connection)
{
    server = socket_new(loop, SOCKET_ROUTER, FEW, &counting, NULL);
    client = socket_new(loop, SOCKET_DEALER, FEW, &too_long, NULL);
    ck_assert(socket_bind(server, endpoint) && socket_connect(client, endpoint));
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_int_eq(messages, 0);
}
END_TEST

static int tcp_option(int fd, int level, int option)
{
    int value = -1;
    socklen_t size = sizeof value;
    ck_assert_int_eq(getsockopt(fd, level, option, &value, &size), 0);
    return value;
}

START_TEST(tcp_gives_up_a_connection_whose_peer_is_gone)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int probe = socket(AF_INET, SOCK_STREAM, 0), ends = 0;
    ck_assert_int_eq(bind(probe, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(getsockname(probe, (struct sockaddr *)&address, &size), 0);
    close(probe); /* its port is a free one */
    char tcp[64];
    snprintf(tcp, sizeof tcp, "tcp://127.0.0.1:%d", ntohs(address.sin_port));
    server = socket_new(loop, SOCKET_XPUB, FEW, &counting, NULL);
    client = socket_new(loop, SOCKET_SUB, FEW, &linking, NULL);
    ck_assert(socket_bind(server, tcp) && socket_connect(client, tcp));
    ck_assert_int_eq(loop_run(loop), 0);
    for (int fd = 0; fd < FDS; fd++) {
        struct sockaddr_in peer = {0};
        size = sizeof peer;
        if (getpeername(fd, (struct sockaddr *)&peer, &size) == -1 || peer.sin_family != AF_INET)
            continue;
        ck_assert_int_eq(tcp_option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
        ck_assert_int_eq(tcp_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), SILENCE_ENDS_MS);
        ends++;
    }
    ck_assert_int_eq(ends, 2);
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
    TCase *tests = tcase_create("socket");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_burst_arrives_whole_although_zeromq_tells_only_of_its_beginning);
    tcase_add_test(tests, a_thousand_round_trips_do_not_stall);
    tcase_add_test(tests, a_message_of_too_many_frames_is_dropped_and_the_next_one_comes);
    tcase_add_test(tests, a_subscriber_that_was_far_behind_reads_on);
    tcase_add_test(tests, a_peer_that_floods_a_service_and_goes_does_not_take_it_with_it);
    tcase_add_test(tests, requests_are_taken_in_small_batches_since_each_may_take_long);
    tcase_add_test(tests, a_batch_ends_when_its_time_is_up_and_nothing_is_lost);
    tcase_add_test(tests, a_socket_that_is_paused_takes_nothing_until_it_goes_on);
    tcase_add_test(tests, a_request_that_is_too_long_closes_its_connection);
    tcase_add_test(tests, a_connection_that_is_made_anew_keeps_its_subscriptions);
    tcase_add_test(tests, tcp_gives_up_a_connection_whose_peer_is_gone);
    tcase_add_test(tests, an_address_that_is_none_is_refused);
    int status = RUN_TESTS("socket", tests);
    socket_shutdown();
    return status;
}
