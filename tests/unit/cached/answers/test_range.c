#include <stdio.h>
#include <stdlib.h>

#include "cached/answers/page_printer.h"
#include "tests/unit/run_tests.h"

/* A trade's text is its cursor as "E-S"; answers are compared whole. */
static arena_t *arena;
static memory_log_t *memory_log;
static buffer_t answer;
static page_printer_t printer;

static void setup(void)
{
    arena = arena_new();
    ck_assert_ptr_nonnull(arena);
    memory_log = memory_log_new(TEXT("trade.BTC-USD.test"), 100, arena);
    answer = buffer_new(0);
}

static void teardown(void)
{
    memory_log_destroy(&memory_log);
    arena_destroy(&arena);
    buffer_release(&answer);
}

static void append(uint64_t epoch, uint64_t from, uint64_t to)
{
    for (uint64_t seq = from; seq <= to; seq++) {
        char text[CURSOR_MAX];
        memory_log_trade_t trade = {{epoch, seq}, 0, {text, cursor_print(text, (cursor_t){epoch, seq})}};
        ck_assert(memory_log_append(memory_log, &trade));
    }
}

static void assert_range(request_t request, size_t limit_bytes, const char *expected)
{
    buffer_clear(&answer);
    if (request.count == 0)
        request.count = REQUEST_COUNT_DEFAULT;
    page_printer_begin_range(&printer, &request, memory_log, false);
    ck_assert(page_printer_print(&printer, limit_bytes, &answer));
    char whole[500];
    snprintf(whole, sizeof whole, "{\"ok\":true%s}", expected);
    ck_assert_msg(text_equal(buffer_text(&answer), text_of(whole)), "expected %s, found %.*s", whole,
                  TEXT_ARG(buffer_text(&answer)));
}

#define FROM(epoch, seq) .has_from = true, .from = {(epoch), (seq)}
#define TO(epoch, seq)   .has_to = true, .to = {(epoch), (seq)}

static const struct {
    request_t request;
    const char *expected;
} cases[] = {
    /* the memory log: 5-3 5-4, a hole, 5-8 5-9, a new journal, 6-2 6-3 */
    {{.count = 100}, ",\"trades\":[5-3,5-4,5-8,5-9,6-2,6-3],\"missing\":4"},
    {{FROM(5, 1)}, ",\"trades\":[5-3,5-4,5-8,5-9,6-2,6-3],\"missing\":6"},
    {{FROM(5, 0)}, ",\"trades\":[5-3,5-4,5-8,5-9,6-2,6-3],\"missing\":6"},
    {{FROM(5, 4), TO(5, 8)}, ",\"trades\":[5-4,5-8],\"missing\":3"},
    {{FROM(5, 4), TO(5, 4)}, ",\"trades\":[5-4],\"missing\":0"},
    {{FROM(5, 5), TO(5, 6)}, ",\"trades\":[],\"missing\":2"},
    {{FROM(5, 9), TO(5, 10)}, ",\"trades\":[5-9],\"missing\":1"},
    {{TO(5, 3)}, ",\"trades\":[5-3],\"missing\":0"},
    {{FROM(5, 9), TO(5, 3)}, ",\"trades\":[],\"missing\":0"},
    /* within epochs only */
    {{FROM(5, 10)}, ",\"trades\":[6-2,6-3],\"missing\":1"},
    {{FROM(4, 77)}, ",\"trades\":[5-3,5-4,5-8,5-9,6-2,6-3],\"missing\":6"},
    {{FROM(6, 1), TO(6, 3)}, ",\"trades\":[6-2,6-3],\"missing\":1"},
    /* what may come yet is not missing */
    {{FROM(6, 3), TO(6, 100)}, ",\"trades\":[6-3],\"missing\":0"},
    {{FROM(6, 4)}, ",\"trades\":[],\"missing\":0"},
    {{FROM(9, 1)}, ",\"trades\":[],\"missing\":0"},
    {{FROM(UINT64_MAX, UINT64_MAX), TO(UINT64_MAX, UINT64_MAX)}, ",\"trades\":[],\"missing\":0"},
    /* pages: the missing ones of all pages add up to those of the whole */
    {{FROM(5, 1), .count = 1}, ",\"trades\":[5-3],\"missing\":2,\"next\":\"5-4\""},
    {{FROM(5, 4), .count = 1}, ",\"trades\":[5-4],\"missing\":0,\"next\":\"5-5\""},
    {{FROM(5, 5), .count = 2}, ",\"trades\":[5-8,5-9],\"missing\":3,\"next\":\"5-10\""},
    {{FROM(5, 10), .count = 1}, ",\"trades\":[6-2],\"missing\":1,\"next\":\"6-3\""},
    {{FROM(6, 3), .count = 1}, ",\"trades\":[6-3],\"missing\":0"},
    {{FROM(5, 3), TO(5, 4), .count = 2}, ",\"trades\":[5-3,5-4],\"missing\":0"},
};

START_TEST(a_range_tells_what_it_has_and_what_it_lacks)
{
    append(5, 3, 4);
    append(5, 8, 9);
    append(6, 2, 3);
    assert_range(cases[_i].request, 10000, cases[_i].expected);
}
END_TEST

START_TEST(what_was_lost_at_the_end_is_missing)
{
    append(5, 1, 3);
    memory_log_skip(memory_log, (cursor_t){5, 6});
    assert_range((request_t){FROM(5, 3)}, 10000, ",\"trades\":[5-3],\"missing\":3");
}
END_TEST

START_TEST(what_was_cleared_is_missing)
{
    append(5, 1, 9);
    memory_log_clear(memory_log);
    assert_range((request_t){FROM(5, 4)}, 10000, ",\"trades\":[],\"missing\":6");
    assert_range((request_t){.count = 5}, 10000, ",\"trades\":[],\"missing\":0");
}
END_TEST

START_TEST(what_was_dropped_is_missing)
{
    append(5, 1, 150);
    assert_range((request_t){FROM(5, 11), TO(5, 52)}, 10000, ",\"trades\":[5-51,5-52],\"missing\":40");
}
END_TEST

START_TEST(an_epoch_that_begins_without_a_trade_adds_nothing)
{
    append(5, 1, 2);
    memory_log_skip(memory_log, (cursor_t){6, 0});
    assert_range((request_t){FROM(5, 1)}, 10000, ",\"trades\":[5-1,5-2],\"missing\":0");
}
END_TEST

START_TEST(a_page_ends_where_the_answer_is_full)
{
    append(5, 1, 9);
    assert_range((request_t){FROM(5, 1)}, 205, /* the head, two trades, and room for what follows */
                 ",\"trades\":[5-1,5-2],\"missing\":0,\"next\":\"5-3\"");
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("range");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_range_tells_what_it_has_and_what_it_lacks, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tcase, what_was_lost_at_the_end_is_missing);
    tcase_add_test(tcase, what_was_cleared_is_missing);
    tcase_add_test(tcase, what_was_dropped_is_missing);
    tcase_add_test(tcase, an_epoch_that_begins_without_a_trade_adds_nothing);
    tcase_add_test(tcase, a_page_ends_where_the_answer_is_full);
    return RUN_TESTS("range", tcase);
}
