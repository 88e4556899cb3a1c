/* connectord's end of the bus, with real subscribers over ipc. */
#include "common/zeromq/socket.h"
#include "connectord/publish/publisher.h"
#include "tests/unit/run_tests.h"
#include "tests/unit/temporary_folder.h"

#include <uv.h>

static folder_t folder;
static char endpoint[96];
static loop_t *loop;
static demand_t *demand;
static publisher_t *publisher;
static int subscribers, received;

#define UNTIL(condition)                                                                                                       \
    while (!(condition))                                                                                                       \
    uv_run(loop_uv(loop), UV_RUN_ONCE)

static void on_stream(void *item)
{
    (void)item;
}

static const demand_events_t demand_events = {on_stream, on_stream};

static void on_subscriber(void *arg)
{
    ck_assert_ptr_eq(arg, &subscribers);
    subscribers++;
}

static void on_message(void *arg, const text_t *frames, size_t count)
{
    (void)arg, (void)frames;
    ck_assert_uint_eq(count, 2);
    received++;
}

static const socket_events_t events = {.on_message = on_message};

static socket_t *subscriber(text_t prefix)
{
    socket_t *socket = socket_new(loop, SOCKET_SUB, 1000, &events, NULL);
    ck_assert_ptr_nonnull(socket);
    ck_assert(socket_connect(socket, endpoint));
    socket_subscribe(socket, prefix);
    return socket;
}

static void set_up(void)
{
    folder = folder_new();
    snprintf(endpoint, sizeof endpoint, "ipc://%s/bus", folder.path);
    subscribers = received = 0;
    loop = loop_new();
    demand = demand_new(&demand_events);
    publisher = publisher_new(loop, endpoint, 1000, demand, on_subscriber, &subscribers);
    ck_assert_ptr_nonnull(publisher);
}

static void tear_down(void)
{
    publisher_destroy(&publisher);
    demand_destroy(&demand);
    loop_destroy(&loop);
    folder_remove(&folder);
}

/* The second one of the same prefix, too, of which XPUB says nothing by default. */
START_TEST(each_subscriber_to_statuses_is_told)
{
    socket_t *first = subscriber(TEXT("status."));
    UNTIL(subscribers == 1);
    socket_t *second = subscriber(TEXT("status."));
    UNTIL(subscribers == 2);
    socket_t *one_source = subscriber(TEXT("status.bench"));
    UNTIL(subscribers == 3);
    socket_t *everything = subscriber(TEXT(""));
    UNTIL(subscribers == 4);
    socket_destroy(&first);
    socket_destroy(&second);
    socket_destroy(&one_source);
    socket_destroy(&everything);
}
END_TEST

/* Trades that arrive show that its subscription has been heard. */
START_TEST(subscriber_to_trades_alone_is_no_listener)
{
    socket_t *trades = subscriber(TEXT("trade."));
    for (; received == 0; uv_run(loop_uv(loop), UV_RUN_NOWAIT))
        publisher_trade(publisher, TEXT("trade.BTC-USD.bench"), TEXT("{}"));
    ck_assert_int_eq(subscribers, 0);
    socket_destroy(&trades);
}
END_TEST

START_TEST(who_is_told_of_hears_what_is_sent_then)
{
    socket_t *first = subscriber(TEXT("status."));
    UNTIL(subscribers == 1);
    status_t status = {.event = STATUS_HEARTBEAT, .source = TEXT("bench"), .symbols = TEXT("{}"), .stale = TEXT("{}")};
    publisher_status(publisher, &status);
    UNTIL(received == 1);
    socket_destroy(&first);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("publisher");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, each_subscriber_to_statuses_is_told);
    tcase_add_test(tests, subscriber_to_trades_alone_is_no_listener);
    tcase_add_test(tests, who_is_told_of_hears_what_is_sent_then);
    return RUN_TESTS("publisher", tests);
}
