#include "connectord/exchanges/kraken_symbol.h"
#include "tests/unit/check_text.h"
#include "tests/unit/run_tests.h"

START_TEST(slash_stands_for_the_first_hyphen_and_back)
{
    static const char *const cases[][2] = {
        {"BTC-USD", "BTC/USD"}, {"DOGE-EUR", "DOGE/EUR"}, {"A-B-C", "A/B-C"}, {"a-b", "a/b"}};
    char spelling[SYMBOL_MAX], out[SYMBOL_MAX];
    text_t symbol;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        text_t printed = {spelling, kraken_symbol_print(spelling, text_of(cases[i][0]))};
        check_text(printed, cases[i][1]);
        ck_assert(kraken_symbol_read(out, printed, &symbol));
        check_text(symbol, cases[i][0]);
    }
}
END_TEST

#define X64 "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"

START_TEST(what_spells_no_symbol_is_refused)
{
    static const char *const cases[] = {"", "BTC", "BTC-USD", "BTC-B/USD", X64, "A/" X64};
    char out[SYMBOL_MAX];
    text_t symbol;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(!kraken_symbol_read(out, text_of(cases[i]), &symbol), "%s", cases[i]);
}
END_TEST

START_TEST(pairs_have_the_old_names_of_two_assets)
{
    static const char *const cases[][2] = {
        {"BTC-USD", "XBTUSD"},
        {"ETH-BTC", "ETHXBT"},
        {"DOGE-USDT", "XDGUSDT"},
        {"DOGE-BTC", "XDGXBT"},
        {"WBTC-USD", "WBTCUSD"},
        {"BTC2-DOGES", "BTC2DOGES"},
        {"A&b=-\xc3\xb6%", "A%26b%3D%C3%B6%25"},
    };
    buffer_t out = buffer_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buffer_clear(&out);
        kraken_pair_print(&out, text_of(cases[i][0]));
        check_text(buffer_text(&out), cases[i][1]);
    }
    buffer_release(&out);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("kraken_symbol");
    tcase_add_test(tests, slash_stands_for_the_first_hyphen_and_back);
    tcase_add_test(tests, what_spells_no_symbol_is_refused);
    tcase_add_test(tests, pairs_have_the_old_names_of_two_assets);
    return RUN_TESTS("kraken_symbol", tests);
}
