#include "proto/status.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

#define STATUS                                                                                                                 \
    "{\"event\":\"lost\",\"source\":\"blockchain\",\"connected\":false,\"since\":\"2025-11-10T17:24:33.000000001Z\","          \
    "\"time\":\"2025-11-10T17:24:34.000000000Z\",\"reason\":\"closed: "                                                        \
    "\\\"bye\\\"\",\"subscribe\":\"demand\",\"epoch\":1763941200123456,"                                                       \
    "\"trades\":1,\"duplicates\":2,\"malformed\":3,\"gaps\":4,\"reconnects\":5,\"id_conflicts\":6,\"future\":7,"               \
    "\"unjournaled\":8,\"breaker\":\"half_open\",\"health\":97,"                                                               \
    "\"stale\":{\"BTC-USD\":31.500},\"symbols\":{\"BTC-USD\":42,\"ETH-USD\":0}}"

static const status_t example = {
    .event = STATUS_LOST,
    .source = {"blockchain", 10},
    .connected = false,
    .since_ns = INT64_C(1762795473000000001),
    .time_ns = INT64_C(1762795474000000000),
    .reason = {"closed: \"bye\"", 13},
    .demand = true,
    .epoch = UINT64_C(1763941200123456),
    .trades = 1,
    .duplicates = 2,
    .malformed = 3,
    .gaps = 4,
    .reconnects = 5,
    .id_conflicts = 6,
    .future = 7,
    .unjournaled = 8,
    .breaker = {"half_open", 9},
    .health = 97,
    .stale = {"{\"BTC-USD\":31.500}", 18},
    .symbols = {"{\"BTC-USD\":42,\"ETH-USD\":0}", 26},
};

/* `json` with its first `from` replaced by `to`; valid until the next call. */
static text_t with(const char *json, const char *from, const char *to)
{
    static char changed[2048];
    const char *at = strstr(json, from);
    ck_assert_ptr_nonnull(at);
    size_t before = (size_t)(at - json), behind = strlen(at + strlen(from)), length = strlen(to);
    ck_assert_uint_lt(before + length + behind, sizeof changed);
    memcpy(changed, json, before);
    memcpy(changed + before, to, length);
    memcpy(changed + before + length, at + strlen(from), behind);
    return (text_t){changed, before + length + behind};
}

START_TEST(status_prints_every_field)
{
    buffer_t out = buffer_new(0);
    status_print(&out, &example);
    ck_assert_msg(text_equal(buffer_text(&out), TEXT(STATUS)), "%.*s", TEXT_ARG(buffer_text(&out)));
    buffer_release(&out);
}
END_TEST

START_TEST(status_is_read_field_by_field)
{
    status_t status;
    ck_assert(status_parse(TEXT(STATUS), &status));
    ck_assert_uint_eq(status.unjournaled, 8);
    ck_assert_int_eq(status.event, STATUS_LOST);
    ck_assert(text_equal(status.source, example.source));
    ck_assert(!status.connected && status.demand);
    ck_assert_int_eq(status.since_ns, example.since_ns);
    ck_assert_int_eq(status.time_ns, example.time_ns);
    ck_assert(text_equal(status.reason, TEXT("closed: \\\"bye\\\"")));
    ck_assert_uint_eq(status.epoch, example.epoch);
    ck_assert_uint_eq(status.trades, 1);
    ck_assert_uint_eq(status.duplicates, 2);
    ck_assert_uint_eq(status.malformed, 3);
    ck_assert_uint_eq(status.gaps, 4);
    ck_assert_uint_eq(status.reconnects, 5);
    ck_assert(text_equal(status.breaker, example.breaker));
    ck_assert_uint_eq(status.health, 97);
    ck_assert(text_equal(status.stale, example.stale));
    ck_assert(text_equal(status.symbols, example.symbols));
}
END_TEST

