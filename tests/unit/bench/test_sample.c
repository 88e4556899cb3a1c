#include "tests/bench/sample.h"

#include "proto/topic.h"
#include "proto/trade.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t seqs[] = {1, 9, 10, 999999, 1000000, 12345678901};

START_TEST(a_trade_is_canonical_and_says_who_it_is)
{
    char text[SAMPLE_MAX];
    trade_t trade;
    const char *wrong = NULL;
    ck_assert(trade_parse((text_t){text, sample_trade(text, 17, seqs[_i])}, &trade));
    ck_assert_msg(trade_valid(&trade, &wrong), "%s", wrong);
    ck_assert_uint_eq(trade.cursor.epoch, SAMPLE_EPOCH);
    ck_assert_uint_eq(trade.cursor.seq, seqs[_i]);
    ck_assert(text_equal(trade.symbol, TEXT("S0017-USD")));
}
END_TEST

START_TEST(seq_and_symbol_are_read_back_from_every_form)
{
    size_t (*const forms[])(char *, unsigned, uint64_t) = {sample_trade, sample_update, sample_exchange, sample_kraken};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char text[SAMPLE_MAX];
        unsigned symbol = 0;
        size_t length = forms[i](text, 9999, seqs[_i]);
        ck_assert_uint_lt(length, SAMPLE_MAX);
        ck_assert_uint_eq(sample_read(text, length, &symbol), seqs[_i]);
        ck_assert_uint_eq(symbol, 9999);
        ck_assert_uint_eq(sample_read(text, length, NULL), seqs[_i]);
    }
}
END_TEST

START_TEST(what_is_no_trade_has_no_seq)
{
    static const char *const texts[] = {"", "{}", "{\"seqnum\":", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_uint_eq(sample_read(texts[i], strlen(texts[i]), NULL), 0);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("all");
    tcase_add_loop_test(cases, a_trade_is_canonical_and_says_who_it_is, 0, sizeof seqs / sizeof *seqs);
    tcase_add_loop_test(cases, seq_and_symbol_are_read_back_from_every_form, 0, sizeof seqs / sizeof *seqs);
    tcase_add_test(cases, what_is_no_trade_has_no_seq);
    return RUN_TESTS("sample", cases);
}
