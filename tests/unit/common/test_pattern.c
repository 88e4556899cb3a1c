#include "common/pattern.h"
#include "tests/unit/run_tests.h"

static const struct {
    const char *pattern, *text;
    bool matches;
} matches[] = {
    {"BTC-USD", "BTC-USD", true},
    {"BTC-USD", "BTC-USDT", false},
    {"BTC-USD", "XBTC-USD", false},
    {"*", "BTC-USD", true},
    {"*-USD", "BTC-USD", true},
    {"*-USD", "BTC-USDT", false},
    {"BTC-*", "BTC-USD", true},
    {"BTC-*", "ETH-USD", false},
    {"*-*", "BTC-USD", true},
    {"B*C*D", "BTC-USD", true},
    {"B*C*T", "BTC-USD", false},
    {"*USD*", "BTC-USD", true},
    {"**", "A-B", true},
    {"*A*A", "ABAA-A", true},
    {"*A*B", "AABA-AAC", false},
    {"BTC-USD*", "BTC-USD", true},
    {"", "A-B", false},
    {"readings.*", "readings.sensor-7", true},
    {"readings.*", "readings2.sensor-7", false},
    {"readings.*", "reading", false},
    {"readings.sensor-*", "readings.sensor-7", true},
    {"readings.sensor-*", "readings.sensor.7", false},
    {"readings.sensor-*", "readings.Öl2", false},
    {"readings.sensor-7", "readings.sensor-7", true},
    {"*.sensor-7", "readings.sensor-7", true},
    {"*", "readings.sensor-7", true},
    {"*-USD", "ticker.BTC-USD", true},
};

START_TEST(a_star_stands_for_any_characters)
{
    ck_assert_msg(pattern_matches(text_of(matches[_i].pattern), text_of(matches[_i].text)) == matches[_i].matches, "%s %s",
                  matches[_i].pattern, matches[_i].text);
}
END_TEST

int main(void)
{
    TCase *table = tcase_create("table");
    tcase_add_loop_test(table, a_star_stands_for_any_characters, 0, sizeof matches / sizeof *matches);
    return RUN_TESTS("pattern", table);
}
