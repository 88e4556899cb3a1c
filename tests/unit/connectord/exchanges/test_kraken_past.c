/* What Kraken is asked about the past, and what is read of its answers. */
#include "common/clock.h"
#include "common/json/json.h"
#include "common/timestamp.h"
#include "connectord/exchanges/kraken_past.h"
#include "tests/unit/check_text.h"
#include "tests/unit/connectord/exchanges/recorded_text.h"
#include "tests/unit/run_tests.h"

enum { NOTES_MAX = 4096 };

static char notes[NOTES_MAX], error[PAST_ERROR_MAX];

/* --- questions --- */

static void check_trades_question(const char *symbol, past_place_t place, const char *wanted)
{
    buffer_t out = buffer_new(0);
    kraken_past.print_trades(&out, text_of(symbol), &place);
    check_text(buffer_text(&out), wanted);
    buffer_release(&out);
}

START_TEST(trades_are_asked_for_from_the_place_itself_on)
{
    past_place_t place = {10218208, INT64_C(1762795433971744999)};
    check_trades_question("BTC-USD", place, "/0/public/Trades?pair=XBTUSD&since=1762795433971743000&count=1000");
    place.time_ns = INT64_C(1762795433971745000);
    check_trades_question("ETH-DOGE", place, "/0/public/Trades?pair=ETHXDG&since=1762795433971744000&count=1000");
    check_trades_question("ETH-USD", (past_place_t){0}, "/0/public/Trades?pair=ETHUSD&since=0&count=1000");
    check_trades_question("A&x=-B", (past_place_t){1, 2000}, "/0/public/Trades?pair=A%26x%3DB&since=1000&count=1000");
}
END_TEST

static void check_candles_question(int64_t from_s, const char *wanted)
{
    buffer_t out = buffer_new(0);
    kraken_past.print_candles(&out, TEXT("BTC-USD"), from_s * NS_PER_S, (from_s + 600) * NS_PER_S);
    check_text(buffer_text(&out), wanted);
    buffer_release(&out);
}

START_TEST(candles_are_asked_for_from_behind_the_minute_before)
{
    check_candles_question(1762777080, "/0/public/OHLC?pair=XBTUSD&interval=1&since=1762777020");
    check_candles_question(0, "/0/public/OHLC?pair=XBTUSD&interval=1&since=0");
}
END_TEST

/* --- trades --- */

static void note_trade(void *arg, const trade_t *trade, uint64_t id)
{
    size_t length = strlen(notes);
    const char *wrong;
    trade_t named = *trade;
    ck_assert_ptr_eq(arg, notes);
    named.source = TEXT("a");
    ck_assert_msg(trade_valid(&named, &wrong), "%s", wrong);
    ck_assert_int_eq(named.timestamp_ns, trade->timestamp_ns);
    snprintf(notes + length, sizeof notes - length, "%.*s %.*s %s %.*s %.*s %.*s=%llu\n", TEXT_ARG(trade->symbol),
             TEXT_ARG(trade->timestamp), trade->side == SIDE_BUY ? "buy" : "sell", TEXT_ARG(trade->qty), TEXT_ARG(trade->price),
             TEXT_ARG(trade->id), (unsigned long long)id);
}

static bool read_trades(const char *body)
{
    notes[0] = '\0';
    return kraken_past.read_trades(text_of(body), TEXT("BTC-USD"), note_trade, notes, error);
}

#define ROW(price, volume, time, side, id) "[" price "," volume "," time "," side ",\"l\",\"\"," id "]"
#define GOOD(id)                           ROW("\"1.50\"", "\"2.00\"", "1762795433", "\"b\"", id)
#define ROWS(rows)                         "{\"error\":[],\"result\":{\"XXBTZUSD\":[" rows "],\"last\":\"1762820035982277754\"}}"
#define GOOD_NOTE(id)                      "BTC-USD 2025-11-10T17:23:53.000000Z buy 2.00 1.50 " id "=" id "\n"

START_TEST(trades_are_read_with_their_exact_text)
{
    ck_assert(read_trades(ROWS(ROW("\"105433.60000\"", "\"0.00027625\"", "1762795433.9717445", "\"b\"", "10218208") "," ROW(
        "\"1e3\"", "\"2.50E-7\"", "1762795457.25", "\"s\"", "9223372036854775807") "," GOOD("1"))));
    ck_assert_str_eq(
        notes, "BTC-USD 2025-11-10T17:23:53.971744Z buy 0.00027625 105433.60000 10218208=10218208\n"
               "BTC-USD 2025-11-10T17:24:17.250000Z sell 2.50E-7 1e3 9223372036854775807=9223372036854775807\n" GOOD_NOTE("1"));
    ck_assert_str_eq(error, "");
}
END_TEST

