#include "common/bus/bus.h"

#include "common/clock.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

enum { TICK_MS = 250 };

static const char *const nowhere = "tcp://127.0.0.1:1";

static loop_t *loop;
static bus_t *bus;
static int64_t now_ns;
static uint64_t malformed;
static int silences;

static void on_trade(void *arg, bus_t *from, text_t topic, const trade_t *trade, text_t json)
{
    (void)arg, (void)from, (void)topic, (void)trade, (void)json;
}

static void on_status(void *arg, bus_t *from, const status_t *status)
{
    (void)arg, (void)from, (void)status;
}

static void on_drained(void *arg)
{
    (void)arg;
}

static void on_silent(void *arg, bus_t *from, bool silent)
{
    (void)arg, (void)from;
    silences += silent;
}

static const bus_events_t events = {on_trade, on_status, on_drained, on_silent};

static void setup(void)
{
    silences = 0;
    loop = loop_new();
    bus = bus_new(loop, 0, &nowhere, &nowhere, &malformed, &events, NULL);
    ck_assert_ptr_nonnull(bus);
    now_ns = clock_mono_ns();
    bus_tick(bus, now_ns);
}

static void teardown(void)
{
    bus_destroy(&bus);
    loop_destroy(&loop);
}

/* Time passes, with ticks. */
static void pass_ms(int64_t ms)
{
    for (int64_t passed = 0; passed < ms; passed += TICK_MS)
        bus_tick(bus, now_ns += TICK_MS * NS_PER_MS);
}

START_TEST(a_bus_of_which_nothing_comes_is_silent)
{
    pass_ms(BUS_SILENCE_MS - 2 * TICK_MS);
    ck_assert_int_eq(silences, 0);
    pass_ms(3 * TICK_MS);
    ck_assert_int_eq(silences, 1);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("bus");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_bus_of_which_nothing_comes_is_silent);
    return RUN_TESTS("bus", tests);
}
