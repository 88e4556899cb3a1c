#include "common/log.h"

#include "common/clock.h"
#include "common/json/json.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char line[16384];
static FILE *capture;
static int real_stderr;

/* What is written to stderr from here to captured() is in `line`. */
static void capture_stderr(void)
{
    capture = tmpfile();
    ck_assert_ptr_nonnull(capture);
    real_stderr = dup(STDERR_FILENO);
    dup2(fileno(capture), STDERR_FILENO);
}

static text_t captured(void)
{
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    rewind(capture);
    size_t length = fread(line, 1, sizeof line, capture);
    fclose(capture);
    return (text_t){line, length};
}

static text_t behind_time(text_t text, size_t prefix)
{
    ck_assert_uint_gt(text.length, prefix);
    return (text_t){text.at + prefix, text.length - prefix};
}

static void expect(text_t found, const char *wanted)
{
    ck_assert_msg(text_equal(found, text_of(wanted)), "expected %s, found %.*s", wanted, TEXT_ARG(found));
}

START_TEST(human_line_has_time_level_program_message_and_fields)
{
    log_open("connectord", LOG_LEVEL_INFO, LOG_FORMAT_HUMAN);
    capture_stderr();
    log_warn("source: lost", LOG_TEXT("source", "blockchain"), LOG_U64("attempt", 3), LOG_I64("delta", INT64_MIN));
    text_t text = captured();
    ck_assert_int_eq(text.at[23], 'Z');
    expect(behind_time(text, 24), " warn  connectord source: lost source=blockchain attempt=3 delta=-9223372036854775808\n");
}
END_TEST