START_TEST(empty_page_is_no_mistake)
{
    ck_assert(read_trades(ROWS("")));
    ck_assert_str_eq(notes, "");
    ck_assert_str_eq(error, "");
    ck_assert(read_trades(" {\"result\": {\"last\":[\"1\"], \"new\":{\"a\":[]}, \"XBTUSDT\" : [ ]} } "));
    ck_assert_str_eq(error, "");
}
END_TEST

static const char *const bad_rows[][2] = {
    {"[\"1.50\",\"2.00\",1762795433.5,\"b\",\"l\",\"\"]", "row 1: trade_id: expected 1 to 2^63-1, found nothing"},
    {"[]", "row 1: price: expected a decimal in a string, found nothing"},
    {"{}", "row 1: all of it: expected an array, found {}"},
    {"null", "row 1: all of it: expected an array, found null"},
    {ROW("1.5", "\"2\"", "1", "\"b\"", "5"), "row 1: price: expected a decimal in a string, found 1.5"},
    {ROW("\"\"", "\"2\"", "1", "\"b\"", "5"), "row 1: price: expected a decimal in a string, found \"\""},
    {ROW("\"x\"", "\"2\"", "1", "\"b\"", "5"), "row 1: price: expected a decimal in a string, found \"x\""},
    {ROW("\"1e100\"", "\"2\"", "1", "\"b\"", "5"), "row 1: price: expected a decimal in a string, found \"1e100\""},
    {ROW("\"1\"", "null", "1", "\"b\"", "5"), "row 1: volume: expected a decimal in a string, found null"},
    {ROW("\"1\"", "\"2,5\"", "1", "\"b\"", "5"), "row 1: volume: expected a decimal in a string, found \"2,5\""},
    {ROW("\"1\"", "\"2\"", "\"1\"", "\"b\"", "5"), "row 1: time: expected seconds since 1970, found \"1\""},
    {ROW("\"1\"", "\"2\"", "-1", "\"b\"", "5"), "row 1: time: expected seconds since 1970, found -1"},
    {ROW("\"1\"", "\"2\"", "1e9", "\"b\"", "5"), "row 1: time: expected seconds since 1970, found 1e9"},
    {ROW("\"1\"", "\"2\"", "99999999999", "\"b\"", "5"), "row 1: time: expected seconds since 1970, found 99999999999"},
    {ROW("\"1\"", "\"2\"", "1", "\"x\"", "5"), "row 1: side: expected \"b\" or \"s\", found \"x\""},
    {ROW("\"1\"", "\"2\"", "1", "true", "5"), "row 1: side: expected \"b\" or \"s\", found true"},
    {ROW("\"1\"", "\"2\"", "1", "\"b\"", "0"), "row 1: trade_id: expected 1 to 2^63-1, found 0"},
    {ROW("\"1\"", "\"2\"", "1", "\"b\"", "-5"), "row 1: trade_id: expected 1 to 2^63-1, found -5"},
    {ROW("\"1\"", "\"2\"", "1", "\"b\"", "5.0"), "row 1: trade_id: expected 1 to 2^63-1, found 5.0"},
    {ROW("\"1\"", "\"2\"", "1", "\"b\"", "\"5\""), "row 1: trade_id: expected 1 to 2^63-1, found \"5\""},
    {ROW("\"1\"", "\"2\"", "1", "\"b\"", "9223372036854775808"),
     "row 1: trade_id: expected 1 to 2^63-1, found 9223372036854775808"},
};

START_TEST(bad_row_is_left_out_with_the_reason_and_costs_no_other)
{
    char body[1024];
    snprintf(body, sizeof body, ROWS(GOOD("3") ",%s,[]," GOOD("4")), bad_rows[_i][0]);
    ck_assert(read_trades(body));
    ck_assert_str_eq(notes, GOOD_NOTE("3") GOOD_NOTE("4"));
    ck_assert_str_eq(error, bad_rows[_i][1]);
}
END_TEST

