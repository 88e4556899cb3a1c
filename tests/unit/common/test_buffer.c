#include "common/buffer.h"
#include "common/json/json.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static void expect(const buffer_t *buffer, text_t wanted)
{
    ck_assert_msg(text_equal(buffer_text(buffer), wanted), "expected %.*s, found %.*s", TEXT_ARG(wanted),
                  TEXT_ARG(buffer_text(buffer)));
}

START_TEST(pieces_are_joined_in_order)
{
    buffer_t buffer = buffer_new(0);
    buffer_append(&buffer, TEXT("seq="));
    buffer_append_u64(&buffer, UINT64_MAX);
    buffer_printf(&buffer, " %s %d", "is", 7);
    expect(&buffer, TEXT("seq=18446744073709551615 is 7"));
    buffer_release(&buffer);
    ck_assert_uint_eq(buffer.length, 0);
    buffer_append(&buffer, TEXT("again"));
    expect(&buffer, TEXT("again"));
    buffer_release(&buffer);
}
END_TEST

START_TEST(printf_longer_than_its_own_line_is_whole)
{
    char wanted[2000];
    memset(wanted, 'x', sizeof wanted);
    buffer_t buffer = buffer_new(0);
    buffer_printf(&buffer, "%.*s", (int)sizeof wanted, wanted);
    expect(&buffer, (text_t){wanted, sizeof wanted});
    buffer_release(&buffer);
}
END_TEST

START_TEST(what_does_not_fit_is_left_out_whole_and_spoils_the_message)
{
    buffer_t buffer = buffer_new(8);
    buffer_append(&buffer, TEXT("12345"));
    buffer_append(&buffer, TEXT("6789"));
    ck_assert(!buffer_ok(&buffer));
    expect(&buffer, TEXT("12345"));
    buffer_append(&buffer, TEXT("6")); /* would fit, but the message has a hole already */
    expect(&buffer, TEXT("12345"));
    buffer_clear(&buffer);
    buffer_append(&buffer, TEXT("12345678"));
    ck_assert(buffer_ok(&buffer));
    expect(&buffer, TEXT("12345678"));
    buffer_release(&buffer);
}
END_TEST

START_TEST(string_that_does_not_fit_is_left_out_whole)
{
    buffer_t buffer = buffer_new(10);
    buffer_append(&buffer, TEXT("abc"));
    buffer_append_json_string(&buffer, TEXT("de\n\nf"));
    ck_assert(!buffer_ok(&buffer));
    expect(&buffer, TEXT("abc"));
    buffer_release(&buffer);
}
END_TEST

