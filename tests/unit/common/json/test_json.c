#include "common/json/json.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

static void expect(text_t found, const char *wanted)
{
    ck_assert_msg(text_equal(found, text_of(wanted)), "expected %s, found %.*s", wanted, TEXT_ARG(found));
}

/* Through all that it holds, in one pass. */
static void walk_inside(json_walk_t *walk)
{
    json_walk_t inner;
    while (json_next_key(walk)) {
        bool container = json_enter(walk, &inner);
        if (container)
            walk_inside(&inner);
        if (container ? json_leave(walk, &inner) : json_take(walk))
            ck_assert_msg(json_valid(walk->value), "%.*s", TEXT_ARG(walk->value));
    }
}

/* A walk to the end knows as much as json_valid, whether or not it goes inside. */
static void check_walk(text_t text, bool valid)
{
    json_walk_t walk = json_walk(text), inside = walk;
    bool container = walk.at < walk.end;
    while (json_next(&walk))
        ck_assert(!walk.first);
    ck_assert_msg(json_closed(&walk) == (valid && container), "%.*s", TEXT_ARG(text));
    walk_inside(&inside);
    ck_assert_msg(json_closed(&inside) == (valid && container), "%.*s", TEXT_ARG(text));
}

START_TEST(valid_json_is_accepted)
{
    static const char *const cases[] = {
        "{}",
        "[]",
        "0",
        "-0",
        "-1.5e+10",
        "1E5",
        "8.5E-5",
        "\"\"",
        "true",
        "false",
        "null",
        " [ ] ",
        "[1,2]",
        "[[],{}]",
        "[{}]",
        "{\"a\":1}",
        "\t\r\n1 ",
        "{\"\":[null]}",
        "123456789012345678901234567890123456789012345",
        "[1 , 2 ]",
        "{ \"a\" : { \"b\" : [ 1 , { } ] } , \"c\" : \"d\" }",
        "\"\\u00e4\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\xc3\xa4\x7f\"",
        "{\"a\":1,\"a\":2}",
        "\"\\ud800\"",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(json_valid(text_of(cases[i])), "%s was refused", cases[i]);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_walk(text_of(cases[i]), true);
}
END_TEST

static const char *const invalid_json[] = {
    "",
    " ",
    "{",
    "}",
    "[",
    "]",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[1 2]",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{a:1}",
    "{1:2}",
    "{\"a\" 1}",
    "{,}",
    "[}",
    "{]",
    "[{]}",
    "{\"a\":[}",
    "01",
    "-",
    "+1",
    ".5",
    "5.",
    "1e",
    "1e+",
    "1.e5",
    "-01",
    "1.2.3",
    "0x10",
    "NaN",
    "Infinity",
    "nul",
    "nulll",
    "True",
    "tru",
    "1 2",
    "{}{}",
    "[]x",
    "'a'",
    "// c\n1",
    "\"",
    "\"\\\"",
    "\"\\x\"",
    "\"\\u12\"",
    "\"a\nb\"",
    "\"\\u12g4\"",
    "\"\xff\"",
    "\"\xc0\x80\"",
    "\"\xed\xa0\x80\"",
    "\"a\" \"b\"",
    "\xef\xbb\xbf{}",
    "[1]]",
    "{\"a\":1}}",
    "\f1",
    "[\"a\":1]",
    "{\"a\",1}",
};

START_TEST(invalid_json_is_refused)
{
    for (size_t i = 0; i < sizeof invalid_json / sizeof *invalid_json; i++)
        ck_assert_msg(!json_valid(text_of(invalid_json[i])), "%s was taken", invalid_json[i]);
    for (size_t i = 0; i < sizeof invalid_json / sizeof *invalid_json; i++)
        check_walk(text_of(invalid_json[i]), false);
    ck_assert(!json_valid((text_t){NULL, 0}));
    ck_assert(!json_valid(TEXT("\"a\0b\"")));
    ck_assert(!json_valid(TEXT("1\0")));
}
END_TEST

START_TEST(every_cut_of_a_document_is_refused)
{
    text_t whole = TEXT("{\"a\":[1.5e3,\"\\u00e4\xc3\xa4\",true,null,{\"b\":false}],\"c\":{}}");
    ck_assert(json_valid(whole));
    for (size_t n = 0; n < whole.length; n++) {
        char *copy = malloc(n + 1); /* of its own, so that a sanitizer sees a read beyond it */
        memcpy(copy, whole.at, n);
        ck_assert_msg(!json_valid((text_t){copy, n}), "the first %zu bytes were taken", n);
        check_walk((text_t){copy, n}, false);
        free(copy);
    }
}
END_TEST

START_TEST(nesting_is_bounded)
{
    char text[2 * (JSON_DEPTH + 1)];
    memset(text, '[', JSON_DEPTH + 1);
    memset(text + JSON_DEPTH + 1, ']', JSON_DEPTH + 1);
    ck_assert(json_valid((text_t){text + 1, 2 * JSON_DEPTH}));
    ck_assert(!json_valid((text_t){text, sizeof text}));
    check_walk((text_t){text + 1, 2 * JSON_DEPTH}, true);
    check_walk((text_t){text, sizeof text}, false);
}
END_TEST

/* Strings are looked at by many bytes at a time: whatever is special is seen at each place of such a run. */
START_TEST(special_characters_are_seen_at_each_place_of_a_string)
{
    enum { LENGTH_MAX = 50 };
    static const struct {
        const char *text;
        bool valid, plain;
    } specials[] = {{"\xc3\xa4", true, true}, {"\\n", true, false},  {"\x7f", true, true},          {"\x1f", false, false},
                    {"\xff", false, false},   {"\\x", false, false}, {"\xed\xa0\x80", false, false}};
    for (size_t length = 0; length <= LENGTH_MAX; length++) {
        for (size_t place = 0; place <= length; place++) {
            for (size_t i = 0; i < sizeof specials / sizeof *specials; i++) {
                char text[LENGTH_MAX + 16];
                int size = snprintf(text, sizeof text, "[\"%.*s%s%.*s\"]", (int)place,
                                    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", specials[i].text,
                                    (int)(length - place), "~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~");
                char *copy = malloc((size_t)size); /* of its own, so that a sanitizer sees a read beyond it */
                memcpy(copy, text, (size_t)size);
                text_t json = {copy, (size_t)size};
                ck_assert_msg(json_valid(json) == specials[i].valid, "%s", text);
                check_walk(json, specials[i].valid);
                json_walk_t walk = json_walk(json);
                ck_assert(json_next(&walk) == specials[i].valid);
                ck_assert(!specials[i].valid || walk.plain == specials[i].plain);
                free(copy);
            }
        }
    }
}
END_TEST

START_TEST(mixed_nesting_closes_in_its_own_order)
{
    char text[JSON_DEPTH * 6 + 1];
    size_t length = 0;
    for (int i = 0; i < JSON_DEPTH; i += 2, length += 6)
        memcpy(text + length, "[{\"a\":", 6);
    text[length++] = '1';
    for (int i = 0; i < JSON_DEPTH; i += 2, length += 2)
        memcpy(text + length, "}]", 2);
    ck_assert(json_valid((text_t){text, length}));
    text[length - 1] = '}';
    ck_assert(!json_valid((text_t){text, length}));
}
END_TEST

START_TEST(kinds_are_told_by_the_first_character)
{
    static const struct {
        const char *text;
        json_kind_t kind;
    } cases[] = {{"{}", JSON_OBJECT}, {"[1]", JSON_ARRAY},   {"\"x\"", JSON_STRING}, {"-1", JSON_NUMBER}, {"9", JSON_NUMBER},
                 {"true", JSON_TRUE}, {"false", JSON_FALSE}, {"null", JSON_NULL},    {"", JSON_NONE},     {"x", JSON_NONE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_int_eq(json_kind(text_of(cases[i].text)), cases[i].kind);
}
END_TEST

START_TEST(walk_hands_out_members_raw_and_in_order)
{
    json_walk_t walk = json_walk(TEXT(" { \"a\" : 105383.80000 , \"b\\\"\":\"x\\ny\",\"c\":[1, {\"d\":2}] ,\"\":null } "));
    static const char *const wanted[][2] = {
        {"a", "105383.80000"}, {"b\\\"", "\"x\\ny\""}, {"c", "[1, {\"d\":2}]"}, {"", "null"}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        ck_assert(json_next(&walk));
        expect(walk.key, wanted[i][0]);
        expect(walk.value, wanted[i][1]);
    }
    ck_assert(!json_next(&walk));
    ck_assert(!json_next(&walk));
}
END_TEST

START_TEST(walk_goes_on_behind_what_another_one_walked_through)
{
    json_walk_t walk = json_walk(TEXT("{\"a\":[1,{\"b\":[]}] , \"c\":2}")), inner;
    ck_assert(json_next_key(&walk) && json_enter(&walk, &inner) && !inner.object);
    ck_assert(json_next(&inner));
    expect(inner.value, "1");
    ck_assert(json_next(&inner));
    expect(inner.value, "{\"b\":[]}");
    ck_assert(!json_next(&inner) && json_closed(&inner));
    ck_assert(json_leave(&walk, &inner));
    expect(walk.key, "a");
    expect(walk.value, "[1,{\"b\":[]}]");
    ck_assert(json_next_key(&walk) && !json_enter(&walk, &inner) && json_take(&walk));
    expect(walk.key, "c");
    expect(walk.value, "2");
    ck_assert(!json_next(&walk) && json_closed(&walk));
    walk = json_walk(TEXT("[[1,2],3]"));
    ck_assert(json_next_key(&walk) && json_enter(&walk, &inner) && json_next(&inner));
    ck_assert(!json_leave(&walk, &inner)); /* it is not at its end */
    ck_assert(!json_next(&walk) && !json_closed(&walk));
}
END_TEST

START_TEST(walk_hands_out_elements_without_keys)
{
    json_walk_t walk = json_walk(TEXT("[1,[2,3],\"]\",{}]"));
    static const char *const wanted[] = {"1", "[2,3]", "\"]\"", "{}"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        ck_assert(json_next(&walk));
        ck_assert_uint_eq(walk.key.length, 0);
        expect(walk.value, wanted[i]);
    }
    ck_assert(!json_next(&walk));
}
END_TEST

START_TEST(walk_over_what_is_no_container_ends_at_once)
{
    static const char *const cases[] = {"",   "1",  "\"a\"", "null",   "}",       "{",        "[",
                                        "{}", "[]", "[ ]",   "{\"a\"", "{\"a\":", "{\"a\":}", "[x"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_walk_t walk = json_walk(text_of(cases[i]));
        ck_assert_msg(!json_next(&walk), "%s gave an element", cases[i]);
    }
}
END_TEST

START_TEST(member_finds_the_first_of_a_name_at_the_top_only)
{
    text_t object = TEXT("{\"x\":{\"b\":0},\"a\\u0062\":1,\"b\":2,\"b\":3}");
    expect(json_member(object, "b"), "2");
    ck_assert_uint_eq(json_member(object, "ab").length, 0);
    ck_assert_uint_eq(json_member(object, "c").length, 0);
    ck_assert_uint_eq(json_member(TEXT("[\"b\",1]"), "b").length, 0);
    ck_assert_uint_eq(json_member(TEXT("[1]"), "").length, 0);
}
END_TEST

START_TEST(plain_strings_lose_their_quotes)
{
    text_t content;
    ck_assert(json_plain_string(TEXT("\"BTC-USD\""), &content));
    expect(content, "BTC-USD");
    ck_assert(json_plain_string(TEXT("\"\""), &content));
    expect(content, "");
    static const char *const refused[] = {"", "\"", "a", "\"a\\n\"", "1", "null", "\"a\"b\"", "[\"a\"]"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        ck_assert_msg(!json_plain_string(text_of(refused[i]), &content), "%s was taken", refused[i]);
}
END_TEST

START_TEST(strings_mean_what_their_escapes_say)
{
    static const struct {
        const char *raw, *meaning;
    } cases[] = {
        {"\"\"", ""},
        {"\"BTC-USD\"", "BTC-USD"},
        {"\"\\u0042TC\\u002dUSD\"", "BTC-USD"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\u00e9 \\u20AC \\ud83d\\ude00\"", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\"\xc3\xa9\\n\"", "\xc3\xa9\n"},
        {"\"\\ud83d\"", "\xef\xbf\xbd"},
        {"\"\\ude00\\ud83dx\"", "\xef\xbf\xbd\xef\xbf\xbdx"},
        {"\"\\ud83d\\u0041\"", "\xef\xbf\xbd"
                               "A"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[64];
        text_t meaning;
        ck_assert(json_string(text_of(cases[i].raw), out, &meaning));
        ck_assert_msg(text_equal(meaning, text_of(cases[i].meaning)), "%s: found %.*s", cases[i].raw, TEXT_ARG(meaning));
    }
    static const char *const refused[] = {"", "x", "1", "\"", "\"\\x\"", "\"\\u12\"", "\"a\\n\" ", "\"a\\n\"b\"", "[\"a\\n\"]"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        char out[64];
        text_t meaning;
        ck_assert_msg(!json_string(text_of(refused[i]), out, &meaning), "%s was taken", refused[i]);
    }
    ck_assert(!json_string((text_t){NULL, 0}, NULL, &(text_t){0})); /* a member that is absent */
}
END_TEST

START_TEST(whole_numbers_are_read_exactly)
{
    uint64_t number;
    ck_assert(json_u64(TEXT("0"), &number) && number == 0);
    ck_assert(json_u64(TEXT("18446744073709551615"), &number) && number == UINT64_MAX);
    static const char *const refused[] = {"", "-1", "1.0", "1e3", "01", "00", "18446744073709551616", "\"1\"", "null"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        ck_assert_msg(!json_u64(text_of(refused[i]), &number), "%s was taken", refused[i]);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("json");
    tcase_add_test(tests, valid_json_is_accepted);
    tcase_add_test(tests, invalid_json_is_refused);
    tcase_add_test(tests, every_cut_of_a_document_is_refused);
    tcase_add_test(tests, nesting_is_bounded);
    tcase_add_test(tests, special_characters_are_seen_at_each_place_of_a_string);
    tcase_add_test(tests, mixed_nesting_closes_in_its_own_order);
    tcase_add_test(tests, kinds_are_told_by_the_first_character);
    tcase_add_test(tests, walk_hands_out_members_raw_and_in_order);
    tcase_add_test(tests, walk_goes_on_behind_what_another_one_walked_through);
    tcase_add_test(tests, walk_hands_out_elements_without_keys);
    tcase_add_test(tests, walk_over_what_is_no_container_ends_at_once);
    tcase_add_test(tests, member_finds_the_first_of_a_name_at_the_top_only);
    tcase_add_test(tests, plain_strings_lose_their_quotes);
    tcase_add_test(tests, strings_mean_what_their_escapes_say);
    tcase_add_test(tests, whole_numbers_are_read_exactly);
    return RUN_TESTS("json", tests);
}
