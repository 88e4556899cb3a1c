#include "common/curve/rights.h"
#include "connectord/publish/replay.h"

#include "common/json/json.h"
#include "common/log.h"
#include "tests/unit/run_tests.h"
#include "tests/unit/temporary_folder.h"

#include <fcntl.h>
#include <inttypes.h>

#define MIB   UINT64_C(1048576)
#define NOW   UINT64_C(1763941200123456) /* the journal's epoch, below as E */
#define TOPIC "trade.BTC-USD.x"

static folder_t folder;
static journal_t *journal;
static renewal_t renewal;
static buffer_t answer;

static void on_renewed(void *arg)
{
    (void)arg;
}

static void open_journal(uint64_t capacity_bytes)
{
    journal = journal_open(folder.path, capacity_bytes, NOW);
    ck_assert_ptr_nonnull(journal);
    renewal = renewal_new(journal, on_renewed, NULL, 0);
}

static void setup(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    folder = folder_new();
    open_journal(64 * MIB);
    answer = buffer_new((size_t)2 * REPLAY_ANSWER_BYTES);
}

static void teardown(void)
{
    buffer_release(&answer);
    journal_close(&journal);
    folder_remove(&folder);
}

/* The trades are their seqs: 1, 2, 3 … */
static void append(uint64_t count)
{
    journal_stream_t *stream = journal_stream(journal, TEXT(TOPIC));
    for (uint64_t i = 0; i < count; i++) {
        char digits[20];
        ck_assert(journal_append(journal, stream, (text_t){digits, text_from_u64(digits, journal_last(stream) + 1)}));
    }
}

/* Writes `from` with every E for the journal's epoch, O for an older one and N for a newer one. */
static text_t with_epochs(char out[static 1024], const char *from)
{
    size_t length = 0;
    for (; *from; from++) {
        if (from[1] == '-' && strchr("EON", *from))
            length += text_from_u64(out + length, *from == 'E' ? NOW : *from == 'O' ? NOW - 1 : NOW + 1);
        else
            out[length++] = *from;
    }
    return (text_t){out, length};
}

static void expect(const char *request, const char *expected)
{
    char asked[1024], awaited[1024];
    replay_answer(journal, &renewal, NULL, TEXT(RIGHTS_ALL), with_epochs(asked, request), &answer);
    text_t wanted = with_epochs(awaited, expected);
    ck_assert(buffer_ok(&answer));
    ck_assert_msg(text_equal(buffer_text(&answer), wanted), "asked %s\nexpected %.*s\nfound    %.*s", request, TEXT_ARG(wanted),
                  TEXT_ARG(buffer_text(&answer)));
}

#define RANGE "{\"op\":\"range\",\"topic\":\"" TOPIC "\""

