#include "common/text.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

START_TEST(numbers_up_to_the_largest_are_read)
{
    static const struct {
        const char *text;
        uint64_t value;
    } cases[] = {{"0", 0}, {"7", 7}, {"00042", 42}, {"18446744073709551615", UINT64_MAX}, {"00000000000000000001", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t value = 99;
        ck_assert_msg(text_to_u64(text_of(cases[i].text), &value), "%s was refused", cases[i].text);
        ck_assert_uint_eq(value, cases[i].value);
    }
}
END_TEST

START_TEST(what_is_no_number_is_refused_and_leaves_the_value)
{
    static const char *const cases[] = {
        "", "-1", "+1", " 1", "1 ", "1.0", "1e3", "x", "18446744073709551616", "99999999999999999999", "000000000000000000001"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t value = 99;
        ck_assert_msg(!text_to_u64(text_of(cases[i]), &value), "%s was taken", cases[i]);
        ck_assert_uint_eq(value, 99);
    }
}
END_TEST

START_TEST(numbers_print_as_they_are_read)
{
    static const uint64_t cases[] = {0, 9, 10, 12345, UINT64_C(1763941200123456), UINT64_MAX};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char digits[20];
        uint64_t back;
        size_t length = text_from_u64(digits, cases[i]);
        ck_assert(text_to_u64((text_t){digits, length}, &back));
        ck_assert_uint_eq(back, cases[i]);
        ck_assert(length == 1 || digits[0] != '0');
    }
}
END_TEST