/* As it was said until 2019. */
START_TEST(rows_of_the_years_without_ids_are_left_out)
{
    ck_assert(
        read_trades("{\"error\":[],\"result\":{\"XXBTZUSD\":[[\"8552.90000\",\"0.03190270\",1559347203.7998,\"s\",\"m\",\"\"],"
                    "[\"8552.90000\",\"0.03155529\",1559347203.8086,\"s\",\"m\",\"\"]],\"last\":\"1\"}}"));
    ck_assert_str_eq(notes, "");
    ck_assert_str_eq(error, "row 0: trade_id: expected 1 to 2^63-1, found nothing");
}
END_TEST

static const char *const refused[][2] = {
    {"", "expected JSON"},
    {"<html>", "expected JSON"},
    {"[]", "expected an object"},
    {"{}", "result: expected an object"},
    {"{\"error\":[],\"result\":[]}", "result: expected an object"},
    {"{\"error\":[],\"result\":{}}", "result: expected the rows of one pair, found 0"},
    {"{\"error\":[],\"result\":{\"last\":[]}}", "result: expected the rows of one pair, found 0"},
    {"{\"error\":[],\"result\":{\"A\":[],\"B\":[]}}", "result: expected the rows of one pair, found 2"},
    {"{\"error\":[],\"result\":{\"A\":{},\"last\":\"1\"}}", "result: expected the rows of one pair, found 0"},
    {"{\"error\":[],\"error\":[],\"result\":{\"A\":[]}}", "error: expected once, found twice"},
    {"{\"error\":[],\"result\":{\"A\":[]},\"result\":{\"A\":[]}}", "result: expected once, found twice"},
    {"{\"error\":\"no\",\"result\":{\"A\":[]}}", "error: expected an array, found no"},
    {"{\"error\":{},\"result\":{\"A\":[]}}", "error: expected an array, found {}"},
    {"{\"error\":[\"EAPI:Rate limit exceeded\"]}", "the exchange says: EAPI:Rate limit exceeded"},
    {"{\"error\":[\"EQuery:Unknown asset pair\"],\"result\":{\"A\":[" GOOD("1") "]}}",
     "the exchange says: EQuery:Unknown asset pair"},
    {"{\"error\":[7]}", "the exchange says: 7"},
};

START_TEST(answer_to_another_question_is_refused)
{
    ck_assert(!read_trades(refused[_i][0]));
    ck_assert_str_eq(error, refused[_i][1]);
    ck_assert_str_eq(notes, "");
}
END_TEST

START_TEST(answer_cut_anywhere_is_refused)
{
    text_t whole = TEXT(ROWS(GOOD("1")));
    for (size_t length = 0; length < whole.length; length++) {
        notes[0] = '\0';
        ck_assert(!kraken_past.read_trades((text_t){whole.at, length}, TEXT("BTC-USD"), note_trade, notes, error));
        ck_assert_str_eq(notes, "");
    }
}
END_TEST

/* --- the recording --- */

/* Of the 1,000 recorded trades, as they stand there; times are cut to microseconds. */
static const struct {
    int row;
    const char *timestamp, *side, *qty, *price, *id;
} recorded[] = {
    {0, "2025-11-10T17:23:53.971744Z", "buy", "0.00027625", "105433.60000", "10218208"},
    {1, "2025-11-10T17:24:17.846737Z", "buy", "0.00005000", "105410.10000", "10218209"},
    {3, "2025-11-10T17:24:33.937344Z", "buy", "0.00885072", "105383.80000", "10218211"},
    {4, "2025-11-10T17:24:43.306824Z", "sell", "0.00007235", "105383.70000", "10218212"},
    {232, "2025-11-10T18:28:16.197346Z", "buy", "0.06946194", "106069.80000", "10218440"},
    {253, "2025-11-10T18:38:49.640830Z", "sell", "0.00037732", "105890.70000", "10218461"},
    {406, "2025-11-10T19:57:05.445700Z", "sell", "0.00046603", "106011.20000", "10218614"},
    {500, "2025-11-10T21:05:15.752648Z", "buy", "0.09441833", "105823.20000", "10218708"},
    {998, "2025-11-11T00:12:23.330817Z", "sell", "0.00047126", "105872.30000", "10219206"},
    {999, "2025-11-11T00:13:55.982277Z", "sell", "0.00009443", "105899.40000", "10219207"},
};

typedef struct {
    text_t lines; /* of the same trades, as somebody else has read them, and others */
    size_t row, next;
} recording_t;

