#include "connectord/journal/segment.h"

#include "tests/unit/run_tests.h"
#include "tests/unit/temporary_folder.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { BYTES = SEGMENT_BYTES_MIN, NUMBER = 17, COMMIT = 8 /* bytes of a record's head that are written last */ };

typedef struct {
    folder_t folder;
    int fd;
    char file[128];
} segment_fixture_t;

static segment_fixture_t fixture_new(void)
{
    segment_fixture_t self = {.folder = folder_new()};
    self.fd = open(self.folder.path, O_RDONLY | O_DIRECTORY);
    snprintf(self.file, sizeof self.file, "%s/00000000000000000017.seg", self.folder.path);
    return self;
}

static void fixture_destroy(segment_fixture_t *self)
{
    close(self->fd);
    folder_remove(&self->folder);
}

/* A segment on the disk with a stream and two trades; says where each record begins, and where the last one ends. */
static void make_segment(const segment_fixture_t *fixture, uint32_t offsets[static 4])
{
    segment_t *segment = segment_create(fixture->fd, NUMBER, 1763941200123456, 4711, BYTES);
    ck_assert_ptr_nonnull(segment);
    ck_assert(segment_commit(segment, fixture->fd));
    offsets[0] = segment_append(segment, SEGMENT_STREAM, 0, 0, TEXT("trade.BTC-USD.x"));
    offsets[1] = segment_append(segment, SEGMENT_TRADE, 0, 1, TEXT("{\"first\":1}"));
    offsets[2] = segment_append(segment, SEGMENT_TRADE, 0, 2, TEXT("{\"second\":22}"));
    offsets[3] = SEGMENT_HEADER + segment_used(segment);
    segment_close(&segment);
    ck_assert_ptr_null(segment);
}

static void poke(const segment_fixture_t *fixture, off_t offset, const void *bytes, size_t length)
{
    int fd = open(fixture->file, O_WRONLY);
    ck_assert_int_eq(pwrite(fd, bytes, length, offset), (ssize_t)length);
    close(fd);
}

/* Opens, scans and settles it; returns the number of good records. */
static unsigned scan(const segment_fixture_t *fixture, segment_t **segment, segment_rest_t *rest)
{
    unsigned records = 0;
    uint32_t offset = SEGMENT_HEADER;
    segment_record_t record;
    ck_assert_int_eq(segment_open(segment, fixture->fd, NUMBER), SEGMENT_OK);
    for (uint32_t next; segment_record(*segment, offset, &record, &next); offset = next)
        records++;
    *rest = segment_settle(*segment, offset);
    return records;
}

START_TEST(what_was_appended_is_found_again)
{
    segment_fixture_t fixture = fixture_new();
    uint32_t offsets[4], next;
    make_segment(&fixture, offsets);
    segment_t *segment;
    segment_rest_t rest;
    ck_assert_uint_eq(scan(&fixture, &segment, &rest), 3);
    ck_assert_int_eq(rest, SEGMENT_CLEAN);
    ck_assert_uint_eq(segment_number(segment), NUMBER);
    ck_assert_uint_eq(segment_epoch(segment), 1763941200123456);
    ck_assert_uint_eq(segment_position(segment), 4711);
    ck_assert_uint_eq(segment_bytes(segment), BYTES);
    segment_record_t record;
    ck_assert(segment_record(segment, offsets[2], &record, &next));
    ck_assert_int_eq(record.kind, SEGMENT_TRADE);
    ck_assert_uint_eq(record.stream, 0);
    ck_assert_uint_eq(record.seq, 2);
    ck_assert(text_equal(record.payload, TEXT("{\"second\":22}")));
    ck_assert(text_equal(segment_payload(segment, offsets[1]), TEXT("{\"first\":1}")));
    segment_close(&segment);
    fixture_destroy(&fixture);
}
END_TEST

