/* Stores that outlive their process, and those that are servers: several handles at once, restarts, schemas, passwords. */
#pragma once

#include "tests/contract/store_cases.h"

#include <pthread.h>

/* An import beside cached: each goes on where it is, in turns and at the same time. */
typedef struct {
    void *handle;
    uint64_t from, to;
    bool fill;
} writing_t;

static void *write_pieces(void *arg)
{
    const writing_t *self = arg;
    enum { PIECE = 50 };
    store_trade_t trades[PIECE];
    char written[PIECE][200], wrong[STORE_ERROR_MAX] = "";
    for (uint64_t from = self->from; from < self->to && !*wrong; from += PIECE) {
        for (uint64_t i = 0; i < PIECE; i++) {
            text_at(written[i], (cursor_t){5, from + i});
            trades[i] = (store_trade_t){TOPIC, {5, from + i}, (int64_t)(from + i) * 10, text_of(written[i])};
        }
        uint64_t filled;
        store_result_t result = self->fill ? kind->write.fill(self->handle, trades, PIECE, &filled, wrong)
                                           : kind->write.append(self->handle, trades, PIECE, wrong);
        ck_assert_msg(result == STORE_OK, "%s", wrong);
    }
    return NULL;
}

START_TEST(fill_and_append_at_the_same_time)
{
    begin(_i);
    void *second = open_store();
    append(TOPIC, 5, 3001, 3100);
    pthread_t thread;
    writing_t appending = {handle, 3101, 5100, false}, filling = {second, 1, 3000, true};
    ck_assert_int_eq(pthread_create(&thread, NULL, write_pieces, &filling), 0);
    write_pieces(&appending);
    pthread_join(thread, NULL);
    kind->close(second);
    read_all(TOPIC);
    assert_seen(5, 1, 5100);
    assert_place(TOPIC, (cursor_t){5, 5100}, 5100);
}
END_TEST

START_TEST(what_was_stored_is_there_after_a_reopen)
{
    begin(_i);
    append(TOPIC, 5, 1, 1500);
    OK(kind->write.skip(handle, OTHER, (cursor_t){5, 77}, error));
    uint64_t cleared;
    OK(kind->write.clear(handle, OTHER, &cleared, error));
    kind->close(handle);
    handle = open_store();
    read_all(TOPIC);
    assert_seen(5, 1, 1500);
    assert_place(TOPIC, (cursor_t){5, 1500}, 1500);
    assert_place(OTHER, (cursor_t){5, 77}, 0);
    append(TOPIC, 5, 1, 1600);
    read_all(TOPIC);
    assert_seen(5, 1, 1600);
}
END_TEST

/* A reader sees each batch whole, and all that was appended before it asked, without closing anything. */
START_TEST(one_handle_reads_while_another_writes)
{
    begin(_i);
    void *reader = open_store();
    store_query_t query = everything;
    query.topic = TOPIC;
    for (uint64_t round = 0; round < 5; round++) {
        append(TOPIC, 5, round * 100 + 1, round * 100 + 100);
        read_with(reader, query);
        assert_seen(5, 1, round * 100 + 100);
        ck_assert_uint_eq(load(reader, TOPIC).stream.place.seq, round * 100 + 100);
    }
    uint64_t cleared;
    OK(kind->write.clear(handle, TOPIC, &cleared, error));
    read_with(reader, query);
    ck_assert_uint_eq(seen_count, 0);
    kind->close(reader);
}
END_TEST

/* In the middle of a long answer, the other handle goes on writing. */
static bool write_meanwhile(void *arg, const store_trade_t *trade)
{
    (void)arg;
    if (trade->cursor.seq == 1)
        append(TOPIC, 5, 3001, 3010);
    seen_count++;
    return true;
}