START_TEST(logfmt_line_names_everything)
{
    log_open("cached", LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
    capture_stderr();
    log_error("store: down", LOG_TEXT("path", "a b"), LOG_TEXT("empty", ""));
    text_t text = captured();
    ck_assert(text_starts_with(text, TEXT("time=20")));
    expect(behind_time(text, 29), " level=error program=cached message=\"store: down\" path=\"a b\" empty=\"\"\n");
}
END_TEST

START_TEST(json_line_is_an_object)
{
    log_open("gatewayd", LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
    capture_stderr();
    log_debug("client: gone", LOG_TEXT("peer", "a\"b"), LOG_U64("n", 1));
    text_t text = captured();
    ck_assert(json_valid(text));
    expect(json_member(text, "level"), "\"debug\"");
    expect(json_member(text, "program"), "\"gatewayd\"");
    expect(json_member(text, "message"), "\"client: gone\"");
    expect(json_member(text, "peer"), "\"a\\\"b\"");
    expect(json_member(text, "n"), "1");
}
END_TEST

START_TEST(input_can_not_forge_a_line)
{
    text_t evil = TEXT("x\n2025 error \x1b[31m\0\xff\xc2\x9b\xe2\x80\xa8 a=\"b\"\\");
    static const log_format_t formats[] = {LOG_FORMAT_HUMAN, LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        log_open("t", LOG_LEVEL_INFO, formats[i]);
        capture_stderr();
        log_info("m", LOG_SLICE("value", evil));
        text_t text = captured();
        ck_assert_ptr_eq(memchr(text.at, '\n', text.length), text.at + text.length - 1);
        for (size_t at = 0; at + 1 < text.length; at++)
            ck_assert_msg((unsigned char)text.at[at] >= 0x20, "a control character in %.*s", TEXT_ARG(text));
        ck_assert(text_is_utf8(text));
        ck_assert_ptr_nonnull(memmem(text.at, text.length, TEXT("x\\n2025 error \\u001b[31m\\u0000").at, 29));
        ck_assert_ptr_nonnull(memmem(text.at, text.length, "\\u009b\\u2028 a=\\\"b\\\"\\\\\"", 23));
        ck_assert(formats[i] != LOG_FORMAT_JSON || json_valid(text));
    }
}
END_TEST

START_TEST(long_values_are_cut_and_the_line_ends_as_its_format_wants)
{
    static char huge[10000];
    static const log_format_t formats[] = {LOG_FORMAT_HUMAN, LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON};
    static const char fills[] = {'x', ' ', '\n', '\xff'};
    for (size_t i = 0; i < sizeof formats / sizeof *formats * sizeof fills; i++) {
        memset(huge, fills[i % sizeof fills], sizeof huge);
        log_open("t", LOG_LEVEL_INFO, formats[i / sizeof fills]);
        capture_stderr();
        log_info("m", LOG_SLICE("value", ((text_t){huge, sizeof huge})), LOG_U64("behind", 1));
        text_t text = captured();
        ck_assert_uint_le(text.length, 4096);
        ck_assert_uint_gt(text.length, 4000);
        ck_assert_int_eq(text.at[text.length - 1], '\n');
        ck_assert(formats[i / sizeof fills] != LOG_FORMAT_JSON || json_valid(text));
    }
}
END_TEST

START_TEST(levels_below_the_set_one_are_silent)
{
    log_open("t", LOG_LEVEL_WARN, LOG_FORMAT_HUMAN);
    capture_stderr();
    log_info("quiet");
    log_debug("quiet");
    expect(captured(), "");
    ck_assert(log_enabled(LOG_LEVEL_WARN) && !log_enabled(LOG_LEVEL_INFO));
    log_set_level(LOG_LEVEL_DEBUG);
    ck_assert(log_enabled(LOG_LEVEL_DEBUG));
}
END_TEST

START_TEST(logging_keeps_errno)
{
    capture_stderr();
    errno = ENOENT;
    log_error("m", LOG_ERRNO());
    ck_assert_int_eq(errno, ENOENT);
    text_t text = captured();
    ck_assert_ptr_nonnull(memmem(text.at, text.length, "error=\"No such file or directory\"", 33));
}
END_TEST

START_TEST(names_of_levels_and_formats_are_read)
{
    log_level_t level;
    log_format_t format;
    ck_assert(log_level_parse(TEXT("error"), &level) && level == LOG_LEVEL_ERROR);
    ck_assert(log_level_parse(TEXT("debug"), &level) && level == LOG_LEVEL_DEBUG);
    ck_assert(!log_level_parse(TEXT("Debug"), &level) && !log_level_parse(TEXT(""), &level));
    ck_assert(log_format_parse(TEXT("logfmt"), &format) && format == LOG_FORMAT_LOGFMT);
    ck_assert(!log_format_parse(TEXT("xml"), &format));
}
END_TEST

START_TEST(limit_lets_five_lines_through_in_any_ten_seconds)
{
    log_limit_t limit = {0};
    int64_t now = 3 * NS_PER_S; /* soon after the machine's start */
    for (int i = 0; i < 5; i++)
        ck_assert(log_allowed(&limit, now + i * NS_PER_S));
    ck_assert(!log_allowed(&limit, now + 5 * NS_PER_S));
    ck_assert(!log_allowed(&limit, now + 10 * NS_PER_S - 1));
    ck_assert(log_allowed(&limit, now + 10 * NS_PER_S));
    ck_assert(!log_allowed(&limit, now + 10 * NS_PER_S)); /* the second of the five is only 9 s old */
    ck_assert(log_allowed(&limit, now + 11 * NS_PER_S));
    ck_assert_uint_eq(log_suppressed(&limit), 3);
    ck_assert_uint_eq(log_suppressed(&limit), 0);
}
END_TEST

static int looked_at;

static const char *look(void)
{
    looked_at++;
    return "x";
}

START_TEST(limited_lines_tell_how_many_were_left_out_without_looking_at_their_fields)
{
    log_limit_t limit = {0};
    log_open("t", LOG_LEVEL_INFO, LOG_FORMAT_HUMAN);
    capture_stderr();
    for (int i = 0; i < 8; i++)
        log_warn_limited(&limit, "m", LOG_TEXT("found", look()));
    limit.line_ns[0] -= 10 * NS_PER_S; /* time passes */
    log_error_limited(&limit, "n");
    text_t text = captured();
    ck_assert_int_eq(looked_at, LOG_LIMIT_LINES);
    ck_assert_ptr_nonnull(memmem(text.at, text.length, "warn  t m found=x suppressed=0\n", 31));
    ck_assert_ptr_nonnull(memmem(text.at, text.length, "error t n suppressed=3\n", 23));
    ck_assert_uint_eq(limit.suppressed, 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("log");
    tcase_add_test(tests, human_line_has_time_level_program_message_and_fields);
    tcase_add_test(tests, logfmt_line_names_everything);
    tcase_add_test(tests, json_line_is_an_object);
    tcase_add_test(tests, input_can_not_forge_a_line);
    tcase_add_test(tests, long_values_are_cut_and_the_line_ends_as_its_format_wants);
    tcase_add_test(tests, levels_below_the_set_one_are_silent);
    tcase_add_test(tests, logging_keeps_errno);
    tcase_add_test(tests, names_of_levels_and_formats_are_read);
    tcase_add_test(tests, limit_lets_five_lines_through_in_any_ten_seconds);
    tcase_add_test(tests, limited_lines_tell_how_many_were_left_out_without_looking_at_their_fields);
    return RUN_TESTS("log", tests);
}
