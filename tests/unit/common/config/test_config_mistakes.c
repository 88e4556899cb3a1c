/* What is said of mistakes: all of them, each with its place, what was expected and what was found. */
#include "tests/unit/common/config/config_fixture.h"

/* The only mistake in a file. */
static const struct {
    const char *json, *expected;
} files[] = {
    {"{\"gatewayd\":{\"listen\":\"8080\"}}", "gatewayd.listen: expected HOST:PORT, found \"8080\" (FILE)"},
    {"{\"gatewayd\":{\"listen\":[\"127.0.0.1:1\",\"8080\"]}}", "gatewayd.listen.1: expected HOST:PORT, found \"8080\" (FILE)"},
    {"{\"gatewayd\":{\"listen\":[\"127.0.0.1:1\",5]}}", "gatewayd.listen.1: expected HOST:PORT, found 5 (FILE)"},
    {"{\"gatewayd\":{\"listen\":[{\"share\":true}]}}", "gatewayd.listen.0.address: must be given: expected HOST:PORT (FILE)"},
    {"{\"gatewayd\":{\"listen\":[{\"address\":\"a:1\",\"share\":1}]}}",
     "gatewayd.listen.0.share: expected true or false, found 1 (FILE)"},
    {"{\"gatewayd\":{\"listen\":[{\"adress\":\"a:1\",\"address\":\"a:1\"}]}}",
     "gatewayd.listen.0.adress: unknown key; did you mean \"address\"? (FILE)"},
    {"{\"gatewayd\":{\"listen\":[]}}",
     "gatewayd.listen: expected HOST:PORT, or a list of 1 to 16 of them, or of objects, found a list of 0 (FILE)"},
    {"{\"gatewayd\":{\"listen\":{\"address\":\"a:1\"}}}",
     "gatewayd.listen: expected HOST:PORT, or a list of 1 to 16 of them, or of objects, found an object (FILE)"},
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
    {"{\"gatewayd\":{\"auth\":{\"mode\":\"oauth\"}}}", "gatewayd.auth.mode: expected one of none, jwt, found \"oauth\" (FILE)"},
    {"{\"gatewayd\":{\"auth\":{\"mode\":\"jwt\"},\"roles\":{\"a\":{}}}}",
     "gatewayd.auth.keys: expected keys or secret_file to be given with mode jwt, found neither (FILE)"},
    {"{\"gatewayd\":{\"auth\":{\"mode\":\"jwt\",\"secret_file\":\"s\"}}}",
     "gatewayd.roles: expected at least one role with gatewayd.auth.mode jwt, found none (FILE)"},
    {"{\"gatewayd\":{\"auth\":{\"keys\":\"http://id.example/keys\"}}}",
     "gatewayd.auth.keys: expected a path, an https:// URL, or an http:// URL of 127.0.0.1, [::1] or localhost, or an empty "
     "text, found "
     "\"http://id.example/***\" (FILE)"},
    {"{\"gatewayd\":{\"auth\":{\"keys\":\"http://localhost.example/keys\"}}}",
     "gatewayd.auth.keys: expected a path, an https:// URL, or an http:// URL of 127.0.0.1, [::1] or localhost, or an empty "
     "text, found "
     "\"http://localhost.example/***\" (FILE)"},
    {"{\"gatewayd\":{\"auth\":{\"keys\":\"ftp://id.example/keys\"}}}",
     "gatewayd.auth.keys: expected a path, an https:// URL, or an http:// URL of 127.0.0.1, [::1] or localhost, or an empty "
     "text, found "
     "\"ftp://id.example/keys\" (FILE)"},
    {"{\"gatewayd\":{\"auth\":{\"claim\":\"role\"}}}",
     "gatewayd.auth.claim: expected a JSON Pointer such as /role, of at most 256 bytes, found \"role\" (FILE)"},
    {"{\"gatewayd\":{\"auth\":{\"claim\":\"/a~2\"}}}",
     "gatewayd.auth.claim: expected a JSON Pointer such as /role, of at most 256 bytes, found \"/a~2\" (FILE)"},
    {"{\"gatewayd\":{\"auth\":{\"secret\":\"x\"}}}", "gatewayd.auth.secret: unknown key (FILE)"},
    {"{\"gatewayd\":{\"roles\":{\"a b\":{}}}}",
     "gatewayd.roles.a b: expected the name to be a name without spaces, quotes and backslashes (FILE)"},
    {"{\"gatewayd\":{\"roles\":{\"a\":{\"symbol\":[]}}}}",
     "gatewayd.roles.a.symbol: unknown key; did you mean \"symbols\"? (FILE)"},
    {"{\"gatewayd\":{\"roles\":{\"a\":{\"symbols\":\"*\"}}}}",
     "gatewayd.roles.a.symbols: expected a list of at most 1000 texts, each a symbol in which * stands for any characters, "
     "found \"*\" (FILE)"},
    {"{\"gatewayd\":{\"roles\":{\"a\":{\"symbols\":[\"BTC USD\"]}}}}",
     "gatewayd.roles.a.symbols.0: expected a symbol in which * stands for any characters, found \"BTC USD\" (FILE)"},
    {"{\"gatewayd\":{\"roles\":{\"a\":{\"channels\":[\"Trades\"]}}}}",
     "gatewayd.roles.a.channels.0: expected a channel's name in which * stands for any characters, found \"Trades\" (FILE)"},
    {"{\"gatewayd\":{\"roles\":{\"a\":{\"delay_ms\":3600000,\"history_hours\":1}}}}",
     "gatewayd.roles.a.history_hours: expected more than delay_ms (3600000), found 1 hours (FILE)"},
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
    {"gatewayd.listen=127.0.0.1:1,8080", "gatewayd.listen.1: expected HOST:PORT, found \"8080\" (--set)"},
    {"gatewayd.listen.1=8080", "gatewayd.listen.1: expected HOST:PORT, found \"8080\" (--set)"},
    {"gatewayd.lisen=a:1", "gatewayd.lisen: unknown key; did you mean \"listen\"? (--set)"},
    {"gatewayd.listen.port=1", "gatewayd.listen: no element \"port\": the list has 1, a new one is number 1 (--set)"},
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
                                              "and a key such as readings.sensor-7 (not coverage), found \"\" (--set)"},
    {"connectord.sources.0.symbols=coverage.BTC-USD",
     "connectord.sources.0.symbols.0: expected a symbol such as BTC-USD, or a "
     "channel and a key such as readings.sensor-7 (not coverage), found \"coverage.BTC-USD\" (--set)"},
    {"connectord.sources.0.symbols=coverage.*",
     "connectord.sources.0.symbols.0: expected a symbol such as BTC-USD, or a "
     "channel and a key such as readings.sensor-7 (not coverage), found \"coverage.*\" (--set)"},
    {"connectord.sources.0.latest=coverage", "connectord.sources.0.latest.0: expected a channel's name of small letters, "
                                             "digits and _ (not coverage), "
                                             "found \"coverage\" (--set)"},
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

