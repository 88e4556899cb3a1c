#include "connectord/recording/recording_file.h"
#include "tests/unit/recording_fixture.h"
#include "tests/unit/run_tests.h"

#include <signal.h>

static recording_file_t file;

static void set_up(void)
{
    recording_set_up();
    signal(SIGXFSZ, SIG_IGN);
    ck_assert(recording_file_init(&file, path, 20, 3));
}

static void tear_down(void)
{
    recording_file_release(&file);
    folder_remove(&folder);
}

static void put(const char *before, const char *piece)
{
    ck_assert_msg(recording_file_write(&file, text_of(before), text_of(piece)), "%s", file.error);
}

static void refuse(const char *wanted)
{
    ck_assert(!recording_file_write(&file, TEXT("#\n"), TEXT("abc\n")));
    ck_assert_msg(strstr(file.error, wanted) && strstr(file.error, folder.path), "expected %s, found %s", wanted, file.error);
}

START_TEST(what_stands_before_a_piece_is_for_a_new_file_only)
{
    put("#0\n", "a\n");
    put("#1\n", "b\n");
    check_content("", "#0\na\nb\n");
}
END_TEST

START_TEST(the_file_is_the_owners_and_to_be_read_by_his_group)
{
    struct stat status;
    umask(0);
    put("", "a\n");
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_mode & 0777, 0640);
}
END_TEST

START_TEST(a_file_that_is_full_is_followed_by_another)
{
    for (int i = 0; i < 5; i++) {
        char before[8], piece[16];
        snprintf(before, sizeof before, "#%d\n", i);
        snprintf(piece, sizeof piece, "piece-%d-----\n", i);
        put(before, piece);
    }
    check_content("", "#4\npiece-4-----\n");
    check_content(".1", "#3\npiece-3-----\n");
    check_content(".2", "#2\npiece-2-----\n");
    ck_assert_uint_eq(folder_count(folder.path, "exchange.ws"), 3);
}
END_TEST

START_TEST(a_single_file_is_begun_again)
{
    recording_file_release(&file);
    ck_assert(recording_file_init(&file, path, 20, 1));
    put("#0\n", "piece-0------\n");
    put("#1\n", "piece-1------\n");
    check_content("", "#1\npiece-1------\n");
    ck_assert_uint_eq(folder_count(folder.path, "exchange.ws"), 1);
}
END_TEST

START_TEST(a_piece_larger_than_a_file_is_written_all_the_same)
{
    put("#0\n", "a piece of more than twenty bytes\n");
    put("#1\n", "b\n");
    check_content(".1", "#0\na piece of more than twenty bytes\n");
    check_content("", "#1\nb\n");
}
END_TEST

START_TEST(an_existing_file_is_continued_also_one_that_ends_within_a_line)
{
    FILE *torn = fopen(path, "w");
    fputs("1: {\"a", torn);
    fclose(torn);
    put("#0\n", "a\n");
    check_content("", "1: {\"a\n#0\na\n");
    recording_file_release(&file);
    ck_assert(recording_file_init(&file, path, 20, 3));
    put("#1\n", "b\n");
    check_content("", "1: {\"a\n#0\na\n#1\nb\n");
    put("#2\n", "c-------\n");
    check_content("", "#2\nc-------\n");
}
END_TEST

START_TEST(a_full_disk_leaves_whole_pieces_and_the_next_call_tries_again)
{
    recording_file_release(&file);
    ck_assert(recording_file_init(&file, path, 1000, 3));
    put("#0\n", "a\n");
    limit_files(8);
    ck_assert(!recording_file_write(&file, TEXT("#1\n"), TEXT("more than there is room for\n")));
    ck_assert_ptr_nonnull(strstr(file.error, "can't write to"));
    ck_assert_ptr_nonnull(strstr(file.error, "File too large"));
    check_content("", "#0\na\n");
    limit_files(RLIM_INFINITY);
    put("#2\n", "b\n");
    check_content("", "#0\na\n#2\nb\n");
}
END_TEST

START_TEST(what_can_not_be_written_to_is_named)
{
    char other[128];
    recording_file_release(&file);
    snprintf(other, sizeof other, "%s/none/exchange.ws", folder.path);
    ck_assert(recording_file_init(&file, other, 20, 3));
    refuse("No such file or directory");
    recording_file_release(&file);
    ck_assert(recording_file_init(&file, folder.path, 20, 3));
    refuse("Is a directory");
    recording_file_release(&file);
    ck_assert(recording_file_init(&file, path, 20, 3));
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    refuse("expected a regular file");
    unlink(path);
    put("", "a\n");
}
END_TEST

START_TEST(a_file_is_of_one_recording)
{
    recording_file_t other;
    put("", "a\n");
    ck_assert(recording_file_init(&other, path, 20, 3));
    ck_assert(!recording_file_write(&other, TEXT(""), TEXT("b\n")));
    ck_assert_ptr_nonnull(strstr(other.error, "another source or process records to it"));
    recording_file_release(&file);
    ck_assert(recording_file_write(&other, TEXT(""), TEXT("c\n")));
    check_content("", "a\nc\n");
    recording_file_release(&other);
    ck_assert(recording_file_init(&file, path, 20, 3));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("recording_file");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, what_stands_before_a_piece_is_for_a_new_file_only);
    tcase_add_test(tests, the_file_is_the_owners_and_to_be_read_by_his_group);
    tcase_add_test(tests, a_file_that_is_full_is_followed_by_another);
    tcase_add_test(tests, a_single_file_is_begun_again);
    tcase_add_test(tests, a_piece_larger_than_a_file_is_written_all_the_same);
    tcase_add_test(tests, an_existing_file_is_continued_also_one_that_ends_within_a_line);
    tcase_add_test(tests, a_full_disk_leaves_whole_pieces_and_the_next_call_tries_again);
    tcase_add_test(tests, what_can_not_be_written_to_is_named);
    tcase_add_test(tests, a_file_is_of_one_recording);
    return RUN_TESTS("recording_file", tests);
}
