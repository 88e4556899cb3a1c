/* Limits so low that the time in which a test runs gives nothing back. */
#include "gatewayd/rates/rates.h"

#include "tests/unit/run_tests.h"

#define ONE   TEXT("192.0.2.1")
#define OTHER TEXT("192.0.2.2")

static rates_t *rates;

static config_t *configure(const char *const *settings, size_t count)
{
    char *environment[] = {NULL};
    config_t *config = config_load(NULL, settings, count, environment);
    ck_assert_ptr_nonnull(config);
    return config;
}

#define LIMIT(...) limit((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void limit(const char *const *settings, size_t count)
{
    config_t *config = configure(settings, count);
    if (rates)
        rates_read(rates, config);
    else
        rates = rates_new(config);
    ck_assert_ptr_nonnull(rates);
    config_destroy(&config);
}

static void tear_down(void)
{
    rates_destroy(&rates);
}

/* How many of so many requests are admitted. */
static unsigned admitted(const rate_asker_t *asker, unsigned count)
{
    unsigned good = 0;
    for (unsigned i = 0; i < count; i++) {
        uint64_t wait_ms = 0;
        rate_verdict_t verdict = rates_ask(rates, asker, &wait_ms);
        ck_assert((verdict == RATE_ADMITTED) == (wait_ms == 0));
        good += verdict == RATE_ADMITTED;
    }
    return good;
}

static rate_verdict_t ask(const rate_asker_t *asker)
{
    uint64_t wait_ms = 0;
    return rates_ask(rates, asker, &wait_ms);
}

static void expect_metric(const char *line)
{
    buffer_t out = buffer_new(0);
    metrics_t metrics = {.out = &out};
    rates_metrics(rates, &metrics);
    ck_assert_msg(memmem(out.bytes, out.length, line, strlen(line)) != NULL, "expected %s in\n%.*s", line,
                  TEXT_ARG(buffer_text(&out)));
    buffer_release(&out);
}

START_TEST(without_limits_nothing_is_refused_or_kept)
{
    const client_rate_t untouched = {0};
    const role_limits_t role = {.subscriptions = 1};
    client_rate_t client = {0};
    uint64_t wait_ms = 0;
    rate_asker_t asker = {.client = &client, .role = &role, .address = ONE};
    LIMIT("log.level=info");
    ck_assert(!rates_limit(rates) && !rates_limit(NULL));
    ck_assert_uint_eq(admitted(&asker, 100000), 100000);
    rates_answered(rates, &asker, SIZE_MAX / 2);
    ck_assert_int_eq(rates_connect(rates, ONE, &wait_ms), RATE_ADMITTED);
    ck_assert_mem_eq(&client, &untouched, sizeof client);
    expect_metric("dataflow_limited_addresses 0\n");
    ck_assert_int_eq(rates_ask(NULL, &asker, &wait_ms), RATE_ADMITTED);
    rates_answered(NULL, &asker, 1);
}
END_TEST

START_TEST(a_client_may_ask_so_often_and_another_as_often)
{
    client_rate_t first = {0}, second = {0};
    LIMIT("gatewayd.limits.client.requests_per_second=1", "gatewayd.limits.client.requests_burst=5");
    ck_assert(rates_limit(rates));
    ck_assert_uint_eq(admitted(&(rate_asker_t){.client = &first, .address = ONE}, 8), 5);
    ck_assert_uint_eq(admitted(&(rate_asker_t){.client = &second, .address = ONE}, 8), 5);
    ck_assert_uint_eq(admitted(&(rate_asker_t){.address = ONE}, 100), 100); /* over HTTP there are only addresses */
    expect_metric("dataflow_limited_total{by=\"client\",of=\"requests\"} 6\n");
}
END_TEST

