#include "common/config/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/log.h"
#include "common/version.h"
#include "tests/unit/run_tests.h"

enum { ARGUMENTS_MAX = 8 };

static char file_name[] = "/tmp/test_options.XXXXXX";
static char *out, *err; /* what the last start printed */

typedef struct {
    bool went_on;
    int exit_code;
    config_t *config;
} start_t;

static void make_file(void)
{
    snprintf(file_name, sizeof file_name, "/tmp/test_options.XXXXXX");
    int fd = mkstemp(file_name);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "{\"cached\":{\"trades\":5}}", 23), 23);
    close(fd);
    unsetenv("DATAFLOW_CONFIG");
}

static void remove_file(void)
{
    unlink(file_name);
    free(out);
    free(err);
    out = err = NULL;
}

static const char *found_wrong; /* what the program finds wrong; NULL: nothing */
static unsigned checks;

static bool check(const config_t *config, void (*report)(const char *mistake))
{
    ck_assert_ptr_nonnull(config);
    checks++;
    if (found_wrong)
        report(found_wrong);
    return !found_wrong;
}

/* Starts "cached" with the arguments, which end with NULL. */
static start_t start(const char *const *arguments)
{
    char *argv[ARGUMENTS_MAX + 2] = {strdup("build/bin/cached")};
    char *copies[ARGUMENTS_MAX + 2];
    int argc = 1;
    for (; arguments[argc - 1]; argc++)
        argv[argc] = strdup(arguments[argc - 1]);
    memcpy(copies, argv, sizeof copies); /* getopt reorders argv */
    free(out);
    free(err);
    size_t out_length, err_length;
    FILE *kept_out = stdout, *kept_err = stderr;
    stdout = open_memstream(&out, &out_length);
    stderr = open_memstream(&err, &err_length);
    start_t result = {.exit_code = -1};
    result.went_on = options_start(argc, argv, "cached", "remembers trades", check, &result.config, &result.exit_code);
    fclose(stdout);
    fclose(stderr);
    stdout = kept_out;
    stderr = kept_err;
    for (int i = 0; i < argc; i++)
        free(copies[i]);
    return result;
}

#define START(...) start((const char *const[]){__VA_ARGS__, NULL})

START_TEST(start_hands_over_the_configuration_and_opens_the_log)
{
    start_t result = START("--config", file_name, "--set", "log.level=debug", "--set=cached.http=a:1");
    ck_assert_msg(result.went_on, "%s", err);
    ck_assert_int_eq(config_integer(result.config, "cached.trades"), 5);
    ck_assert_str_eq(config_text(result.config, "cached.http"), "a:1");
    ck_assert(log_enabled(LOG_LEVEL_DEBUG));
    ck_assert_str_eq(out, "");
    config_destroy(&result.config);
}
END_TEST

START_TEST(start_without_a_file_takes_the_defaults)
{
    start_t result = start((const char *const[]){NULL});
    ck_assert(result.went_on);
    ck_assert_int_eq(config_integer(result.config, "cached.trades"), 10000);
    config_destroy(&result.config);
}
END_TEST

START_TEST(environment_names_the_file_and_the_option_goes_over_it)
{
    setenv("DATAFLOW_CONFIG", file_name, 1);
    start_t result = start((const char *const[]){NULL});
    ck_assert(result.went_on);
    ck_assert_int_eq(config_integer(result.config, "cached.trades"), 5);
    config_destroy(&result.config);
    setenv("DATAFLOW_CONFIG", "/nonexistent", 1);
    result = START("--config", file_name);
    ck_assert_msg(result.went_on, "%s", err);
    config_destroy(&result.config);
    setenv("DATAFLOW_CONFIG", "", 1);
    result = start((const char *const[]){NULL});
    ck_assert_msg(result.went_on, "%s", err);
    config_destroy(&result.config);
}
END_TEST

START_TEST(check_ends_with_0_or_1)
{
    start_t good = START("--check", "--config", file_name);
    ck_assert(!good.went_on);
    ck_assert_int_eq(good.exit_code, 0);
    ck_assert_ptr_null(good.config);
    ck_assert_str_eq(err, "");
    start_t bad = START("--check", "--set", "cached.trades=0");
    ck_assert(!bad.went_on);
    ck_assert_int_eq(bad.exit_code, 1);
    ck_assert_ptr_null(bad.config);
    ck_assert_ptr_nonnull(strstr(err, "config: cached.trades: "));
}
END_TEST

START_TEST(what_the_program_itself_finds_wrong_is_a_mistake_too)
{
    found_wrong = "cached.store: it is closed";
    start_t result = START("--check", "--config", file_name);
    ck_assert_int_eq(result.exit_code, 1);
    ck_assert_str_eq(err, "config: cached.store: it is closed\n");
    ck_assert_str_eq(out, "");
    unsigned before = checks;
    result = START("--version");
    result = START("--check", "--set", "cached.trades=0");
    ck_assert_int_eq(result.exit_code, 1);
    result = START("--config", file_name);
    ck_assert(result.went_on);
    config_destroy(&result.config);
    ck_assert_uint_eq(checks, before); /* only a configuration without other mistakes is looked at */
    found_wrong = NULL;
}
END_TEST

