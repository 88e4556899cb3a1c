#include "common/bus/bus_metrics.h"
#include "common/clock.h"
#include "connectord/sources/source_metrics.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static buffer_t out;
static metrics_t metrics;

static void setup(void)
{
    out = buffer_new(0);
    metrics = (metrics_t){.out = &out};
}

static void teardown(void)
{
    buffer_release(&out);
}

static void expect(const char *text)
{
    ck_assert(buffer_ok(&out));
    ck_assert_msg(text_equal(buffer_text(&out), text_of(text)), "expected\n%s\nfound\n%.*s", text, TEXT_ARG(buffer_text(&out)));
}

/* The line, or several, stand somewhere behind the first one, whole. */
static void expect_line(const char *line)
{
    buffer_t wanted = buffer_new(0);
    ck_assert(buffer_ok(&out));
    buffer_printf(&wanted, "\n%s\n", line);
    ck_assert_msg(memmem(out.bytes, out.length, wanted.bytes, wanted.length), "expected %s in\n%.*s", line,
                  TEXT_ARG(buffer_text(&out)));
    buffer_release(&wanted);
}

START_TEST(a_counter_has_its_help_its_type_and_its_value)
{
    metrics_counter(&metrics, "dataflow_x_total", "What x is", UINT64_MAX);
    expect("# HELP dataflow_x_total What x is\n# TYPE dataflow_x_total counter\ndataflow_x_total 18446744073709551615\n");
}
END_TEST

START_TEST(samples_of_a_family_share_its_help)
{
    metrics_family(&metrics, "dataflow_x", METRIC_GAUGE, "What x is");
    metrics_u64(&metrics, METRIC_LABELS({"source", TEXT("a")}), 1);
    metrics_u64(&metrics, METRIC_LABELS({"source", TEXT("b")}, {"symbol", TEXT("BTC-USD")}), 2);
    expect("# HELP dataflow_x What x is\n# TYPE dataflow_x gauge\ndataflow_x{source=\"a\"} 1\n"
           "dataflow_x{source=\"b\",symbol=\"BTC-USD\"} 2\n");
}
END_TEST

START_TEST(no_label_breaks_out_of_its_quotes)
{
    metrics_family(&metrics, "x", METRIC_GAUGE, "x");
    buffer_clear(&out);
    metrics_u64(&metrics, METRIC_LABELS({"a", TEXT("\"} 7\nforged{b=\"\\")}), 1);
    expect("x{a=\"\\\"} 7\\nforged{b=\\\"\\\\\"} 1\n");
}
END_TEST

START_TEST(times_are_printed_in_seconds_to_the_nanosecond)
{
    metrics_family(&metrics, "x", METRIC_GAUGE, "x");
    buffer_clear(&out);
    metrics_seconds(&metrics, NULL, INT64_C(1763941200123456789));
    metrics_seconds(&metrics, NULL, 5);
    metrics_seconds(&metrics, NULL, -1500000000);
    metrics_seconds(&metrics, NULL, INT64_MIN);
    expect("x 1763941200.123456789\nx 0.000000005\nx -1.500000000\nx -9223372036.854775808\n");
}
END_TEST

START_TEST(the_buckets_of_a_histogram_are_cumulative)
{
    histogram_t histogram = {0};
    histogram_note(&histogram, 10 * NS_PER_US); /* on the first bound */
    histogram_note(&histogram, 10 * NS_PER_US + 1);
    histogram_note(&histogram, -5);
    histogram_note(&histogram, 2500 * NS_PER_MS);
    histogram_note(&histogram, 60 * NS_PER_S);
    metrics_family(&metrics, "x_seconds", METRIC_HISTOGRAM, "x");
    metrics_histogram(&metrics, METRIC_LABELS({"a", TEXT("b")}), &histogram);
    expect_line("# TYPE x_seconds histogram\nx_seconds_bucket{a=\"b\",le=\"1e-05\"} 2");
    expect_line("x_seconds_bucket{a=\"b\",le=\"2.5e-05\"} 3");
    expect_line("x_seconds_bucket{a=\"b\",le=\"1\"} 3");
    expect_line("x_seconds_bucket{a=\"b\",le=\"2.5\"} 4");
    expect_line("x_seconds_bucket{a=\"b\",le=\"+Inf\"} 5");
    expect_line("x_seconds_sum{a=\"b\"} 62.500020001");
    expect_line("x_seconds_count{a=\"b\"} 5");
}
END_TEST

