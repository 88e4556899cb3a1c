#include "common/websocket/pack.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

START_TEST(expanding_ends_at_the_limit)
{
    static char zeros[100000], packed[1000];
    text_t text = {zeros, sizeof zeros};
    size_t length = pack_message(&text, 1, packed, sizeof packed);
    ck_assert_uint_gt(length, 0);
    static const size_t limits[] = {1, 4096, 65536, 99999};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        buffer_t out = buffer_new(limits[i]);
        ck_assert_int_eq(unpack_message((text_t){packed, length}, &out), UNPACK_TOO_LONG);
        ck_assert_uint_le(out.capacity, limits[i]);
        buffer_release(&out);
    }
    buffer_t out = buffer_new(sizeof zeros);
    ck_assert_int_eq(unpack_message((text_t){packed, length}, &out), UNPACK_DONE);
    ck_assert_uint_eq(out.length, sizeof zeros);
    buffer_release(&out);
}
END_TEST

START_TEST(final_blocks_are_expanded_too)
{
    /* "a" in a final block, and an empty one behind it, as RFC 7692, section 7.2.3.4, has it */
    buffer_t out = buffer_new(0);
    ck_assert_int_eq(unpack_message(TEXT("\x4b\x04\x00\x00"), &out), UNPACK_DONE);
    ck_assert(text_equal(buffer_text(&out), TEXT("a")));
    buffer_clear(&out);
    ck_assert_int_eq(unpack_message(TEXT("\xff\xff\xff\xff\xff"), &out), UNPACK_INVALID);
    buffer_release(&out);
}
END_TEST

START_TEST(what_is_cut_off_is_invalid)
{
    static char packed[1000];
    text_t text = TEXT("a message that is compressed, a message that is cut off");
    size_t length = pack_message(&text, 1, packed, sizeof packed);
    for (size_t cut = 1; cut < length; cut++) {
        buffer_t out = buffer_new(0);
        ck_assert_msg(unpack_message((text_t){packed, cut}, &out) == UNPACK_INVALID, "%zu of %zu bytes", cut, length);
        buffer_release(&out);
    }
}
END_TEST

START_TEST(an_empty_message_has_no_more_than_its_flush)
{
    static const text_t forms[] = {TEXT_CONST("\x00"), TEXT_CONST("\x02\x00"), TEXT_CONST("\x01"), TEXT_CONST("")};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        buffer_t out = buffer_new(100);
        ck_assert_msg(unpack_message(forms[i], &out) == UNPACK_DONE, "form %zu", i);
        ck_assert_uint_eq(out.length, 0);
        buffer_release(&out);
    }
}
END_TEST

/* RFC 7692, section 7.2.3: "Hello" in one block, in two, stored, in a final block with another behind it. */
START_TEST(examples_of_the_rfc_are_expanded)
{
    static const text_t examples[] = {
        TEXT_CONST("\xf2\x48\xcd\xc9\xc9\x07\x00"),
        TEXT_CONST("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"),
        TEXT_CONST("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"),
        TEXT_CONST("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
        TEXT_CONST("\xf3\x48\xcd\xc9\xc9\x07\x00"), /* and without, as some send it */
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        buffer_t out = buffer_new(0);
        ck_assert_msg(unpack_message(examples[i], &out) == UNPACK_DONE, "example %zu", i);
        ck_assert(text_equal(buffer_text(&out), TEXT("Hello")));
        buffer_release(&out);
    }
}
END_TEST

START_TEST(offers_are_judged)
{
    static const struct {
        const char *offers;
        size_t number;
        bool accepted, window;
    } cases[] = {
        {"permessage-deflate", 0, true, false},
        {"permessage-deflate", 1, false, false},
        {"", 0, false, false},
        {"permessage-deflated", 0, false, false},
        {"permessage-deflate; client_max_window_bits", 0, true, false},
        {"permessage-deflate;client_max_window_bits=8", 0, true, false},
        {"permessage-deflate; client_max_window_bits=16", 0, false, false},
        {"permessage-deflate; client_max_window_bits=7", 0, false, false},
        {"permessage-deflate; server_max_window_bits=12", 0, true, true},
        {"permessage-deflate; server_max_window_bits = \"15\"", 0, true, true},
        {"permessage-deflate; server_max_window_bits=11", 0, false, true},
        {"permessage-deflate; server_max_window_bits", 0, false, true},
        {"permessage-deflate; server_no_context_takeover=1", 0, false, false},
        {"permessage-deflate; other", 0, false, false},
        {"permessage-deflate;", 0, false, false},
        {"permessage-deflate; ; client_max_window_bits", 0, false, false},
        {"permessage-deflate; client_max_window_bits=", 0, false, false},
        {"permessage-deflate; client_max_window_bits=08", 0, false, false},
        {"permessage-deflate; client_max_window_bits=\"9\"", 0, true, false},
        {"permessage-deflate; client_max_window_bits=\"9", 0, false, false},
        {"permessage-deflate; client_max_window_bits=x", 0, false, false},
        {"permessage-deflate; client_max_window_bits=115", 0, false, false},
        {"permessage-deflate; server_max_window_bits=16", 0, false, false},
        {"permessage-deflate; server_max_window_bits=012", 0, false, false},
        {"permessage-deflate; client_no_context_takeover=true", 0, false, false},
        {"permessage-deflate; client_no_context_takeover; client_no_context_takeover", 0, false, false},
        {"permessage-deflate; server_no_context_takeover; server_no_context_takeover", 0, false, false},
        {"permessage-deflate; client_max_window_bits; client_max_window_bits=9", 0, false, false},
        {"permessage-deflate; server_max_window_bits=13; server_max_window_bits=13", 0, false, false},
        {"Permessage-Deflate", 0, false, false},
        {"other; x=1, permessage-deflate; other , permessage-deflate ; client_no_context_takeover", 1, true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pack_terms_t terms;
        bool accepted = pack_accepts(text_of(cases[i].offers), cases[i].number, &terms);
        ck_assert_msg(accepted == cases[i].accepted, "%s", cases[i].offers);
        if (accepted)
            ck_assert_int_eq(terms.window, cases[i].window);
    }
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("pack");
    tcase_add_test(tcase, expanding_ends_at_the_limit);
    tcase_add_test(tcase, final_blocks_are_expanded_too);
    tcase_add_test(tcase, what_is_cut_off_is_invalid);
    tcase_add_test(tcase, an_empty_message_has_no_more_than_its_flush);
    tcase_add_test(tcase, examples_of_the_rfc_are_expanded);
    tcase_add_test(tcase, offers_are_judged);
    return RUN_TESTS("pack", tcase);
}
