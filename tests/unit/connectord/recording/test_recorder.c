#include "common/log.h"
#include "connectord/recording/recorder.h"
#include "tests/unit/recording_fixture.h"
#include "tests/unit/run_tests.h"

#include <uv.h>

enum { LIMIT = 1 << 16 /* bytes of a file on the disk that is full; Check writes files, too */ };

#define SECOND INT64_C(1000000000)

static loop_t *loop;
static recorder_t *recorder;

#define UNTIL(condition)                                                                                                       \
    while (!(condition))                                                                                                       \
    uv_run(loop_uv(loop), UV_RUN_ONCE)

static void use(const char *to)
{
    recorder_use(recorder, to, 1 << 30, 4);
}

static void set_up(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    recording_set_up();
    loop = loop_new();
    recorder = recorder_new(loop, TEXT("exchange"));
    ck_assert_ptr_nonnull(recorder);
}

static void tear_down(void)
{
    recorder_destroy(&recorder);
    loop_destroy(&loop);
    folder_remove(&folder);
}

static void message(size_t line, const char *text)
{
    recorder_message(recorder, line, text_of(text), SECOND);
}

static void mark(recorded_kind_t kind, text_t subject, text_t id)
{
    recorder_mark(recorder, 0, &(recorded_line_t){.kind = kind, .subject = subject, .id = id});
}

START_TEST(messages_are_written_soon_with_where_connections_begin)
{
    use(path);
    recorder_connected(recorder, 0);
    message(0, "{}");
    UNTIL(has("", "# line 0: connected\n1.000000000: {}\n"));
    recorder_connected(recorder, 0);
    message(0, "[]");
    UNTIL(has("", "# line 0: connected\n1.000000000: {}\n# line 0: connected\n1.000000000: []\n"));
}
END_TEST

START_TEST(lines_that_take_turns_are_told_apart)
{
    use(path);
    recorder_connected(recorder, 0);
    recorder_connected(recorder, 1);
    message(0, "a");
    message(1, "b");
    message(1, "c");
    message(0, "d");
    UNTIL(has("", "# line 0: connected\n# line 1: connected\n# line 0\n1.000000000: a\n# line 1\n1.000000000: b\n"
                  "1.000000000: c\n# line 0\n1.000000000: d\n"));
}
END_TEST

START_TEST(one_that_begins_within_a_connection_has_what_named_its_subscriptions)
{
    recorder_connected(recorder, 0);
    message(0, "not recorded");
    mark(RECORDED_NAME, TEXT("BTC-USD"), TEXT("17"));
    use(path);
    message(0, "[17,1]");
    UNTIL(has("", "# line 0: continued\n# line 0: BTC-USD is called 17\n# line 0\n1.000000000: [17,1]\n"));
    recorder_connected(recorder, 0); /* where it has no name any longer */
    use("");
    use(path);
    message(0, "x");
    recorder_destroy(&recorder);
    check_content("",
                  "# line 0: continued\n# line 0: BTC-USD is called 17\n# line 0\n1.000000000: [17,1]\n# line 0: connected\n"
                  "# line 0: continued\n# line 0\n1.000000000: x\n");
}
END_TEST

START_TEST(a_name_is_recorded_where_it_is_given)
{
    use(path);
    recorder_connected(recorder, 0);
    message(0, "a");
    mark(RECORDED_NAME, TEXT("readings.sensor-7"), TEXT("a b"));
    mark(RECORDED_NAME, TEXT("BTC-USD"), TEXT("two\nlines"));
    message(0, "b");
    UNTIL(has("", "# line 0: connected\n1.000000000: a\n# line 0: readings.sensor-7 is called a b\n1.000000000: b\n"));
}
END_TEST

START_TEST(what_is_answered_is_recorded_where_it_begins_and_is_whole)
{
    recorder_connected(recorder, 0);
    mark(RECORDED_ASKED, TEXT("BTC-USD"), TEXT(""));
    use(path);
    message(0, "a");
    mark(RECORDED_ANSWERED, TEXT("BTC-USD"), TEXT(""));
    mark(RECORDED_ASKED, TEXT(""), TEXT(""));
    message(0, "b");
    UNTIL(has("", "# line 0: continued\n# line 0: asked for BTC-USD\n# line 0\n1.000000000: a\n# line 0: answered for BTC-USD\n"
                  "# line 0: asked\n1.000000000: b\n"));
}
END_TEST

START_TEST(a_message_that_nobody_could_read_again_is_left_out)
{
    char *much = malloc(RECORDED_MESSAGE_MAX + 1);
    ck_assert_ptr_nonnull(much);
    memset(much, '1', RECORDED_MESSAGE_MAX + 1);
    use(path);
    recorder_connected(recorder, 0);
    recorder_message(recorder, 0, (text_t){much, RECORDED_MESSAGE_MAX + 1}, SECOND);
    message(0, "a");
    recorder_message(recorder, 0, (text_t){much, RECORDED_MESSAGE_MAX}, SECOND);
    recorder_destroy(&recorder);
    char *found = content("");
    ck_assert(strncmp(found, "# line 0: connected\n1.000000000: a\n1.000000000: 111", 50) == 0);
    ck_assert_uint_eq(strlen(found), strlen("# line 0: connected\n1.000000000: a\n1.000000000: \n") + RECORDED_MESSAGE_MAX);
    free(found);
    free(much);
}
END_TEST

START_TEST(the_end_writes_what_was_taken)
{
    use(path);
    for (int i = 0; i < 1000; i++)
        message(0, "abc");
    recorder_destroy(&recorder);
    char *found = content("");
    ck_assert_uint_eq(strlen(found), 1000 * strlen("1.000000000: abc\n") + strlen("# line 0\n"));
    free(found);
}
END_TEST