START_TEST(methods_of_roles_are_named)
{
    ck_assert_ptr_null(load_json("{\"gatewayd\":{\"roles\":{\"a\":{\"methods\":[\"ping\",\"pong\"]}}}}"));
    ck_assert_msg(strstr(reported, "gatewayd.roles.a.methods.1: expected one of *, subscribe, unsubscribe, "), "%s", reported);
    ck_assert_uint_eq(lines_reported(), 1);
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

int main(void)
{
    TCase *tests = tcase_create("config_mistakes");
    tcase_add_checked_fixture(tests, make_file, remove_file);
    tcase_add_loop_test(tests, mistake_in_the_file_is_reported, 0, COUNT(files));
    tcase_add_loop_test(tests, mistake_in_a_setting_is_reported, 0, COUNT(settings_wrong));
    tcase_add_test(tests, mistake_in_the_environment_names_the_variable);
    tcase_add_test(tests, every_mistake_of_every_section_and_place_is_reported_once);
    tcase_add_test(tests, every_mistake_in_a_map_is_reported);
    tcase_add_test(tests, methods_of_roles_are_named);
    tcase_add_test(tests, unreadable_file_is_reported_and_the_rest_checked_all_the_same);
    tcase_add_test(tests, file_of_1_MiB_is_read_and_a_larger_one_refused);
    return RUN_TESTS("config_mistakes", tests);
}
