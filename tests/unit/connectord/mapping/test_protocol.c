#include "connectord/mapping/protocol.h"

#include <check.h>
#include <stdlib.h>

#define TALK                                                                                                                   \
    "{\"native\":\"t${base}${quote}\",\"subscribe\":\"{\\\"want\\\":\\\"${channel} "                                           \
    "${native}\\\",\\\"key\\\":\\\"${token}\\\"}\","                                                                           \
    "\"confirmed\":{\"where\":{\"/event\":\"subscribed\"},\"symbol\":\"/pair\",\"id\":\"/chan\"},"                             \
    "\"refused\":{\"where\":{\"/event\":\"error\"},\"reason\":\"/msg\"},\"sequence\":\"/head/n\"}"

static protocol_t *protocol;
static buffer_t told;

static void set_up(void)
{
    char error[MAPPING_ERROR_MAX];
    told = buffer_new(0);
    protocol = protocol_new(TEXT(TALK), error);
    ck_assert_msg(protocol != NULL, "%s", error);
    ck_assert(spelling_add(protocol_spelling(protocol), TEXT("BTC-USD"), error));
    ck_assert(spelling_add(protocol_spelling(protocol), TEXT("ticker.BTC-USD"), error));
}

static void tear_down(void)
{
    protocol_destroy(&protocol);
    buffer_release(&told);
}

static void on_reply(void *arg, protocol_reply_t reply, text_t native, text_t id, text_t reason)
{
    (void)arg;
    buffer_printf(&told, "%d|%.*s|%.*s|%.*s", (int)reply, TEXT_ARG(native), TEXT_ARG(id), TEXT_ARG(reason));
}

static void assert_told(const char *expected)
{
    ck_assert_msg(text_equal(buffer_text(&told), text_of(expected)), "%.*s", TEXT_ARG(buffer_text(&told)));
    buffer_clear(&told);
}

START_TEST(what_is_said_names_the_channel_the_spelling_and_the_token)
{
    protocol_print(protocol, true, TEXT("BTC-USD"), TEXT("a\"b"), &told);
    assert_told("{\"want\":\"trades tBTCUSD\",\"key\":\"a\\\"b\"}");
    protocol_print(protocol, true, TEXT("ticker.BTC-USD"), TEXT(""), &told);
    assert_told("{\"want\":\"ticker tBTCUSD\",\"key\":\"\"}");
    ck_assert(!protocol_unsubscribes(protocol));
    ck_assert(protocol_confirms(protocol, true) && !protocol_confirms(protocol, false));
}
END_TEST

START_TEST(replies_are_told_from_everything_else)
{
    protocol_read(protocol, TEXT("{\"event\":\"subscribed\",\"pair\":\"tBTCUSD\",\"chan\":17}"), on_reply, NULL);
    assert_told("0|tBTCUSD|17|");
    protocol_read(protocol, TEXT("{\"event\":\"error\",\"msg\":\"no \\\"such\\\" pair\"}"), on_reply, NULL);
    assert_told("2|||no \"such\" pair");
    protocol_read(protocol, TEXT("{\"event\":\"info\"}"), on_reply, NULL);
    protocol_read(protocol, TEXT("[1,2"), on_reply, NULL);
    assert_told("");
}
END_TEST

START_TEST(messages_are_numbered_where_the_definition_says_so)
{
    uint64_t number = 0;
    char error[MAPPING_ERROR_MAX];
    ck_assert_int_eq(protocol_number(protocol, TEXT("{\"head\":{\"n\":18446744073709551615}}"), &number), PROTOCOL_NUMBERED);
    ck_assert_uint_eq(number, UINT64_MAX);
    static const char *const unreadable[] = {
        "{}", "{\"head\":{\"n\":\"7\"}}", "{\"head\":{\"n\":1.5}}", "{\"head\":{\"n\":1,\"n\":2}}", "{\"head\":{\"n\":7}", ""};
    for (size_t i = 0; i < sizeof unreadable / sizeof *unreadable; i++)
        ck_assert_int_eq(protocol_number(protocol, text_of(unreadable[i]), &number), PROTOCOL_UNREADABLE);
    protocol_destroy(&protocol);
    protocol = protocol_new(TEXT("{\"subscribe\":\"x\"}"), error);
    ck_assert_int_eq(protocol_number(protocol, TEXT("{\"head\":{\"n\":7}}"), &number), PROTOCOL_UNNUMBERED);
}
END_TEST

START_TEST(mistakes_are_named)
{
    static const struct {
        const char *json, *error;
    } cases[] = {
        {"{\"subscribe\":\"x\",\"sequence\":\"n\"}", "websocket.sequence: "},
        {"{\"subscribe\":\"x\",\"sequence\":7}", "websocket.sequence: expected a text, found 7"},
        {"{\"subscribe\":\"x\",\"sequenc\":\"/n\"}", "websocket: expected native, subscribe, unsubscribe, ping, sequence,"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char error[MAPPING_ERROR_MAX];
        ck_assert_ptr_null(protocol_new(text_of(cases[i].json), error));
        ck_assert_msg(strncmp(error, cases[i].error, strlen(cases[i].error)) == 0, "%s", error);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("protocol");
    TCase *tests = tcase_create("protocol");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, what_is_said_names_the_channel_the_spelling_and_the_token);
    tcase_add_test(tests, replies_are_told_from_everything_else);
    tcase_add_test(tests, messages_are_numbered_where_the_definition_says_so);
    tcase_add_test(tests, mistakes_are_named);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