/* A journal with the trades 1 to 10. */
static const struct {
    const char *request, *answer;
} ranges[] = {
    {RANGE "}", "{\"ok\":true,\"trades\":[1,2,3,4,5,6,7,8,9,10],\"missing\":0}"},
    {RANGE ",\"id\":7,\"from\":\"E-9\"}", "{\"ok\":true,\"id\":7,\"trades\":[9,10],\"missing\":0}"},
    {RANGE ",\"from\":\"E-3\",\"to\":\"E-5\"}", "{\"ok\":true,\"trades\":[3,4,5],\"missing\":0}"},
    {RANGE ",\"from\":\"E-3\",\"to\":\"E-3\"}", "{\"ok\":true,\"trades\":[3],\"missing\":0}"},
    {RANGE ",\"from\":\"E-3\",\"count\":2}", "{\"ok\":true,\"trades\":[3,4],\"missing\":0,\"next\":\"E-5\"}"},
    {RANGE ",\"from\":\"E-9\",\"count\":2}", "{\"ok\":true,\"trades\":[9,10],\"missing\":0}"},
    {RANGE ",\"from\":\"E-3\",\"to\":\"E-5\",\"count\":2}", "{\"ok\":true,\"trades\":[3,4],\"missing\":0,\"next\":\"E-5\"}"},
    {RANGE ",\"from\":\"E-0\",\"to\":\"E-1\"}", "{\"ok\":true,\"trades\":[1],\"missing\":0}"},
    {RANGE ",\"from\":\"E-9\",\"to\":\"E-20\"}", "{\"ok\":true,\"trades\":[9,10],\"missing\":0}"},
    {RANGE ",\"from\":\"E-11\"}", "{\"ok\":true,\"trades\":[],\"missing\":0}"},
    {RANGE ",\"from\":\"E-18446744073709551615\"}", "{\"ok\":true,\"trades\":[],\"missing\":0}"},
    {RANGE ",\"from\":\"E-8\",\"to\":\"E-18446744073709551615\"}", "{\"ok\":true,\"trades\":[8,9,10],\"missing\":0}"},
    {RANGE ",\"from\":\"E-5\",\"to\":\"E-3\"}", "{\"ok\":true,\"trades\":[],\"missing\":0}"},
    {RANGE ",\"to\":\"E-2\"}", "{\"ok\":true,\"trades\":[1,2],\"missing\":0}"},
    {RANGE ",\"to\":\"E-0\"}", "{\"ok\":true,\"trades\":[],\"missing\":0}"},
    /* a reader of an epoch that is gone is given all of the present one */
    {RANGE ",\"from\":\"O-500\",\"count\":2}", "{\"ok\":true,\"trades\":[1,2],\"missing\":0,\"next\":\"E-3\"}"},
    {RANGE ",\"from\":\"O-500\",\"to\":\"E-2\"}", "{\"ok\":true,\"trades\":[1,2],\"missing\":0}"},
    {RANGE ",\"from\":\"O-500\",\"to\":\"O-509\"}", "{\"ok\":true,\"trades\":[],\"missing\":10}"},
    {RANGE ",\"from\":\"O-0\",\"to\":\"O-9\"}", "{\"ok\":true,\"trades\":[],\"missing\":9}"},
    {RANGE ",\"to\":\"O-509\"}", "{\"ok\":true,\"trades\":[],\"missing\":0}"},
    /* an epoch that is to come has no trades */
    {RANGE ",\"from\":\"N-1\"}", "{\"ok\":true,\"trades\":[],\"missing\":0}"},
    {RANGE ",\"from\":\"E-9\",\"to\":\"N-3\"}", "{\"ok\":true,\"trades\":[9,10],\"missing\":0}"},
};

START_TEST(a_range_is_what_lies_between_its_cursors)
{
    append(10);
    expect(ranges[_i].request, ranges[_i].answer);
}
END_TEST

START_TEST(a_stream_without_trades_has_an_empty_range)
{
    journal_stream(journal, TEXT(TOPIC));
    expect(RANGE "}", "{\"ok\":true,\"trades\":[],\"missing\":0}");
    expect(RANGE ",\"from\":\"E-1\"}", "{\"ok\":true,\"trades\":[],\"missing\":0}");
}
END_TEST

START_TEST(what_the_ring_has_dropped_is_missing)
{
    teardown();
    folder = folder_new();
    open_journal(MIB);
    append(100000);
    const journal_stream_t *stream = journal_find(journal, TEXT(TOPIC));
    uint64_t first = journal_first(stream);
    ck_assert_uint_gt(first, 100);
    char request[256], expected[256];
    snprintf(request, sizeof request, RANGE ",\"from\":\"E-%" PRIu64 "\",\"to\":\"E-%" PRIu64 "\"}", first - 5, first + 1);
    snprintf(expected, sizeof expected, "{\"ok\":true,\"trades\":[%" PRIu64 ",%" PRIu64 "],\"missing\":5}", first, first + 1);
    expect(request, expected);
    snprintf(request, sizeof request, RANGE ",\"from\":\"E-1\",\"to\":\"E-%" PRIu64 "\"}", first - 1);
    snprintf(expected, sizeof expected, "{\"ok\":true,\"trades\":[],\"missing\":%" PRIu64 "}", first - 1);
    expect(request, expected);
    expect(RANGE ",\"from\":\"E-0\",\"to\":\"E-50\"}", "{\"ok\":true,\"trades\":[],\"missing\":50}");
}
END_TEST

