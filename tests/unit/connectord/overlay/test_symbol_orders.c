/* Orders over the replay socket, with a source that takes what it is told. */
#include "connectord/overlay/symbol_orders.h"

#include "common/log.h"
#include "tests/unit/run_tests.h"
#include "tests/unit/temporary_folder.h"

#define TOKEN "sixteen letters\xc3\xa9\""

static folder_t folder;
static overlay_t *overlay;
static symbol_orders_t *orders;
static buffer_t answer;
static text_t symbols[] = {TEXT_CONST("BTC-USD"), TEXT_CONST("ETH-USD")};
static source_config_t source;
static symbol_result_t outcome;
static char ordered[128];

static symbol_result_t on_order(void *arg, text_t name, text_t symbol, overlay_change_t change)
{
    (void)arg;
    snprintf(ordered, sizeof ordered, "%s %.*s of %.*s", change == OVERLAY_ADDED ? "add" : "remove", TEXT_ARG(symbol),
             TEXT_ARG(name));
    if (!text_equal(name, source.name))
        return SYMBOL_NO_SOURCE;
    if (outcome == SYMBOL_CHANGED)
        ck_assert_int_eq(overlay_set(overlay, name, symbol, change), OVERLAY_SET);
    return outcome;
}

static const source_config_t *find(void *arg, text_t name)
{
    (void)arg;
    return text_equal(name, source.name) ? &source : NULL;
}

static void set_up(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    folder = folder_new();
    overlay = overlay_open(folder.path);
    orders = symbol_orders_new(overlay, TOKEN, &(symbol_orders_events_t){.order = on_order, .find = find});
    ck_assert(overlay && orders);
    source = (source_config_t){.name = TEXT("kraken"), .symbols = symbols, .symbol_count = 2};
    answer = buffer_new(0);
    outcome = SYMBOL_CHANGED;
    ordered[0] = '\0';
}

static void tear_down(void)
{
    buffer_release(&answer);
    symbol_orders_destroy(&orders);
    overlay_close(&overlay);
    folder_remove(&folder);
}

static void expect(const char *json, const char *expected)
{
    request_t request;
    buffer_clear(&answer);
    if (request_parse(text_of(json), &request, &answer))
        ck_assert(symbol_orders_answer(orders, &request, &answer));
    ck_assert_msg(text_equal(buffer_text(&answer), text_of(expected)), "asked %s\nexpected %s\nfound    %.*s", json, expected,
                  TEXT_ARG(buffer_text(&answer)));
}

#define AS_TOKEN  "\"token\":\"sixteen letters\xc3\xa9\\\"\""
#define OF_KRAKEN "\"source\":\"kraken\",\"symbol\":"
#define OFFERED   "\"symbols\":[\"BTC-USD\",\"ETH-USD\"]"
#define FORBIDDEN "{\"ok\":false,\"error\":{\"code\":\"forbidden\",\"message\":"
#define ADD_SOL   "{\"op\":\"add\"," AS_TOKEN "," OF_KRAKEN "\"SOL-USD\"}"

START_TEST(an_order_is_carried_out_and_answered_with_what_is_offered)
{
    expect("{\"op\":\"offers\",\"id\":7,\"source\":\"kraken\"}",
           "{\"ok\":true,\"id\":7,\"source\":\"kraken\"," OFFERED ",\"added\":[],\"removed\":[]}");
    expect(ADD_SOL, "{\"ok\":true,\"source\":\"kraken\",\"changed\":true," OFFERED ",\"added\":[\"SOL-USD\"],\"removed\":[]}");
    ck_assert_str_eq(ordered, "add SOL-USD of kraken");
    expect("{\"op\":\"remove\"," AS_TOKEN "," OF_KRAKEN "\"LTC-USD\"}",
           "{\"ok\":true,\"source\":\"kraken\",\"changed\":true," OFFERED
           ",\"added\":[\"SOL-USD\"],\"removed\":[\"LTC-USD\"]}");
    ck_assert_str_eq(ordered, "remove LTC-USD of kraken");
    outcome = SYMBOL_AS_IT_WAS;
    expect(ADD_SOL, "{\"ok\":true,\"source\":\"kraken\",\"changed\":false," OFFERED
                    ",\"added\":[\"SOL-USD\"],\"removed\":[\"LTC-USD\"]}");
    ck_assert_uint_eq(symbol_orders_counts(orders).orders, 3);
}
END_TEST

