/* The paths of the operator's API. */
#include "gatewayd/operator/operator_path.h"

#include "tests/unit/run_tests.h"

static const struct {
    const char *path;
    int place; /* -1: none */
    const char *source, *symbol;
} paths[] = {
    {"/api/v1/clients", OPERATOR_CLIENTS, "", ""},
    {"/api/v1/clients/", OPERATOR_CLIENTS, "", ""},
    {"/api/v1/subscriptions", OPERATOR_SUBSCRIPTIONS, "", ""},
    {"/api/v1/drain", OPERATOR_DRAIN, "", ""},
    {"/api/v1/sources/kraken/symbols", OPERATOR_OFFERS, "kraken", ""},
    {"/api/v1/sources/kraken/symbols/", OPERATOR_OFFERS, "kraken", ""},
    {"/api/v1/sources/kraken/symbols/BTC-USD", OPERATOR_SYMBOL, "kraken", "BTC-USD"},
    {"/api/v1/sources/a/b/symbols/readings.sensor-7", OPERATOR_SYMBOL, "a/b", "readings.sensor-7"},
    {"/api/v1/sources/a/symbols/b/symbols/C-D", OPERATOR_SYMBOL, "a/symbols/b", "C-D"},
    {"/api/v1/history", OPERATOR_HISTORY, "", ""},
    {"/api/v1/history/", OPERATOR_HISTORY, "", ""},
    {"/api/v1/history/BTC-USD", OPERATOR_HISTORY, "", "BTC-USD"},
    {"/api/v1/history/readings/sensor-7", OPERATOR_HISTORY, "", "readings/sensor-7"},
    {"/api/v1/history/a/b/c", -1, "", ""},
    {"/api/v1/history//b", -1, "", ""},
    {"/api/v1/historyBTC-USD", -1, "", ""},
    {"/api/v1/sources", -1, "", ""},
    {"/api/v1/sources/", -1, "", ""},
    {"/api/v1/sources/kraken", -1, "", ""},
    {"/api/v1/sources//symbols", -1, "", ""},
    {"/api/v1/sources/symbols", -1, "", ""},
    {"/api/v1/sources//symbols/A-B", -1, "", ""},
    {"/api/v1/clients/7", -1, "", ""},
    {"/api/v1/Clients", -1, "", ""},
    {"/api/v1/trades/BTC-USD", -1, "", ""},
    {"/", -1, "", ""},
    {"", -1, "", ""},
};

START_TEST(a_path_leads_to_its_place)
{
    operator_target_t target;
    bool found = operator_find(text_of(paths[_i].path), &target);
    ck_assert_msg(found == (paths[_i].place >= 0), "%s: %sfound", paths[_i].path, found ? "" : "not ");
    if (!found)
        return;
    ck_assert_int_eq((int)target.place, paths[_i].place);
    ck_assert_msg(text_equal(target.source, text_of(paths[_i].source)), "found %.*s", TEXT_ARG(target.source));
    ck_assert_msg(text_equal(target.symbol, text_of(paths[_i].symbol)), "found %.*s", TEXT_ARG(target.symbol));
}
END_TEST

START_TEST(each_place_takes_its_methods)
{
    ck_assert(operator_takes(OPERATOR_CLIENTS, TEXT("GET")) && operator_takes(OPERATOR_CLIENTS, TEXT("HEAD")));
    ck_assert(operator_takes(OPERATOR_SYMBOL, TEXT("PUT")) && operator_takes(OPERATOR_SYMBOL, TEXT("DELETE")));
    ck_assert(operator_takes(OPERATOR_HISTORY, TEXT("DELETE")) && operator_takes(OPERATOR_DRAIN, TEXT("POST")));
    ck_assert(!operator_takes(OPERATOR_SYMBOL, TEXT("GET")) && !operator_takes(OPERATOR_HISTORY, TEXT("GET")));
    ck_assert(!operator_takes(OPERATOR_DRAIN, TEXT("post")) && !operator_takes(OPERATOR_DRAIN, TEXT("")));
    ck_assert(!operator_takes(OPERATOR_CLIENTS, TEXT("GET, HEAD")) && !operator_takes(OPERATOR_CLIENTS, TEXT("DELETE")));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("paths");
    tcase_add_loop_test(tests, a_path_leads_to_its_place, 0, sizeof paths / sizeof *paths);
    tcase_add_test(tests, each_place_takes_its_methods);
    return RUN_TESTS("operator_path", tests);
}