START_TEST(appending_goes_on_behind_the_last_record)
{
    segment_fixture_t fixture = fixture_new();
    uint32_t offsets[4];
    make_segment(&fixture, offsets);
    segment_t *segment;
    segment_rest_t rest;
    scan(&fixture, &segment, &rest);
    ck_assert_uint_eq(segment_append(segment, SEGMENT_TRADE, 0, 3, TEXT("{}")), offsets[3]);
    segment_close(&segment);
    ck_assert_uint_eq(scan(&fixture, &segment, &rest), 4);
    segment_close(&segment);
    fixture_destroy(&fixture);
}
END_TEST

START_TEST(it_takes_records_until_it_is_full)
{
    segment_fixture_t fixture = fixture_new();
    char payload[1000];
    memset(payload, 'x', sizeof payload);
    segment_t *segment = segment_create(fixture.fd, NUMBER, 1, 0, BYTES);
    ck_assert(segment_commit(segment, fixture.fd));
    unsigned appended = 0;
    for (; segment_has_room(segment, sizeof payload); appended++)
        segment_append(segment, SEGMENT_TRADE, 0, appended + 1, (text_t){payload, sizeof payload});
    ck_assert_uint_eq(appended, (BYTES - SEGMENT_HEADER) / segment_record_bytes(sizeof payload));
    ck_assert(!segment_has_room(segment, SEGMENT_PAYLOAD_MAX + 1));
    segment_close(&segment);
    segment_rest_t rest;
    ck_assert_uint_eq(scan(&fixture, &segment, &rest), appended);
    ck_assert_int_eq(rest, SEGMENT_CLEAN);
    segment_close(&segment);
    fixture_destroy(&fixture);
}
END_TEST

/* Every single byte of the last record: whichever is wrong, the record is not believed, and those before it are. */
START_TEST(a_wrong_byte_anywhere_in_a_record_is_noticed)
{
    segment_fixture_t fixture = fixture_new();
    uint32_t offsets[4];
    make_segment(&fixture, offsets);
    uint32_t used = 8 + 16 + (uint32_t)TEXT("{\"second\":22}").length; /* behind it is only padding */
    for (uint32_t i = 0; i < used; i++) {
        segment_t *segment;
        segment_rest_t rest;
        uint8_t byte;
        int fd = open(fixture.file, O_RDWR);
        ck_assert_int_eq(pread(fd, &byte, 1, offsets[2] + i), 1);
        byte ^= 0x10;
        ck_assert_int_eq(pwrite(fd, &byte, 1, offsets[2] + i), 1);
        ck_assert_msg(scan(&fixture, &segment, &rest) == 2, "byte %u of the record", i);
        ck_assert_int_eq(rest, SEGMENT_DAMAGED);
        segment_close(&segment);
        byte ^= 0x10;
        ck_assert_int_eq(pwrite(fd, &byte, 1, offsets[2] + i), 1);
        close(fd);
    }
    fixture_destroy(&fixture);
}
END_TEST

START_TEST(a_record_that_was_not_committed_is_wiped)
{
    segment_fixture_t fixture = fixture_new();
    uint32_t offsets[4];
    make_segment(&fixture, offsets);
    poke(&fixture, offsets[3] + COMMIT, "everything but the head", 23);
    segment_t *segment;
    segment_rest_t rest;
    ck_assert_uint_eq(scan(&fixture, &segment, &rest), 3);
    ck_assert_int_eq(rest, SEGMENT_CLEAN);
    ck_assert_uint_eq(segment_rest(segment).length, 0);
    segment_close(&segment);
    fixture_destroy(&fixture);
}
END_TEST

static text_t numbered(char out[static 200], int number)
{
    memset(out, '.', 200);
    snprintf(out, 200, "%d", number);
    return (text_t){out, 150 + (size_t)number % 50};
}

