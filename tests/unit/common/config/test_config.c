/* Where values come from, and which of them holds. */
#include "proto/topic.h"
#include "tests/unit/common/config/config_fixture.h"

START_TEST(defaults_serve_without_a_file)
{
    config_t *config = load(NULL, NULL, 0, NULL);
    ck_assert_ptr_nonnull(config);
    ck_assert_str_eq(reported, "");
    ck_assert_str_eq(config_text(config, "log.level"), "info");
    ck_assert_uint_eq(config_count(config, "connectord.sources"), 1);
    ck_assert_str_eq(config_text(config, "connectord.sources.%d.name", 0), "blockchain");
    ck_assert_uint_eq(config_count(config, "connectord.sources.0.symbols"), 2);
    ck_assert_str_eq(config_text(config, "connectord.sources.0.symbols.%d", 1), "ETH-USD");
    ck_assert_int_eq(config_integer(config, "connectord.sources.0.backoff.maximum_ms"), 30000);
    ck_assert(config_real(config, "connectord.sources.0.backoff.jitter") == 0.2);
    ck_assert(!config_flag(config, "connectord.sources.0.loop"));
    ck_assert_int_eq(config_integer(config, "connectord.journal.bytes"), 1073741824);
    ck_assert_uint_eq(config_count(config, "gatewayd.origins"), 0);
    config_destroy(&config);
    ck_assert_ptr_null(config);
}
END_TEST

START_TEST(example_configuration_has_no_mistakes)
{
    config_t *config = load("deploy/dataflow.json", NULL, 0, NULL);
    ck_assert_str_eq(reported, "");
    ck_assert_ptr_nonnull(config);
    ck_assert_str_eq(config_text(config, "cached.store"), "sqlite:///state/trades.db");
    config_destroy(&config);
}
END_TEST

START_TEST(file_goes_over_the_defaults_and_leaves_the_others)
{
    config_t *config =
        load_json("\xef\xbb\xbf{\"gatewayd\":{\"clients\":7},\"connectord\":{\"sources\":[{\"name\":\"a\",\"loop\":true}]}}\n");
    ck_assert_msg(config != NULL, "%s", reported);
    ck_assert_int_eq(config_integer(config, "gatewayd.clients"), 7);
    ck_assert_str_eq(config_text(config, "gatewayd.listen.0.address"), "127.0.0.1:8080");
    ck_assert(config_flag(config, "connectord.sources.0.loop"));
    ck_assert_uint_eq(config_count(config, "connectord.sources.0.symbols"), 0);
    ck_assert_int_eq(config_integer(config, "connectord.sources.0.silence_ms"), 15000);
    config_destroy(&config);
}
END_TEST

/* The list that each stands for, as A or A+ (shared), and how it is printed. */
static const struct {
    const char *set[2], *list, *printed;
} listens[] = {
    {{"gatewayd.listen=127.0.0.1:1"}, "127.0.0.1:1 ", "\"listen\": \"127.0.0.1:1\""},
    {{"gatewayd.listen=[::1]:1"}, "[::1]:1 ", "\"listen\": \"[::1]:1\""},
    {{"gatewayd.listen=[::1]:1,a:2"}, "[::1]:1 a:2 ", "\"listen\": [\n      \"[::1]:1\",\n      \"a:2\"\n    ]"},
    {{"gatewayd.listen=[\"a:1\",{\"address\":\"b:2\"}]"}, "a:1 b:2 ", "\"listen\": [\n      \"a:1\",\n      \"b:2\"\n    ]"},
    {{"gatewayd.listen=[{\"address\":\"b:2\"}]"}, "b:2 ", "\"listen\": \"b:2\""},
    {{"gatewayd.listen=a:1", "gatewayd.listen.0.share=true"}, "a:1+ ", "\"address\": \"a:1\""},
    {{"gatewayd.listen=a:1", "gatewayd.listen.1=b:2"}, "a:1 b:2 ", "[\n      \"a:1\",\n      \"b:2\"\n    ]"},
    {{"gatewayd.listen.1={\"address\":\"b:2\",\"share\":true}"}, "127.0.0.1:8080 b:2+ ", "      \"127.0.0.1:8080\",\n      {"},
    {{"gatewayd.listen.1.address=b:2"}, "127.0.0.1:8080 b:2 ", "\"b:2\"\n    ]"},
};

