#include <stdlib.h>

#include "cached/streams/chunk.h"
#include "tests/unit/run_tests.h"

enum { TEXT_BYTES = 300, MANY = 2 * CHUNK_BYTES / TEXT_BYTES };

static const store_query_t query = {.topic = {"trade.BTC-USD.x", 15}, .limit = MANY};

static text_t text_of_seq(uint64_t seq, char out[static TEXT_BYTES])
{
    memset(out, 'a' + (int)(seq % 26), TEXT_BYTES);
    return (text_t){out, TEXT_BYTES};
}

START_TEST(what_a_full_chunk_has_is_whole)
{
    char out[TEXT_BYTES];
    uint64_t told = 0;
    chunk_t *chunk = chunk_new();
    ck_assert_ptr_nonnull(chunk);
    chunk_want(chunk, &query);
    bool more = true;
    while (more && told < MANY) {
        told++;
        more = chunk_take(chunk, &(store_trade_t){query.topic, {1, told}, (int64_t)told, text_of_seq(told, out)});
    }
    chunk_end(chunk, STORE_OK);
    ck_assert(!more);
    ck_assert(!chunk_failed(chunk) && !chunk_complete(chunk));
    ck_assert_uint_eq(chunk_count(chunk), CHUNK_BYTES / TEXT_BYTES);
    for (size_t i = 0; i < chunk_count(chunk); i++) {
        ck_assert_uint_eq(chunk_at(chunk, i).cursor.seq, i + 1);
        ck_assert(text_equal(chunk_at(chunk, i).json, text_of_seq(i + 1, out)));
    }
    chunk_destroy(&chunk);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("chunk");
    tcase_add_test(tests, what_a_full_chunk_has_is_whole);
    return RUN_TESTS("chunk", tests);
}