START_TEST(a_reader_does_not_keep_a_writer_waiting)
{
    begin(_i);
    append(TOPIC, 5, 1, 3000);
    void *reader = open_store();
    store_query_t query = everything;
    query.topic = TOPIC;
    query.to = (cursor_t){5, 3000};
    seen_count = 0;
    OK(kind->read.range(reader, &query, write_meanwhile, NULL, error));
    ck_assert_uint_eq(seen_count, 3000);
    assert_place(TOPIC, (cursor_t){5, 3010}, 3010);
    kind->close(reader);
}
END_TEST

/* Two replicas of cached write the same stream. */
START_TEST(two_writers_store_each_trade_once)
{
    begin(_i);
    void *first = handle, *second = open_store();
    for (uint64_t round = 0; round < 10; round++) {
        handle = round % 2 ? second : first;
        append(TOPIC, 5, round * 50 + 1, round * 50 + 100);
    }
    handle = first;
    kind->close(second);
    read_all(TOPIC);
    assert_seen(5, 1, 550);
    assert_place(TOPIC, (cursor_t){5, 550}, 550);
}
END_TEST

/* --- stores that are servers --- */

START_TEST(a_server_that_goes_and_comes_back)
{
    begin(_i);
    append(TOPIC, 5, 1, 100);
    backend->take_away();
    for (uint64_t seq = 101; seq <= 200; seq++)
        batch_add(TOPIC, (cursor_t){5, seq}, (int64_t)seq * 10);
    ck_assert_int_eq(kind->write.append(handle, batch, batch_count, error), STORE_AWAY);
    ck_assert_uint_gt(strlen(error), 0);
    void *other = handle;
    ck_assert_int_eq(kind->open(backend->url(), &other, error), STORE_AWAY);
    ck_assert_ptr_null(other);
    store_query_t query = everything;
    query.topic = TOPIC;
    ck_assert_int_eq(kind->read.range(handle, &query, see, &query, error), STORE_AWAY);
    backend->bring_back();
    append_batch();
    read_all(TOPIC);
    assert_seen(5, 1, 200);
}
END_TEST

START_TEST(a_wrong_password_is_refused_and_not_shown)
{
    begin(_i);
    void *other = handle;
    ck_assert_int_eq(kind->open(backend->url_wrong_password(), &other, error), STORE_REFUSED);
    ck_assert_ptr_null(other);
    ck_assert_uint_gt(strlen(error), 0);
    ck_assert_msg(!strstr(error, WRONG_PASSWORD), "%s", error);
}
END_TEST

/* --- stores that last --- */

START_TEST(a_newer_schema_is_refused_and_left_alone)
{
    begin(_i);
    append(TOPIC, 5, 1, 10);
    backend->set_version(99);
    void *other = handle;
    ck_assert_int_eq(kind->open(backend->url(), &other, error), STORE_REFUSED);
    ck_assert_ptr_null(other);
    ck_assert_msg(strstr(error, "schema version 99, expected at most "), "%s", error);
    backend->set_version(1);
    read_all(TOPIC);
    assert_seen(5, 1, 10);
}
END_TEST

static void add_lasting_cases(TCase *tests, int number)
{
    tcase_add_loop_test(tests, what_was_stored_is_there_after_a_reopen, number, number + 1);
    tcase_add_loop_test(tests, one_handle_reads_while_another_writes, number, number + 1);
    tcase_add_loop_test(tests, a_reader_does_not_keep_a_writer_waiting, number, number + 1);
    tcase_add_loop_test(tests, two_writers_store_each_trade_once, number, number + 1);
    tcase_add_loop_test(tests, fill_and_append_at_the_same_time, number, number + 1);
    tcase_add_loop_test(tests, a_newer_schema_is_refused_and_left_alone, number, number + 1);
}

static void add_server_cases(TCase *tests, int number)
{
    tcase_add_loop_test(tests, a_server_that_goes_and_comes_back, number, number + 1);
    tcase_add_loop_test(tests, a_wrong_password_is_refused_and_not_shown, number, number + 1);
}
