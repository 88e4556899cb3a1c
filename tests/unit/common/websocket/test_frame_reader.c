#include "common/websocket/frame_reader.h"

#include "common/buffer.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static const char kinds[] = {[FRAME_PIECE] = 'm', [FRAME_CLOSE] = 'c', [FRAME_PING] = 'p', [FRAME_PONG] = 'o'};

static bool from_client;

/* What a reader makes of bytes that come `step` at a time: "m(one)." a message, "b" a binary one, "c" a close frame …; '!' where it breaks. */
static void read_all(buffer_t *out, text_t bytes, size_t step)
{
    frame_reader_t reader = {.from_client = from_client, .deflates = from_client};
    buffer_clear(out);
    for (size_t at = 0; at < bytes.length; at += step) {
        size_t length = bytes.length - at < step ? bytes.length - at : step;
        char *copy = malloc(length); /* of its own, so that a sanitizer sees a read beyond it */
        memcpy(copy, bytes.at + at, length);
        text_t input = {copy, length};
        frame_t frame;
        const char *wrong = NULL;
        frame_found_t found;
        static bool within;
        within = within && at > 0;
        while ((found = frame_reader_next(&reader, &input, &frame, &wrong)) == FRAME_FOUND) {
            bool piece = frame.kind == FRAME_PIECE;
            char mark[] = {frame.binary ? 'b' : kinds[frame.kind], '('};
            if (!piece || !within)
                buffer_append(out, (text_t){mark, 2});
            buffer_append(out, frame.bytes);
            if (!piece || frame.last)
                buffer_append(out, TEXT(")"));
            within = piece ? !frame.last : within;
        }
        free(copy);
        if (found == FRAME_BROKEN) {
            ck_assert_ptr_nonnull(wrong);
            buffer_append(out, TEXT("!"));
            break;
        }
        ck_assert_uint_eq(input.length, 0);
    }
    frame_reader_release(&reader);
}

static void check(text_t bytes, const char *wanted)
{
    buffer_t out = buffer_new(0);
    for (size_t step = 1; step <= bytes.length; step++) {
        read_all(&out, bytes, step);
        ck_assert_msg(text_equal(buffer_text(&out), text_of(wanted)), "%zu at a time: expected %s, found %.*s", step, wanted,
                      TEXT_ARG(buffer_text(&out)));
    }
    buffer_release(&out);
}

START_TEST(frames_are_found_however_they_come)
{
    check(TEXT("\x81\x03one\x81\x00\x82\x02xy\x81\x03two"), "m(one)m()b(xy)m(two)");
    check(TEXT("\x89\x02hi\x8a\x00\x88\x04\x03\xe9"
               "go"),
          "p(hi)o()c(\x03\xe9go)");
}
END_TEST

START_TEST(fragments_make_a_message)
{
    check(TEXT("\x01\x02on\x00\x00\x80\x02"
               "e!"
               "\x81\x01x"),
          "m(one!)m(x)");
    check(TEXT("\x02\x01"
               "a\x80\x01"
               "b"),
          "b(ab)");
}
END_TEST

START_TEST(longer_lengths_are_read)
{
    static char bytes[4 + 300 + 10 + 70000], wanted[2 + 300 + 3 + 70000 + 2];
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes, "\x81\x7e\x01\x2c", 4);
    memcpy(bytes + 304, "\x81\x7f\0\0\0\0\0\x01\x11\x70", 10);
    memset(wanted, 'x', sizeof wanted);
    memcpy(wanted, "m(", 2);
    memcpy(wanted + 2 + 300, ")m(", 3);
    memcpy(wanted + 5 + 300 + 70000, ")", 2);
    buffer_t out = buffer_new(0);
    for (size_t step = 1; step < sizeof bytes; step = step * 7 + 1) {
        read_all(&out, (text_t){bytes, sizeof bytes}, step);
        ck_assert(text_equal(buffer_text(&out), text_of(wanted)));
    }
    buffer_release(&out);
}
END_TEST

START_TEST(control_frames_come_between_fragments)
{
    frame_reader_t reader = {0};
    text_t input = TEXT("\x01\x01"
                        "a\x89\x01p\x80\x01"
                        "b");
    frame_t frame;
    const char *wrong;
    static const frame_kind_t wanted[] = {FRAME_PIECE, FRAME_PING, FRAME_PIECE};
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(frame_reader_next(&reader, &input, &frame, &wrong), FRAME_FOUND);
        ck_assert_int_eq(frame.kind, wanted[i]);
        ck_assert(frame.last == (i == 2));
    }
    ck_assert_int_eq(frame_reader_next(&reader, &input, &frame, &wrong), FRAME_NONE);
}
END_TEST