START_TEST(mistake_in_the_configuration_ends_the_start_with_1)
{
    start_t result = START("--config", "/nonexistent");
    ck_assert(!result.went_on);
    ck_assert_int_eq(result.exit_code, 1);
    ck_assert_ptr_nonnull(strstr(err, "/nonexistent: can't be read"));
}
END_TEST

START_TEST(print_shows_what_is_in_effect_and_can_be_read_back)
{
    start_t result = START("--print", "--config", file_name, "--set", "connectord.sources.0.token=hunter2");
    ck_assert(!result.went_on);
    ck_assert_int_eq(result.exit_code, 0);
    ck_assert_ptr_nonnull(strstr(out, "\"trades\": 5,"));
    ck_assert_ptr_null(strstr(out, "hunter2"));
    char *first = strdup(out);
    FILE *file = fopen(file_name, "w");
    ck_assert_ptr_nonnull(file);
    fputs(first, file);
    fclose(file);
    result = START("--print", "--config", file_name);
    ck_assert_int_eq(result.exit_code, 0);
    ck_assert_str_eq(first, out);
    free(first);
}
END_TEST

START_TEST(version_is_one_line)
{
    start_t result = START("--version");
    ck_assert(!result.went_on);
    ck_assert_int_eq(result.exit_code, 0);
    ck_assert_str_eq(out, "cached " DATAFLOW_VERSION "\n");
}
END_TEST

START_TEST(help_has_the_options_and_the_keys_of_its_own_section)
{
    static const char *const wanted[] = {"cached: remembers trades\n",
                                         "Usage: cached ",
                                         "--config FILE",
                                         "--set KEY=VALUE",
                                         "--check",
                                         "--print ",
                                         "--print-keys",
                                         "--version",
                                         "--help",
                                         "cached.store",
                                         "log.level",
                                         "default 10000"};
    start_t result = START("--help");
    ck_assert(!result.went_on);
    ck_assert_int_eq(result.exit_code, 0);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        ck_assert_msg(strstr(out, wanted[i]) != NULL, "%s", wanted[i]);
    ck_assert_ptr_null(strstr(out, "gatewayd."));
    for (const char *line = out; *line; line += strcspn(line, "\n") + 1)
        ck_assert_msg(strcspn(line, "\n") <= 80, "%.100s", line);
}
END_TEST

START_TEST(print_keys_has_those_of_all_programs)
{
    start_t result = START("--print-keys");
    ck_assert(!result.went_on);
    ck_assert_int_eq(result.exit_code, 0);
    ck_assert_ptr_nonnull(
        strstr(out, "| `gatewayd.listen` | HOST:PORT, or a list of 1 to 16 of them, or of objects | `127.0.0.1:8080` |"));
    ck_assert_ptr_nonnull(strstr(out, "| `cached.store` |"));
}
END_TEST

static const char *const wrong[][3] = {
    {"--bogus"}, {"-x"}, {"file.json"}, {"--config"}, {"--set"}, {"--check=yes"}, {"--version", "more"}, {"--help", "--bogus"},
};

START_TEST(wrong_option_ends_with_2_and_points_to_help)
{
    start_t result = start(wrong[_i]);
    ck_assert(!result.went_on);
    ck_assert_int_eq(result.exit_code, 2);
    ck_assert_str_eq(out, "");
    ck_assert_ptr_nonnull(strstr(err, "Try 'cached --help'.\n"));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("options");
    tcase_add_checked_fixture(tests, make_file, remove_file);
    tcase_add_test(tests, start_hands_over_the_configuration_and_opens_the_log);
    tcase_add_test(tests, start_without_a_file_takes_the_defaults);
    tcase_add_test(tests, environment_names_the_file_and_the_option_goes_over_it);
    tcase_add_test(tests, check_ends_with_0_or_1);
    tcase_add_test(tests, what_the_program_itself_finds_wrong_is_a_mistake_too);
    tcase_add_test(tests, mistake_in_the_configuration_ends_the_start_with_1);
    tcase_add_test(tests, print_shows_what_is_in_effect_and_can_be_read_back);
    tcase_add_test(tests, version_is_one_line);
    tcase_add_test(tests, help_has_the_options_and_the_keys_of_its_own_section);
    tcase_add_test(tests, print_keys_has_those_of_all_programs);
    tcase_add_loop_test(tests, wrong_option_ends_with_2_and_points_to_help, 0, (int)(sizeof wrong / sizeof *wrong));
    return RUN_TESTS("options", tests);
}
