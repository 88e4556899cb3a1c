#include "connectord/replay/line_reader.h"
#include "tests/unit/run_tests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A reader of a file that holds these bytes and no longer has a name. */
static line_reader_t *reader_of(const char *bytes, size_t length)
{
    char path[] = "/tmp/line-reader-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ne(fd, -1);
    ck_assert_int_eq(write(fd, bytes, length), (ssize_t)length);
    close(fd);
    line_reader_t *reader = line_reader_open(path);
    unlink(path);
    ck_assert_ptr_nonnull(reader);
    return reader;
}

static void check_line(line_reader_t *reader, const char *wanted)
{
    text_t line;
    ck_assert_int_eq(line_reader_next(reader, &line), LINE_READ);
    ck_assert_msg(text_equal(line, text_of(wanted)), "expected \"%s\", found \"%.*s\"", wanted, TEXT_ARG(line));
}

static void check_end(line_reader_t *reader)
{
    text_t line;
    ck_assert_int_eq(line_reader_next(reader, &line), LINE_END);
    ck_assert_int_eq(line_reader_next(reader, &line), LINE_END);
    line_reader_close(&reader);
    ck_assert_ptr_null(reader);
}

START_TEST(lines_come_without_their_ends)
{
    line_reader_t *reader = reader_of("a\n\nbc\r\n\r\nd", 10);
    check_line(reader, "a");
    check_line(reader, "");
    check_line(reader, "bc");
    check_line(reader, "");
    ck_assert_uint_eq(line_reader_number(reader), 4);
    check_line(reader, "d");
    check_end(reader);
}
END_TEST

START_TEST(a_byte_order_mark_is_skipped_at_the_start_of_the_file_only)
{
    line_reader_t *reader = reader_of("\xef\xbb\xbf"
                                      "a\n\xef\xbb\xbf"
                                      "b\n",
                                      10);
    for (int lap = 0; lap < 2; lap++, line_reader_rewind(reader)) {
        check_line(reader, "a");
        check_line(reader, "\xef\xbb\xbf"
                           "b");
    }
    line_reader_close(&reader);
    check_end(reader_of("\xef\xbb\xbf", 3));
    reader = reader_of("\xef\xbb\xbf\xef\xbb\xbf\n", 7);
    check_line(reader, "\xef\xbb\xbf");
    check_end(reader);
    reader = reader_of("\xef\xbb", 2);
    check_line(reader, "\xef\xbb");
    check_end(reader);
}
END_TEST

START_TEST(a_longest_line_may_stand_behind_a_byte_order_mark)
{
    static char bytes[3 + LINE_MAX_BYTES + 3] = "\xef\xbb\xbf";
    text_t line;
    for (size_t n = LINE_MAX_BYTES; n <= LINE_MAX_BYTES + 1; n++) {
        memset(bytes + 3, 'x', n);
        bytes[3 + n] = '\n';
        line_reader_t *reader = reader_of(bytes, 3 + n + 1);
        ck_assert_int_eq(line_reader_next(reader, &line), n == LINE_MAX_BYTES ? LINE_READ : LINE_TOO_LONG);
        check_end(reader);
    }
}
END_TEST

START_TEST(empty_file_has_no_line)
{
    check_end(reader_of("", 0));
}
END_TEST

START_TEST(rewind_begins_again)
{
    line_reader_t *reader = reader_of("a\nb\n", 4);
    check_line(reader, "a");
    check_line(reader, "b");
    line_reader_rewind(reader);
    ck_assert_uint_eq(line_reader_number(reader), 0);
    check_line(reader, "a");
    check_line(reader, "b");
    check_end(reader);
}
END_TEST

/* "first", a line of n bytes, "last": the one in the middle is whole or skipped, and those around it are read. */
static void check_long_line(size_t n, const char *end, line_verdict_t wanted)
{
    size_t capacity = n + 64;
    char *bytes = malloc(capacity);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, "first\n", 6);
    memset(bytes + 6, 'x', n);
    int tail = snprintf(bytes + 6 + n, capacity - 6 - n, "%slast\n", end);
    line_reader_t *reader = reader_of(bytes, 6 + n + (size_t)tail);
    free(bytes);
    text_t line;
    check_line(reader, "first");
    ck_assert_msg(line_reader_next(reader, &line) == wanted, "%zu bytes", n);
    if (wanted == LINE_READ)
        ck_assert_uint_eq(line.length, n);
    check_line(reader, "last");
    ck_assert_uint_eq(line_reader_number(reader), 3);
    check_end(reader);
}

START_TEST(line_that_is_too_long_is_skipped_and_no_other)
{
    for (size_t n = LINE_MAX_BYTES - 8; n <= LINE_MAX_BYTES; n++) {
        check_long_line(n, "\n", LINE_READ);
        check_long_line(n, "\r\n", LINE_READ);
    }
    for (size_t n = LINE_MAX_BYTES + 1; n <= LINE_MAX_BYTES + 8; n++) {
        check_long_line(n, "\n", LINE_TOO_LONG);
        check_long_line(n, "\r\n", LINE_TOO_LONG);
    }
    check_long_line(3000000, "\n", LINE_TOO_LONG);
}
END_TEST

START_TEST(many_lines_across_the_buffers_end_are_whole)
{
    enum { LINES = 50000 };
    char *bytes = malloc(LINES * 8), want[16];
    ck_assert_ptr_nonnull(bytes);
    size_t length = 0;
    for (int i = 0; i < LINES; i++)
        length += (size_t)snprintf(bytes + length, 8, "%d\n", i);
    line_reader_t *reader = reader_of(bytes, length);
    free(bytes);
    for (int i = 0; i < LINES; i++) {
        snprintf(want, sizeof want, "%d", i);
        check_line(reader, want);
    }
    check_end(reader);
}
END_TEST

START_TEST(what_is_no_regular_file_is_refused)
{
    char folder[] = "/tmp/line-reader-XXXXXX", pipe[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(pipe, sizeof pipe, "%s/pipe", folder);
    ck_assert_int_eq(mkfifo(pipe, 0600), 0);
    ck_assert_ptr_null(line_reader_open(pipe));
    ck_assert_int_eq(errno, EINVAL);
    unlink(pipe);
    ck_assert_ptr_null(line_reader_open(folder));
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_ptr_null(line_reader_open(pipe));
    ck_assert_int_eq(errno, ENOENT);
    rmdir(folder);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("line_reader");
    tcase_add_test(tests, lines_come_without_their_ends);
    tcase_add_test(tests, a_byte_order_mark_is_skipped_at_the_start_of_the_file_only);
    tcase_add_test(tests, a_longest_line_may_stand_behind_a_byte_order_mark);
    tcase_add_test(tests, empty_file_has_no_line);
    tcase_add_test(tests, rewind_begins_again);
    tcase_add_test(tests, line_that_is_too_long_is_skipped_and_no_other);
    tcase_add_test(tests, many_lines_across_the_buffers_end_are_whole);
    tcase_add_test(tests, what_is_no_regular_file_is_refused);
    return RUN_TESTS("line_reader", tests);
}