/* Records that are written at once are all there, or, while the first one's commit is not, none of them. */
START_TEST(records_are_written_at_once)
{
    enum { RECORDS = 60 };
    _Alignas(8) static char batch[SEGMENT_BATCH_MAX];
    segment_fixture_t fixture = fixture_new();
    uint32_t offsets[4], bytes = 0, count[] = {RECORDS, 2}; /* by a system call, and without one */
    char text[200];
    make_segment(&fixture, offsets);
    segment_t *segment;
    segment_rest_t rest;
    ck_assert_uint_eq(scan(&fixture, &segment, &rest), 3);
    for (uint32_t i = 0; i < count[_i]; i++)
        bytes += segment_compose(batch + bytes, SEGMENT_TRADE, 0, 3 + i, numbered(text, (int)i));
    segment_write(segment, batch, bytes);
    ck_assert_uint_eq(segment_end(segment), offsets[3] + bytes);
    segment_record_t record;
    for (uint32_t i = 0, offset = offsets[3], next; i < count[_i]; i++, offset = next) {
        ck_assert(segment_record(segment, offset, &record, &next));
        ck_assert_uint_eq(record.seq, 3 + i);
        ck_assert(text_equal(record.payload, numbered(text, (int)i)));
        ck_assert(text_equal(segment_payload(segment, offset), record.payload));
    }
    segment_close(&segment);
    ck_assert_uint_eq(scan(&fixture, &segment, &rest), 3 + count[_i]);
    segment_close(&segment);
    poke(&fixture, offsets[3], "\0\0\0\0\0\0\0", 8); /* killed before the last store */
    ck_assert_uint_eq(scan(&fixture, &segment, &rest), 3);
    ck_assert_int_eq(rest, SEGMENT_CLEAN);
    ck_assert_uint_eq(segment_rest(segment).length, 0);
    segment_close(&segment);
    fixture_destroy(&fixture);
}
END_TEST

START_TEST(anything_else_behind_the_records_is_damage)
{
    static const struct {
        uint32_t behind; /* the last record */
        const char *bytes;
    } cases[] = {{0, "garbage"}, {COMMIT + SEGMENT_BATCH_MAX, "x"}, {SEGMENT_BATCH_MAX, "far behind"}};
    segment_fixture_t fixture = fixture_new();
    uint32_t offsets[4];
    make_segment(&fixture, offsets);
    poke(&fixture, offsets[3] + cases[_i].behind, cases[_i].bytes, strlen(cases[_i].bytes));
    segment_t *segment;
    segment_rest_t rest;
    ck_assert_uint_eq(scan(&fixture, &segment, &rest), 3);
    ck_assert_int_eq(rest, SEGMENT_DAMAGED);
    ck_assert_uint_eq(segment_rest(segment).length, cases[_i].behind + strlen(cases[_i].bytes));
    segment_wipe_rest(segment);
    ck_assert_uint_eq(segment_rest(segment).length, 0);
    segment_close(&segment);
    ck_assert_uint_eq(scan(&fixture, &segment, &rest), 3);
    ck_assert_int_eq(rest, SEGMENT_CLEAN);
    segment_close(&segment);
    fixture_destroy(&fixture);
}
END_TEST

START_TEST(a_file_that_was_cut_short_keeps_its_whole_records)
{
    segment_fixture_t fixture = fixture_new();
    uint32_t offsets[4];
    make_segment(&fixture, offsets);
    for (uint32_t length = SEGMENT_HEADER; length < BYTES; length += length < offsets[3] + 64 ? 1 : 8191) {
        ck_assert_int_eq(truncate(fixture.file, length), 0);
        segment_t *segment;
        segment_rest_t rest;
        unsigned whole = (length >= offsets[1]) + (length >= offsets[2]) + (length >= offsets[3]);
        ck_assert_uint_eq(scan(&fixture, &segment, &rest), whole);
        ck_assert_int_eq(rest, SEGMENT_DAMAGED);
        segment_close(&segment);
        folder_remove(&fixture.folder);
        ck_assert_int_eq(mkdir(fixture.folder.path, 0700), 0);
        close(fixture.fd);
        fixture.fd = open(fixture.folder.path, O_RDONLY | O_DIRECTORY);
        make_segment(&fixture, offsets);
    }
    fixture_destroy(&fixture);
}
END_TEST

