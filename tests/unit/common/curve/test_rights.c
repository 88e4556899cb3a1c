/* What words allow. */
#include "common/curve/rights.h"
#include "tests/unit/run_tests.h"

static const struct {
    const char *rights, *word; /* the first that is no right; NULL: all are */
} forms[] = {
    {"", NULL},
    {"subscribe", NULL},
    {RIGHTS_ALL, NULL},
    {"  subscribe:trade.BTC-USD.\treplay  ", NULL},
    {"subscribe:", "subscribe:"},
    {"replay everything", "everything"},
    {"Replay", "Replay"},
    {"clear,history", "clear,history"},
};

START_TEST(a_word_that_is_no_right_is_found)
{
    text_t word;
    ck_assert(rights_valid(text_of(forms[_i].rights), &word) == (forms[_i].word == NULL));
    if (forms[_i].word)
        ck_assert(text_equal(word, text_of(forms[_i].word)));
}
END_TEST

START_TEST(a_right_is_a_whole_word)
{
    ck_assert(rights_have(TEXT("subscribe replay"), TEXT("replay")));
    ck_assert(!rights_have(TEXT("subscribe replay"), TEXT("history")));
    ck_assert(!rights_have(TEXT("replays"), TEXT("replay")));
    ck_assert(!rights_have(TEXT("subscribe:replay"), TEXT("replay")));
    ck_assert(!rights_have(TEXT(""), TEXT("replay")));
}
END_TEST

static const struct {
    const char *rights, *prefix;
    bool covers;
} covers[] = {
    {"subscribe", "", true},
    {"replay subscribe", "trade.BTC-USD.", true},
    {"replay history", "", false},
    {"subscribe:trade.", "trade.BTC-USD.blockchain", true},
    {"subscribe:trade.", "trade.", true},
    {"subscribe:trade.", "trade", false},
    {"subscribe:trade.", "", false},
    {"subscribe:trade.", "status.", false},
    {"subscribe:trade. subscribe:status.", "status.", true},
    {"subscribe:trade.BTC-USD.", "trade.BTC-USDT.", false},
    {"subscribe:trade.BTC-USD", "trade.BTC-USDT.", true},
    {"", "", false},
};

START_TEST(a_prefix_must_begin_with_one_that_is_allowed)
{
    ck_assert_msg(rights_cover(text_of(covers[_i].rights), text_of(covers[_i].prefix)) == covers[_i].covers, "%s, %s",
                  covers[_i].rights, covers[_i].prefix);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("rights");
    tcase_add_loop_test(tests, a_word_that_is_no_right_is_found, 0, sizeof forms / sizeof *forms);
    tcase_add_test(tests, a_right_is_a_whole_word);
    tcase_add_loop_test(tests, a_prefix_must_begin_with_one_that_is_allowed, 0, sizeof covers / sizeof *covers);
    return RUN_TESTS("rights", tests);
}