START_TEST(events_keep_their_names)
{
    static const struct {
        status_event_t event;
        const char *name;
    } cases[] = {{STATUS_HEARTBEAT, "heartbeat"},
                 {STATUS_CONNECTED, "connected"},
                 {STATUS_LOST, "lost"},
                 {STATUS_RESTORED, "restored"},
                 {STATUS_GAP, "gap"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        status_t status;
        ck_assert(status_parse(with(STATUS, "lost", cases[i].name), &status));
        ck_assert_int_eq(status.event, cases[i].event);
        buffer_t out = buffer_new(0);
        status = example;
        status.event = cases[i].event;
        status_print(&out, &status);
        ck_assert(text_equal(buffer_text(&out), with(STATUS, "lost", cases[i].name)));
        buffer_release(&out);
    }
}
END_TEST

START_TEST(newer_statuses_are_understood)
{
    status_t status;
    ck_assert(status_parse(with(STATUS, "\"event\":\"lost\"", "\"new\":[1],\"event\":\"throttled\""), &status));
    ck_assert_int_eq(status.event, STATUS_HEARTBEAT);
    ck_assert(!status.connected);
    ck_assert(status_parse(with(STATUS, "\"reason\":\"closed: \\\"bye\\\"\",", ""), &status));
    ck_assert_uint_eq(status.reason.length, 0);
}
END_TEST

START_TEST(statuses_of_before_say_nothing_of_their_condition_and_are_well)
{
    status_t status;
    ck_assert(
        status_parse(with(STATUS, ",\"breaker\":\"half_open\",\"health\":97,\"stale\":{\"BTC-USD\":31.500}", ""), &status));
    ck_assert(text_equal(status.breaker, TEXT("closed")));
    ck_assert_uint_eq(status.health, 100);
    ck_assert(text_equal(status.stale, TEXT("{}")));
}
END_TEST

START_TEST(failing_subscriptions_are_printed_where_there_are_some_and_walked)
{
    static const char failing[] = "{\"ETH-USD\":\"no \\\"way\\\"\",\"bad\":\"x\",\"LTC-USD\":7}";
    buffer_t out = buffer_new(0);
    status_t status = example, read;
    status.failing = text_of(failing);
    status_print(&out, &status);
    ck_assert(status_parse(buffer_text(&out), &read));
    ck_assert(text_equal(read.failing, text_of(failing)));
    json_walk_t walk = json_walk(read.failing);
    text_t symbol, reason;
    ck_assert(status_next_failing(&walk, &symbol, &reason));
    ck_assert(text_equal(symbol, TEXT("ETH-USD")) && text_equal(reason, TEXT("no \\\"way\\\"")));
    ck_assert(!status_next_failing(&walk, &symbol, &reason));
    buffer_clear(&out);
    status_put_failing(&out, TEXT("ETH-USD"), TEXT("no \"way\""));
    ck_assert(text_starts_with(text_of(failing + 1), buffer_text(&out)));
    buffer_release(&out);
    ck_assert(status_parse(TEXT(STATUS), &read));
    ck_assert(text_equal(read.failing, TEXT("{}")));
    ck_assert(!status_parse(with(STATUS, "\"symbols\"", "\"failing\":7,\"symbols\""), &read));
}
END_TEST

START_TEST(stale_streams_are_walked_and_odd_ones_left_out)
{
    static const char stale[] = "{\"BTC-USD\":31.5,\"bad\":1,\"SKL-USD\":-1,\"NMR-EUR\":\"7\",\"XLM-EUR\":1e3,"
                                "\"SOL-USD\":9223372036854775807,\"ETH-USD\":7,\"LTC-USD\":0.0078125}";
    static const struct {
        const char *symbol;
        int64_t silence_ms;
    } expected[] = {{"BTC-USD", 31500}, {"ETH-USD", 7000}, {"LTC-USD", 7}};
    json_walk_t walk = json_walk(text_of(stale));
    text_t symbol;
    int64_t silence_ms;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        ck_assert(status_next_stale(&walk, &symbol, &silence_ms));
        ck_assert(text_equal(symbol, text_of(expected[i].symbol)));
        ck_assert_int_eq(silence_ms, expected[i].silence_ms);
    }
    ck_assert(!status_next_stale(&walk, &symbol, &silence_ms));
}
END_TEST

START_TEST(a_stale_stream_is_printed_to_the_millisecond)
{
    buffer_t out = buffer_new(0);
    status_put_stale(&out, TEXT("BTC-USD"), 31007);
    ck_assert(text_equal(buffer_text(&out), TEXT("\"BTC-USD\":31.007")));
    buffer_release(&out);
}
END_TEST

