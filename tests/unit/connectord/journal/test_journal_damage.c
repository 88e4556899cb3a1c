/* What the journal makes of files that a crash, a bad disk or somebody else left. */
#include "common/log.h"
#include "tests/unit/journal_fixture.h"
#include "tests/unit/run_tests.h"

#include <fcntl.h>
#include <sys/stat.h>

static void in_segment(char out[static 128], uint64_t number)
{
    snprintf(out, 128, "%s/%020" PRIu64 ".seg", path, number);
}

static bool filesystem_knows_births(void)
{
    struct statx status;
    return statx(AT_FDCWD, path, 0, STATX_BTIME, &status) == 0 && (status.stx_mask & STATX_BTIME);
}

static void copy_file(const char *from, const char *to)
{
    static char bytes[SEGMENT];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_eq(read(in, bytes, sizeof bytes), sizeof bytes);
    ck_assert_int_eq(write(out, bytes, sizeof bytes), sizeof bytes);
    close(in);
    close(out);
}

static void poke(uint64_t segment, off_t offset, const char *bytes)
{
    char file[128];
    in_segment(file, segment);
    int fd = open(file, O_WRONLY);
    ck_assert_int_eq(pwrite(fd, bytes, strlen(bytes), offset), (ssize_t)strlen(bytes));
    close(fd);
}

START_TEST(a_record_that_a_killed_writer_did_not_finish_is_not_there)
{
    journal_t *journal = create();
    append(journal, BTC, 1001);
    journal_close(&journal);
    char file[128];
    in_segment(file, 1);
    int fd = open(file, O_RDWR);
    /* take the head of the last record, which is written last, away again */
    static char map[SEGMENT];
    ck_assert_int_eq(pread(fd, map, sizeof map, 0), sizeof map);
    off_t end = sizeof map;
    while (map[end - 1] == 0)
        end--;
    off_t start = (end - TRADE_BYTES) & ~7; /* somewhere in the payload: search the record's head from there */
    while (memcmp(map + start + 24, "trade.BTC-USD.x 1001", 20) != 0)
        start -= 8;
    ck_assert_int_eq(pwrite(fd, "\0\0\0\0\0\0\0", 8, start), 8);
    close(fd);
    journal = reopen();
    ck_assert_uint_eq(journal_epoch(journal), NOW);
    check(journal, BTC, 1, 1000);
    append(journal, BTC, 5);
    check(journal, BTC, 1, 1005);
    ck_assert_uint_eq(folder_count(path, ".bad."), 0);
    journal_close(&journal);
}
END_TEST

START_TEST(damage_in_an_older_segment_costs_its_rest_only)
{
    journal_t *journal = create();
    append(journal, BTC, 3 * SEGMENT / TRADE_BYTES);
    uint64_t last = journal_last(journal_find(journal, BTC));
    journal_close(&journal);
    poke(1, SEGMENT / 2, "damaged");
    for (int round = 0; round < 2; round++) {
        journal = reopen();
        const journal_stream_t *stream = journal_find(journal, BTC);
        ck_assert_uint_eq(journal_epoch(journal), NOW);
        ck_assert_uint_eq(journal_first(stream), 1);
        uint64_t hole = 1, behind;
        while (journal_read(journal, stream, hole).length > 0)
            hole++;
        for (behind = hole; journal_read(journal, stream, behind).length == 0;)
            behind++;
        ck_assert_uint_gt(hole, SEGMENT / 2 / (TRADE_BYTES + 32));
        ck_assert_uint_lt(behind, SEGMENT / (TRADE_BYTES - 50));
        check(journal, BTC, behind, last);
        ck_assert_uint_eq(folder_count(path, ".bad."), 1); /* told once */
        journal_close(&journal);
    }
    journal = reopen();
    append(journal, BTC, 4 * MIB / TRADE_BYTES); /* the hole leaves the ring like the rest */
    const journal_stream_t *stream = journal_find(journal, BTC);
    check(journal, BTC, journal_first(stream), journal_last(stream));
    journal_close(&journal);
}
END_TEST