static text_t next_line(text_t *lines)
{
    const char *end = memchr(lines->at, '\n', lines->length);
    text_t line = {lines->at, end ? (size_t)(end - lines->at) : lines->length};
    *lines = (text_t){line.at + line.length + 1, lines->length - line.length - (end != NULL)};
    return line;
}

static void check_member(text_t line, const char *name, text_t found)
{
    text_t raw = json_member(line, name), content;
    if (!json_plain_string(raw, &content))
        content = raw;
    ck_assert_msg(text_equal(found, content), "%s: expected %.*s, found %.*s", name, TEXT_ARG(content), TEXT_ARG(found));
}

/* Those that derived the lines have rounded to microseconds. */
static void check_time(text_t line, int64_t found_ns)
{
    text_t text;
    int64_t ns;
    ck_assert(json_plain_string(json_member(line, "timestamp"), &text) && timestamp_parse(text, &ns));
    ck_assert_msg(ns == found_ns || ns == found_ns + NS_PER_US, "%.*s", TEXT_ARG(line));
}

static void check_recorded(void *arg, const trade_t *trade, uint64_t id)
{
    recording_t *recording = arg;
    text_t line;
    do /* the lines are in order of time, as are the rows */
        line = next_line(&recording->lines);
    while (!text_equal(json_member(line, "symbol"), TEXT("\"BTC-USD\"")) || json_member(line, "qty").length == 0 ||
           !text_starts_with(json_member(line, "timestamp"), TEXT("\"2025-")));
    check_time(line, trade->timestamp_ns);
    check_member(line, "side", trade->side == SIDE_BUY ? TEXT("buy") : TEXT("sell"));
    check_member(line, "qty", trade->qty);
    check_member(line, "price", trade->price);
    check_member(line, "trade_id", trade->id);
    ck_assert_uint_eq(id, 10218208 + recording->row);
    if (recording->next < sizeof recorded / sizeof *recorded && recorded[recording->next].row == (int)recording->row) {
        check_text(trade->timestamp, recorded[recording->next].timestamp);
        check_text(trade->side == SIDE_BUY ? TEXT("buy") : TEXT("sell"), recorded[recording->next].side);
        check_text(trade->qty, recorded[recording->next].qty);
        check_text(trade->price, recorded[recording->next].price);
        check_text(trade->id, recorded[recording->next].id);
        recording->next++;
    }
    recording->row++;
}

START_TEST(recorded_trades_are_read_digit_for_digit)
{
    buffer_t body = recorded_text("../shared/data/kraken-trades-2025-11-10.json");
    buffer_t lines = recorded_text("../shared/data/trades-real.ndjson");
    if (body.length == 0 || lines.length == 0)
        return;
    recording_t recording = {.lines = buffer_text(&lines)};
    ck_assert_msg(kraken_past.read_trades(buffer_text(&body), TEXT("BTC-USD"), check_recorded, &recording, error), "%s", error);
    ck_assert_str_eq(error, "");
    ck_assert_uint_eq(recording.row, 1000);
    ck_assert_uint_eq(recording.next, sizeof recorded / sizeof *recorded);
    buffer_release(&body);
    buffer_release(&lines);
}
END_TEST

/* --- candles --- */

static void note_candle(void *arg, const past_candle_t *candle)
{
    size_t length = strlen(notes);
    ck_assert_ptr_eq(arg, notes);
    ck_assert(candle->counted);
    snprintf(notes + length, sizeof notes - length, "%lld %.*s %llu\n", (long long)candle->start_ns, TEXT_ARG(candle->volume),
             (unsigned long long)candle->trades);
}

static bool read_candles(const char *body)
{
    notes[0] = '\0';
    return kraken_past.read_candles(text_of(body), TEXT("BTC-USD"), note_candle, notes, error);
}

#define CANDLE(time, volume, count) "[" time ",\"1.0\",\"2.0\",\"0.5\",\"1.5\",\"1.2\"," volume "," count "]"
#define CANDLES(rows)               "{\"error\":[],\"result\":{\"XXBTZUSD\":[" rows "],\"last\":1762820160}}"
#define RUNNING                     CANDLE("1762820220", "\"9.0\"", "9")

