/* What peers of a bus with keys get: what they may, and never what was meant for another, in whatever order libzmq tells of them. */
#include "common/loop/loop.h"
#include "common/zeromq/socket.h"
#include "tests/unit/common/curve/curve_fixture.h"

#include <czmq.h>

enum {
    GUARD_MS = 20000,
    QUEUE = 10000,
    ROUNDS = 40,
    NEIGHBOURS = 3,
    USE_MS = 5,
    MANY = 300 /* libzmq learns of an end while they are taken */
};

static loop_t *loop;
static loop_timer_t *guard, *use;
static socket_t *bus;
static char endpoint[128];
static key_pair_t server, all, part;
static int heard;
static const char *awaited;

static void on_guard(void *arg)
{
    (void)arg;
    ck_abort_msg("waited %d ms for %s", GUARD_MS, awaited);
}

/* Until somebody subscribes to what is awaited. */
static void on_peer(void *arg, uint64_t peer, const text_t *frames, size_t count)
{
    (void)arg;
    heard++;
    if (count != 1 || frames[0].at[0] > 1)
        socket_drop(bus, peer, "malformed: no subscription");
    else if (frames[0].at[0] == 1 && text_equal((text_t){frames[0].at + 1, frames[0].length - 1}, text_of(awaited)))
        loop_stop(loop);
}

static const socket_events_t events = {.name = "bus", .on_peer = on_peer};

static zsock_t *used;

/* A peer that was cut off subscribes again where its socket is used. */
static void on_use(void *arg)
{
    char frame[100];
    (void)arg;
    for (int length; (length = zmq_recv(zsock_resolve(used), frame, sizeof frame, ZMQ_DONTWAIT)) >= 0;)
        ck_assert(length != (int)strlen("secret.x") || memcmp(frame, "secret.x", (size_t)length) != 0);
}

static void set_up(void)
{
    char wrong[TRUSTED_FILE_WRONG_MAX];
    folder = folder_new();
    server = new_pair();
    all = new_pair();
    part = new_pair();
    write_own("connectord.key", &server);
    write_known("all.pub", &all, "", "subscribe");
    write_known("part.pub", &part, "", "subscribe:part.");
    ck_assert_msg(curve_use(folder.path, path_of("connectord.key"), wrong), "%s", wrong);
    snprintf(endpoint, sizeof endpoint, "ipc://%s/bus", folder.path);
    loop = loop_new();
    guard = loop_timer_new(loop, on_guard, NULL);
    use = loop_timer_new(loop, on_use, NULL);
    bus = socket_new(loop, SOCKET_XPUB, QUEUE, &events, NULL);
    ck_assert(socket_bind(bus, endpoint));
}

static void tear_down(void)
{
    socket_destroy(&bus);
    loop_timer_destroy(&guard);
    loop_timer_destroy(&use);
    loop_destroy(&loop);
    curve_forget();
    folder_remove(&folder);
}

static zsock_t *peer_with(const key_pair_t *pair)
{
    zsock_t *peer = zsock_new(ZMQ_XSUB);
    zsock_set_curve_serverkey(peer, server.public_key);
    zsock_set_curve_publickey(peer, pair->public_key);
    zsock_set_curve_secretkey(peer, pair->secret_key);
    zsock_set_linger(peer, 0);
    zsock_set_rcvtimeo(peer, GUARD_MS);
    ck_assert_int_eq(zsock_connect(peer, "%s", endpoint), 0);
    return peer;
}

static void say(zsock_t *peer, const char *bytes, size_t length)
{
    ck_assert_int_eq(zmq_send(zsock_resolve(peer), bytes, length, 0), length);
}

static void subscribe(zsock_t *peer, const char *prefix)
{
    char text[100] = "\1";
    strcat(text, prefix);
    say(peer, text, strlen(prefix) + 1);
}

static void run_until(const char *subscription)
{
    awaited = subscription;
    loop_timer_start(guard, GUARD_MS, 0);
    ck_assert_int_eq(loop_run(loop), 0);
    loop_timer_stop(guard);
}

static void publish(const char *topic)
{
    ck_assert(socket_send(bus, (const text_t[]){text_of(topic), TEXT("{}")}, 2));
}