START_TEST(where_objects_have_one_member_a_text_will_do)
{
    char list[200] = "";
    config_t *config = load(NULL, listens[_i].set, listens[_i].set[1] ? 2 : 1, NULL);
    ck_assert_msg(config != NULL, "%s", reported);
    for (size_t i = 0; i < config_count(config, "gatewayd.listen"); i++) {
        strcat(list, config_text(config, "gatewayd.listen.%zu.address", i));
        strcat(list, config_flag(config, "gatewayd.listen.%zu.share", i) ? "+ " : " ");
    }
    ck_assert_str_eq(list, listens[_i].list);
    char *printed = config_print(config);
    ck_assert_msg(strstr(printed, listens[_i].printed) != NULL, "%s\n%s", listens[_i].printed, printed);
    free(printed);
    config_destroy(&config);
}
END_TEST

START_TEST(setting_goes_over_environment_and_environment_over_file)
{
    write_file(TEXT("{\"gatewayd\":{\"clients\":1,\"subscriptions\":1,\"slow\":\"disconnect\"}}"));
    static const char *const environment[] = {"DATAFLOW_GATEWAYD__CLIENTS=2", "dataflow_Gatewayd__Subscriptions=2", "HOME=/",
                                              "DATAFLOW_CONFIG=x", NULL};
    const char *settings[] = {"gatewayd.clients=3", "gatewayd.clients=4"};
    config_t *config = load(file_name, settings, 2, environment);
    ck_assert_msg(config != NULL, "%s", reported);
    ck_assert_int_eq(config_integer(config, "gatewayd.clients"), 4);
    ck_assert_int_eq(config_integer(config, "gatewayd.subscriptions"), 2);
    ck_assert_str_eq(config_text(config, "gatewayd.slow"), "disconnect");
    config_destroy(&config);
}
END_TEST

START_TEST(environment_appends_elements_in_the_order_of_their_numbers)
{
    static const char *const environment[] = {
        "DATAFLOW_GATEWAYD__ORIGINS__10=http://k",
        "DATAFLOW_GATEWAYD__ORIGINS__9=http://j",
        "DATAFLOW_GATEWAYD__ORIGINS=http://a,http://b,http://c,http://d,http://e,http://f,http://g,http://h,http://i",
        "DATAFLOW_CONNECTORD__SOURCES__1__SYMBOLS__0=A-B",
        "DATAFLOW_CONNECTORD__SOURCES__1__NAME=second",
        NULL};
    config_t *config = load(NULL, NULL, 0, environment);
    ck_assert_msg(config != NULL, "%s", reported);
    ck_assert_uint_eq(config_count(config, "gatewayd.origins"), 11);
    ck_assert_str_eq(config_text(config, "gatewayd.origins.10"), "http://k");
    ck_assert_str_eq(config_text(config, "connectord.sources.0.name"), "blockchain");
    ck_assert_str_eq(config_text(config, "connectord.sources.1.name"), "second");
    ck_assert_str_eq(config_text(config, "connectord.sources.1.symbols.0"), "A-B");
    ck_assert_int_eq(config_integer(config, "connectord.sources.1.backoff.initial_ms"), 1000);
    config_destroy(&config);
}
END_TEST

static const struct {
    const char *setting, *last;
    size_t count;
} lists[] = {
    {"connectord.sources.0.symbols=[\"A-B\", \"C-D\",\"E-F\"]", "E-F", 3},
    {"connectord.sources.0.symbols=A-B,C-D", "C-D", 2},
    {"connectord.sources.0.symbols= A-B , C-D ", "C-D", 2},
    {"connectord.sources.0.symbols=A-B", "A-B", 1},
    {"connectord.sources.0.symbols.1=A-B", "A-B", 2},
    {"connectord.sources.0.symbols.2=A-B", "A-B", 3},
    {"connectord.sources.0.symbols=", NULL, 0},
    {"connectord.sources.0.symbols=[]", NULL, 0},
    {"connectord.sources=[{\"name\":\"x\",\"symbols\":[\"A-B\"]}]", "A-B", 1},
    {"connectord.sources.0={\"name\":\"x\",\"symbols\":[\"A-B\"]}", "A-B", 1},
};

