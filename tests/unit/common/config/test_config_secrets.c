/* What is said and printed of a configuration holds no secret. */
#include "tests/unit/common/config/config_fixture.h"

static const char *const with_secret[] = {
    "{\"cached\":{\"token\":\"hunter2\\u0007\"}}",
    "{\"cached\":{\"token\":[\"hunter2\"]}}",
    "{\"cached\":{\"token\":\"hunter2hunter2hunter2\", \"store\":7}}",
    "{\"cached\":{\"token\":\"hunter2hunter2\"}}", /* too short */
    "{\"cached\":{\"token\" \"hunter2\"}}",
    "{\"cached\":{\"tokn\":\"hunter2\"}}",
    "{\"cached\":{\"store\":\"mysql://u:hunter2@h\"}}",
    "{\"connectord\":{\"sources\":\"[{\\\"token\\\":\\\"hunter2\\\"\"}}",
    "{\"connectord\":{\"sources\":[{\"name\":\"a\",\"url\":\"ws://u:hunter2@h\"}]}}",
};

START_TEST(secret_is_in_no_message)
{
    ck_assert_ptr_null(load_json(with_secret[_i]));
    ck_assert_uint_ge(lines_reported(), 1);
    ck_assert_msg(!strstr(reported, "hunter2"), "%s", reported);
}
END_TEST

START_TEST(secret_of_an_override_is_in_no_message)
{
    const char *settings[] = {"cached.token=hunter2\n", "cached.tokn=hunter2", "connectord.sources=[{\"token\":\"hunter2\"",
                              "=hunter2"};
    static const char *const environment[] = {"DATAFLOW_CACHED__TOKN=hunter2", "DATAFLOW_CACHED__STORE=u:hunter2@h", NULL};
    ck_assert_ptr_null(load(NULL, settings, 4, environment));
    ck_assert_uint_eq(lines_reported(), 6);
    ck_assert_msg(!strstr(reported, "hunter2"), "%s", reported);
}
END_TEST

START_TEST(print_hides_what_may_be_secret_in_a_url_of_keys)
{
    config_t *config = load_setting("gatewayd.auth.keys=https://id.example/v1/hunter2/keys?key=hunter2");
    ck_assert_msg(config != NULL, "%s", reported);
    char *text = config_print(config);
    ck_assert_msg(strstr(text, "\"keys\": \"https://id.example/v1/***/***?***\"") && !strstr(text, "hunter2"), "%s", text);
    free(text);
    config_destroy(&config);
}
END_TEST

START_TEST(print_hides_a_token_that_it_would_not_take_back)
{
    const char *settings[] = {"cached.token=hunter2hunter2hunter2"};
    config_t *config = load(NULL, settings, 1, NULL);
    ck_assert_msg(config != NULL, "%s", reported);
    char *text = config_print(config);
    ck_assert_ptr_null(strstr(text, "hunter2"));
    config_destroy(&config);
    ck_assert_ptr_null(load_json(text)); /* *** is no token: anybody would guess it */
    ck_assert_msg(strstr(reported, "cached.token: expected text without control characters, 16 bytes or more"), "%s", reported);
    free(text);
}
END_TEST

START_TEST(print_hides_secrets_and_reads_back_as_the_same)
{
    const char *settings[] = {"connectord.sources.0.token=hunter2",      "cached.store=redis://:hunter2@h",
                              "connectord.sources.0.backoff.jitter=0.1", "connectord.sources.0.speed=1e5",
                              "gatewayd.origins=http://a,http://b",      "connectord.journal.path=a\"b"};
    config_t *config = load(NULL, settings, sizeof settings / sizeof *settings, NULL);
    ck_assert_msg(config != NULL, "%s", reported);
    char *first = config_print(config);
    ck_assert_ptr_null(strstr(first, "hunter2"));
    ck_assert_ptr_nonnull(strstr(first, "\"token\": \"***\""));
    config_destroy(&config);
    config = load_json(first);
    ck_assert_msg(config != NULL, "%s", reported);
    ck_assert(config_real(config, "connectord.sources.0.backoff.jitter") == 0.1);
    ck_assert_str_eq(config_text(config, "connectord.journal.path"), "a\"b");
    char *second = config_print(config);
    ck_assert_str_eq(first, second);
    free(first);
    free(second);
    config_destroy(&config);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("config_secrets");
    tcase_add_checked_fixture(tests, make_file, remove_file);
    tcase_add_loop_test(tests, secret_is_in_no_message, 0, COUNT(with_secret));
    tcase_add_test(tests, secret_of_an_override_is_in_no_message);
    tcase_add_test(tests, print_hides_a_token_that_it_would_not_take_back);
    tcase_add_test(tests, print_hides_what_may_be_secret_in_a_url_of_keys);
    tcase_add_test(tests, print_hides_secrets_and_reads_back_as_the_same);
    return RUN_TESTS("config_secrets", tests);
}