static void check_is_found_in_passing(off_t place)
{
    journal_t *journal = create();
    append(journal, BTC, 3 * SEGMENT / TRADE_BYTES);
    uint64_t last = journal_last(journal_find(journal, BTC));
    journal_close(&journal);
    poke(2, place, "damaged");
    journal = reopen();
    const journal_stream_t *stream = journal_find(journal, BTC);
    ck_assert_uint_eq(journal_first(stream), 1);
    while (journal_read_on(journal))
        ;
    ck_assert_uint_eq(folder_count(path, ".bad."), 1);
    uint64_t there = 0;
    for (uint64_t seq = 1; seq <= last; seq++)
        there += journal_read(journal, stream, seq).length > 0;
    ck_assert_uint_lt(there, last);
    ck_assert_uint_gt(there, last - SEGMENT / (TRADE_BYTES - 50));
    check(journal, BTC, last - 100, last);
    append(journal, BTC, 4 * MIB / TRADE_BYTES);
    check(journal, BTC, journal_first(stream), journal_last(stream));
    journal_close(&journal);
}

START_TEST(damage_is_found_in_passing)
{
    check_is_found_in_passing(SEGMENT / 2 + 40000);
}
END_TEST

/* Where a segment says which seqs it begins with. */
START_TEST(damage_at_a_segments_beginning_is_found_in_passing)
{
    check_is_found_in_passing(64 + 20);
}
END_TEST

START_TEST(an_older_segment_that_is_none_is_set_aside)
{
    journal_t *journal = create();
    append(journal, BTC, 3 * SEGMENT / TRADE_BYTES);
    uint64_t last = journal_last(journal_find(journal, BTC));
    journal_close(&journal);
    poke(2, 0, "no header");
    journal = reopen();
    ck_assert_uint_eq(journal_epoch(journal), NOW);
    const journal_stream_t *stream = journal_find(journal, BTC);
    ck_assert_uint_gt(journal_read(journal, stream, 1).length, 0);
    ck_assert_uint_eq(journal_read(journal, stream, last / 2).length, 0);
    check(journal, BTC, last - 100, last);
    ck_assert_uint_eq(folder_count(path, ".bad."), 1);
    journal_close(&journal);
}
END_TEST

/* What makes it unsure which seqs were given away last. */
static void damage_the_end(void)
{
    poke(3, SEGMENT / 4, "damaged");
}

static void damage_the_newest_header(void)
{
    poke(3, 0, "no header");
}

static void lose_the_power(void)
{
    char file[128];
    snprintf(file, sizeof file, "%s/boot", path);
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_eq(write(fd, "another start\n", 14), 14);
    close(fd);
}

static void (*const losses[])(void) = {damage_the_end, damage_the_newest_header, lose_the_power};

START_TEST(an_end_that_may_be_lost_begins_a_new_epoch)
{
    journal_t *journal = create();
    append(journal, BTC, 5 * SEGMENT / 2 / TRADE_BYTES);
    journal_close(&journal);
    losses[_i]();
    journal = reopen();
    ck_assert_uint_eq(journal_epoch(journal), NOW + 1000000);
    ck_assert_ptr_null(journal_stream_at(journal, 0));
    char old[128];
    snprintf(old, sizeof old, "%s/epoch-%" PRIu64, path, NOW);
    ck_assert_uint_eq(folder_count(old, ".seg"), 3);
    append(journal, BTC, 10);
    journal_close(&journal);
    journal = reopen();
    ck_assert_uint_eq(journal_epoch(journal), NOW + 1000000);
    check(journal, BTC, 1, 10);
    journal_close(&journal);
}
END_TEST

/* As somebody who restores a backup does it: other files with the same names and bytes. */
START_TEST(files_that_are_a_copy_begin_a_new_epoch)
{
    char name[128], copy[160];
    journal_t *journal = create();
    append(journal, BTC, 5 * SEGMENT / 2 / TRADE_BYTES);
    journal_close(&journal);
    journal = reopen();
    ck_assert_uint_eq(journal_epoch(journal), NOW);
    ck_assert_str_eq(journal_began(journal), "before");
    journal_close(&journal);
    if (!filesystem_knows_births()) {
        printf("SKIP: the filesystem does not tell when a file was made\n");
        return;
    }
    in_segment(name, 3);
    snprintf(copy, sizeof copy, "%s.copy", name);
    copy_file(name, copy);
    ck_assert_int_eq(rename(copy, name), 0);
    journal = reopen();
    ck_assert_uint_eq(journal_epoch(journal), NOW + 1000000);
    ck_assert_str_eq(journal_began(journal), "copy");
    ck_assert_ptr_null(journal_stream_at(journal, 0));
    append(journal, BTC, 10);
    journal_close(&journal);
    journal = reopen();
    ck_assert_uint_eq(journal_epoch(journal), NOW + 1000000);
    check(journal, BTC, 1, 10);
    journal_close(&journal);
}
END_TEST

