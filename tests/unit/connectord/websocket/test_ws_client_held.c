/* An exchange that is held back: nothing is read, nothing is lost, and it is not taken for silent. */
#include "tests/unit/ws_client_fixture.h"

enum { SILENCE_MS = 100 };

static bool passed;

static void on_passed(void *arg)
{
    (void)arg;
    passed = true;
}

/* Longer than it may be silent. */
static void wait_longer(void)
{
    loop_timer_t *timer = loop_timer_new(rig.loop, on_passed, NULL);
    passed = false;
    loop_timer_start(timer, 3 * SILENCE_MS, 0);
    UNTIL(passed);
    loop_timer_destroy(&timer);
}

START_TEST(what_is_sent_meanwhile_comes_later)
{
    connect_to_server(SILENCE_MS);
    UNTIL(rig.opened && rig.server.opened);
    server_send(&rig.server, "before");
    UNTIL(rig.messages == 1);
    web_hold(rig.web, true);
    server_send(&rig.server, "one");
    server_send(&rig.server, "two");
    UNTIL(rig.server.outbox.length == 0);
    wait_longer();
    check_received("before|");
    ck_assert_int_eq(rig.closed, 0);
    web_hold(rig.web, false);
    UNTIL(rig.messages == 3 || rig.closed);
    check_received("before|one|two|");
    server_send(&rig.server, "three");
    UNTIL(rig.messages == 4 || rig.closed);
    check_received("before|one|two|three|");
}
END_TEST

START_TEST(a_connection_that_is_made_meanwhile_is_held_back_too)
{
    web_hold(rig.web, true);
    connect_to_server(SILENCE_MS);
    UNTIL(rig.opened && rig.server.opened);
    server_send(&rig.server, "one");
    UNTIL(rig.server.outbox.length == 0);
    wait_longer();
    check_received("");
    web_hold(rig.web, false);
    UNTIL(rig.messages == 1 || rig.closed);
    check_received("one|");
}
END_TEST

START_TEST(one_that_is_held_back_can_be_left)
{
    connect_and_open();
    web_hold(rig.web, true);
    ws_client_disconnect(rig.ws_client);
    UNTIL(rig.server.closed);
    ws_client_destroy(&rig.ws_client);
    web_hold(rig.web, false);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {what_is_sent_meanwhile_comes_later, a_connection_that_is_made_meanwhile_is_held_back_too,
                                  one_that_is_held_back_can_be_left};
    return RUN_TESTS("upstream_held", OVER_WS_AND_WSS(tests));
}