/* Takes what has come, up to this topic; none of it is `never`. */
static void hear(zsock_t *peer, const char *topic, const char *never)
{
    char frame[100] = "";
    while (strcmp(frame, topic) != 0) {
        int length = zmq_recv(zsock_resolve(peer), frame, sizeof frame - 1, 0);
        ck_assert_msg(length >= 0, "no %s", topic);
        frame[length] = 0;
        ck_assert_str_ne(frame, never);
    }
}

START_TEST(who_may_have_a_part_gets_it_and_nothing_else)
{
    zsock_t *peer = peer_with(&part);
    subscribe(peer, "");
    subscribe(peer, "other.");
    subscribe(peer, "part.a.");
    run_until("part.a.");
    ck_assert_int_eq(heard, 1);
    publish("other.x");
    publish("part.b.x");
    publish("part.a.x");
    hear(peer, "part.a.x", "other.x");
    zsock_destroy(&peer);
}
END_TEST

START_TEST(a_subscription_that_ends_has_ended)
{
    zsock_t *peer = peer_with(&all);
    subscribe(peer, "a.");
    say(peer, "\0a.", 3);
    subscribe(peer, "b.");
    run_until("b.");
    publish("a.x");
    publish("b.x");
    hear(peer, "b.x", "a.x");
    zsock_destroy(&peer);
}
END_TEST

/* Everything waits before the bus looks: one peer sends what is no subscription, and moves what libzmq remembers of the others. */
START_TEST(nobody_gets_what_a_neighbour_asked_for)
{
    for (int round = 0; round < ROUNDS; round++) {
        zsock_t *liar = peer_with(&part), *greedy = peer_with(&part), *neighbours[NEIGHBOURS];
        subscribe(liar, "part.here");
        run_until("part.here");
        subscribe(greedy, "part.there");
        run_until("part.there");
        for (int i = 0; i < NEIGHBOURS; i++) {
            neighbours[i] = peer_with(&all);
            subscribe(neighbours[i], "here");
            run_until("here");
        }
        say(liar, "\2none", 5);
        for (int i = 0; i < NEIGHBOURS; i++)
            subscribe(neighbours[i], "secret.");
        subscribe(greedy, "part.x");
        zsock_t *last = peer_with(&all);
        subscribe(last, "last.");
        used = last; /* it may be closed with the others, and says it again when it is back */
        loop_timer_start(use, 0, USE_MS);
        run_until("last.");
        loop_timer_stop(use);
        publish("secret.x");
        subscribe(greedy, "part.now");
        used = greedy;
        loop_timer_start(use, 0, USE_MS);
        run_until("part.now");
        loop_timer_stop(use);
        publish("part.now");
        hear(greedy, "part.now", "secret.x");
        zsock_destroy(&liar);
        zsock_destroy(&greedy);
        zsock_destroy(&last);
        for (int i = 0; i < NEIGHBOURS; i++)
            zsock_destroy(&neighbours[i]);
    }
}
END_TEST

/* What it asked for is heard when it has gone, and its place in memory may be another's. */
START_TEST(nobody_gets_what_one_that_has_gone_asked_for)
{
    for (int round = 0; round < ROUNDS; round++) {
        zsock_t *gone = peer_with(&all);
        zsock_set_linger(gone, GUARD_MS);
        subscribe(gone, "here");
        run_until("here");
        for (int i = 0; i < MANY; i++)
            subscribe(gone, "secret.");
        zsock_destroy(&gone);
        zsock_t *next = peer_with(&part);
        subscribe(next, "part.x");
        run_until("part.x");
        publish("secret.x");
        publish("part.x");
        hear(next, "part.x", "secret.x");
        zsock_destroy(&next);
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("socket_curve");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, who_may_have_a_part_gets_it_and_nothing_else);
    tcase_add_test(tests, a_subscription_that_ends_has_ended);
    tcase_add_test(tests, nobody_gets_what_a_neighbour_asked_for);
    tcase_add_test(tests, nobody_gets_what_one_that_has_gone_asked_for);
    return RUN_TESTS("socket_curve", tests);
}
