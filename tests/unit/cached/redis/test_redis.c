/* What is Redis's alone, its cap; all else is in tests/contract/test_store.c. */
#include "cached/stores/kinds.h"
#include "common/log.h"
#include "tests/contract/store_backends.h"
#include "tests/unit/run_tests.h"

#define TOPIC TEXT("trade.BTC-USD.test")

enum { CAP = 1000, BATCH_MAX = 3000 };

static const store_backend_t *redis;
static const store_kind_t *kind;
static void *handle;
static char error[STORE_ERROR_MAX], url[200];
static uint64_t seen[BATCH_MAX], seen_count;

static void set_up(void)
{
    redis->start();
    snprintf(url, sizeof url, "%s?trades=%d", redis->url(), CAP);
    ck_assert_msg(kind->open(url, &handle, error) == STORE_OK, "%s", error);
}

static void tear_down(void)
{
    kind->close(handle);
    redis->stop();
}

/* Every second seq of these, or all. */
static size_t make(store_trade_t *trades, uint64_t from, uint64_t to, uint64_t step)
{
    size_t count = 0;
    for (uint64_t seq = from; seq <= to; seq += step)
        trades[count++] = (store_trade_t){TOPIC, {5, seq}, (int64_t)seq * 10, TEXT("{}")};
    return count;
}

static void append(uint64_t from, uint64_t to, uint64_t step)
{
    static store_trade_t trades[BATCH_MAX];
    size_t count = make(trades, from, to, step);
    ck_assert_msg(kind->write.append(handle, trades, count, error) == STORE_OK, "%s", error);
}

static uint64_t fill(uint64_t from, uint64_t to)
{
    static store_trade_t trades[BATCH_MAX];
    uint64_t filled = 0;
    size_t count = make(trades, from, to, 1);
    ck_assert_msg(kind->write.fill(handle, trades, count, &filled, error) == STORE_OK, "%s", error);
    return filled;
}

static bool see(void *arg, const store_trade_t *trade)
{
    (void)arg;
    seen[seen_count++] = trade->cursor.seq;
    return true;
}

static void assert_stored(uint64_t from, uint64_t to, int64_t after_ns)
{
    store_query_t query = {TOPIC, {0, 0}, {UINT64_MAX, UINT64_MAX}, after_ns, INT64_MAX, STORE_OLDEST_FIRST, UINT64_MAX};
    seen_count = 0;
    ck_assert_msg(kind->read.range(handle, &query, see, NULL, error) == STORE_OK, "%s", error);
    ck_assert_uint_eq(seen_count, to - from + 1);
    for (uint64_t i = 0; i < seen_count; i++)
        ck_assert_uint_eq(seen[i], from + i);
}

START_TEST(the_cap_keeps_the_newest)
{
    append(1, 700, 1);
    append(701, 1800, 1);
    assert_stored(801, 1800, INT64_MIN);
    assert_stored(1701, 1800, 17000);
}
END_TEST

START_TEST(what_fills_counts_for_the_cap)
{
    append(1, 1800, 2); /* 900 trades: 1 to 1799 */
    ck_assert_uint_eq(fill(1, 1799), 500);
    assert_stored(800, 1799, INT64_MIN);
    ck_assert_uint_eq(fill(1, 799), 0); /* nothing has room before it */
    assert_stored(800, 1799, INT64_MIN);
    append(1800, 1809, 1);
    assert_stored(810, 1809, INT64_MIN);
    assert_stored(1701, 1809, 17000);
}
END_TEST

/* An interrupted copy, or one that came to nothing, is not kept for ever, and the stream that was copied is. */
START_TEST(no_copy_stays_behind)
{
    append(501, 1000, 1);
    fill(1, 600);
    fill(1, 600);
    char path[96];
    snprintf(path, sizeof path, "%s/redis.sock", redis_server.folder.path);
    redisContext *context = redisConnectUnix(path);
    freeReplyObject(redisCommand(context, "AUTH %s", "a p@ss/word"));
    redisReply *keys = redisCommand(context, "KEYS dataflow:fill:*");
    ck_assert_int_eq(keys->type, REDIS_REPLY_ARRAY);
    ck_assert_uint_eq(keys->elements, 0);
    freeReplyObject(keys);
    redisReply *ttl = redisCommand(context, "TTL dataflow:trades:trade.BTC-USD.test");
    ck_assert_int_eq(ttl->integer, -1);
    freeReplyObject(ttl);
    redisFree(context);
}
END_TEST

START_TEST(this_store_is_not_here)
{
    printf("SKIP: %s\n", redis->missing());
    fflush(stdout);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("redis");
    log_set_level(LOG_LEVEL_ERROR);
    for (size_t i = 0; i < BACKENDS; i++)
        if (strcmp(backends[i].name, "redis") == 0)
            redis = &backends[i];
    kind = store_kind("redis:");
    tcase_set_timeout(tests, 30);
    if (redis->missing()) {
        tcase_add_test(tests, this_store_is_not_here);
    } else {
        tcase_add_checked_fixture(tests, set_up, tear_down);
        tcase_add_test(tests, the_cap_keeps_the_newest);
        tcase_add_test(tests, what_fills_counts_for_the_cap);
        tcase_add_test(tests, no_copy_stays_behind);
    }
    return RUN_TESTS("redis", tests);
}
