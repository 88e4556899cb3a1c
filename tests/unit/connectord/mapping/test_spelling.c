/* Templates, and spellings that are made with them. */
#include "connectord/mapping/spelling.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static char error[TEMPLATE_ERROR_MAX];

static const template_values_t values = {
    .symbol = TEXT_CONST("BTC-USD"), .native = TEXT_CONST("tBTC\"USD"), .token = TEXT_CONST("secret")};

static const struct {
    const char *template, *text, *json;
} printed[] = {
    {"", "", ""},
    {"ping", "ping", "ping"},
    {"${base}${quote}", "BTCUSD", "BTCUSD"},
    {"${base:lower}_${quote:upper}", "btc_USD", "btc_USD"},
    {"t${symbol}:${key:lower}!", "tBTC-USD:btc-usd!", "tBTC-USD:btc-usd!"},
    {"\"${native}\"", "\"tBTC\"USD\"", "\"tBTC\\\"USD\""},
    {"$ {base} $5 ${token}", "$ {base} $5 secret", "$ {base} $5 secret"},
};

START_TEST(values_stand_in_their_places)
{
    template_t template;
    buffer_t out = buffer_new(0);
    ck_assert_msg(template_compile(&template, text_of(printed[_i].template), error), "%s", error);
    template_print(&template, &values, false, &out);
    ck_assert_msg(text_equal(buffer_text(&out), text_of(printed[_i].text)), "%.*s", TEXT_ARG(buffer_text(&out)));
    buffer_clear(&out);
    template_print(&template, &values, true, &out);
    ck_assert_msg(text_equal(buffer_text(&out), text_of(printed[_i].json)), "%.*s", TEXT_ARG(buffer_text(&out)));
    buffer_release(&out);
}
END_TEST

static const struct {
    const char *template, *error;
} mistakes[] = {
    {"${symbl}", "expected native, symbol, key, channel, base, quote or token in ${}, found symbl"},
    {"${base:title}", "expected lower or upper behind the colon in ${}, found title"},
    {"${base", "expected a } behind ${, found base"},
    {"${}", "expected native, symbol, key, channel, base, quote or token in ${}, found "},
};

START_TEST(a_mistake_in_a_template_is_named)
{
    template_t template;
    ck_assert(!template_compile(&template, text_of(mistakes[_i].template), error));
    ck_assert_str_eq(error, mistakes[_i].error);
}
END_TEST

START_TEST(a_template_has_an_end)
{
    template_t template;
    buffer_t text = buffer_new(0);
    for (int i = 0; i <= TEMPLATE_PARTS_MAX; i++)
        buffer_append(&text, TEXT("${base}"));
    ck_assert(!template_compile(&template, buffer_text(&text), error));
    ck_assert(template_compile(&template, TEXT("x${quote}"), error) && template_has(&template, TEMPLATE_QUOTE) &&
              !template_has(&template, TEMPLATE_BASE));
    buffer_release(&text);
}
END_TEST

static void expect(const spelling_t *spelling, const char *symbol, const char *native)
{
    ck_assert(text_equal(spelling_native(spelling, text_of(symbol)), text_of(native)));
    if (*native)
        ck_assert(text_equal(spelling_subject(spelling, TEXT("trades"), text_of(native)), text_of(symbol)));
}

START_TEST(a_pattern_spells_both_ways_what_was_added)
{
    spelling_t *spelling = spelling_new(TEXT("\"${base:lower}${quote:lower}\""), error);
    ck_assert_msg(spelling, "%s", error);
    ck_assert(spelling_add(spelling, TEXT("BTC-USDT"), error) && spelling_add(spelling, TEXT("BTC-USDT"), error));
    expect(spelling, "BTC-USDT", "btcusdt");
    expect(spelling, "ETH-USDT", "");
    ck_assert_uint_eq(spelling_subject(spelling, TEXT("trades"), TEXT("ethusdt")).length, 0);
    ck_assert(!spelling_add(spelling, TEXT("BTCU-SDT"), error));
    ck_assert_str_eq(error, "two symbols have the same name: btcusdt");
    spelling_destroy(&spelling);
}
END_TEST

START_TEST(a_table_spells_what_stands_in_it)
{
    spelling_t *spelling = spelling_new(TEXT("{\"BTC-USD\":\"XBT/USD\"}"), error);
    ck_assert(spelling_add(spelling, TEXT("BTC-USD"), error));
    expect(spelling, "BTC-USD", "XBT/USD");
    ck_assert(!spelling_add(spelling, TEXT("ETH-USD"), error));
    ck_assert_str_eq(error, "there is no name for ETH-USD");
    spelling_destroy(&spelling);
}
END_TEST

START_TEST(without_a_rule_names_are_the_symbols)
{
    spelling_t *spelling = spelling_new(TEXT(""), error);
    ck_assert(spelling_add(spelling, TEXT("BTC-USD"), error));
    expect(spelling, "BTC-USD", "BTC-USD");
    spelling_destroy(&spelling);
}
END_TEST

static const char *const no_rules[] = {"7", "[]", "{\"A-B\":1}", "\"${x}\"", "nonsense"};

START_TEST(another_rule_is_refused)
{
    ck_assert_ptr_null(spelling_new(text_of(no_rules[_i]), error));
    ck_assert_uint_gt(strlen(error), 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("spelling");
    tcase_add_loop_test(tests, values_stand_in_their_places, 0, sizeof printed / sizeof *printed);
    tcase_add_loop_test(tests, a_mistake_in_a_template_is_named, 0, sizeof mistakes / sizeof *mistakes);
    tcase_add_test(tests, a_template_has_an_end);
    tcase_add_test(tests, a_pattern_spells_both_ways_what_was_added);
    tcase_add_test(tests, a_table_spells_what_stands_in_it);
    tcase_add_test(tests, without_a_rule_names_are_the_symbols);
    tcase_add_loop_test(tests, another_rule_is_refused, 0, sizeof no_rules / sizeof *no_rules);
    return RUN_TESTS("spelling", tests);
}
