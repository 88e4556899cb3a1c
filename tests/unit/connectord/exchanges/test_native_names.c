#include "connectord/exchanges/native_names.h"

#include "tests/unit/run_tests.h"

static native_names_t names;

static void set_up(void)
{
    ck_assert(native_names_init(&names));
}

static void tear_down(void)
{
    native_names_release(&names);
}

START_TEST(name_leads_back_to_the_symbol_that_it_was_made_of)
{
    ck_assert(native_names_put(&names, TEXT("BTCUSDT"), TEXT("BTC-USDT")));
    ck_assert(native_names_put(&names, TEXT("ETHUSDT"), TEXT("ETH-USDT")));
    ck_assert(text_equal(native_names_symbol(&names, TEXT("BTCUSDT")), TEXT("BTC-USDT")));
    ck_assert(text_equal(native_names_symbol(&names, TEXT("ETHUSDT")), TEXT("ETH-USDT")));
}
END_TEST

START_TEST(unknown_name_leads_nowhere)
{
    ck_assert_uint_eq(native_names_symbol(&names, TEXT("BTCUSDT")).length, 0);
    ck_assert_uint_eq(native_names_symbol(&names, TEXT("")).length, 0);
}
END_TEST

START_TEST(last_symbol_of_a_name_counts)
{
    ck_assert(native_names_put(&names, TEXT("BTCUSDT"), TEXT("BT-CUSDT")));
    ck_assert(native_names_put(&names, TEXT("BTCUSDT"), TEXT("BTC-USDT")));
    ck_assert(text_equal(native_names_symbol(&names, TEXT("BTCUSDT")), TEXT("BTC-USDT")));
}
END_TEST

START_TEST(what_was_not_made_is_released)
{
    native_names_t none = {0};
    native_names_release(&none);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        name_leads_back_to_the_symbol_that_it_was_made_of,
        unknown_name_leads_nowhere,
        last_symbol_of_a_name_counts,
        what_was_not_made_is_released,
    };
    return RUN_TESTS("native_names", TEST_CASE(set_up, tear_down, tests));
}