START_TEST(candles_are_read_but_for_the_running_minute)
{
    ck_assert(read_candles(CANDLES(CANDLE("1762777080", "\"0.00032101\"", "1") "," CANDLE(
        "1762777140", "\"0.00000000\"", "0") "," CANDLE("1762777200", "\"12.50\"", "345") "," RUNNING)));
    ck_assert_str_eq(notes, "1762777080000000000 0.00032101 1\n"
                            "1762777140000000000 0.00000000 0\n"
                            "1762777200000000000 12.50 345\n");
    ck_assert_str_eq(error, "");
    ck_assert(read_candles(CANDLES(RUNNING)));
    ck_assert_str_eq(notes, "");
    ck_assert(read_candles(CANDLES("")));
    ck_assert_str_eq(error, "");
}
END_TEST

static const char *const bad_candles[][2] = {
    {"7", "row 1: all of it: expected an array, found 7"},
    {"[]", "row 1: time: expected whole minutes since 1970 in seconds, found nothing"},
    {CANDLE("\"1762777140\"", "\"1\"", "1"), "row 1: time: expected whole minutes since 1970 in seconds, found \"1762777140\""},
    {CANDLE("1762777141", "\"1\"", "1"), "row 1: time: expected whole minutes since 1970 in seconds, found 1762777141"},
    {CANDLE("1762777140.5", "\"1\"", "1"), "row 1: time: expected whole minutes since 1970 in seconds, found 1762777140.5"},
    {CANDLE("99999999960", "\"1\"", "1"), "row 1: time: expected whole minutes since 1970 in seconds, found 99999999960"},
    {CANDLE("1762777140", "1", "1"), "row 1: volume: expected a decimal in a string, found 1"},
    {CANDLE("1762777140", "\"NaN\"", "1"), "row 1: volume: expected a decimal in a string, found \"NaN\""},
    {CANDLE("1762777140", "\"-1\"", "1"), "row 1: volume: expected 0 or more, found \"-1\""},
    {CANDLE("1762777140", "\"1\"", "-1"), "row 1: count: expected a whole number, found -1"},
    {CANDLE("1762777140", "\"1\"", "\"1\""), "row 1: count: expected a whole number, found \"1\""},
    {"[1762777140,\"1\",\"1\",\"1\",\"1\",\"1\",\"1\"]", "row 1: count: expected a whole number, found nothing"},
};

START_TEST(bad_candle_is_left_out_with_the_reason_and_costs_no_other)
{
    char body[1024];
    snprintf(body, sizeof body, CANDLES(CANDLE("60", "\"1\"", "1") ",%s,[]," CANDLE("180", "\"2\"", "2") "," RUNNING),
             bad_candles[_i][0]);
    ck_assert(read_candles(body));
    ck_assert_str_eq(notes, "60000000000 1 1\n180000000000 2 2\n");
    ck_assert_str_eq(error, bad_candles[_i][1]);
}
END_TEST

START_TEST(answer_that_has_no_candles_is_refused)
{
    ck_assert(!read_candles(refused[_i][0]));
    ck_assert_str_eq(error, refused[_i][1]);
    ck_assert_str_eq(notes, "");
}
END_TEST

int main(void)
{
    const int refusals = sizeof refused / sizeof *refused;
    TCase *tests = tcase_create("kraken_past");
    tcase_add_test(tests, trades_are_asked_for_from_the_place_itself_on);
    tcase_add_test(tests, candles_are_asked_for_from_behind_the_minute_before);
    tcase_add_test(tests, trades_are_read_with_their_exact_text);
    tcase_add_test(tests, empty_page_is_no_mistake);
    tcase_add_loop_test(tests, bad_row_is_left_out_with_the_reason_and_costs_no_other, 0, sizeof bad_rows / sizeof *bad_rows);
    tcase_add_test(tests, rows_of_the_years_without_ids_are_left_out);
    tcase_add_loop_test(tests, answer_to_another_question_is_refused, 0, refusals);
    tcase_add_test(tests, answer_cut_anywhere_is_refused);
    tcase_add_test(tests, recorded_trades_are_read_digit_for_digit);
    tcase_add_test(tests, candles_are_read_but_for_the_running_minute);
    tcase_add_loop_test(tests, bad_candle_is_left_out_with_the_reason_and_costs_no_other, 0,
                        sizeof bad_candles / sizeof *bad_candles);
    tcase_add_loop_test(tests, answer_that_has_no_candles_is_refused, 0, refusals);
    return RUN_TESTS("kraken_past", tests);
}