START_TEST(an_address_may_ask_so_often_whoever_asks_there)
{
    client_rate_t first = {0}, second = {0};
    LIMIT("gatewayd.limits.address.requests_per_second=1", "gatewayd.limits.address.requests_burst=6");
    ck_assert_uint_eq(admitted(&(rate_asker_t){.client = &first, .address = ONE}, 3), 3);
    ck_assert_uint_eq(admitted(&(rate_asker_t){.client = &second, .address = ONE}, 3), 3);
    ck_assert_uint_eq(admitted(&(rate_asker_t){.address = ONE}, 3), 0);
    ck_assert_uint_eq(admitted(&(rate_asker_t){.address = OTHER}, 9), 6);
    expect_metric("dataflow_limited_total{by=\"address\",of=\"requests\"} 6\n");
    expect_metric("dataflow_limited_addresses 2\n");
}
END_TEST

START_TEST(who_is_refused_by_one_limit_uses_nothing_of_the_other)
{
    client_rate_t client = {0};
    LIMIT("gatewayd.limits.address.requests_per_second=1", "gatewayd.limits.address.requests_burst=4",
          "gatewayd.limits.client.requests_per_second=1", "gatewayd.limits.client.requests_burst=2");
    ck_assert_uint_eq(admitted(&(rate_asker_t){.client = &client, .address = ONE}, 10), 2);
    ck_assert_uint_eq(admitted(&(rate_asker_t){.address = ONE}, 10), 2);
}
END_TEST

START_TEST(of_a_client_and_its_role_the_lower_limit_holds)
{
    const role_limits_t low = {.messages_per_second = 2}, high = {.messages_per_second = 100};
    client_rate_t client[3] = {0};
    LIMIT("gatewayd.limits.client.requests_per_second=1", "gatewayd.limits.client.requests_burst=4");
    ck_assert_uint_eq(admitted(&(rate_asker_t){.client = &client[0], .role = &high}, 10), 4);
    LIMIT("gatewayd.limits.client.requests_per_second=50");
    ck_assert_uint_eq(admitted(&(rate_asker_t){.client = &client[1], .role = &low}, 10), 2);
    LIMIT("log.level=info");
    ck_assert_uint_eq(admitted(&(rate_asker_t){.client = &client[2], .role = &low}, 10), 2); /* the gateway has none */
    expect_metric("dataflow_limited_total{by=\"role\",of=\"requests\"} 16\n");
}
END_TEST

START_TEST(answers_that_were_long_are_paid_for_before_the_next_one)
{
    const role_limits_t role = {.bytes_per_second = 1000};
    client_rate_t client = {0}, other = {0};
    uint64_t wait_ms;
    rate_asker_t asker = {.client = &client, .address = ONE};
    LIMIT("gatewayd.limits.client.bytes_per_second=1000", "gatewayd.limits.client.bytes_burst=5000");
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(ask(&asker), RATE_ADMITTED);
        rates_answered(rates, &asker, 3000);
        if (i == 1)
            break;
    }
    ck_assert_int_eq(rates_ask(rates, &asker, &wait_ms), RATE_REFUSED);
    ck_assert(wait_ms > 0 && wait_ms <= 1001);
    LIMIT("log.level=info");
    asker = (rate_asker_t){.client = &other, .role = &role};
    rates_answered(rates, &asker, 30000);
    ck_assert_int_eq(rates_ask(rates, &asker, &wait_ms), RATE_REFUSED);
    ck_assert(wait_ms > 28000 && wait_ms <= 29001);
    expect_metric("dataflow_limited_total{by=\"client\",of=\"bytes\"} 1\n");
    expect_metric("dataflow_limited_total{by=\"role\",of=\"bytes\"} 1\n");
}
END_TEST

START_TEST(bytes_count_for_an_address_together)
{
    client_rate_t client = {0};
    LIMIT("gatewayd.limits.address.bytes_per_second=1000");
    rates_answered(rates, &(rate_asker_t){.client = &client, .address = ONE}, 900);
    ck_assert_int_eq(ask(&(rate_asker_t){.address = ONE}), RATE_ADMITTED);
    rates_answered(rates, &(rate_asker_t){.address = ONE}, 9000);
    ck_assert_int_eq(ask(&(rate_asker_t){.client = &client, .address = ONE}), RATE_REFUSED);
    ck_assert_int_eq(ask(&(rate_asker_t){.address = OTHER}), RATE_ADMITTED);
}
END_TEST

