/* An order to whichever connectord has the source. */
#include "gatewayd/operator/symbol_order.h"

#include "tests/unit/gateway_fixture.h"

#define REQUEST                "{\"op\":\"add\",\"source\":\"a\",\"symbol\":\"B-C\"}"
#define OK                     "{\"ok\":true,\"id\":7,\"changed\":true}"
#define REFUSED(code, message) "{\"ok\":false,\"id\":7,\"error\":{\"code\":\"" code "\",\"message\":\"" message "\"}}"
#define NOT_HERE               REFUSED("invalid_source", "Invalid source: a")

static history_client_t *both;
static char told[512];

static void setup(void)
{
    static char history[] = "history", first[] = "first", second[] = "second";
    void *replays[] = {first, second};
    fixture_setup();
    both = history_client_new(&test_service, history, replays, 2);
    told[0] = '\0';
}

static void teardown(void)
{
    history_client_destroy(&both);
    fixture_teardown();
}

static void on_done(void *arg, unsigned status, text_t answer)
{
    (void)arg;
    ck_assert_str_eq(told, "");
    snprintf(told, sizeof told, "%u %.*s", status, TEXT_ARG(answer));
}

static const struct {
    const char *first, *second, *told;
} ends[] = {
    {OK, NOT_HERE, "200 " OK},
    {NOT_HERE, OK, "200 " OK},
    {OK, OK, "200 " OK},
    {OK, NULL, "200 " OK}, /* that one is away says nothing against the other */
    {NOT_HERE, NOT_HERE, "404 Invalid source: a"},
    {NOT_HERE, NULL, "504 no connectord that could have the source answered"},
    {NULL, NULL, "504 no connectord that could have the source answered"},
    {NOT_HERE, REFUSED("limit", "Too many"), "409 Too many"},
    {REFUSED("limit", "Too many"), NULL, "409 Too many"},
    {NOT_HERE, REFUSED("forbidden", "no \\\"token\\\""), "502 no \\\"token\\\""},
    {NOT_HERE, REFUSED("unavailable", "no room"), "503 no room"},
    {NOT_HERE, REFUSED("invalid_symbol", "no symbol"), "400 no symbol"},
    {NOT_HERE, REFUSED("unknown_op", "what?"), "502 what?"},
    {OK, REFUSED("unavailable", "no room"), "502 done by 1 connectord, and by another one not: no room"},
    {"nonsense", NOT_HERE, "502 a connectord's answer is not one of its protocol"},
    {"{\"ok\":false}", NOT_HERE, "502 a connectord's answer is not one of its protocol"},
};

START_TEST(whoever_has_the_source_decides)
{
    ck_assert_ptr_nonnull(symbol_order_start(both, TEXT(REQUEST), on_done, NULL));
    ck_assert_uint_eq(fixture.asked_count, 2);
    service_answers("first", REQUEST, ends[_i].first);
    ck_assert_str_eq(told, "");
    service_answers("second", REQUEST, ends[_i].second);
    ck_assert_str_eq(told, ends[_i].told);
}
END_TEST

START_TEST(who_no_longer_waits_is_told_nothing)
{
    symbol_order_t *order = symbol_order_start(both, TEXT(REQUEST), on_done, NULL);
    service_answers("first", REQUEST, OK);
    symbol_order_cancel(&order);
    ck_assert_ptr_null(order);
    ck_assert_uint_eq(fixture.asked_count, 0);
    ck_assert_str_eq(told, "");
}
END_TEST

START_TEST(where_nobody_can_be_asked_nothing_begins)
{
    fixture.deaf = true;
    ck_assert_ptr_null(symbol_order_start(both, TEXT(REQUEST), on_done, NULL));
    ck_assert_str_eq(told, "");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("orders");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, whoever_has_the_source_decides, 0, sizeof ends / sizeof *ends);
    tcase_add_test(tests, who_no_longer_waits_is_told_nothing);
    tcase_add_test(tests, where_nobody_can_be_asked_nothing_begins);
    return RUN_TESTS("symbol_order", tests);
}