START_TEST(what_is_not_to_be_recorded_is_not)
{
    message(0, "a");
    use("");
    recorder_connected(recorder, 0);
    message(0, "b");
    recorder_destroy(&recorder);
    ck_assert_uint_eq(folder_count(folder.path, "exchange"), 0);
}
END_TEST

START_TEST(another_path_is_gone_over_to)
{
    char other[128];
    snprintf(other, sizeof other, "%s.other", path);
    use(path);
    recorder_connected(recorder, 0);
    message(0, "a");
    use(other);
    message(0, "b");
    UNTIL(has(".other", "# line 0: continued\n# line 0\n1.000000000: b\n"));
    check_content("", "# line 0: connected\n1.000000000: a\n");
}
END_TEST

START_TEST(a_failure_stops_it_until_it_is_told_to_go_on)
{
    ck_assert_int_eq(mkdir(path, 0700), 0); /* no file can be there */
    use(path);
    recorder_connected(recorder, 0);
    message(0, "a");
    ck_assert(recorder_is_on(recorder));
    UNTIL(!recorder_is_on(recorder));
    ck_assert_int_eq(rmdir(path), 0);
    message(0, "b"); /* nothing is tried for a minute */
    use(path);
    ck_assert(recorder_is_on(recorder));
    message(0, "c");
    UNTIL(has("", "# line 0: continued\n1.000000000: c\n"));
}
END_TEST

START_TEST(a_full_disk_leaves_whole_lines_and_what_comes_later_is_recorded_again)
{
    static char large[LIMIT + 1];
    memset(large, 'x', LIMIT);
    limit_files(LIMIT);
    use(path);
    recorder_connected(recorder, 0);
    message(0, "a");
    UNTIL(has("", "# line 0: connected\n1.000000000: a\n"));
    message(0, large);
    UNTIL(!recorder_is_on(recorder));
    check_content("", "# line 0: connected\n1.000000000: a\n");
    limit_files(RLIM_INFINITY);
    use(path);
    message(0, "b");
    UNTIL(has("", "# line 0: connected\n1.000000000: a\n# line 0: continued\n1.000000000: b\n"));
}
END_TEST

/* The thread has a piece, and the loop does not hear that it is written: the other piece fills up. */
START_TEST(what_nothing_has_room_for_is_left_out_and_that_is_said)
{
    enum { LARGE = 1 << 20, COUNT = 12 };
    char *large = malloc(LARGE + 1);
    memset(large, 'x', LARGE);
    large[LARGE] = '\0';
    use(path);
    recorder_connected(recorder, 0);
    for (int i = 0; i < COUNT; i++)
        message(0, large);
    message(0, "left out, too");
    free(large);
    for (const char *at = NULL; !at;) {
        uv_run(loop_uv(loop), UV_RUN_ONCE);
        char *found = content("");
        at = strlen(found) > 4 * LARGE ? path : NULL;
        free(found);
    }
    message(0, "after it");
    recorder_destroy(&recorder);
    char *found = content("");
    const char *remark = strstr(found, "# 9 messages were left out: the disk is too slow\n# line 0: continued\n");
    ck_assert_ptr_nonnull(remark);
    ck_assert_ptr_nonnull(strstr(remark, ": after it\n"));
    ck_assert_uint_lt(strlen(found), 5 * LARGE);
    free(found);
}
END_TEST

static bool ends_with(const char *text)
{
    char *found = content("");
    size_t length = strlen(found);
    bool same = length > strlen(text) && strncmp(found + length - 1 - strlen(text), text, strlen(text)) == 0;
    free(found);
    return same;
}

START_TEST(files_are_rotated_and_each_begins_with_its_connections)
{
    recorder_use(recorder, path, 4096, 3);
    recorder_connected(recorder, 0);
    mark(RECORDED_NAME, TEXT("BTC-USD"), TEXT("17"));
    char text[64];
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "[17,%d]", i);
        message(0, text);
        if (i % 100 == 99)
            UNTIL(ends_with(text));
    }
    recorder_destroy(&recorder);
    ck_assert_uint_eq(folder_count(folder.path, "exchange.ws"), 3);
    static const char *const suffixes[] = {"", ".1", ".2"};
    for (int i = 0; i < 3; i++) {
        char *found = content(suffixes[i]);
        ck_assert_ptr_eq(strstr(found, "# line 0: continued\n# line 0: BTC-USD is called 17\n"), found);
        free(found);
    }
    char *last = content("");
    ck_assert_ptr_nonnull(strstr(last, "[17,999]\n"));
    free(last);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("recorder");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, messages_are_written_soon_with_where_connections_begin);
    tcase_add_test(tests, lines_that_take_turns_are_told_apart);
    tcase_add_test(tests, one_that_begins_within_a_connection_has_what_named_its_subscriptions);
    tcase_add_test(tests, a_name_is_recorded_where_it_is_given);
    tcase_add_test(tests, what_is_answered_is_recorded_where_it_begins_and_is_whole);
    tcase_add_test(tests, a_message_that_nobody_could_read_again_is_left_out);
    tcase_add_test(tests, the_end_writes_what_was_taken);
    tcase_add_test(tests, what_is_not_to_be_recorded_is_not);
    tcase_add_test(tests, another_path_is_gone_over_to);
    tcase_add_test(tests, a_failure_stops_it_until_it_is_told_to_go_on);
    tcase_add_test(tests, a_full_disk_leaves_whole_lines_and_what_comes_later_is_recorded_again);
    tcase_add_test(tests, what_nothing_has_room_for_is_left_out_and_that_is_said);
    tcase_add_test(tests, files_are_rotated_and_each_begins_with_its_connections);
    return RUN_TESTS("recorder", tests);
}
