/* What operators ask for, carried out: with services that the test plays. */
#include "gatewayd/operator/operator_call.h"

#include "common/json/json.h"
#include "gatewayd/operator/client_list.h"
#include "gatewayd/operator/subscription_list.h"
#include "tests/unit/gateway_fixture.h"

#include <uv.h>

static const operator_lists_t lists = {.clients_begin = client_list_begin,
                                       .clients_step = client_list_step,
                                       .streams = subscription_list_print,
                                       .streams_of = subscription_list_print_client};
static loop_t *loop;
static operator_calls_t *calls;
static operator_call_t call;
static int readies, drains;

static void on_drain(void *arg)
{
    (void)arg;
    drains++;
}

static void on_ready(void *arg)
{
    (void)arg;
    readies++;
    uv_stop(loop_uv(loop));
}

static void setup(void)
{
    fixture_setup();
    loop = loop_new();
    calls = operator_calls_new(loop, &fixture.hub, &lists, on_drain, NULL);
    ck_assert(loop && calls && operator_calls_set_tokens(calls, "a \"connectord\" token", "cached's token"));
    readies = drains = 0;
}

static void teardown(void)
{
    operator_call_release(&call);
    operator_calls_destroy(&calls);
    loop_destroy(&loop);
    fixture_teardown();
}

/* Is it answered at once? query: divided by '&'. */
static bool start(const char *method, const char *path, const char *query)
{
    operator_target_t target;
    rest_query_t arguments = {.count = 0};
    char copy[256];
    snprintf(copy, sizeof copy, "%s", query);
    char room[256];
    ck_assert(operator_find(text_of(path), &target));
    ck_assert(operator_takes(target.place, text_of(method)));
    ck_assert(rest_query_read(&arguments, text_of(copy), room));
    operator_call_release(&call);
    return operator_call_start(&call, calls, &target, text_of(method), &arguments, on_ready, NULL);
}

static void expect_answer(unsigned status, const char *part)
{
    ck_assert_msg(call.status == status, "expected %u, found %u %.*s", status, call.status, TEXT_ARG(buffer_text(&call.body)));
    ck_assert(json_valid(buffer_text(&call.body)));
    ck_assert_msg(memmem(call.body.bytes, call.body.length, part, strlen(part)), "expected something with %s, found %.*s", part,
                  TEXT_ARG(buffer_text(&call.body)));
}

static const struct {
    const char *method, *path, *query;
    unsigned status;
    const char *part;
} refusals[] = {
    {"GET", "/api/v1/clients", "colour=red", 400, "colour: no such parameter here"},
    {"GET", "/api/v1/clients", "count=0", 400, "count: expected a whole number from 1 to 1000"},
    {"GET", "/api/v1/clients", "count=1001", 400, "count: expected a whole number from 1 to 1000"},
    {"GET", "/api/v1/clients", "cursor=!", 400, "cursor: expected the `next` of an earlier page"},
    {"GET", "/api/v1/clients", "cursor=IkEi", 400, "cursor: expected the `next` of an earlier page"},
    {"GET", "/api/v1/subscriptions", "cursor=Nw", 400, "cursor: expected the `next` of an earlier page"},
    {"GET", "/api/v1/subscriptions", "client=x", 400, "client: expected the id of a client"},
    {"GET", "/api/v1/subscriptions", "client=99", 404, "client: there is no client of this id, or it has left"},
    {"PUT", "/api/v1/sources/a/symbols/BTCUSD", "", 400, "symbol: expected one such as BTC-USD"},
    {"PUT", "/api/v1/sources/a b/symbols/BTC-USD", "", 404, "There is no such source"},
    {"PUT", "/api/v1/sources/a/symbols/BTC-USD", "count=1", 400, "count: no such parameter here"},
    {"DELETE", "/api/v1/history", "", 400, "all: expected true"},
    {"DELETE", "/api/v1/history/", "all=yes", 400, "all: expected true"},
    {"DELETE", "/api/v1/history/BTC-USD", "all=true", 400, "all: no such parameter here"},
    {"DELETE", "/api/v1/history/BTCUSD", "", 404, "There is no such symbol"},
    {"DELETE", "/api/v1/history/readings.sensor-7", "", 404, "There is no such symbol"},
    {"POST", "/api/v1/drain", "now=true", 400, "now: no such parameter here"},
};

START_TEST(what_makes_no_sense_is_named_and_nobody_is_asked)
{
    ck_assert(start(refusals[_i].method, refusals[_i].path, refusals[_i].query));
    expect_answer(refusals[_i].status, refusals[_i].part);
    ck_assert_str_ne(call.detail, "");
    ck_assert_uint_eq(fixture.asked_count, 0);
    ck_assert_int_eq(drains, 0);
}
END_TEST

