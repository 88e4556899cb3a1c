/* Over 400 lines, but one idea: tables of configurations and what is said of them. */
#include "common/config/config.h"
#include "proto/topic.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { VARIABLES_MAX = 15 };

static char file_name[] = "/tmp/test_config.XXXXXX";
static char *reported; /* what the last load said on stderr; freed by the next one */

static void make_file(void)
{
    snprintf(file_name, sizeof file_name, "/tmp/test_config.XXXXXX");
    int fd = mkstemp(file_name);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void remove_file(void)
{
    unlink(file_name);
    free(reported);
    reported = NULL;
}

static void write_file(text_t content)
{
    FILE *file = fopen(file_name, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(content.at, 1, content.length, file), content.length);
    fclose(file);
}

/* environment ends with NULL; NULL: no environment. */
static config_t *load(const char *path, const char *const *settings, size_t count, const char *const *environment)
{
    char *variables[VARIABLES_MAX + 1] = {NULL};
    for (size_t i = 0; environment && environment[i]; i++) {
        ck_assert_uint_lt(i, VARIABLES_MAX);
        variables[i] = strdup(environment[i]);
    }
    free(reported);
    size_t length;
    FILE *kept = stderr;
    stderr = open_memstream(&reported, &length);
    config_t *config = config_load(path, settings, count, variables);
    fclose(stderr);
    stderr = kept;
    for (size_t i = 0; variables[i]; i++)
        free(variables[i]);
    return config;
}

static config_t *load_json(const char *json)
{
    write_file(text_of(json));
    return load(file_name, NULL, 0, NULL);
}

static config_t *load_setting(const char *setting)
{
    return load(NULL, &setting, 1, NULL);
}

/* "(FILE)" in what is expected stands for the file's name. */
static void assert_reported(const char *expected)
{
    char line[1024];
    const char *mark = strstr(expected, "FILE");
    if (mark)
        snprintf(line, sizeof line, "config: %.*s%s%s\n", (int)(mark - expected), expected, file_name, mark + 4);
    else
        snprintf(line, sizeof line, "config: %s\n", expected);
    ck_assert_msg(strstr(reported, line) != NULL, "expected: %sreported: %s", line, reported);
}

static size_t lines_reported(void)
{
    size_t lines = 0;
    for (const char *at = reported; *at; at++)
        lines += *at == '\n';
    return lines;
}

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
    ck_assert_str_eq(config_text(config, "gatewayd.listen"), "127.0.0.1:8080");
    ck_assert(config_flag(config, "connectord.sources.0.loop"));
    ck_assert_uint_eq(config_count(config, "connectord.sources.0.symbols"), 0);
    ck_assert_int_eq(config_integer(config, "connectord.sources.0.silence_ms"), 15000);
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

/* The only mistake in a file. */
static const struct {
    const char *json, *expected;
} files[] = {
    {"{\"gatewayd\":{\"listen\":\"8080\"}}", "gatewayd.listen: expected HOST:PORT, found \"8080\" (FILE)"},
    {"{\"gatewayd\":{\"lisen\":\"a:1\"}}", "gatewayd.lisen: unknown key; did you mean \"listen\"? (FILE)"},
    {"{\"gatewayd\":{\"colour\":1}}", "gatewayd.colour: unknown key (FILE)"},
    {"{\"gatewayd.listen\":\"a:1\"}", "gatewayd.listen: unknown key (FILE)"},
    {"{\"cached\":{\"a\\nb\":1}}", "cached.a?b: unknown key (FILE)"},
    {"{\"\":1}", ": unknown key (FILE)"},
    {"{\"gatewayd\":{\"clients\":\"7\"}}", "gatewayd.clients: expected an integer from 1 to 1000000, found \"7\" (FILE)"},
    {"{\"gatewayd\":{\"clients\":7.5}}", "gatewayd.clients: expected an integer from 1 to 1000000, found 7.5 (FILE)"},
    {"{\"gatewayd\":{\"clients\":null}}", "gatewayd.clients: expected an integer from 1 to 1000000, found null (FILE)"},
    {"{\"gatewayd\":{\"slow\":true}}", "gatewayd.slow: expected one of catchup, conflate, disconnect, found true (FILE)"},
    {"{\"gatewayd\":{\"slow\":{}}}", "gatewayd.slow: expected one of catchup, conflate, disconnect, found an object (FILE)"},
    {"{\"gatewayd\":{\"ring_bytes\":100000}}",
     "gatewayd.ring_bytes: expected a power of two from 65536 to 1073741824, found 100000 (FILE)"},
    {"{\"gatewayd\":{\"bus\":\"tcp://a:1\"}}", "gatewayd.bus: expected a list of 1 to 16 texts, each tcp://HOST:PORT or "
                                               "ipc://PATH of at most 107 bytes, found \"tcp://a:1\" (FILE)"},
    {"{\"gatewayd\":{\"history\":[]}}", "gatewayd.history: expected a list of 1 to 16 texts, each tcp://HOST:PORT or "
                                        "ipc://PATH of at most 107 bytes, found a list of 0 (FILE)"},
    {"{\"gatewayd\":{\"history\":[\"tcp://a:1\",5]}}",
     "gatewayd.history.1: expected tcp://HOST:PORT or ipc://PATH of at most 107 bytes, found 5 (FILE)"},
    {"{\"gatewayd\":[]}", "gatewayd: expected an object with the section's keys (FILE)"},
    {"{\"gatewayd\":{\"clients\":7,\"clients\":8}}", "gatewayd.clients: given twice (FILE)"},
    {"{\"log\":{},\"log\":{}}", "log: given twice (FILE)"},
    {"{\"connectord\":{\"sources\":[5]}}", "connectord.sources.0: expected an object, found a number (FILE)"},
    {"{\"connectord\":{\"sources\":[{\"name\":\"a\",\"loop\":1}]}}",
     "connectord.sources.0.loop: expected true or false, found 1 (FILE)"},
    {"{\"connectord\":{\"sources\":[{\"name\":\"a\"},{}]}}",
     "connectord.sources.1.name: must be given: expected a name without spaces, quotes and backslashes (FILE)"},
    {"{\"connectord\":{\"sources\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"a\"}]}}",
     "connectord.sources.2.name: expected a unique name, found \"a\" again (FILE)"},
    {"{\"connectord\":{\"sources\":[{\"name\":\"a\",\"backoff\":{\"maximum_ms\":999}}]}}",
     "connectord.sources.0.backoff.maximum_ms: expected initial_ms (1000) or more, found 999 (FILE)"},
    {"{\"cached\":{\"bus\":[\"tcp://a:1\",\"tcp://b:1\"]}}",
     "cached.replay: expected as many endpoints as in cached.bus (2), found 1 (FILE)"},
    {"{\"gatewayd\":{\"replay\":[\"tcp://a:1\",\"tcp://b:1\"]}}",
     "gatewayd.replay: expected as many endpoints as in gatewayd.bus (1), found 2 (FILE)"},
    {"", "FILE:1:1: expected JSON"},
    {"{\n \"log\" {}\n}", "FILE:2:8: expected JSON"},
    {"{\"log\": {\"level\": \"info\",}, \"cached\": {}}", "FILE:1:26: expected JSON"},
    {"{\"log\": \n{ \"\xc3\xb6\" 1}}", "FILE:2:7: expected JSON"},
    {"{} {}", "FILE:1:4: expected the end of the file after the JSON object"},
    {"[]", "FILE:1:1: expected a JSON object"},
    {"{\"log\":{\"level\":\"in\\u0000\"}}", "FILE:1:20: the character U+0000 is not allowed here"},
    {"{\"log\":{\"level\":\"\xff\"}}", "FILE: is not UTF-8"},
    {"{\"gatewayd\":{\"clients\":07}}", "FILE: is not strict JSON (a number like 01 or 1., a control character in a text, …)"},
};

START_TEST(mistake_in_the_file_is_reported)
{
    ck_assert_ptr_null(load_json(files[_i].json));
    assert_reported(files[_i].expected);
    ck_assert_msg(lines_reported() == 1, "%s", reported);
}
END_TEST

static const struct {
    const char *setting, *expected;
} settings_wrong[] = {
    {"gatewayd.listen=8080", "gatewayd.listen: expected HOST:PORT, found \"8080\" (--set)"},
    {"gatewayd.lisen=a:1", "gatewayd.lisen: unknown key; did you mean \"listen\"? (--set)"},
    {"gatewayd.listen.port=1", "gatewayd.listen.port: unknown key (--set)"},
    {"gatewayd.clients=many", "gatewayd.clients: expected an integer from 1 to 1000000, found \"many\" (--set)"},
    {"gatewayd.clients=", "gatewayd.clients: expected an integer from 1 to 1000000, found \"\" (--set)"},
    {"gatewayd.clients=0x10", "gatewayd.clients: expected an integer from 1 to 1000000, found \"0x10\" (--set)"},
    {"connectord.sources.0.loop=yes", "connectord.sources.0.loop: expected true or false, found \"yes\" (--set)"},
    {"gatewayd=1", "gatewayd: is a section: set its keys one by one (--set)"},
    {"gatewayd.origins.1=http://a", "gatewayd.origins: no element \"1\": the list has 0, a new one is number 0 (--set)"},
    {"connectord.sources.2.name=a", "connectord.sources: no element \"2\": the list has 1, a new one is number 1 (--set)"},
    {"connectord.sources.first.name=a",
     "connectord.sources: no element \"first\": the list has 1, a new one is number 1 (--set)"},
    {"connectord.sources.0.symbols=BTC-USD,", "connectord.sources.0.symbols.1: expected a symbol such as BTC-USD, or a channel "
                                              "and a key such as readings.sensor-7, found \"\" (--set)"},
    {"connectord.sources.0=5", "connectord.sources.0: expected an object, found a text (--set)"},
    {"connectord.sources.1.url=ws://a",
     "connectord.sources.1.name: must be given: expected a name without spaces, quotes and backslashes (--set)"},
    {"connectord.sources.1.name=blockchain",
     "connectord.sources.1.name: expected a unique name, found \"blockchain\" again (--set)"},
    {"connectord.sources.0.backoff.initial_ms=40000",
     "connectord.sources.0.backoff.maximum_ms: expected initial_ms (40000) or more, found 30000 (--set)"},
    {"cached.bus.1=tcp://b:1", "cached.replay: expected as many endpoints as in cached.bus (2), found 1 (--set)"},
    {"gatewayd.listen", "--set: expected KEY=VALUE, found \"gatewayd.listen\""},
    {"=x", "--set: expected KEY=VALUE, found \"\""},
    {"..=x", ": unknown key (--set)"},
    {"log.level=in\nfo", "log.level: expected one of error, warn, info, debug, found \"in\\nfo\" (--set)"},
};

START_TEST(mistake_in_a_setting_is_reported)
{
    ck_assert_ptr_null(load_setting(settings_wrong[_i].setting));
    assert_reported(settings_wrong[_i].expected);
    ck_assert_msg(lines_reported() == 1, "%s", reported);
}
END_TEST

START_TEST(mistake_in_the_environment_names_the_variable)
{
    static const char *const environment[] = {"DATAFLOW_GATEWAYD__LISEN=a:1", "DATAFLOW_LOG__LEVEL=loud",  "DATAFLOW_HOME=/",
                                              "DATAFLOW_CACHED__HTTP=a:1",    "dataflow_cached__http=a:1", NULL};
    ck_assert_ptr_null(load(NULL, NULL, 0, environment));
    assert_reported("gatewayd.lisen: unknown key; did you mean \"listen\"? (DATAFLOW_GATEWAYD__LISEN)");
    assert_reported("log.level: expected one of error, warn, info, debug, found \"loud\" (DATAFLOW_LOG__LEVEL)");
    assert_reported("home: unknown key (DATAFLOW_HOME)");
    ck_assert_ptr_nonnull(strstr(reported, "config: cached.http: given twice in the environment ("));
    ck_assert_uint_eq(lines_reported(), 4);
}
END_TEST

START_TEST(every_mistake_of_every_section_and_place_is_reported_once)
{
    write_file(TEXT("{\"log\":{\"level\":1},\"cached\":{\"trades\":0,\"bus\":[\"x\",\"y\"]},\"gatewayd\":5,"
                    "\"connectord\":{\"sources\":[{\"name\":3},{\"name\":3},7]}}"));
    static const char *const environment[] = {"DATAFLOW_GATEWAYD__CLIENTS=0", NULL};
    const char *setting = "connectord.http=1";
    ck_assert_ptr_null(load(file_name, &setting, 1, environment));
    static const char *const starts[] = {"log.level: ",
                                         "cached.trades: ",
                                         "cached.bus.0: ",
                                         "cached.bus.1: ",
                                         "gatewayd: ",
                                         "connectord.sources.0.name: ",
                                         "connectord.sources.1.name: ",
                                         "connectord.sources.2: ",
                                         "gatewayd.clients: ",
                                         "connectord.http: ",
                                         "cached.replay: "};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        ck_assert_msg(strstr(reported, starts[i]) != NULL, "%s not in %s", starts[i], reported);
    ck_assert_msg(lines_reported() == sizeof starts / sizeof *starts, "%s", reported);
}
END_TEST

START_TEST(unreadable_file_is_reported_and_the_rest_checked_all_the_same)
{
    const char *setting = "gatewayd.listen=8080";
    ck_assert_ptr_null(load("/nonexistent/dataflow.json", &setting, 1, NULL));
    assert_reported("/nonexistent/dataflow.json: can't be read: No such file or directory");
    assert_reported("gatewayd.listen: expected HOST:PORT, found \"8080\" (--set)");
    ck_assert_ptr_null(load("/tmp", NULL, 0, NULL));
    assert_reported("/tmp: can't be read: Is a directory");
}
END_TEST

START_TEST(file_of_1_MiB_is_read_and_a_larger_one_refused)
{
    enum { LIMIT = 1 << 20 };
    char *content = malloc(LIMIT + 1);
    ck_assert_ptr_nonnull(content);
    memset(content, ' ', LIMIT + 1);
    content[0] = '{';
    content[1] = '}';
    write_file((text_t){content, LIMIT});
    config_t *config = load(file_name, NULL, 0, NULL);
    ck_assert_msg(config != NULL, "%s", reported);
    config_destroy(&config);
    write_file((text_t){content, LIMIT + 1});
    ck_assert_ptr_null(load(file_name, NULL, 0, NULL));
    assert_reported("FILE: is larger than 1 MiB: not a configuration");
    free(content);
}
END_TEST

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

START_TEST(every_mistake_in_a_map_is_reported)
{
    ck_assert_ptr_null(
        load_json("{\"cached\":{\"retention\":{\"memory\":{\"b/c\":{},\"A-B\":7,\"*\":{\"trades\":-1,\"hourz\":1},"
                  "\"C-*\":{},\"C-*\":{}},\"store\":[]}}}"));
    assert_reported(
        "cached.retention.memory.b/c: expected the name to be a symbol in which * stands for any characters (FILE)");
    assert_reported("cached.retention.memory.A-B: expected an object, found 7 (FILE)");
    assert_reported("cached.retention.memory.*.trades: expected an integer from 0 to 100000000, found -1 (FILE)");
    assert_reported("cached.retention.memory.*.hourz: unknown key; did you mean \"hours\"? (FILE)");
    assert_reported("cached.retention.memory.C-*: given twice (FILE)");
    ck_assert_uint_eq(lines_reported(), 6);
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

#define COUNT(table) (int)(sizeof(table) / sizeof *(table))

int main(void)
{
    TCase *tests = tcase_create("config");
    tcase_add_checked_fixture(tests, make_file, remove_file);
    tcase_add_test(tests, defaults_serve_without_a_file);
    tcase_add_test(tests, example_configuration_has_no_mistakes);
    tcase_add_test(tests, file_goes_over_the_defaults_and_leaves_the_others);
    tcase_add_test(tests, setting_goes_over_environment_and_environment_over_file);
    tcase_add_test(tests, environment_appends_elements_in_the_order_of_their_numbers);
    tcase_add_loop_test(tests, list_is_set_as_json_by_commas_or_by_element, 0, COUNT(lists));
    tcase_add_loop_test(tests, mistake_in_the_file_is_reported, 0, COUNT(files));
    tcase_add_loop_test(tests, mistake_in_a_setting_is_reported, 0, COUNT(settings_wrong));
    tcase_add_test(tests, mistake_in_the_environment_names_the_variable);
    tcase_add_test(tests, every_mistake_of_every_section_and_place_is_reported_once);
    tcase_add_test(tests, unreadable_file_is_reported_and_the_rest_checked_all_the_same);
    tcase_add_test(tests, file_of_1_MiB_is_read_and_a_larger_one_refused);
    tcase_add_loop_test(tests, secret_is_in_no_message, 0, COUNT(with_secret));
    tcase_add_test(tests, secret_of_an_override_is_in_no_message);
    tcase_add_test(tests, print_hides_a_token_that_it_would_not_take_back);
    tcase_add_test(tests, print_hides_secrets_and_reads_back_as_the_same);
    tcase_add_test(tests, map_has_names_of_the_users_and_defaults_for_each);
    tcase_add_test(tests, a_maps_names_may_have_dots);
    tcase_add_test(tests, every_mistake_in_a_map_is_reported);
    tcase_add_test(tests, map_is_overridden_as_a_whole);
    Suite *suite = suite_create("config");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