START_TEST(well_formed_utf8_is_accepted)
{
    static const char *const cases[] = {"",
                                        "plain",
                                        "\xc2\x80",
                                        "\xdf\xbf",
                                        "\xe0\xa0\x80",
                                        "\xed\x9f\xbf",
                                        "\xee\x80\x80",
                                        "\xef\xbf\xbf",
                                        "\xf0\x90\x80\x80",
                                        "\xf4\x8f\xbf\xbf"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(text_is_utf8(text_of(cases[i])), "row %zu was refused", i);
    ck_assert(text_is_utf8(TEXT("a\0b")));
}
END_TEST

START_TEST(malformed_utf8_is_refused)
{
    static const char *const cases[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf", /* stray, overlong */
        "\xc2",
        "\xc2 ",
        "\xe0\x9f\xbf",
        "\xe0\xa0", /* cut, overlong, cut */
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x8f\xbf\xbf", /* surrogates, overlong */
        "\xf4\x90\x80\x80", /* beyond U+10FFFF */
        "\xf5\x80\x80\x80",
        "\xff",
        "\xe2\x28\xa1",
        "ok\xf0\x9f\x98",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(!text_is_utf8(text_of(cases[i])), "row %zu was taken", i);
}
END_TEST

START_TEST(what_is_whole_and_what_may_become_so_is_told_apart)
{
    static const struct {
        text_t text;
        size_t whole;
        bool begins; /* what is behind it */
    } cases[] = {
        {TEXT_CONST(""), 0, false},
        {TEXT_CONST("plain text of more than eight bytes"), 35, false},
        {TEXT_CONST("12345678\xc3"), 8, true},
        {TEXT_CONST("1234567\xc3\xa4"), 9, false},
        {TEXT_CONST("a\xe2\x82"), 1, true},
        {TEXT_CONST("a\xe0\x9f"), 1, false}, /* overlong, whatever comes */
        {TEXT_CONST("a\xe0\xa0"), 1, true},
        {TEXT_CONST("a\xed\x9f"), 1, true},
        {TEXT_CONST("a\xed\xa0"), 1, false}, /* a surrogate */
        {TEXT_CONST("\xf0\x90\x80"), 0, true},
        {TEXT_CONST("\xf4\x90"), 0, false}, /* beyond U+10FFFF */
        {TEXT_CONST("\xf4"), 0, true},
        {TEXT_CONST("\xf5"), 0, false},
        {TEXT_CONST("\x80"), 0, false},
        {TEXT_CONST("\xf0\x90\x80\x41"), 0, false}, /* too many bytes to be a start */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t whole = text_utf8_prefix(cases[i].text);
        ck_assert_msg(whole == cases[i].whole, "row %zu: %zu bytes", i, whole);
        text_t rest = {cases[i].text.at + whole, cases[i].text.length - whole};
        ck_assert_msg(text_utf8_begins(rest) == cases[i].begins, "row %zu", i);
    }
}
END_TEST

START_TEST(utf8_char_gives_the_length_of_the_first_character)
{
    ck_assert_uint_eq(text_utf8_char(TEXT("ab")), 1);
    ck_assert_uint_eq(text_utf8_char(TEXT("\xc3\xa4z")), 2);
    ck_assert_uint_eq(text_utf8_char(TEXT("\xe2\x82\xac")), 3);
    ck_assert_uint_eq(text_utf8_char(TEXT("\xf0\x9f\x98\x80!")), 4);
    ck_assert_uint_eq(text_utf8_char(TEXT("")), 0);
    ck_assert_uint_eq(text_utf8_char(TEXT("\x80")), 0);
}
END_TEST

START_TEST(a_byte_order_mark_is_taken_off_once_and_at_the_start)
{
    static const struct {
        const char *text, *rest;
    } cases[] = {{"", ""},
                 {"a", "a"},
                 {TEXT_MARK, ""},
                 {TEXT_MARK "a", "a"},
                 {TEXT_MARK TEXT_MARK, TEXT_MARK},
                 {"a" TEXT_MARK, "a" TEXT_MARK},
                 {"\xef\xbb", "\xef\xbb"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(text_equal(text_without_mark(text_of(cases[i].text)), text_of(cases[i].rest)), "%s", cases[i].text);
    ck_assert_uint_eq(text_without_mark((text_t){NULL, 0}).length, 0);
}
END_TEST

START_TEST(hash_depends_on_every_byte_and_on_the_length)
{
    char bytes[24] = {0};
    uint64_t base = text_hash((text_t){bytes, sizeof bytes});
    ck_assert_uint_eq(text_hash((text_t){bytes, sizeof bytes}), base);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = 1;
        ck_assert_uint_ne(text_hash((text_t){bytes, sizeof bytes}), base);
        bytes[i] = 0;
        ck_assert_uint_ne(text_hash((text_t){bytes, i}), base);
    }
}
END_TEST

START_TEST(hash_spreads_similar_keys_over_a_table)
{
    enum { BUCKETS = 256, KEYS = 256 * 64 };
    static unsigned counts[BUCKETS];
    for (uint64_t i = 0; i < KEYS; i++) {
        char digits[20];
        counts[text_hash((text_t){digits, text_from_u64(digits, i)}) % BUCKETS]++;
    }
    for (size_t i = 0; i < BUCKETS; i++) /* 64 expected, standard deviation 8: ±6 of those fail once in 10^6 runs */
        ck_assert_msg(counts[i] > 16 && counts[i] < 112, "bucket %zu holds %u of %d keys", i, counts[i], KEYS);
}
END_TEST

START_TEST(slices_are_ordered_by_bytes_and_a_beginning_comes_first)
{
    static const char *const ascending[] = {"", "A", "AB", "B", "a", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof ascending / sizeof *ascending; i++) {
        for (size_t k = 0; k < sizeof ascending / sizeof *ascending; k++) {
            int order = text_compare(text_of(ascending[i]), text_of(ascending[k]));
            ck_assert_int_eq((order > 0) - (order < 0), (i > k) - (i < k));
        }
    }
    ck_assert_int_eq(text_compare((text_t){NULL, 0}, TEXT("")), 0);
}
END_TEST

START_TEST(slices_compare_by_content)
{
    ck_assert(text_equal(TEXT("abc"), text_of("abc")));
    ck_assert(!text_equal(TEXT("abc"), TEXT("abd")));
    ck_assert(!text_equal(TEXT("abc"), TEXT("ab")));
    ck_assert(text_equal((text_t){NULL, 0}, TEXT("")));
    ck_assert(text_starts_with(TEXT("trade.BTC"), TEXT("trade.")));
    ck_assert(!text_starts_with(TEXT("tra"), TEXT("trade.")));
    ck_assert(text_starts_with(TEXT("x"), TEXT("")));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("text");
    tcase_add_test(tests, numbers_up_to_the_largest_are_read);
    tcase_add_test(tests, what_is_no_number_is_refused_and_leaves_the_value);
    tcase_add_test(tests, numbers_print_as_they_are_read);
    tcase_add_test(tests, well_formed_utf8_is_accepted);
    tcase_add_test(tests, malformed_utf8_is_refused);
    tcase_add_test(tests, utf8_char_gives_the_length_of_the_first_character);
    tcase_add_test(tests, what_is_whole_and_what_may_become_so_is_told_apart);
    tcase_add_test(tests, a_byte_order_mark_is_taken_off_once_and_at_the_start);
    tcase_add_test(tests, hash_depends_on_every_byte_and_on_the_length);
    tcase_add_test(tests, hash_spreads_similar_keys_over_a_table);
    tcase_add_test(tests, slices_are_ordered_by_bytes_and_a_beginning_comes_first);
    tcase_add_test(tests, slices_compare_by_content);
    return RUN_TESTS("text", tests);
}