START_TEST(json_strings_are_escaped)
{
    static const struct {
        text_t text, wanted;
    } cases[] = {
        {{"", 0}, {"\"\"", 2}},
        {{"plain", 5}, {"\"plain\"", 7}},
        {{"a\"b\\c", 5}, {"\"a\\\"b\\\\c\"", 9}},
        {{"\b\f\n\r\t", 5}, {"\"\\b\\f\\n\\r\\t\"", 12}},
        {{"\0\x1f\x7f", 3}, {"\"\\u0000\\u001f\\u007f\"", 20}},
        {{"\xc3\xa4\xf0\x9f\x98\x80", 6}, {"\"\xc3\xa4\xf0\x9f\x98\x80\"", 8}},
        {{"a\xff\xc3z", 4}, {"\"a\xef\xbf\xbd\xef\xbf\xbdz\"", 10}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buffer_t buffer = buffer_new(0);
        buffer_append_json_string(&buffer, cases[i].text);
        expect(&buffer, cases[i].wanted);
        ck_assert(json_valid(buffer_text(&buffer)));
        buffer_release(&buffer);
    }
}
END_TEST

START_TEST(any_byte_gives_a_valid_json_string)
{
    buffer_t buffer = buffer_new(0);
    for (int first = 0; first < 256; first++) {
        for (int second = 0; second < 256; second++) {
            char bytes[2] = {(char)first, (char)second};
            buffer_clear(&buffer);
            buffer_append_json_string(&buffer, (text_t){bytes, 2});
            ck_assert_msg(json_valid(buffer_text(&buffer)), "bytes %02x %02x", first, second);
        }
    }
    buffer_release(&buffer);
}
END_TEST

START_TEST(room_is_written_and_consumed)
{
    buffer_t buffer = buffer_new(4096);
    char *room = buffer_room(&buffer, 1000);
    ck_assert_ptr_nonnull(room);
    memcpy(room, "abcdef", 6);
    buffer_took(&buffer, 6);
    buffer_consume(&buffer, 2);
    expect(&buffer, TEXT("cdef"));
    buffer_consume(&buffer, 4);
    expect(&buffer, TEXT(""));
    ck_assert_ptr_null(buffer_room(&buffer, 4097));
    ck_assert(!buffer_ok(&buffer));
    buffer_release(&buffer);
}
END_TEST

START_TEST(what_is_consumed_piece_by_piece_leaves_the_rest_and_room_for_more)
{
    enum { LENGTH = 1000, LIMIT = 1024 };
    char text[LENGTH];
    buffer_t buffer = buffer_new(LIMIT);
    for (size_t i = 0; i < LENGTH; i++)
        text[i] = (char)('a' + i % 26);
    buffer_append(&buffer, (text_t){text, LENGTH});
    for (size_t gone = 0; gone < LENGTH; gone += 100) {
        expect(&buffer, (text_t){text + gone, LENGTH - gone});
        buffer_consume(&buffer, 100);
    }
    buffer_append(&buffer, (text_t){text, LENGTH});
    buffer_consume(&buffer, 300); /* less than half: it stays where it is … */
    buffer_append(&buffer, (text_t){text, 300});
    ck_assert(buffer_ok(&buffer)); /* … until there is more to come */
    ck_assert_uint_eq(buffer.length, LENGTH);
    ck_assert(text_equal((text_t){buffer.bytes, 700}, (text_t){text + 300, 700}));
    ck_assert(text_equal((text_t){buffer.bytes + 700, 300}, (text_t){text, 300}));
    buffer_consume(&buffer, 10);
    buffer_clear(&buffer);
    buffer_append(&buffer, (text_t){text, LENGTH});
    ck_assert(buffer_ok(&buffer));
    buffer_consume(&buffer, 10);
    buffer_release(&buffer);
}
END_TEST

START_TEST(clear_keeps_the_memory)
{
    buffer_t buffer = buffer_new(0);
    buffer_append(&buffer, TEXT("some text"));
    const char *bytes = buffer.bytes;
    buffer_clear(&buffer);
    buffer_append(&buffer, TEXT("other text"));
    ck_assert_ptr_eq(buffer.bytes, bytes);
    buffer_release(&buffer);
}
END_TEST

START_TEST(what_was_begun_is_cut_off_again_even_where_it_did_not_fit)
{
    buffer_t buffer = buffer_new(8);
    buffer_append(&buffer, TEXT("kept"));
    buffer_append(&buffer, TEXT("too long for it"));
    ck_assert(!buffer_ok(&buffer));
    buffer_cut(&buffer, 2);
    buffer_append(&buffer, TEXT("pt"));
    ck_assert(buffer_ok(&buffer) && text_equal(buffer_text(&buffer), TEXT("kept")));
    buffer_release(&buffer);
}
END_TEST

START_TEST(room_is_made_for_what_is_expected_and_what_was_not_needed_is_given_back)
{
    buffer_t buffer = buffer_new(1000);
    buffer_append(&buffer, TEXT("abc"));
    buffer_consume(&buffer, 1);
    buffer_reserve(&buffer, 700);
    ck_assert_uint_eq(buffer.capacity, 700);
    const char *bytes = buffer.bytes;
    ck_assert_ptr_eq(buffer_room(&buffer, 698), bytes + 2);
    buffer_reserve(&buffer, 5000);
    ck_assert_uint_eq(buffer.capacity, 1000);
    buffer_reserve(&buffer, 0);
    ck_assert_uint_eq(buffer.capacity, 2);
    ck_assert(text_equal(buffer_text(&buffer), TEXT("bc")) && buffer_ok(&buffer));
    buffer_release(&buffer);
    buffer_reserve(&buffer, 0); /* nothing in it: nothing happens */
    ck_assert_ptr_null(buffer.bytes);
}
END_TEST

START_TEST(what_is_taken_is_not_copied_and_leaves_it_empty)
{
    buffer_t buffer = buffer_new(100);
    buffer_append(&buffer, TEXT("some text"));
    buffer_consume(&buffer, 1);
    const char *bytes = buffer.bytes;
    buffer_t taken = buffer_take(&buffer);
    ck_assert_ptr_eq(taken.bytes, bytes);
    ck_assert(text_equal(buffer_text(&taken), TEXT("ome text")));
    ck_assert_uint_eq(buffer.length, 0);
    ck_assert_uint_eq(buffer.limit, 100);
    buffer_append(&buffer, TEXT("other"));
    ck_assert(text_equal(buffer_text(&taken), TEXT("ome text")));
    buffer_release(&buffer);
    buffer_release(&taken);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("buffer");
    tcase_add_test(tests, pieces_are_joined_in_order);
    tcase_add_test(tests, printf_longer_than_its_own_line_is_whole);
    tcase_add_test(tests, what_does_not_fit_is_left_out_whole_and_spoils_the_message);
    tcase_add_test(tests, string_that_does_not_fit_is_left_out_whole);
    tcase_add_test(tests, json_strings_are_escaped);
    tcase_add_test(tests, any_byte_gives_a_valid_json_string);
    tcase_add_test(tests, room_is_written_and_consumed);
    tcase_add_test(tests, what_is_consumed_piece_by_piece_leaves_the_rest_and_room_for_more);
    tcase_add_test(tests, clear_keeps_the_memory);
    tcase_add_test(tests, what_was_begun_is_cut_off_again_even_where_it_did_not_fit);
    tcase_add_test(tests, room_is_made_for_what_is_expected_and_what_was_not_needed_is_given_back);
    tcase_add_test(tests, what_is_taken_is_not_copied_and_leaves_it_empty);
    return RUN_TESTS("buffer", tests);
}