START_TEST(every_bound_of_a_histogram_is_above_the_one_before)
{
    for (int i = 1; i < HISTOGRAM_BOUNDS; i++)
        ck_assert_int_gt(histogram_bounds_ns[i], histogram_bounds_ns[i - 1]);
}
END_TEST

START_TEST(each_count_of_a_follower_has_its_family)
{
    follower_counts_t counts = {
        .trades = 1, .duplicates = 2, .malformed = 3, .gaps_seen = 4, .gaps_repaired = 5, .gaps_lost = 6};
    bus_metrics(&metrics, &counts);
    expect_line("dataflow_bus_trades_total 1");
    expect_line("dataflow_bus_duplicates_total 2");
    expect_line("dataflow_bus_malformed_total 3");
    expect_line("dataflow_bus_gaps_total 4");
    expect_line("dataflow_bus_repaired_trades_total 5");
    expect_line("dataflow_bus_lost_trades_total 6");
}
END_TEST

START_TEST(every_source_has_a_sample_in_each_family)
{
    const status_t statuses[] = {
        {.source = TEXT("a"),
         .connected = true,
         .since_ns = 1500 * NS_PER_MS,
         .trades = 10,
         .duplicates = 3,
         .malformed = 4,
         .gaps = 5,
         .reconnects = 6,
         .breaker = TEXT("closed"),
         .health = 97,
         .lines = 2,
         .lines_connected = 1,
         .saved = 7,
         .group = TEXT("btc"),
         .stale = TEXT("{\"BTC-USD\":31.500,\"ETH-USD\":40.000}"),
         .failing = TEXT("{\"LTC-USD\":\"no\"}"),
         .retries = 17,
         .resubscribes = 18,
         .symbols = TEXT("{\"BTC-USD\":40,\"ETH-USD\":2}")},
        {.source = TEXT("b"), .breaker = TEXT("half_open"), .symbols = TEXT("{}"), .stale = TEXT("{}")},
    };
    source_metrics(&metrics, statuses, 2);
    expect_line("dataflow_source_received_total{source=\"a\"} 13\ndataflow_source_received_total{source=\"b\"} 0");
    expect_line("dataflow_source_published_total{source=\"a\"} 42\ndataflow_source_published_total{source=\"b\"} 0");
    expect_line("dataflow_source_duplicates_total{source=\"a\"} 3");
    expect_line("dataflow_source_malformed_total{source=\"a\"} 4");
    expect_line("dataflow_source_gaps_total{source=\"a\"} 5");
    expect_line("dataflow_source_reconnects_total{source=\"a\"} 6");
    expect_line("dataflow_source_connected{source=\"a\"} 1\ndataflow_source_connected{source=\"b\"} 0");
    expect_line("dataflow_source_breaker_open{source=\"a\"} 0\ndataflow_source_breaker_open{source=\"b\"} 1");
    expect_line("dataflow_source_health{source=\"a\"} 97");
    expect_line("dataflow_source_failing{source=\"a\"} 1\ndataflow_source_failing{source=\"b\"} 0");
    expect_line("dataflow_source_subscribe_retries_total{source=\"a\"} 17");
    expect_line("dataflow_source_resubscribes_total{source=\"a\"} 18");
    expect_line("dataflow_source_stale_streams{source=\"a\"} 2\ndataflow_source_stale_streams{source=\"b\"} 0");
    expect_line("dataflow_source_lines{source=\"a\"} 2\ndataflow_source_lines{source=\"b\"} 1");
    expect_line("dataflow_source_lines_connected{source=\"a\"} 1\ndataflow_source_lines_connected{source=\"b\"} 0");
    expect_line("dataflow_source_saved_total{source=\"a\"} 7");
    expect_line("dataflow_source_active{source=\"a\"} 0\ndataflow_source_active{source=\"b\"} 1");
    expect_line("dataflow_source_since_timestamp_seconds{source=\"a\"} 1.500000000");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("metrics");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_counter_has_its_help_its_type_and_its_value);
    tcase_add_test(tests, samples_of_a_family_share_its_help);
    tcase_add_test(tests, no_label_breaks_out_of_its_quotes);
    tcase_add_test(tests, times_are_printed_in_seconds_to_the_nanosecond);
    tcase_add_test(tests, the_buckets_of_a_histogram_are_cumulative);
    tcase_add_test(tests, every_bound_of_a_histogram_is_above_the_one_before);
    tcase_add_test(tests, each_count_of_a_follower_has_its_family);
    tcase_add_test(tests, every_source_has_a_sample_in_each_family);
    return RUN_TESTS("metrics", tests);
}
