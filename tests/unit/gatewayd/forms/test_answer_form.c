/* What stands around the trades of an answer, in each form; and replies that fail. */
#include "tests/unit/gateway_fixture.h"

#include "common/json/json.h"
#include "gatewayd/forms/answer_form.h"
#include "tests/unit/run_tests.h"

static buffer_t out;

static void set_up(void)
{
    out = buffer_new(0);
}

static void tear_down(void)
{
    buffer_release(&out);
}

static const struct {
    answer_form_t form;
    const char *others, *next, *expected;
} cases[] = {
    {ANSWER_RPC, "", "", "{\"symbol\":\"B-U\",\"trades\":[1]}}"},
    {ANSWER_RPC, ",\"missing\":2", "{\"a\":\"7-1\"}",
     "{\"symbol\":\"B-U\",\"trades\":[1],\"missing\":2,\"next\":{\"a\":\"7-1\"}}}"},
    {ANSWER_LIST, "", "", "[1],\"page\":{\"symbol\":\"B-U\"}}"},
    {ANSWER_LIST, ",\"missing\":2", "{\"a\":\"7-1\"}",
     "[1],\"page\":{\"symbol\":\"B-U\",\"missing\":2,\"next\":{\"a\":\"7-1\"}}}"},
    {ANSWER_REST, ",\"missing\":2", "", "{\"version\":\"v1\",\"symbol\":\"B-U\",\"trades\":[1],\"missing\":2}\n"},
};

START_TEST(each_form_has_its_own_frame_for_the_same_trades)
{
    text_t members = TEXT("\"symbol\":\"B-U\"");
    answer_form_begin(cases[_i].form, members, &out);
    buffer_append(&out, cases[_i].form == ANSWER_LIST ? TEXT("[1]") : TEXT("\"trades\":[1]"));
    answer_form_end(cases[_i].form, members, text_of(cases[_i].others), text_of(cases[_i].next), &out);
    ck_assert_msg(text_equal(buffer_text(&out), text_of(cases[_i].expected)), "expected %s\nfound    %.*s", cases[_i].expected,
                  TEXT_ARG(buffer_text(&out)));
}
END_TEST

START_TEST(rest_has_a_token_in_place_of_what_it_stands_for)
{
    answer_form_begin(ANSWER_REST, TEXT("\"symbol\":\"B-U\""), &out);
    buffer_append(&out, TEXT("\"trades\":[]"));
    answer_form_end(ANSWER_REST, TEXT(""), TEXT(""), TEXT("{\"a\":\"7-1\"}"), &out);
    text_t token;
    ck_assert(json_valid(buffer_text(&out)));
    ck_assert(json_plain_string(json_member(buffer_text(&out), "next"), &token) && token.length > 0);
    ck_assert_ptr_null(memchr(token.at, '{', token.length));
}
END_TEST

START_TEST(only_the_hub_wants_the_channel_and_has_fewer_trades_by_default)
{
    ck_assert(answer_form_recent(ANSWER_LIST)->needs_channel);
    ck_assert_uint_eq(answer_form_recent(ANSWER_LIST)->count, 50);
    ck_assert(!answer_form_recent(ANSWER_RPC)->needs_channel && !answer_form_recent(ANSWER_REST)->needs_channel);
    ck_assert_uint_eq(answer_form_recent(ANSWER_RPC)->count, answer_form_recent(ANSWER_REST)->count);
}
END_TEST

static int code;
static char message[2 * REPLY_MESSAGE_MAX];

static void on_error(reply_t *reply, int error, const char *reason, text_t text)
{
    (void)reply, (void)reason;
    code = error;
    snprintf(message, sizeof message, "%.*s", TEXT_ARG(text));
}

START_TEST(an_error_says_what_was_wrong_and_no_more_than_fits)
{
    static const reply_kind_t kind = {.error = on_error};
    reply_t reply = {&kind};
    char much[2 * REPLY_MESSAGE_MAX];
    reply_error(&reply, RPC_INVALID_PARAMS, "Invalid %s: %d", "count", 7);
    ck_assert_int_eq(code, RPC_INVALID_PARAMS);
    ck_assert_str_eq(message, "Invalid count: 7");
    memset(much, 'm', sizeof much - 1);
    much[sizeof much - 1] = '\0';
    reply_error(&reply, RPC_LIMIT, "%s", much);
    ck_assert_uint_eq(strlen(message), REPLY_MESSAGE_MAX - 1);
    reply_crowded(&reply);
    ck_assert_int_eq(code, RPC_UNAVAILABLE);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("answer_form");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, each_form_has_its_own_frame_for_the_same_trades, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tests, rest_has_a_token_in_place_of_what_it_stands_for);
    tcase_add_test(tests, only_the_hub_wants_the_channel_and_has_fewer_trades_by_default);
    tcase_add_test(tests, an_error_says_what_was_wrong_and_no_more_than_fits);
    return RUN_TESTS("answer_form", tests);
}