START_TEST(a_journal_that_is_moved_stays_what_it_is)
{
    char elsewhere[128];
    journal_t *journal = create();
    append(journal, BTC, 10);
    journal_close(&journal);
    snprintf(elsewhere, sizeof elsewhere, "%s.moved", path);
    ck_assert_int_eq(rename(path, elsewhere), 0);
    ck_assert_int_eq(rename(elsewhere, path), 0);
    journal = reopen();
    ck_assert_uint_eq(journal_epoch(journal), NOW);
    check(journal, BTC, 1, 10);
    journal_close(&journal);
}
END_TEST

START_TEST(an_epoch_never_comes_again_even_when_the_clock_goes_back)
{
    for (uint64_t lives = 0; lives < 3; lives++) {
        journal_t *journal = journal_open(path, MIB, NOW - lives);
        ck_assert_uint_eq(journal_epoch(journal), NOW + lives);
        append(journal, BTC, 5);
        journal_close(&journal);
        lose_the_power();
    }
    journal_t *journal = journal_open(path, MIB, 1);
    ck_assert_uint_eq(journal_epoch(journal), NOW + 3);
    ck_assert_uint_eq(folder_count(path, "epoch-"), 1); /* only the one before is kept */
    journal_close(&journal);
}
END_TEST

START_TEST(giving_up_an_epoch_can_be_cut_off_and_is_done_again)
{
    journal_t *journal = create();
    append(journal, BTC, 5 * SEGMENT / 2 / TRADE_BYTES);
    journal_close(&journal);
    damage_the_end();
    char from[128], old[128], to[256]; /* as a crash after the first rename left it */
    in_segment(from, 1);
    snprintf(old, sizeof old, "%s/epoch-%" PRIu64, path, NOW);
    snprintf(to, sizeof to, "%s/%s", old, strrchr(from, '/') + 1);
    ck_assert_int_eq(mkdir(old, 0700), 0);
    ck_assert_int_eq(rename(from, to), 0);
    journal = reopen();
    ck_assert_uint_gt(journal_epoch(journal), NOW);
    ck_assert_uint_eq(folder_count(old, ".seg"), 3);
    journal_close(&journal);
}
END_TEST

START_TEST(a_newer_versions_journal_is_left_alone)
{
    journal_t *journal = create();
    append(journal, BTC, 5);
    journal_close(&journal);
    poke(1, 8, "\x02");
    ck_assert_ptr_null(journal_open(path, MIB, NOW + 1));
    ck_assert_uint_eq(folder_count(path, ".seg"), 1);
    poke(1, 8, "\x01");
    journal = reopen();
    check(journal, BTC, 1, 5);
    journal_close(&journal);
}
END_TEST

START_TEST(other_files_in_the_folder_do_not_matter)
{
    static const char *const names[] = {"notes.txt", "17.segment", "abc.seg", "00000000000000000002.new",
                                        "99999999999999999999999.seg"};
    journal_t *journal = create();
    append(journal, BTC, 5);
    journal_close(&journal);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char file[160];
        snprintf(file, sizeof file, "%s/%s", path, names[i]);
        int fd = open(file, O_WRONLY | O_CREAT, 0600);
        ck_assert_int_eq(write(fd, "hello", 5), 5);
        close(fd);
    }
    journal = reopen();
    ck_assert_uint_eq(journal_epoch(journal), NOW);
    check(journal, BTC, 1, 5);
    ck_assert_uint_eq(folder_count(path, ".new"), 0); /* a segment that was never finished is cleared away */
    journal_close(&journal);
}
END_TEST

int main(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    TCase *tests = tcase_create("journal_damage");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_record_that_a_killed_writer_did_not_finish_is_not_there);
    tcase_add_test(tests, damage_in_an_older_segment_costs_its_rest_only);
    tcase_add_test(tests, damage_is_found_in_passing);
    tcase_add_test(tests, damage_at_a_segments_beginning_is_found_in_passing);
    tcase_add_test(tests, an_older_segment_that_is_none_is_set_aside);
    tcase_add_loop_test(tests, an_end_that_may_be_lost_begins_a_new_epoch, 0, sizeof losses / sizeof *losses);
    tcase_add_test(tests, files_that_are_a_copy_begin_a_new_epoch);
    tcase_add_test(tests, a_journal_that_is_moved_stays_what_it_is);
    tcase_add_test(tests, an_epoch_never_comes_again_even_when_the_clock_goes_back);
    tcase_add_test(tests, giving_up_an_epoch_can_be_cut_off_and_is_done_again);
    tcase_add_test(tests, a_newer_versions_journal_is_left_alone);
    tcase_add_test(tests, other_files_in_the_folder_do_not_matter);
    return RUN_TESTS("journal_damage", tests);
}
