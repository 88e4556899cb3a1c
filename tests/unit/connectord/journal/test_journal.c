#include "common/log.h"
#include "proto/record.h"
#include "tests/unit/journal_fixture.h"
#include "tests/unit/run_tests.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* Runs a writer in a process of its own and kills it in the middle of its work. */
static void write_and_be_killed(void (*work)(journal_t *journal))
{
    pid_t pid = fork();
    if (pid == 0) {
        journal_t *journal = journal_open(path, MIB, NOW);
        if (journal)
            work(journal);
        kill(getpid(), SIGKILL);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

START_TEST(a_new_journal_takes_its_epoch_from_now)
{
    journal_t *journal = create();
    ck_assert_uint_eq(journal_epoch(journal), NOW);
    ck_assert_ptr_null(journal_stream_at(journal, 0));
    journal_stream_t *stream = journal_stream(journal, BTC);
    ck_assert_ptr_eq(journal_stream(journal, BTC), stream);
    ck_assert_ptr_eq(journal_stream_at(journal, 0), stream);
    ck_assert(text_equal(journal_topic(stream), BTC));
    ck_assert_uint_eq(journal_last(stream), 0);
    ck_assert_uint_gt(journal_first(stream), journal_last(stream));
    journal_close(&journal);
    ck_assert_ptr_null(journal);
}
END_TEST

START_TEST(streams_count_for_themselves)
{
    journal_t *journal = create();
    for (int i = 0; i < 10; i++) {
        append(journal, BTC, 3);
        append(journal, ETH, 1);
    }
    check(journal, BTC, 1, 30);
    check(journal, ETH, 1, 10);
    journal_close(&journal);
}
END_TEST

START_TEST(reopening_goes_on_with_epoch_and_seq)
{
    journal_t *journal = create();
    append(journal, BTC, 100);
    journal_stream(journal, ETH);
    uint64_t position = journal_position(journal), bytes = journal_bytes(journal);
    journal_close(&journal);
    journal = reopen();
    ck_assert_uint_eq(journal_epoch(journal), NOW);
    ck_assert_uint_eq(journal_position(journal), position);
    ck_assert_uint_eq(journal_bytes(journal), bytes);
    check(journal, BTC, 1, 100);
    check(journal, ETH, 1, 0);
    append(journal, BTC, 1);
    check(journal, BTC, 1, 101);
    journal_close(&journal);
}
END_TEST

static text_t longest_record(char out[static RECORD_MAX], uint64_t seq)
{
    memset(out, 'a' + (int)(seq % 26), RECORD_MAX);
    return (text_t){out, RECORD_MAX};
}

START_TEST(the_longest_records_are_kept_beside_trades)
{
    enum { RECORDS = 100 };
    char room[RECORD_MAX];
    text_t topic = TEXT("readings.sensor-7.lab");
    journal_t *journal = create();
    for (uint64_t seq = 1; seq <= RECORDS; seq++) {
        ck_assert(journal_append(journal, journal_stream(journal, topic), longest_record(room, seq)));
        append(journal, BTC, 1);
    }
    journal_close(&journal);
    journal = reopen();
    check(journal, BTC, 1, RECORDS);
    ck_assert_uint_eq(journal_last(journal_stream(journal, topic)), RECORDS);
    for (uint64_t seq = 1; seq <= RECORDS; seq++)
        ck_assert(text_equal(journal_read(journal, journal_stream(journal, topic), seq), longest_record(room, seq)));
    journal_close(&journal);
}
END_TEST

static void many_trades(journal_t *journal)
{
    for (int i = 0; i < 500; i++) {
        append(journal, BTC, 2);
        append(journal, ETH, 1);
    }
    journal_flush(journal);
}

typedef struct {
    uint64_t btc, eth; /* the last seqs that were told */
} safe_seqs_t;

static void on_safe(void *arg, const journal_stream_t *stream, text_t json)
{
    safe_seqs_t *told = arg;
    bool btc = text_equal(journal_topic(stream), BTC);
    uint64_t seq = btc ? ++told->btc : ++told->eth;
    char bytes[TRADE_BYTES];
    ck_assert(text_equal(json, trade_text(bytes, btc ? BTC : ETH, seq)));
}

/* Each trade is told once, in order, whether it took one flush or many, and wherever a segment ends. */
START_TEST(what_is_safe_is_told)
{
    journal_t *journal = create();
    safe_seqs_t told = {0};
    journal_on_safe(journal, on_safe, &told);
    append(journal, BTC, 1);
    ck_assert_uint_eq(told.btc, 0);
    journal_flush(journal);
    ck_assert_uint_eq(told.btc, 1);
    journal_flush(journal);
    for (int i = 0; i < 3000; i++) {
        append(journal, BTC, 1);
        append(journal, ETH, 2);
        if (i % 700 == 0)
            journal_flush(journal);
    }
    ck_assert_uint_gt(told.btc, 2500); /* no batch is large */
    journal_flush(journal);
    ck_assert_uint_eq(told.btc, 3001);
    ck_assert_uint_eq(told.eth, 6000);
    journal_close(&journal);
}
END_TEST

/* Only the newest segment is read at the opening: the others when they are asked for, or in passing. */
START_TEST(older_segments_are_read_when_they_are_asked_for)
{
    journal_t *journal = create();
    append(journal, BTC, SEGMENT / TRADE_BYTES);
    append(journal, ETH, SEGMENT / TRADE_BYTES); /* made in the second segment */
    append(journal, BTC, SEGMENT / TRADE_BYTES);
    uint64_t each = SEGMENT / TRADE_BYTES, bytes = journal_bytes(journal);
    journal_close(&journal);
    const uint64_t orders[][4] = {{1, each, 2 * each, each / 2}, {each + 1, 7, 1, 2 * each}, {each, each - 1, each + 1, 5}};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        journal = reopen();
        const journal_stream_t *stream = journal_find(journal, BTC);
        ck_assert_uint_eq(journal_first(stream), 1);
        ck_assert_uint_eq(journal_last(stream), 2 * each);
        ck_assert_uint_eq(journal_bytes(journal), bytes);
        for (size_t j = 0; j < 4; j++) {
            char text[TRADE_BYTES];
            ck_assert(text_equal(journal_read(journal, stream, orders[i][j]), trade_text(text, BTC, orders[i][j])));
        }
        append(journal, ETH, 1);
        check(journal, ETH, 1, each + 1 + i);
        check(journal, BTC, 1, 2 * each);
        bytes = journal_bytes(journal);
        journal_close(&journal);
    }
}
END_TEST

START_TEST(older_segments_are_read_in_passing)
{
    journal_t *journal = create();
    append(journal, BTC, 3 * SEGMENT / TRADE_BYTES);
    journal_close(&journal);
    journal = reopen();
    while (journal_read_on(journal))
        append(journal, BTC, 1);
    check(journal, BTC, 1, journal_last(journal_find(journal, BTC)));
    ck_assert(!journal_read_on(journal));
    journal_close(&journal);
    journal = reopen();
    append(journal, BTC, 5 * MIB / TRADE_BYTES); /* the ring comes round before any was read */
    const journal_stream_t *stream = journal_find(journal, BTC);
    check(journal, BTC, journal_first(stream), journal_last(stream));
    journal_close(&journal);
}
END_TEST

START_TEST(a_killed_writer_loses_nothing)
{
    write_and_be_killed(many_trades);
    journal_t *journal = reopen();
    ck_assert_uint_eq(journal_epoch(journal), NOW);
    check(journal, BTC, 1, 1000);
    check(journal, ETH, 1, 500);
    journal_close(&journal);
}
END_TEST

START_TEST(a_full_ring_drops_the_oldest)
{
    journal_t *journal = create();
    append(journal, ETH, 1);
    append(journal, BTC, 3 * MIB / TRADE_BYTES);
    const journal_stream_t *stream = journal_find(journal, BTC);
    uint64_t first = journal_first(stream), last = journal_last(stream);
    ck_assert_uint_gt(first, 1);
    ck_assert_uint_eq(journal_read(journal, stream, first - 1).length, 0);
    ck_assert_uint_gt(journal_read(journal, stream, first).length, 0);
    check(journal, BTC, first, last);
    ck_assert_uint_le(journal_bytes(journal), MIB);
    ck_assert_uint_gt(journal_bytes(journal), MIB / 2);
    ck_assert_uint_gt(journal_position(journal), 2 * MIB);
    ck_assert_uint_le(folder_count(path, ".seg"), 4);
    journal_close(&journal);
    journal = reopen();
    ck_assert_uint_eq(journal_first(journal_find(journal, BTC)), first);
    check(journal, BTC, first, last);
    journal_close(&journal);
}
END_TEST

START_TEST(a_stream_whose_trades_have_left_keeps_its_last_seq)
{
    journal_t *journal = create();
    append(journal, ETH, 7);
    append(journal, BTC, 3 * MIB / TRADE_BYTES);
    for (int round = 0; round < 2; round++) {
        const journal_stream_t *stream = journal_find(journal, ETH);
        ck_assert_uint_eq(journal_last(stream), 7);
        ck_assert_uint_eq(journal_first(stream), 8);
        ck_assert_uint_eq(journal_read(journal, stream, 7).length, 0);
        journal_close(&journal);
        journal = reopen();
    }
    append(journal, ETH, 1);
    check(journal, ETH, 8, 8);
    journal_close(&journal);
}
END_TEST

START_TEST(a_smaller_capacity_is_kept_from_the_next_segment_on)
{
    journal_t *journal = journal_open(path, 8 * MIB, NOW);
    append(journal, BTC, 7 * MIB / TRADE_BYTES);
    uint64_t last = journal_last(journal_find(journal, BTC));
    journal_close(&journal);
    journal = reopen();
    append(journal, BTC, MIB / TRADE_BYTES);
    ck_assert_uint_le(journal_bytes(journal), MIB);
    const journal_stream_t *stream = journal_find(journal, BTC);
    ck_assert_uint_gt(journal_first(stream), last);
    check(journal, BTC, journal_first(stream), last + MIB / TRADE_BYTES);
    journal_close(&journal);
}
END_TEST

START_TEST(a_second_opener_is_refused)
{
    journal_t *journal = create();
    append(journal, BTC, 1);
    ck_assert_ptr_null(journal_open(path, MIB, NOW));
    check(journal, BTC, 1, 1);
    journal_close(&journal);
    journal = reopen();
    check(journal, BTC, 1, 1);
    journal_close(&journal);
}
END_TEST

START_TEST(without_room_on_the_disk_nothing_is_appended_until_there_is)
{
    journal_t *journal = create();
    append(journal, BTC, 500);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit before, small = {SEGMENT / 2, RLIM_INFINITY};
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    journal_stream_t *stream = journal_find(journal, BTC);
    char bytes[TRADE_BYTES];
    while (journal_append(journal, stream, trade_text(bytes, BTC, journal_last(stream) + 1)))
        ck_assert_uint_lt(journal_last(stream), 2 * SEGMENT / TRADE_BYTES);
    uint64_t last = journal_last(stream);
    ck_assert(!journal_append(journal, stream, trade_text(bytes, BTC, last + 1)));
    check(journal, BTC, 1, last);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    append(journal, BTC, 10);
    check(journal, BTC, 1, last + 10);
    journal_close(&journal);
    journal = reopen();
    check(journal, BTC, 1, last + 10);
    journal_close(&journal);
}
END_TEST

START_TEST(more_streams_than_a_segment_can_name_are_refused)
{
    journal_t *journal = create();
    char topic[64];
    unsigned made = 0;
    for (;; made++) {
        int length = snprintf(topic, sizeof topic, "trade.S%u-USD.x", made);
        if (!journal_stream(journal, (text_t){topic, (size_t)length}))
            break;
        ck_assert_uint_lt(made, 10000);
    }
    ck_assert_uint_gt(made, 1000);
    append(journal, TEXT("trade.S7-USD.x"), 4 * MIB / TRADE_BYTES);
    journal_close(&journal);
    journal = reopen();
    ck_assert_ptr_nonnull(journal_stream_at(journal, made - 1));
    ck_assert_ptr_null(journal_stream_at(journal, made));
    journal_close(&journal);
}
END_TEST

static unsigned draw(unsigned *seed)
{
    return (*seed = *seed * 1664525 + 1013904223) >> 16;
}

/* Some hundred lives of appends to several streams, ended by a close or by kill -9: nothing that was flushed is missing or changed. */
START_TEST(whatever_happens_no_seq_is_lost_or_counted_twice)
{
    unsigned seed = 20251110 + (unsigned)_i;
    static const char *const topics[] = {"trade.A-USD.x", "trade.B-USD.x", "trade.C-USD.y"};
    uint64_t last[3] = {0};
    for (int life = 0; life < 40; life++) {
        unsigned plan = draw(&seed), appends = draw(&seed) % 800;
        bool killed = plan % 2;
        pid_t pid = killed ? fork() : 0;
        if (pid == 0) {
            journal_t *journal = journal_open(path, MIB, NOW + (uint64_t)life);
            if (!journal || journal_epoch(journal) != NOW)
                ck_abort_msg("the journal did not go on");
            for (unsigned i = 0, own = plan; i < appends; i++) {
                append(journal, text_of(topics[draw(&own) % 3]), 1);
                if (i % (plan % 97 + 1) == 0)
                    journal_flush(journal);
            }
            journal_flush(journal);
            if (killed)
                kill(getpid(), SIGKILL);
            journal_close(&journal);
        } else {
            waitpid(pid, NULL, 0);
        }
        for (unsigned i = 0, own = plan; i < appends; i++)
            last[draw(&own) % 3]++;
    }
    journal_t *journal = reopen();
    for (int i = 0; i < 3; i++)
        check(journal, text_of(topics[i]), journal_first(journal_find(journal, text_of(topics[i]))), last[i]);
    journal_close(&journal);
}
END_TEST

int main(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    TCase *tests = tcase_create("journal");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_new_journal_takes_its_epoch_from_now);
    tcase_add_test(tests, streams_count_for_themselves);
    tcase_add_test(tests, reopening_goes_on_with_epoch_and_seq);
    tcase_add_test(tests, the_longest_records_are_kept_beside_trades);
    tcase_add_test(tests, what_is_safe_is_told);
    tcase_add_test(tests, older_segments_are_read_when_they_are_asked_for);
    tcase_add_test(tests, older_segments_are_read_in_passing);
    tcase_add_test(tests, a_killed_writer_loses_nothing);
    tcase_add_test(tests, a_full_ring_drops_the_oldest);
    tcase_add_test(tests, a_stream_whose_trades_have_left_keeps_its_last_seq);
    tcase_add_test(tests, a_smaller_capacity_is_kept_from_the_next_segment_on);
    tcase_add_test(tests, a_second_opener_is_refused);
    tcase_add_test(tests, without_room_on_the_disk_nothing_is_appended_until_there_is);
    tcase_add_test(tests, more_streams_than_a_segment_can_name_are_refused);
    tcase_add_loop_test(tests, whatever_happens_no_seq_is_lost_or_counted_twice, 0, 3);
    return RUN_TESTS("journal", tests);
}
