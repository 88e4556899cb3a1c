/* Which ready-made answer belongs to which query, and which goes when there are too many. */
#include "gatewayd/streams/answer_cache.h"

#include "tests/unit/gateway_fixture.h"

static answer_cache_t *cache;

static void set_up(void)
{
    cache = answer_cache_new();
    ck_assert_ptr_nonnull(cache);
}

static void tear_down(void)
{
    answer_cache_destroy(&cache);
    ck_assert_ptr_null(cache);
}

static recent_query_t query(uint64_t count)
{
    return (recent_query_t){.symbol = TEXT("BTC-USD"), .source = TEXT("a"), .count = count, .next = TEXT("")};
}

/* The version is what the test knows an answer by. */
static ready_answer_t *make(uint64_t count, size_t bytes)
{
    recent_query_t question = query(count);
    ready_answer_t *answer = answer_cache_get(cache, &question, ANSWER_REST);
    ck_assert_ptr_nonnull(answer);
    answer->version = count;
    ck_assert_ptr_nonnull(buffer_room(&answer->packed, bytes));
    answer_cache_grown(cache, answer);
    return answer;
}

/* Changes nothing but what was asked for last. */
static bool has(uint64_t count)
{
    recent_query_t question = query(count);
    return answer_cache_get(cache, &question, ANSWER_REST)->version == count;
}

START_TEST(the_same_query_finds_the_same_answer_and_any_other_another)
{
    recent_query_t question = {
        .symbol = TEXT("BTC-USD"), .source = TEXT("a"), .count = 100, .before_ns = 7, .next = TEXT("{}")};
    ready_answer_t *answer = answer_cache_get(cache, &question, ANSWER_REST);
    answer->version = 1;
    char symbol[] = "BTC-USD"; /* equal, in another place */
    recent_query_t same = question;
    same.symbol = text_of(symbol);
    ck_assert_ptr_eq(answer_cache_get(cache, &same, ANSWER_REST), answer);
    recent_query_t others[] = {question, question, question, question, question};
    others[0].symbol = TEXT("BTC-USDT");
    others[1].source = TEXT("");
    others[2].count = 101;
    others[3].before_ns = 8;
    others[4].next = TEXT("");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert_msg(answer_cache_get(cache, &others[i], ANSWER_REST)->version == 0, "query %zu", i);
    ck_assert_uint_eq(answer_cache_get(cache, &question, ANSWER_RPC)->version, 0);
    ck_assert_uint_eq(answer_cache_get(cache, &question, ANSWER_REST)->version, 1);
}
END_TEST

START_TEST(the_one_that_nobody_has_asked_for_for_longest_goes)
{
    for (uint64_t count = 1; count <= ANSWER_CACHE_MAX; count++)
        make(count, 1);
    ck_assert(has(1));             /* now 2 is the one */
    make(ANSWER_CACHE_MAX + 1, 1); /* room is made by the next query */
    ck_assert(has(1));
    ck_assert(has(3));
    ck_assert(!has(2));
}
END_TEST

START_TEST(their_bytes_are_bounded_but_the_last_one_may_have_any_size)
{
    make(1, ANSWER_CACHE_BYTES / 2);
    make(2, ANSWER_CACHE_BYTES / 4);
    ck_assert(has(1));
    ck_assert(has(2));
    ready_answer_t *large = make(3, (size_t)2 * ANSWER_CACHE_BYTES);
    recent_query_t question = query(3);
    ck_assert_ptr_eq(answer_cache_get(cache, &question, ANSWER_REST), large);
    ck_assert_uint_eq(large->version, 3);
    ck_assert(!has(1));
    ck_assert(!has(2));
    make(4, ANSWER_CACHE_BYTES / 4);
    make(5, ANSWER_CACHE_BYTES / 4);
    ck_assert(has(4)); /* what is gone counts no more */
    ck_assert(has(5));
}
END_TEST

START_TEST(an_answer_that_is_made_again_is_counted_once)
{
    make(1, 1);
    for (int i = 0; i < 100; i++)
        answer_cache_grown(cache, make(2, ANSWER_CACHE_BYTES / 50));
    ck_assert(has(1));
    ck_assert(has(2));
}
END_TEST

START_TEST(a_query_that_is_too_long_has_no_answer)
{
    static char next[4096];
    memset(next, '7', sizeof next);
    recent_query_t question = query(1);
    question.next = (text_t){next, sizeof next};
    ck_assert_ptr_null(answer_cache_get(cache, &question, ANSWER_REST));
    make(1, 1);
    ck_assert(has(1));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_same_query_finds_the_same_answer_and_any_other_another,
                                  the_one_that_nobody_has_asked_for_for_longest_goes,
                                  their_bytes_are_bounded_but_the_last_one_may_have_any_size,
                                  an_answer_that_is_made_again_is_counted_once, a_query_that_is_too_long_has_no_answer};
    return RUN_TESTS("answer_cache", TEST_CASE(set_up, tear_down, tests));
}
