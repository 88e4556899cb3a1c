#include "common/json/pointers.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

static pointers_t pointers;
static text_t found[POINTERS_MAX];
static unsigned twice;

static void setup(void)
{
    pointers_init(&pointers);
    memset(found, 'x', sizeof found); /* what is not there is set, too */
}

static unsigned add(const char *pointer)
{
    unsigned place;
    const char *fault = pointers_add(&pointers, text_of(pointer), &place);
    ck_assert_msg(!fault, "%s: %s", pointer, fault);
    return place;
}

static void expect(unsigned place, const char *value)
{
    ck_assert_msg(value ? text_equal(found[place], text_of(value)) : !found[place].at, "place %u: expected %s, found %.*s",
                  place, value ? value : "nothing", TEXT_ARG(found[place]));
}

static pointers_result_t find(const char *json)
{
    return pointers_find(&pointers, text_of(json), found, &twice);
}

/* The examples of RFC 6901, section 5. */
static const char *const document =
    "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8}";
static const struct {
    const char *pointer, *value;
} examples[] = {{"/foo", "[\"bar\",\"baz\"]"},
                {"/foo/0", "\"bar\""},
                {"/", "0"},
                {"/a~1b", "1"},
                {"/c%d", "2"},
                {"/e^f", "3"},
                {"/g|h", "4"},
                {"/i\\j", "5"},
                {"/k\"l", "6"},
                {"/ ", "7"},
                {"/m~0n", "8"},
                {"/foo/1", "\"baz\""}};

START_TEST(the_examples_of_the_rfc_are_found_in_one_pass)
{
    unsigned places[sizeof examples / sizeof *examples], whole = add("");
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        places[i] = add(examples[i].pointer);
    ck_assert_int_eq(find(document), POINTERS_FOUND);
    expect(whole, document);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        expect(places[i], examples[i].value);
}
END_TEST

START_TEST(what_is_not_there_is_empty)
{
    unsigned missing = add("/a/b"), beyond = add("/c/2"), through = add("/d/x");
    ck_assert_int_eq(find("{\"a\":1,\"c\":[0,1],\"d\":\"x\"}"), POINTERS_FOUND);
    expect(missing, NULL);
    expect(beyond, NULL);
    expect(through, NULL);
}
END_TEST

START_TEST(the_same_pointer_is_the_same_place_and_one_on_the_way_to_another_is_one)
{
    unsigned deep = add("/a/b"), whole = add("/a");
    ck_assert_uint_eq(add("/a/b"), deep);
    ck_assert_int_eq(find(" {\"a\": {\"b\": [1 ]}} "), POINTERS_FOUND);
    expect(deep, "[1 ]");
    expect(whole, "{\"b\": [1 ]}");
}
END_TEST

START_TEST(a_name_is_a_member_of_an_object_and_an_index_of_an_array)
{
    unsigned place = add("/1");
    find("{\"1\":\"one\"}");
    expect(place, "\"one\"");
    find("[\"zero\",\"one\"]");
    expect(place, "\"one\"");
    unsigned padded = add("/01");
    find("[\"zero\",\"one\"]");
    expect(padded, NULL);
}
END_TEST

START_TEST(a_name_may_be_escaped_in_the_text)
{
    unsigned place = add("/price");
    find("{\"pr\\u0069ce\":1}");
    expect(place, "1");
}
END_TEST

START_TEST(what_stands_there_twice_is_told_where_it_is_wanted)
{
    unsigned place = add("/a/b");
    ck_assert_int_eq(find("{\"x\":1,\"x\":2,\"a\":{\"b\":1}}"), POINTERS_FOUND);
    ck_assert_int_eq(find("{\"a\":{\"b\":1,\"b\":2}}"), POINTERS_TWICE);
    ck_assert_uint_eq(twice, place);
    ck_assert_int_eq(find("{\"a\":{\"b\":1},\"a\":{\"b\":2}}"), POINTERS_TWICE);
}
END_TEST

static const char *const invalid_texts[] = {
    "", " ", "{", "[1,]", "{\"a\":1", "{\"a\":1}}", "nul", "{\"a\":01}", "{\"a\":{\"b\":}}", "\xff"};

START_TEST(a_text_that_is_no_json_is_refused)
{
    add("/a/b");
    ck_assert_int_eq(find(invalid_texts[_i]), POINTERS_INVALID);
}
END_TEST

static const char *const invalid_pointers[] = {"a", "a/b", "/a~", "/a~2", "#/a"};

START_TEST(an_invalid_pointer_is_refused)
{
    unsigned place;
    ck_assert_ptr_nonnull(pointers_add(&pointers, text_of(invalid_pointers[_i]), &place));
}
END_TEST

START_TEST(there_is_an_end_of_places_and_of_names)
{
    unsigned place;
    char pointer[16];
    for (int i = 0; i < POINTERS_MAX; i++) {
        snprintf(pointer, sizeof pointer, "/%d", i);
        add(pointer);
    }
    ck_assert_ptr_nonnull(pointers_add(&pointers, TEXT("/one/more"), &place));
    ck_assert_uint_eq(add("/7"), 7);
}
END_TEST

START_TEST(a_scalar_is_a_whole_text)
{
    unsigned place = add("");
    ck_assert_int_eq(find(" 12 "), POINTERS_FOUND);
    expect(place, "12");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("pointers");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, the_examples_of_the_rfc_are_found_in_one_pass);
    tcase_add_test(tests, what_is_not_there_is_empty);
    tcase_add_test(tests, the_same_pointer_is_the_same_place_and_one_on_the_way_to_another_is_one);
    tcase_add_test(tests, a_name_is_a_member_of_an_object_and_an_index_of_an_array);
    tcase_add_test(tests, a_name_may_be_escaped_in_the_text);
    tcase_add_test(tests, what_stands_there_twice_is_told_where_it_is_wanted);
    tcase_add_loop_test(tests, a_text_that_is_no_json_is_refused, 0, sizeof invalid_texts / sizeof *invalid_texts);
    tcase_add_loop_test(tests, an_invalid_pointer_is_refused, 0, sizeof invalid_pointers / sizeof *invalid_pointers);
    tcase_add_test(tests, there_is_an_end_of_places_and_of_names);
    tcase_add_test(tests, a_scalar_is_a_whole_text);
    return RUN_TESTS("pointers", tests);
}