START_TEST(who_goes_on_in_spite_of_refusals_is_ended)
{
    client_rate_t client = {0};
    rate_asker_t asker = {.client = &client, .address = ONE};
    LIMIT("gatewayd.limits.client.requests_per_second=1", "gatewayd.limits.client.requests_burst=3");
    ck_assert_uint_eq(admitted(&asker, 3), 3);
    for (int i = 0; i < RATES_BEYOND * 3; i++)
        ck_assert_int_eq(ask(&asker), RATE_REFUSED);
    ck_assert_int_eq(ask(&asker), RATE_ENDED);
    expect_metric("dataflow_limited_ended_total 1\n");
}
END_TEST

START_TEST(an_address_may_connect_so_often)
{
    uint64_t wait_ms = 0;
    LIMIT("gatewayd.limits.address.connects_per_second=1", "gatewayd.limits.address.connects_burst=3");
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(rates_connect(rates, ONE, &wait_ms), RATE_ADMITTED);
    for (int i = 0; i < RATES_BEYOND * 3; i++)
        ck_assert_int_eq(rates_connect(rates, ONE, &wait_ms), RATE_REFUSED);
    ck_assert(wait_ms > 0 && wait_ms <= 1000);
    ck_assert_int_eq(rates_connect(rates, ONE, &wait_ms), RATE_ENDED);
    ck_assert_int_eq(rates_connect(rates, OTHER, &wait_ms), RATE_ADMITTED);
    ck_assert_uint_eq(admitted(&(rate_asker_t){.address = ONE}, 100), 100); /* who is in may ask */
    expect_metric("dataflow_limited_total{by=\"address\",of=\"connects\"} 31\n");
}
END_TEST

START_TEST(who_asks_without_a_connection_is_known_by_subject_and_role)
{
    const role_limits_t limits = {.messages_per_second = 3, .bytes_per_second = 1000}, none = {0};
    const rate_subject_t one = {TEXT("viewer"), TEXT("one")}, other = {TEXT("viewer"), TEXT("other")};
    uint64_t wait_ms = 0;
    LIMIT("log.level=info");
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(rates_ask_subject(rates, &one, &limits, &wait_ms), RATE_ADMITTED);
    for (int i = 0; i < RATES_BEYOND * 3; i++)
        ck_assert_int_eq(rates_ask_subject(rates, &one, &limits, &wait_ms), RATE_REFUSED);
    ck_assert_int_eq(rates_ask_subject(rates, &one, &limits, &wait_ms), RATE_ENDED);
    ck_assert_int_eq(rates_ask_subject(rates, &other, &limits, &wait_ms), RATE_ADMITTED);
    rates_answered_subject(rates, &other, &limits, 31000);
    ck_assert_int_eq(rates_ask_subject(rates, &other, &limits, &wait_ms), RATE_REFUSED);
    ck_assert(wait_ms > 28000 && wait_ms <= 30001);
    ck_assert_int_eq(rates_ask_subject(rates, &(rate_subject_t){TEXT("trader"), TEXT("one")}, &none, &wait_ms), RATE_ADMITTED);
    ck_assert_int_eq(rates_ask_subject(NULL, &one, &limits, &wait_ms), RATE_ADMITTED);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {without_limits_nothing_is_refused_or_kept,
                                  a_client_may_ask_so_often_and_another_as_often,
                                  an_address_may_ask_so_often_whoever_asks_there,
                                  who_is_refused_by_one_limit_uses_nothing_of_the_other,
                                  of_a_client_and_its_role_the_lower_limit_holds,
                                  answers_that_were_long_are_paid_for_before_the_next_one,
                                  bytes_count_for_an_address_together,
                                  who_goes_on_in_spite_of_refusals_is_ended,
                                  who_asks_without_a_connection_is_known_by_subject_and_role,
                                  an_address_may_connect_so_often};
    return RUN_TESTS("rates", TEST_CASE(NULL, tear_down, tests));
}