START_TEST(list_is_set_as_json_by_commas_or_by_element)
{
    config_t *config = load_setting(lists[_i].setting);
    ck_assert_msg(config != NULL, "%s", reported);
    size_t count = config_count(config, "connectord.sources.0.symbols");
    ck_assert_uint_eq(count, lists[_i].count);
    if (count)
        ck_assert_str_eq(config_text(config, "connectord.sources.0.symbols.%zu", count - 1), lists[_i].last);
    config_destroy(&config);
}
END_TEST

START_TEST(map_has_names_of_the_users_and_defaults_for_each)
{
    config_t *config =
        load_json("{\"cached\":{\"retention\":{\"store\":{\"*-USD\":{\"hours\":1.5},\"BTC-USD\":{\"trades\":7}}}}}");
    ck_assert_msg(config != NULL, "%s", reported);
    ck_assert_uint_eq(config_count(config, "cached.retention.store"), 2);
    ck_assert_uint_eq(config_count(config, "cached.retention.memory"), 0);
    ck_assert_str_eq(config_name(config, 0, "cached.retention.store"), "*-USD");
    ck_assert(config_real(config, "cached.retention.store.%s.hours", "*-USD") == 1.5);
    ck_assert_int_eq(config_integer(config, "cached.retention.store.*-USD.trades"), 0);
    ck_assert_int_eq(config_integer(config, "cached.retention.store.BTC-USD.trades"), 7);
    char *first = config_print(config);
    config_destroy(&config);
    config = load_json(first);
    ck_assert_msg(config != NULL, "%s", reported);
    char *second = config_print(config);
    ck_assert_str_eq(first, second);
    free(first);
    free(second);
    config_destroy(&config);
}
END_TEST

/* The longest one that there may be, too. */
START_TEST(a_maps_names_may_have_dots)
{
    char longest[SUBJECT_MAX + 1] = "readings.", setting[512];
    memset(longest + strlen(longest), 'k', SUBJECT_MAX - strlen(longest));
    snprintf(
        setting, sizeof setting,
        "cached.retention.memory={\"readings.*\":{\"hours\":1.5},\"readings.sensor-*\":{\"trades\":7},\"%s\":{\"trades\":8}}",
        longest);
    config_t *config = load_setting(setting);
    ck_assert_msg(config != NULL, "%s", reported);
    ck_assert(config_real(config, "cached.retention.memory.%s.hours", "readings.*") == 1.5);
    ck_assert_int_eq(config_integer(config, "cached.retention.memory.%s.trades", "readings.*"), 0);
    ck_assert_int_eq(config_integer(config, "cached.retention.memory.%s.trades", "readings.sensor-*"), 7);
    ck_assert_int_eq(config_integer(config, "cached.retention.memory.%s.trades", longest), 8);
    char *first = config_print(config);
    config_destroy(&config);
    config = load_json(first);
    ck_assert_msg(config != NULL, "%s", reported);
    free(first);
    config_destroy(&config);
}
END_TEST

START_TEST(map_is_overridden_as_a_whole)
{
    config_t *config = load_setting("cached.retention.memory={\"*\":{\"trades\":5}}");
    ck_assert_msg(config != NULL, "%s", reported);
    ck_assert_int_eq(config_integer(config, "cached.retention.memory.*.trades"), 5);
    config_destroy(&config);
    ck_assert_ptr_null(load_setting("cached.retention.memory.*.trades=5"));
    assert_reported("cached.retention.memory: is set as a whole, by a JSON object (--set)");
    ck_assert_uint_eq(lines_reported(), 1);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("config");
    tcase_add_checked_fixture(tests, make_file, remove_file);
    tcase_add_test(tests, defaults_serve_without_a_file);
    tcase_add_test(tests, example_configuration_has_no_mistakes);
    tcase_add_test(tests, file_goes_over_the_defaults_and_leaves_the_others);
    tcase_add_loop_test(tests, where_objects_have_one_member_a_text_will_do, 0, COUNT(listens));
    tcase_add_test(tests, setting_goes_over_environment_and_environment_over_file);
    tcase_add_test(tests, environment_appends_elements_in_the_order_of_their_numbers);
    tcase_add_loop_test(tests, list_is_set_as_json_by_commas_or_by_element, 0, COUNT(lists));
    tcase_add_test(tests, map_has_names_of_the_users_and_defaults_for_each);
    tcase_add_test(tests, a_maps_names_may_have_dots);
    tcase_add_test(tests, map_is_overridden_as_a_whole);
    return RUN_TESTS("config", tests);
}