/* What a header can be instead of one. */
START_TEST(a_header_that_is_none_is_told_from_a_newer_one)
{
    static const struct {
        off_t offset;
        const char *bytes;
        size_t length;
        segment_result_t result;
    } cases[] = {
        {0, "garbage!", 8, SEGMENT_GARBAGE},          {8, "\x02\0\0\0", 4, SEGMENT_NEWER},
        {8, "\0\0\0\0", 4, SEGMENT_GARBAGE},          {12, "\xff\xff\xff\xff", 4, SEGMENT_GARBAGE},
        {16, "another1", 8, SEGMENT_GARBAGE},         {24, "\x12\0\0\0\0\0\0\0", 8, SEGMENT_GARBAGE},
        {40, "\xff\xff\xff\xff", 4, SEGMENT_GARBAGE},
    };
    segment_fixture_t fixture = fixture_new();
    uint32_t offsets[4];
    make_segment(&fixture, offsets);
    poke(&fixture, cases[_i].offset, cases[_i].bytes, cases[_i].length);
    segment_t *segment = NULL;
    ck_assert_int_eq(segment_open(&segment, fixture.fd, NUMBER), cases[_i].result);
    ck_assert_ptr_null(segment);
    fixture_destroy(&fixture);
}
END_TEST

START_TEST(a_file_shorter_than_a_header_is_garbage)
{
    segment_fixture_t fixture = fixture_new();
    uint32_t offsets[4];
    make_segment(&fixture, offsets);
    segment_t *segment = NULL;
    for (off_t length = SEGMENT_HEADER - 1; length >= 0; length -= 21) {
        ck_assert_int_eq(truncate(fixture.file, length), 0);
        ck_assert_int_eq(segment_open(&segment, fixture.fd, NUMBER), SEGMENT_GARBAGE);
    }
    fixture_destroy(&fixture);
}
END_TEST

START_TEST(a_segment_is_there_only_after_its_commit)
{
    segment_fixture_t fixture = fixture_new();
    segment_t *other, *segment = segment_create(fixture.fd, NUMBER, 1, 0, BYTES);
    ck_assert_uint_eq(folder_count(fixture.folder.path, ".seg"), 0);
    ck_assert_int_eq(segment_open(&other, fixture.fd, NUMBER), SEGMENT_FAILED);
    ck_assert(segment_commit(segment, fixture.fd));
    ck_assert_uint_eq(folder_count(fixture.folder.path, ".seg"), 1);
    segment_drop(&segment, fixture.fd);
    ck_assert_uint_eq(folder_count(fixture.folder.path, "0000"), 0);
    segment = segment_create(fixture.fd, NUMBER, 1, 0, BYTES);
    segment_drop(&segment, fixture.fd);
    ck_assert_uint_eq(folder_count(fixture.folder.path, "0000"), 0);
    fixture_destroy(&fixture);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("segment");
    tcase_add_test(tests, what_was_appended_is_found_again);
    tcase_add_test(tests, appending_goes_on_behind_the_last_record);
    tcase_add_test(tests, it_takes_records_until_it_is_full);
    tcase_add_test(tests, a_wrong_byte_anywhere_in_a_record_is_noticed);
    tcase_add_test(tests, a_record_that_was_not_committed_is_wiped);
    tcase_add_loop_test(tests, records_are_written_at_once, 0, 2);
    tcase_add_loop_test(tests, anything_else_behind_the_records_is_damage, 0, 3);
    tcase_add_test(tests, a_file_that_was_cut_short_keeps_its_whole_records);
    tcase_add_loop_test(tests, a_header_that_is_none_is_told_from_a_newer_one, 0, 7);
    tcase_add_test(tests, a_file_shorter_than_a_header_is_garbage);
    tcase_add_test(tests, a_segment_is_there_only_after_its_commit);
    return RUN_TESTS("segment", tests);
}