START_TEST(without_the_token_nothing_is_carried_out)
{
    const char *wrong = FORBIDDEN "\"add needs the token that is set as connectord.token\"}}";
    expect("{\"op\":\"add\"," OF_KRAKEN "\"SOL-USD\"}", wrong);
    expect("{\"op\":\"add\",\"token\":\"\"," OF_KRAKEN "\"SOL-USD\"}", wrong);
    expect("{\"op\":\"add\",\"token\":\"sixteen letters\"," OF_KRAKEN "\"SOL-USD\"}", wrong);
    expect(
        "{\"op\":\"add\",\"token\":\"sixteen lettersX\"," OF_KRAKEN "\"no symbol\"}",
        "{\"ok\":false,\"error\":{\"code\":\"invalid_symbol\",\"message\":\"symbol: expected a symbol such as \\\"BTC-USD\\\", "
        "found \\\"no symbol\\\"\"}}");
    ck_assert_uint_eq(symbol_orders_counts(orders).refused, 3);
    ck_assert(symbol_orders_set_token(orders, ""));
    expect(ADD_SOL, FORBIDDEN "\"add is disabled: connectord.token is not set\"}}");
    expect("{\"op\":\"add\",\"token\":\"\"," OF_KRAKEN "\"SOL-USD\"}",
           FORBIDDEN "\"add is disabled: connectord.token is not set\"}}");
    ck_assert(symbol_orders_set_token(orders, "another one of 16"));
    expect(ADD_SOL, wrong);
    ck_assert_str_eq(ordered, "");
}
END_TEST

START_TEST(what_can_not_be_done_is_named)
{
    expect("{\"op\":\"offers\",\"source\":\"other\"}",
           "{\"ok\":false,\"error\":{\"code\":\"invalid_source\",\"message\":\"Invalid source: other\"}}");
    expect("{\"op\":\"add\"," AS_TOKEN ",\"source\":\"other\",\"symbol\":\"SOL-USD\"}",
           "{\"ok\":false,\"error\":{\"code\":\"invalid_source\",\"message\":\"Invalid source: other\"}}");
    expect("{\"op\":\"add\"," AS_TOKEN "," OF_KRAKEN "\"coverage.BTC-USD\"}",
           "{\"ok\":false,\"error\":{\"code\":\"invalid_symbol\",\"message\":\"Invalid symbol: coverage.BTC-USD\"}}");
    expect("{\"op\":\"add\"," AS_TOKEN ",\"source\":\"kraken\"}",
           "{\"ok\":false,\"error\":{\"code\":\"invalid_request\",\"message\":\"symbol: add needs it, found none\"}}");
    expect("{\"op\":\"offers\"}",
           "{\"ok\":false,\"error\":{\"code\":\"invalid_request\",\"message\":\"source: offers needs it, found none\"}}");
    outcome = SYMBOL_TOO_MANY;
    expect(ADD_SOL,
           "{\"ok\":false,\"error\":{\"code\":\"limit\",\"message\":\"Too many symbols: expected at most 10000 of a source "
           "and 10000 changes, found one more\"}}");
    outcome = SYMBOL_UNAVAILABLE;
    expect(ADD_SOL,
           "{\"ok\":false,\"error\":{\"code\":\"unavailable\",\"message\":\"Not changed: the disk, the journal or the memory "
           "of connectord has no room\"}}");
}
END_TEST

START_TEST(other_operations_are_left_to_others)
{
    request_t request;
    ck_assert(request_parse(TEXT("{\"op\":\"streams\"}"), &request, &answer));
    ck_assert(!symbol_orders_answer(orders, &request, &answer));
    ck_assert_uint_eq(answer.length, 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {an_order_is_carried_out_and_answered_with_what_is_offered,
                                  without_the_token_nothing_is_carried_out, what_can_not_be_done_is_named,
                                  other_operations_are_left_to_others};
    return RUN_TESTS("symbol_orders", TEST_CASE(set_up, tear_down, tests));
}