START_TEST(what_is_no_status_is_refused)
{
    static const char *const changes[][2] = {
        {"{\"event\":\"lost\",", "{"},
        {"\"lost\"", "7"},
        {"blockchain", "block chain"},
        {"\"connected\":false", "\"connected\":0"},
        {"\"connected\":false,", ""},
        {"2025-11-10T17:24:33", "2025-11-31T17:24:33"},
        {"\"time\":\"2025-11-10T17:24:34.000000000Z\"", "\"time\":1762795474"},
        {"\"reason\":\"closed: \\\"bye\\\"\"", "\"reason\":null"},
        {"demand", "sometimes"},
        {"\"epoch\":1763941200123456", "\"epoch\":-1"},
        {"\"trades\":1", "\"trades\":1.5"},
        {"\"duplicates\":2", "\"duplicates\":\"2\""},
        {"\"malformed\":3,", ""},
        {"\"gaps\":4,", ""},
        {"\"reconnects\":5,", ""},
        {"half_open", "ajar"},
        {"\"half_open\"", "7"},
        {"\"health\":97", "\"health\":101"},
        {"\"health\":97", "\"health\":-1"},
        {"{\"BTC-USD\":31.500}", "[]"},
        {"{\"BTC-USD\":42,\"ETH-USD\":0}", "[]"},
        {"}}", "}"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        status_t status;
        ck_assert_msg(!status_parse(with(STATUS, changes[i][0], changes[i][1]), &status), "row %zu was taken", i);
    }
    status_t status;
    ck_assert(!status_parse(TEXT(""), &status));
    ck_assert(!status_parse(TEXT("[]"), &status));
}
END_TEST

START_TEST(symbols_are_walked_and_odd_ones_left_out)
{
    status_t status;
    ck_assert(
        status_parse(with(STATUS, "{\"BTC-USD\":42,", "{\"BTC-USD\":42,\"bad\":1,\"SKL-USD\":-1,\"NMR-EUR\":\"7\","), &status));
    json_walk_t walk = json_walk(status.symbols);
    text_t symbol;
    uint64_t last;
    ck_assert(status_next_symbol(&walk, &symbol, &last));
    ck_assert(text_equal(symbol, TEXT("BTC-USD")) && last == 42);
    ck_assert(status_next_symbol(&walk, &symbol, &last));
    ck_assert(text_equal(symbol, TEXT("ETH-USD")) && last == 0);
    ck_assert(!status_next_symbol(&walk, &symbol, &last));
}
END_TEST

START_TEST(source_without_symbols_prints_an_empty_object)
{
    status_t status = example, back;
    status.symbols = TEXT("");
    buffer_t out = buffer_new(0);
    status_print(&out, &status);
    ck_assert(status_parse(buffer_text(&out), &back));
    ck_assert(text_equal(back.symbols, TEXT("{}")));
    buffer_release(&out);
}
END_TEST

START_TEST(a_renewed_journal_says_how_it_goes_on)
{
    static const char renewed[] = ",\"run\":7,\"former\":{\"epoch\":1000,\"symbols\":{\"BTC-USD\":40}},\"symbols\"";
    status_t status = example, read;
    buffer_t out = buffer_new(0);
    status.run = 7;
    status.former_epoch = 1000;
    status.former = TEXT("{\"BTC-USD\":40}");
    status_print(&out, &status);
    ck_assert(memmem(out.bytes, out.length, renewed, strlen(renewed)));
    ck_assert(status_parse(buffer_text(&out), &read));
    ck_assert_uint_eq(read.run, 7);
    ck_assert_uint_eq(read.former_epoch, 1000);
    ck_assert(text_equal(read.former, status.former));
    ck_assert(status_parse(TEXT(STATUS), &read));
    ck_assert_uint_eq(read.run, 0);
    ck_assert_uint_eq(read.former_epoch, 0);
    ck_assert(text_equal(read.former, TEXT("{}")));
    ck_assert(!status_parse(with(STATUS, "\"symbols\"", "\"former\":7,\"symbols\""), &read));
    ck_assert(!status_parse(with(STATUS, "\"symbols\"", "\"former\":{\"symbols\":{}},\"symbols\""), &read));
    buffer_release(&out);
}
END_TEST

START_TEST(what_was_missed_is_said_where_it_is_known)
{
    status_t status;
    ck_assert(status_parse(text_of(STATUS), &status));
    ck_assert(!status.missed_known);
    ck_assert(status_parse(with(STATUS, "\"reason\":", "\"missed\":3,\"reason\":"), &status));
    ck_assert(status.missed_known);
    ck_assert_uint_eq(status.missed, 3);
    buffer_t out = buffer_new(0);
    status_print(&out, &status);
    status_t again;
    ck_assert(status_parse(buffer_text(&out), &again));
    ck_assert(again.missed_known);
    ck_assert_uint_eq(again.missed, 3);
    buffer_release(&out);
    ck_assert(!status_parse(with(STATUS, "\"reason\":", "\"missed\":-1,\"reason\":"), &status));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("status");
    tcase_add_test(tests, status_prints_every_field);
    tcase_add_test(tests, status_is_read_field_by_field);
    tcase_add_test(tests, events_keep_their_names);
    tcase_add_test(tests, newer_statuses_are_understood);
    tcase_add_test(tests, statuses_of_before_say_nothing_of_their_condition_and_are_well);
    tcase_add_test(tests, failing_subscriptions_are_printed_where_there_are_some_and_walked);
    tcase_add_test(tests, stale_streams_are_walked_and_odd_ones_left_out);
    tcase_add_test(tests, a_stale_stream_is_printed_to_the_millisecond);
    tcase_add_test(tests, what_is_no_status_is_refused);
    tcase_add_test(tests, symbols_are_walked_and_odd_ones_left_out);
    tcase_add_test(tests, source_without_symbols_prints_an_empty_object);
    tcase_add_test(tests, a_renewed_journal_says_how_it_goes_on);
    tcase_add_test(tests, what_was_missed_is_said_where_it_is_known);
    return RUN_TESTS("status", tests);
}
