#include <stdlib.h>

#include "cached/answers/store_reader.h"
#include "tests/unit/run_tests.h"

/* A store that does as it is told: it holds seq 1 to 10 of any topic. */
static struct {
    int opened, closed, ranges;
    bool away;
} store;

static loop_t *loop;
static store_reader_t *reader;
static int looked;

static store_result_t fake_open(const char *url, void **self, char *error)
{
    (void)url;
    store.opened++;
    strcpy(error, store.away ? "away" : "");
    *self = store.away ? NULL : &store;
    return store.away ? STORE_AWAY : STORE_OK;
}

static store_result_t fake_range(void *self, const store_query_t *query, store_trade_fn *trade, void *arg, char *error)
{
    (void)self;
    store.ranges++;
    strcpy(error, "away");
    for (uint64_t seq = 1; seq <= 10; seq++)
        if (!trade(arg, &(store_trade_t){.topic = query->topic, .cursor = {5, seq}, .json = TEXT("{}")}))
            break;
    return store.away ? STORE_AWAY : STORE_OK;
}

static void fake_close(void *self)
{
    store.closed += self != NULL;
}

static const store_kind_t fake = {.scheme = "fake", .open = fake_open, .close = fake_close, .read = {.range = fake_range}};

static void on_looked(void *arg)
{
    (void)arg;
    looked++;
    loop_stop(loop);
}

static void setup(void)
{
    memset(&store, 0, sizeof store);
    looked = 0;
    loop = loop_new();
    reader = store_reader_new(loop, &fake, "fake:");
    ck_assert_ptr_nonnull(reader);
}

static void teardown(void)
{
    store_reader_destroy(&reader);
    loop_destroy(&loop);
    ck_assert_int_eq(store.closed, store.away ? store.closed : store.opened);
}

static void look(size_t number, uint64_t limit)
{
    int before = looked;
    store_query_t query = {.topic = TEXT("trade.BTC-USD.a"), .to = {9, 9}, .limit = limit};
    ck_assert(store_reader_want(reader, number, &query));
    store_reader_start(reader, on_looked, NULL);
    loop_run(loop);
    ck_assert_int_eq(looked, before + 1);
    ck_assert(!store_reader_busy(reader));
}

START_TEST(what_is_wanted_comes)
{
    look(3, 100);
    ck_assert_uint_eq(chunk_count(store_reader_chunk(reader, 3)), 10);
    ck_assert(chunk_complete(store_reader_chunk(reader, 3)));
    look(0, 10); /* as many as asked for: there may be more */
    ck_assert(!chunk_complete(store_reader_chunk(reader, 0)) && !chunk_failed(store_reader_chunk(reader, 0)));
    ck_assert_uint_eq(chunk_count(store_reader_chunk(reader, 3)), 10); /* another number's stays */
    ck_assert_int_eq(store.opened, 1);
}
END_TEST

START_TEST(a_failure_is_told_and_the_store_is_left_alone_for_a_while)
{
    store.away = true;
    look(0, 100);
    ck_assert(chunk_failed(store_reader_chunk(reader, 0)));
    ck_assert_int_eq(store.ranges, 0);
}
END_TEST

START_TEST(a_store_that_fails_is_closed_and_opened_anew)
{
    look(0, 100);
    store.away = true;
    look(0, 100);
    ck_assert(chunk_failed(store_reader_chunk(reader, 0)));
    ck_assert_int_eq(store.closed, 1);
    store.away = false;
    do
        look(0, 100);
    while (chunk_failed(store_reader_chunk(reader, 0)));
    ck_assert_int_eq(store.opened, 2);
    ck_assert_uint_eq(chunk_count(store_reader_chunk(reader, 0)), 10);
}
END_TEST

START_TEST(destroyed_during_a_look_it_calls_nobody)
{
    store_query_t query = {.topic = TEXT("trade.BTC-USD.a"), .to = {9, 9}, .limit = 5};
    ck_assert(store_reader_want(reader, 0, &query));
    store_reader_start(reader, on_looked, NULL);
    store_reader_destroy(&reader);
    ck_assert_int_eq(looked, 0);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("store_reader");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, what_is_wanted_comes);
    tcase_add_test(tcase, a_failure_is_told_and_the_store_is_left_alone_for_a_while);
    tcase_add_test(tcase, a_store_that_fails_is_closed_and_opened_anew);
    tcase_add_test(tcase, destroyed_during_a_look_it_calls_nobody);
    return RUN_TESTS("store_reader", tcase);
}