/* A frame of a client, its mask \x01\x02\x04\x08. */
static void append_masked(buffer_t *out, char first, text_t payload)
{
    char head[] = {first, (char)(0x80 | payload.length), 1, 2, 4, 8};
    buffer_append(out, (text_t){head, sizeof head});
    for (size_t i = 0; i < payload.length; i++) {
        char masked = (char)(payload.at[i] ^ (1 << i % 4));
        buffer_append(out, (text_t){&masked, 1});
    }
}

START_TEST(what_clients_mask_is_unmasked_however_it_comes)
{
    buffer_t bytes = buffer_new(0);
    from_client = true;
    append_masked(&bytes, '\x01', TEXT("a message that is longer than "));
    append_masked(&bytes, '\x89', TEXT("a ping"));
    append_masked(&bytes, '\x00', TEXT(""));
    append_masked(&bytes, '\x80', TEXT("eight bytes"));
    append_masked(&bytes, '\xc2', TEXT("packed"));
    check(buffer_text(&bytes), "m(a message that is longer than p(a ping)eight bytes)b(packed)");
    append_masked(&bytes, '\xa1', TEXT("x"));
    check(buffer_text(&bytes), "m(a message that is longer than p(a ping)eight bytes)b(packed)!");
    buffer_release(&bytes);
    bytes = buffer_new(0);
    append_masked(&bytes, '\x01', TEXT("packed"));
    append_masked(&bytes, '\xc0', TEXT("later")); /* it is the first frame that says so */
    check(buffer_text(&bytes), "m(packed!");
    check(TEXT("\x81\x01x"), "!");
    buffer_release(&bytes);
    from_client = false;
}
END_TEST

START_TEST(what_a_close_frame_says_is_judged)
{
    static const struct {
        text_t payload;
        unsigned code;
        bool wrong;
    } cases[] = {
        {TEXT_CONST(""), 1005, false},    {TEXT_CONST("\x03\xe8"), 1000, false}, {TEXT_CONST("\x0f\xa1why"), 4001, false},
        {TEXT_CONST("\x03"), 1002, true}, {TEXT_CONST("\x03\xed"), 1002, true},  {TEXT_CONST("\x03\xe8\xff"), 1007, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned code;
        ck_assert_int_eq(frame_close_read(cases[i].payload, &code) != NULL, cases[i].wrong);
        ck_assert_uint_eq(code, cases[i].code);
    }
}
END_TEST

START_TEST(what_is_against_the_rules_breaks_the_connection)
{
    static const text_t cases[] = {
        TEXT_CONST("\xc1\x01x"),                               /* compressed, which nobody negotiated */
        TEXT_CONST("\x81\x81mask"),                            /* masked */
        TEXT_CONST("\x83\x00"),                                /* unknown */
        TEXT_CONST("\x8b\x00"),                                /* an unknown control frame */
        TEXT_CONST("\x80\x01x"),                               /* goes on with nothing */
        TEXT_CONST("\x01\x00\x81\x00"),                        /* within a message */
        TEXT_CONST("\x09\x00"),                                /* a ping in fragments */
        TEXT_CONST("\x89\x7e\x00\x7e"),                        /* a long one */
        TEXT_CONST("\x81\x7e\x00\x05"),                        /* a length in more bytes than it takes */
        TEXT_CONST("\x81\x7f\x80\x00\x00\x00\x00\x00\x00\x00") /* longer than there is */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buffer_t out = buffer_new(0);
        read_all(&out, cases[i], 1);
        ck_assert_msg(out.length > 0 && out.bytes[out.length - 1] == '!', "case %zu", i);
        buffer_release(&out);
    }
}
END_TEST

/* RFC 6455, 5.7 */
START_TEST(sealed_frame_is_masked)
{
    unsigned char out[FRAME_OUT_HEAD_MAX + 300] = {0};
    uint32_t mask;
    memcpy(&mask, "\x37\xfa\x21\x3d", 4);
    memcpy(out + FRAME_OUT_HEAD_MAX, "Hello", 5);
    ck_assert_uint_eq(frame_seal(out, 1, 5, mask), 11);
    ck_assert_mem_eq(out, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);
    memset(out + FRAME_OUT_HEAD_MAX, 'x', 300);
    ck_assert_uint_eq(frame_seal(out, 1, 300, 0), 308);
    ck_assert_mem_eq(out, "\x81\xfe\x01\x2c\0\0\0\0xxx", 11);
    ck_assert_uint_eq(frame_seal(out, 8, 0, mask), 6);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("frame_reader");
    tcase_add_test(tests, frames_are_found_however_they_come);
    tcase_add_test(tests, fragments_make_a_message);
    tcase_add_test(tests, longer_lengths_are_read);
    tcase_add_test(tests, control_frames_come_between_fragments);
    tcase_add_test(tests, what_clients_mask_is_unmasked_however_it_comes);
    tcase_add_test(tests, what_a_close_frame_says_is_judged);
    tcase_add_test(tests, what_is_against_the_rules_breaks_the_connection);
    tcase_add_test(tests, sealed_frame_is_masked);
    return RUN_TESTS("frame_reader", tests);
}