START_TEST(a_hole_in_the_journal_is_missing)
{
    append(200000); /* two segments of 4 MiB and more */
    journal_close(&journal);
    char file[128];
    snprintf(file, sizeof file, "%s/%020d.seg", folder.path, 1);
    int fd = open(file, O_WRONLY);
    ck_assert_int_eq(pwrite(fd, "damaged", 7, 64 + 40 + 32 * 50), 7); /* header, the stream's record, 50 trades' */
    close(fd);
    open_journal(64 * MIB);
    const journal_stream_t *stream = journal_find(journal, TEXT(TOPIC));
    uint64_t behind = 51;
    while (journal_read(journal, stream, behind).length == 0)
        behind++;
    char request[256], expected[256];
    snprintf(request, sizeof request, RANGE ",\"from\":\"E-49\",\"to\":\"E-%" PRIu64 "\"}", behind);
    snprintf(expected, sizeof expected, "{\"ok\":true,\"trades\":[49,50,%" PRIu64 "],\"missing\":%" PRIu64 "}", behind,
             behind - 51);
    expect(request, expected);
}
END_TEST

START_TEST(an_answer_is_bounded_in_bytes_too)
{
    enum { LENGTH = 700 };
    char trade[LENGTH];
    memset(trade, '1', sizeof trade);
    journal_stream_t *stream = journal_stream(journal, TEXT(TOPIC));
    for (int i = 0; i < 7000; i++)
        journal_append(journal, stream, (text_t){trade, sizeof trade});
    text_t request = TEXT(RANGE ",\"count\":10000}");
    range_answer_t range;
    replay_answer(journal, &renewal, NULL, TEXT(RIGHTS_ALL), request, &answer);
    ck_assert(buffer_ok(&answer));
    ck_assert_uint_le(answer.length, REPLAY_ANSWER_BYTES + 128);
    ck_assert_uint_gt(answer.length, REPLAY_ANSWER_BYTES - LENGTH - 128);
    ck_assert(range_answer_parse(buffer_text(&answer), &range));
    ck_assert(range.has_next);
    ck_assert_uint_eq(range.next.epoch, NOW);
    ck_assert_uint_eq(range.next.seq, 1 + range.trades.length / (LENGTH + 1));
}
END_TEST

START_TEST(pages_put_together_are_the_whole)
{
    append(1000);
    cursor_t from = {NOW, 1};
    uint64_t seq = 1;
    for (bool more = true; more;) {
        buffer_t request = buffer_new(0);
        range_request_print(&request, TEXT(TOPIC), from, NULL, 37);
        replay_answer(journal, &renewal, NULL, TEXT(RIGHTS_ALL), buffer_text(&request), &answer);
        buffer_release(&request);
        range_answer_t range;
        ck_assert(range_answer_parse(buffer_text(&answer), &range));
        for (json_walk_t walk = json_walk(range.trades); json_next(&walk); seq++) {
            uint64_t number;
            ck_assert(text_to_u64(walk.value, &number));
            ck_assert_uint_eq(number, seq);
        }
        more = range.has_next;
        from = range.next;
    }
    ck_assert_uint_eq(seq, 1001);
}
END_TEST

START_TEST(streams_are_listed_with_their_first_and_last)
{
    expect("{\"op\":\"streams\"}", "{\"ok\":true,\"epoch\":1763941200123456,\"streams\":[]}");
    append(3);
    journal_stream(journal, TEXT("trade.ETH-USD.x"));
    expect("{\"op\":\"streams\",\"id\":1}", "{\"ok\":true,\"id\":1,\"epoch\":1763941200123456,\"streams\":["
                                            "{\"topic\":\"trade.BTC-USD.x\",\"first\":\"E-1\",\"last\":\"E-3\"},"
                                            "{\"topic\":\"trade.ETH-USD.x\",\"first\":\"E-1\",\"last\":\"E-0\"}]}");
}
END_TEST

