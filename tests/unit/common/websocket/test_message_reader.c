#include "common/websocket/message_reader.h"

#include "common/websocket/pack.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

enum { LIMIT = 100 };

static message_reader_t reader;

/* What comes of a piece: "more", the message, or the code that the connection is to be closed with. */
static void expect(frame_t piece, const char *wanted)
{
    char *copy = malloc(piece.bytes.length + 1); /* of its own, so that a sanitizer sees a read beyond it */
    ws_message_t message;
    message_fault_t fault;
    buffer_t found = buffer_new(0);
    memcpy(copy, piece.bytes.at, piece.bytes.length);
    piece.bytes.at = copy;
    switch (message_reader_take(&reader, &piece, LIMIT, &message, &fault)) {
    case MESSAGE_MORE:
        buffer_append(&found, TEXT("more"));
        break;
    case MESSAGE_WHOLE:
        buffer_append(&found, message.binary ? TEXT("binary ") : TEXT("text "));
        buffer_append(&found, message.text);
        buffer_release(&message.memory);
        break;
    case MESSAGE_BROKEN:
        ck_assert_ptr_nonnull(fault.why);
        buffer_printf(&found, "%u", fault.code);
        break;
    }
    ck_assert_msg(text_equal(buffer_text(&found), text_of(wanted)), "expected %s, found %.*s", wanted,
                  TEXT_ARG(buffer_text(&found)));
    buffer_release(&found);
    free(copy);
}

static frame_t part(const char *text)
{
    return (frame_t){.bytes = text_of(text)};
}

static frame_t last(const char *text)
{
    return (frame_t){.bytes = text_of(text), .last = true};
}

static void expect_nothing_kept(void)
{
    ck_assert_ptr_null(reader.parts);
}

START_TEST(pieces_become_messages)
{
    expect(last("whole"), "text whole");
    expect_nothing_kept();
    expect(last(""), "text ");
    expect(part("on"), "more");
    expect(part(""), "more");
    expect(last("e"), "text one");
    expect_nothing_kept();
    expect((frame_t){.bytes = TEXT("\xff"), .binary = true}, "more");
    expect((frame_t){.bytes = TEXT(""), .binary = true, .last = true}, "binary \xff");
}
END_TEST

START_TEST(text_is_known_to_be_wrong_at_the_first_byte_that_is)
{
    expect(part("\xce"), "more");
    expect(last("\xba"), "text \xce\xba");
    expect(part("\xce"), "more");
    expect(part("x"), "1007");
    expect_nothing_kept();
    expect(part("\xf4"), "more");
    expect(part("\x90"), "1007"); /* beyond U+10FFFF, whatever comes */
    expect(part("\xe0\xa0"), "more");
    expect(last(""), "1007");
    expect(last("\xed\xa0\x80"), "1007");
    expect(last("good"), "text good");
}
END_TEST

START_TEST(bounds_hold_for_all_pieces_together)
{
    char text[LIMIT + 2] = {0};
    memset(text, 'x', LIMIT + 1);
    expect(last(text), "1009");
    text[LIMIT] = '\0';
    expect(part(text), "more");
    expect(last(""),
           "text xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    expect(part(text), "more");
    expect(part("y"), "1009");
    expect_nothing_kept();
}
END_TEST

/* Compresses, and hands it over in pieces of so many bytes. */
static void expect_packed(text_t text, size_t step, const char *wanted)
{
    static char packed[1000];
    size_t length = pack_message(&text, 1, packed, sizeof packed), at = 0;
    for (; at + step < length; at += step)
        expect((frame_t){.packed = true, .bytes = {packed + at, step}}, "more");
    expect((frame_t){.packed = true, .bytes = {packed + at, length - at}, .last = true}, wanted);
    expect_nothing_kept();
}

START_TEST(compressed_messages_are_inflated_within_the_bound)
{
    static char zeros[50000];
    for (size_t step = 1; step < 20; step++) {
        expect_packed(TEXT("what is compressed, is compressed"), step, "text what is compressed, is compressed");
        expect_packed(TEXT("\xce\xba\xff"), step, "1007");
        expect_packed((text_t){zeros, LIMIT + 1}, step, "1009");
    }
    expect_packed((text_t){zeros, sizeof zeros}, 1000, "1009");
    expect((frame_t){.packed = true, .bytes = TEXT("\xff\xff"), .last = true}, "1007");
    expect((frame_t){.packed = true, .bytes = TEXT("\x00"), .last = true}, "text ");
    expect(last("and one as it is"), "text and one as it is");
}
END_TEST

static void release(void)
{
    message_reader_release(&reader);
}

int main(void)
{
    TCase *tests = tcase_create("message_reader");
    tcase_add_checked_fixture(tests, NULL, release);
    tcase_add_test(tests, pieces_become_messages);
    tcase_add_test(tests, text_is_known_to_be_wrong_at_the_first_byte_that_is);
    tcase_add_test(tests, bounds_hold_for_all_pieces_together);
    tcase_add_test(tests, compressed_messages_are_inflated_within_the_bound);
    return RUN_TESTS("message_reader", tests);
}