START_TEST(clients_are_listed_from_the_loop)
{
    ck_assert(!start("GET", "/api/v1/clients", "count=5"));
    while (readies == 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    expect_answer(200, "\"total\":1,\"clients\":[{\"id\":1,");
    ck_assert(start("GET", "/api/v1/subscriptions", ""));
    expect_answer(200, "{\"version\":\"v1\",\"subscriptions\":[]}");
}
END_TEST

START_TEST(a_list_that_nobody_waits_for_is_not_made)
{
    ck_assert(!start("GET", "/api/v1/clients", ""));
    operator_call_release(&call);
    for (int i = 0; i < 3; i++)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    ck_assert_int_eq(readies, 0);
}
END_TEST

START_TEST(orders_bring_the_token_and_answers_lose_what_is_the_protocols)
{
    ck_assert(!start("PUT", "/api/v1/sources/lab/symbols/readings.sensor-7", ""));
    service_answers(
        "journal",
        "{\"op\":\"add\",\"source\":\"lab\",\"symbol\":\"readings.sensor-7\",\"token\":\"a \\\"connectord\\\" token\"}",
        "{\"ok\":true,\"id\":7,\"source\":\"lab\",\"changed\":true,\"symbols\":[\"readings.sensor-7\"]}");
    ck_assert_int_eq(readies, 1);
    expect_answer(200, "{\"version\":\"v1\",\"source\":\"lab\",\"changed\":true,\"symbols\":[\"readings.sensor-7\"]}");
    ck_assert_str_eq(call.detail, "changed");
    ck_assert(!start("DELETE", "/api/v1/sources/lab/symbols/BTC-USD", ""));
    service_answers("journal", "{\"op\":\"remove\",",
                    "{\"ok\":false,\"error\":{\"code\":\"limit\",\"message\":\"say \\\"no\\\"\"}}");
    expect_answer(409, "\"detail\":\"say \\\"no\\\"\"");
    ck_assert_str_eq(call.detail, "say \"no\"");
    ck_assert(!start("GET", "/api/v1/sources/lab/symbols", ""));
    service_answers("journal", "{\"op\":\"offers\",\"source\":\"lab\"}", "{\"ok\":true,\"source\":\"lab\",\"symbols\":[]}");
    expect_answer(200, "\"symbols\":[]");
}
END_TEST

START_TEST(history_is_cleared_of_what_the_path_names)
{
    static const struct {
        const char *path, *query, *request;
    } paths[] = {
        {"/api/v1/history/BTC-USD", "", "{\"op\":\"clear\",\"symbol\":\"BTC-USD\",\"token\":\"cached's token\"}"},
        {"/api/v1/history/readings/sensor-7", "", "{\"op\":\"clear\",\"symbol\":\"readings.sensor-7\",\"token\":"},
        {"/api/v1/history", "all=true", "{\"op\":\"clear\",\"token\":"},
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        ck_assert(!start("DELETE", paths[i].path, paths[i].query));
        service_answers("history", paths[i].request, "{\"ok\":true,\"id\":1,\"cleared\":5}");
        expect_answer(200, "{\"version\":\"v1\",\"cleared\":5}");
        ck_assert_str_eq(call.detail, "cleared 5");
    }
}
END_TEST

static const struct {
    const char *answer;
    unsigned status;
    const char *part;
} clears[] = {
    {NULL, 504, "it may be cleared all the same"},
    {"{\"ok\":false,\"error\":{\"code\":\"invalid_symbol\",\"message\":\"Invalid symbol: BTC-USD\"}}", 404,
     "Invalid symbol: BTC-USD"},
    {"{\"ok\":false,\"error\":{\"code\":\"unavailable\",\"message\":\"later\"}}", 503, "later"},
    {"{\"ok\":false,\"error\":{\"code\":\"forbidden\",\"message\":\"no\"}}", 502, "no"},
    {"{\"ok\":false}", 502, "not one of its protocol"},
};

START_TEST(why_history_is_not_cleared_is_told)
{
    ck_assert(!start("DELETE", "/api/v1/history/BTC-USD", ""));
    service_answers("history", "{\"op\":\"clear\"", clears[_i].answer);
    expect_answer(clears[_i].status, clears[_i].part);
}
END_TEST

START_TEST(without_tokens_nothing_is_changed)
{
    ck_assert(operator_calls_set_tokens(calls, "", ""));
    ck_assert(start("PUT", "/api/v1/sources/a/symbols/BTC-USD", ""));
    expect_answer(501, "connectord.token is not set");
    ck_assert(start("DELETE", "/api/v1/history/BTC-USD", ""));
    expect_answer(501, "cached.token is not set");
    ck_assert_uint_eq(fixture.asked_count, 0);
}
END_TEST

START_TEST(where_nobody_can_be_asked_it_is_said_at_once)
{
    fixture.deaf = true;
    ck_assert(start("PUT", "/api/v1/sources/a/symbols/BTC-USD", ""));
    expect_answer(503, "No connectord can be asked now");
    ck_assert(start("DELETE", "/api/v1/history/BTC-USD", ""));
    expect_answer(503, "History can't be asked now");
}
END_TEST

START_TEST(draining_is_ordered)
{
    ck_assert(start("POST", "/api/v1/drain", ""));
    expect_answer(202, "{\"version\":\"v1\",\"draining\":true,\"clients\":1}");
    ck_assert_int_eq(drains, 1);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("calls");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, what_makes_no_sense_is_named_and_nobody_is_asked, 0, sizeof refusals / sizeof *refusals);
    tcase_add_test(tests, clients_are_listed_from_the_loop);
    tcase_add_test(tests, a_list_that_nobody_waits_for_is_not_made);
    tcase_add_test(tests, orders_bring_the_token_and_answers_lose_what_is_the_protocols);
    tcase_add_test(tests, history_is_cleared_of_what_the_path_names);
    tcase_add_loop_test(tests, why_history_is_not_cleared_is_told, 0, sizeof clears / sizeof *clears);
    tcase_add_test(tests, without_tokens_nothing_is_changed);
    tcase_add_test(tests, where_nobody_can_be_asked_it_is_said_at_once);
    tcase_add_test(tests, draining_is_ordered);
    return RUN_TESTS("operator_call", tests);
}