/* What can't be answered, and the code that says so. */
static const struct {
    const char *request, *code;
} refusals[] = {
    {"", ERROR_INVALID_JSON},
    {"{\"op\":", ERROR_INVALID_JSON},
    {"\xff\xfe", ERROR_INVALID_JSON},
    {"[]", ERROR_INVALID_REQUEST},
    {"{}", ERROR_INVALID_REQUEST},
    {"{\"op\":\"range\"}", ERROR_INVALID_REQUEST},
    {"{\"op\":\"recent\",\"symbol\":\"BTC-USD\"}", ERROR_UNKNOWN_OP},
    {"{\"op\":\"range\",\"topic\":\"trade.XRP-USD.x\"}", ERROR_INVALID_TOPIC},
    {"{\"op\":\"range\",\"topic\":\"BTC-USD\"}", ERROR_INVALID_TOPIC},
    {RANGE ",\"from\":\"9\"}", ERROR_INVALID_CURSOR},
    {RANGE ",\"to\":5}", ERROR_INVALID_CURSOR},
    {RANGE ",\"count\":0}", ERROR_INVALID_COUNT},
    {RANGE ",\"count\":10001}", ERROR_INVALID_COUNT},
    {"{\"op\":\"ahead\",\"topic\":\"" TOPIC "\"}", ERROR_INVALID_REQUEST},
    {"{\"op\":\"ahead\",\"topic\":\"trade.XRP-USD.x\",\"to\":\"9-9\"}", ERROR_INVALID_TOPIC},
    {"{\"op\":\"ahead\",\"topic\":\"" TOPIC "\",\"to\":\"18446744073709551615-1\"}", ERROR_UNAVAILABLE},
};

START_TEST(what_can_not_be_answered_is_refused_by_a_code)
{
    append(1);
    replay_answer(journal, &renewal, NULL, TEXT(RIGHTS_ALL), text_of(refusals[_i].request), &answer);
    text_t error = json_member(buffer_text(&answer), "error"), code = {0};
    ck_assert(json_valid(buffer_text(&answer)));
    ck_assert_int_eq(json_kind(json_member(buffer_text(&answer), "ok")), JSON_FALSE);
    ck_assert(json_plain_string(json_member(error, "code"), &code));
    ck_assert_msg(text_equal(code, text_of(refusals[_i].code)), "%s: expected %s, found %.*s", refusals[_i].request,
                  refusals[_i].code, TEXT_ARG(code));
}
END_TEST

#define AHEAD "{\"op\":\"ahead\",\"topic\":\"" TOPIC "\",\"id\":7,\"to\":"

START_TEST(who_has_had_no_more_than_there_is_hears_the_epoch)
{
    append(10);
    expect(AHEAD "\"E-10\"}", "{\"ok\":true,\"id\":7,\"epoch\":1763941200123456}");
    expect(AHEAD "\"O-500\"}", "{\"ok\":true,\"id\":7,\"epoch\":1763941200123456}");
    ck_assert_uint_eq(journal_epoch(journal), NOW);
}
END_TEST

START_TEST(who_has_had_more_than_there_is_hears_of_a_later_epoch)
{
    char wanted[64], asked[1024];
    append(10);
    text_t request = with_epochs(asked, AHEAD "\"N-1\"}");
    replay_answer(journal, &renewal, NULL, TEXT(RIGHTS_ALL), request, &answer);
    ck_assert_uint_gt(journal_epoch(journal), NOW + 1);
    int length = snprintf(wanted, sizeof wanted, "{\"ok\":true,\"id\":7,\"epoch\":%" PRIu64 "}", journal_epoch(journal));
    ck_assert(text_equal(buffer_text(&answer), (text_t){wanted, (size_t)length}));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("replay");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, a_range_is_what_lies_between_its_cursors, 0, sizeof ranges / sizeof *ranges);
    tcase_add_test(tests, a_stream_without_trades_has_an_empty_range);
    tcase_add_test(tests, what_the_ring_has_dropped_is_missing);
    tcase_add_test(tests, a_hole_in_the_journal_is_missing);
    tcase_add_test(tests, an_answer_is_bounded_in_bytes_too);
    tcase_add_test(tests, pages_put_together_are_the_whole);
    tcase_add_test(tests, streams_are_listed_with_their_first_and_last);
    tcase_add_test(tests, who_has_had_no_more_than_there_is_hears_the_epoch);
    tcase_add_test(tests, who_has_had_more_than_there_is_hears_of_a_later_epoch);
    tcase_add_loop_test(tests, what_can_not_be_answered_is_refused_by_a_code, 0, sizeof refusals / sizeof *refusals);
    return RUN_TESTS("replay", tests);
}
