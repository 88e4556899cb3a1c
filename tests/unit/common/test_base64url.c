/* Bytes as text: there and back, and what is no such text. */
#include "common/base64url.h"

#include "tests/unit/run_tests.h"

static buffer_t token, back;

static void set_up(void)
{
    token = buffer_new(0);
    back = buffer_new(0);
}

static void tear_down(void)
{
    buffer_release(&token);
    buffer_release(&back);
}

START_TEST(the_examples_of_rfc_4648_without_padding)
{
    static const struct {
        const char *json, *token;
    } cases[] = {{"", ""},
                 {"f", "Zg"},
                 {"fo", "Zm8"},
                 {"foo", "Zm9v"},
                 {"foob", "Zm9vYg"},
                 {"fooba", "Zm9vYmE"},
                 {"foobar", "Zm9vYmFy"},
                 {"\xff\xef\xbe", "_---"},
                 {"?>~", "Pz5-"},
                 {"\xfb\xff", "-_8"},
                 {"{\"seq\":1}", "eyJzZXEiOjF9"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buffer_clear(&token);
        base64url_append(&token, text_of(cases[i].json));
        ck_assert_msg(text_equal(buffer_text(&token), text_of(cases[i].token)), "expected %s, found %.*s", cases[i].token,
                      TEXT_ARG(buffer_text(&token)));
        buffer_clear(&back);
        ck_assert(base64url_decode(&back, buffer_text(&token)));
        ck_assert_msg(text_equal(buffer_text(&back), text_of(cases[i].json)), "%s came back as %.*s", cases[i].json,
                      TEXT_ARG(buffer_text(&back)));
    }
}
END_TEST

START_TEST(every_byte_comes_back_at_every_place_of_a_group)
{
    for (size_t before = 0; before < 3; before++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            char bytes[3] = "xx";
            bytes[before] = (char)byte;
            buffer_clear(&token);
            buffer_clear(&back);
            base64url_append(&token, (text_t){bytes, before + 1});
            ck_assert(base64url_decode(&back, buffer_text(&token)));
            ck_assert(text_equal(buffer_text(&back), (text_t){bytes, before + 1}));
        }
    }
}
END_TEST

START_TEST(what_is_no_token_appends_nothing)
{
    static const text_t cases[] = {TEXT_CONST("Z"),       TEXT_CONST("Zm9vY"), TEXT_CONST("Zg=="),   TEXT_CONST("Zm+v"),
                                   TEXT_CONST("Zm/v"),    TEXT_CONST("Zm9 "),  TEXT_CONST("Zm9v\n"), TEXT_CONST("Zm\0v"),
                                   TEXT_CONST("Zm\xe9v"), TEXT_CONST("Zh"),    TEXT_CONST("Zm9"),    TEXT_CONST("Zm9vZx")};
    buffer_append(&back, TEXT("before"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(!base64url_decode(&back, cases[i]), "%.*s", TEXT_ARG(cases[i]));
        ck_assert(text_equal(buffer_text(&back), TEXT("before")));
    }
    ck_assert(base64url_decode(&back, TEXT("Zm9v")));
    ck_assert(text_equal(buffer_text(&back), TEXT("beforefoo")));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_examples_of_rfc_4648_without_padding, every_byte_comes_back_at_every_place_of_a_group,
                                  what_is_no_token_appends_nothing};
    return RUN_TESTS("base64url", TEST_CASE(set_up, tear_down, tests));
}
