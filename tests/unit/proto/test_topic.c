#include "proto/topic.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

#define X15 "ABCDEFGHIJKLMN0"
#define X64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

START_TEST(symbols_are_readable_utf8_with_a_hyphen_inside)
{
    static const char *const good[] = {"BTC-USD",        "A-B",
                                       "1INCH-USD",      "USD-1",
                                       X15 "-" X15,      "BTC-USD-PERP",
                                       "btc-usd",        "kPEPE-USD",
                                       "BTC_X-USD",      "BTC-29MAR24-50000-C",
                                       "B\xc3\x84-USD",  "-A-B-",
                                       "ES=F-1?#%&{}[]", X15 X15 X15 X15 "-ABC"};
    static const char *const bad[] = {"",
                                      "-",
                                      "--",
                                      "BTC",
                                      "BTC-",
                                      "-USD",
                                      "BTC/U-SD",
                                      "BTC.X-USD",
                                      " BTC-USD",
                                      "BTC-USD ",
                                      "BT*-USD",
                                      "BTC-U\"SD",
                                      "BTC-U'SD",
                                      "BTC-U\\",
                                      "BTC,A-B",
                                      "BTC-USD\n",
                                      "A\x7f"
                                      "-B",
                                      "\xff-USD",
                                      "A-\xc2",
                                      "A-\xc2\x85"
                                      "B",
                                      X15 X15 X15 X15 "-ABCD"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_msg(symbol_valid(text_of(good[i])), "%s was refused", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!symbol_valid(text_of(bad[i])), "%s was taken", bad[i]);
    ck_assert(!symbol_valid(TEXT("BTC-US\0")));
}
END_TEST

START_TEST(sources_are_readable_utf8_without_spaces_and_quotes)
{
    static const char *const good[] = {"blockchain", "a", "kraken.eu-1", "b\xc3\xb6rse", "\xf0\x9f\x90\xb3", "\xc2\xa1", X64};
    static const char *const bad[] = {"",      " ",    "a b",   "a\"b",     "a'b",      "a\\b", "a\nb",
                                      "a\x7f", "\xff", "a\xc2", "\xc2\x85", "\xc2\x9f", X64 "0"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_msg(source_valid(text_of(good[i])), "%s was refused", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!source_valid(text_of(bad[i])), "%s was taken", bad[i]);
    ck_assert(!source_valid(TEXT("a\0")));
}
END_TEST

START_TEST(topic_comes_apart_as_it_was_put_together)
{
    static const char *const cases[][2] = {{"BTC-USD", "blockchain"}, {X15 "-" X15, X64}, {"A-B", "a.b.c"}, {"A-B", "."}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[TOPIC_MAX];
        text_t symbol, source;
        text_t topic = {out, topic_print(out, text_of(cases[i][0]), text_of(cases[i][1]))};
        ck_assert_uint_le(topic.length, TOPIC_MAX);
        ck_assert_msg(topic_parse(topic, &symbol, &source), "%.*s was refused", TEXT_ARG(topic));
        ck_assert(text_equal(symbol, text_of(cases[i][0])));
        ck_assert(text_equal(source, text_of(cases[i][1])));
    }
    char out[TOPIC_MAX];
    ck_assert(
        text_equal((text_t){out, topic_print(out, TEXT("BTC-USD"), TEXT("blockchain"))}, TEXT("trade.BTC-USD.blockchain")));
}
END_TEST

START_TEST(a_topic_names_the_two_that_it_was_made_of_and_no_others)
{
    text_t topic = TEXT("trade.BTC-USD.kraken.eu");
    ck_assert(topic_names(topic, TEXT("BTC-USD"), TEXT("kraken.eu")));
    static const text_t others[][2] = {
        {{"BTC-USD", 7}, {"kraken.uk", 9}},   {{"BTC-USD", 7}, {"kraken.e", 8}},   {{"BTC-EUR", 7}, {"kraken.eu", 9}},
        {{"BTC-USD.kraken", 14}, {"eu2", 3}}, {{"BTC-US", 6}, {".kraken.eu", 10}}, {{"BTC-USD", 7}, {"kraken.euro", 11}},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert_msg(!topic_names(topic, others[i][0], others[i][1]), "case %zu", i);
    ck_assert(!topic_names(TEXT("trape.BTC-USD.x"), TEXT("BTC-USD"), TEXT("x")));
    ck_assert(!topic_names(TEXT(""), TEXT("BTC-USD"), TEXT("x")));
}
END_TEST

START_TEST(what_names_no_stream_is_refused)
{
    static const char *const cases[] = {"",
                                        "trade.",
                                        "trade.BTC-USD",
                                        "trade.BTC-USD.",
                                        "trade..blockchain",
                                        "trade.BTC/USD.x",
                                        "Trade.BTC-USD.x",
                                        "trade.BTC-USD.a b",
                                        "status.blockchain",
                                        "trades.BTC-USD.x",
                                        "Readings.a.x",
                                        "1.a.x",
                                        "readings..x",
                                        "readings.a",
                                        "readings.*.x",
                                        "trade.BTC-USD." X64 "0"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        text_t symbol, source;
        ck_assert_msg(!topic_parse(text_of(cases[i]), &symbol, &source), "%s was taken", cases[i]);
    }
}
END_TEST

START_TEST(a_subject_is_a_symbol_or_a_channel_and_a_key)
{
    static const char *const good[] = {"BTC-USD", "readings.sensor-7", "readings.7", "a.b", "depth_5.BTC-USD"};
    static const char *const bad[] = {"",          "BTC",        "readings.",  ".a",         "readings.a.b", "trades.BTC-USD",
                                      "trade.A-B", "status.lab", "readings.*", "Readings.a", "_r.a",         "readings.a b",
                                      "depth-5.a"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_msg(subject_valid(text_of(good[i])), "%s was refused", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!subject_valid(text_of(bad[i])), "%s was taken", bad[i]);
    ck_assert(subject_is_any(TEXT("readings.*")));
    ck_assert(!subject_is_any(TEXT("trades.*")) && !subject_is_any(TEXT("readings.a")) && !subject_is_any(TEXT("*")));
}
END_TEST

START_TEST(a_subject_comes_apart_as_it_was_put_together)
{
    static const text_t cases[][3] = {{TEXT_CONST("BTC-USD"), TEXT_CONST("trades"), TEXT_CONST("BTC-USD")},
                                      {TEXT_CONST("readings.sensor-7"), TEXT_CONST("readings"), TEXT_CONST("sensor-7")}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char subject[SUBJECT_MAX], topic[TOPIC_MAX];
        text_t channel, key, found, source;
        ck_assert(text_equal((text_t){subject, subject_print(subject, cases[i][1], cases[i][2])}, cases[i][0]));
        subject_split(cases[i][0], &channel, &key);
        ck_assert(text_equal(channel, cases[i][1]) && text_equal(key, cases[i][2]));
        text_t whole = {topic, topic_print(topic, cases[i][0], TEXT("lab.1"))};
        ck_assert(topic_parse(whole, &found, &source));
        ck_assert(text_equal(found, cases[i][0]) && text_equal(source, TEXT("lab.1")));
        ck_assert(topic_names(whole, found, source));
        for (whole.length = 0; whole.length < found.length; whole.length++)
            ck_assert_msg(topic_can_begin(whole), "%.*s", TEXT_ARG(whole));
    }
}
END_TEST

START_TEST(a_subject_is_taken_off_a_text_of_it_and_a_source)
{
    static const char *const cases[][3] = {{"BTC-USD.a.b", "BTC-USD", "a.b"},
                                           {"btc-usd.a.b", "btc-usd", "a.b"},
                                           {"readings.sensor-7.a.b", "readings.sensor-7", "a.b"}};
    static const char *const bad[] = {"", "BTC-USD", "readings.a", "BTC.a", ".a.b", "Readings.a.b"};
    text_t subject, text;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        text = text_of(cases[i][0]);
        ck_assert(subject_take(&text, &subject));
        ck_assert(text_equal(subject, text_of(cases[i][1])) && text_equal(text, text_of(cases[i][2])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        text = text_of(bad[i]);
        ck_assert_msg(!subject_take(&text, &subject), "%s", bad[i]);
    }
}
END_TEST

START_TEST(kept_texts_are_copies_and_may_be_kept_again)
{
    kept_topic_t topic = {0};
    char text[] = "trade.BTC-USD.test";
    ck_assert_uint_eq(KEPT_TEXT(&topic).length, 0);
    KEEP_TEXT(&topic, text_of(text));
    text[0] = 'x';
    ck_assert(text_equal(KEPT_TEXT(&topic), TEXT("trade.BTC-USD.test")));
    KEEP_TEXT(&topic, KEPT_TEXT(&topic));
    ck_assert(text_equal(KEPT_TEXT(&topic), TEXT("trade.BTC-USD.test")));
    KEEP_TEXT(&topic, TEXT(""));
    ck_assert_uint_eq(KEPT_TEXT(&topic).length, 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("topic");
    tcase_add_test(tests, symbols_are_readable_utf8_with_a_hyphen_inside);
    tcase_add_test(tests, sources_are_readable_utf8_without_spaces_and_quotes);
    tcase_add_test(tests, topic_comes_apart_as_it_was_put_together);
    tcase_add_test(tests, a_topic_names_the_two_that_it_was_made_of_and_no_others);
    tcase_add_test(tests, what_names_no_stream_is_refused);
    tcase_add_test(tests, a_subject_is_a_symbol_or_a_channel_and_a_key);
    tcase_add_test(tests, a_subject_comes_apart_as_it_was_put_together);
    tcase_add_test(tests, a_subject_is_taken_off_a_text_of_it_and_a_source);
    tcase_add_test(tests, kept_texts_are_copies_and_may_be_kept_again);
    return RUN_TESTS("topic", tests);
}
