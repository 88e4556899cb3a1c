/* witness.h with an exchange whose candles the test writes down, one a minute. */
#include "common/log.h"
#include "connectord/witness/witness.h"
#include "tests/unit/connectord/witness/witness_journal.h"
#include "tests/unit/http_answers.h"
#include "tests/unit/run_tests.h"

enum { EVERY_MS = 60, DELAY_MS = 300, CANDLES = 4, MANY = 1000, SHORT_MS = 600 };

static loop_t *loop;
static rest_hosts_t *hosts;
static http_answers_t server;
static witness_t *witness;
static witness_config_t config;
static past_t past;
static witnessed_t btc;
static int64_t ready;
static const char *candles; /* of the first minute and those that follow */
static const char *status;
static buffer_t told;  /* what was told: "proved 1-5|", in minutes */
static buffer_t asked; /* the questions: "1-5 " */

/* --- the exchange --- */

static int minute_number(int64_t ns)
{
    return (int)((ns - FIRST_MINUTE) / MINUTE_NS);
}

static void print_candles(buffer_t *out, text_t symbol, int64_t from_ns, int64_t to_ns)
{
    buffer_printf(out, "/%.*s/%d-%d", TEXT_ARG(symbol), minute_number(from_ns), minute_number(to_ns));
}

static bool read_candles(text_t body, text_t symbol, past_candle_fn *on_candle, void *arg, char error[static PAST_ERROR_MAX])
{
    char *text = strndup(body.at, body.length), *rest = text;
    (void)symbol;
    error[0] = '\0';
    for (int number = 0;; number++) {
        const char *word = strtok_r(rest, " ", &rest);
        past_candle_t candle = {.start_ns = minute_at(number)};
        if (!word)
            break;
        candle.volume = text_of(word);
        if (strcmp(word, "x") == 0)
            snprintf(error, PAST_ERROR_MAX, "expected a candle");
        else if (strcmp(word, "-") != 0)
            on_candle(arg, &candle);
    }
    free(text);
    return text_starts_with(body, TEXT("<")) ? (snprintf(error, PAST_ERROR_MAX, "found HTML"), false) : true;
}

static void answer(http_answers_t *self, const char *request, buffer_t *out)
{
    const char *span = strchr(request + strlen("GET /"), '/') + 1;
    buffer_printf(&asked, "%.*s ", (int)strcspn(span, " "), span);
    (void)self;
    http_answers_print(out, status, "", text_of(candles));
}

/* --- */

static int64_t ready_ns(void *arg)
{
    (void)arg;
    return ready;
}

static void on_tell(void *arg, const coverage_t *record)
{
    (void)arg;
    buffer_printf(&told, "%s %d-%d|", coverage_state_name(record->state), minute_number(record->from_ns),
                  minute_number(record->to_ns));
    put_coverage(record->state, (double)(record->from_ns - FIRST_MINUTE) / 1e9, (double)(record->to_ns - FIRST_MINUTE) / 1e9);
}

static const witness_events_t events = {ready_ns, on_tell};

static void open_witness(void)
{
    witness = witness_new(loop, hosts, journal, &config, &events);
    ck_assert_ptr_nonnull(witness);
    btc = (witnessed_t){.symbol = TEXT("BTC-USD"), .trades = trades, .coverage = coverage};
    ck_assert(witness_add(witness, &btc));
}

static void close_witness(void)
{
    witness_remove(witness, &btc);
    witness_destroy(&witness);
}

static void set_up(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    set_up_journal();
    loop = loop_new();
    http_answers_start(&server, loop, answer);
    hosts = rest_hosts_new(loop);
    told = buffer_new(0);
    asked = buffer_new(0);
    ready = INT64_MAX;
    status = "200 OK";
    past = (past_t){.requests = MANY,
                    .interval_ms = 1000,
                    .candles = CANDLES,
                    .print_candles = print_candles,
                    .read_candles = read_candles};
    config = (witness_config_t){
        .past = &past, .url = server.url, .ca = "", .source = TEXT("x"), .every_ms = EVERY_MS, .delay_ms = DELAY_MS};
    open_witness();
}

static void tear_down(void)
{
    close_witness();
    rest_hosts_destroy(&hosts);
    http_answers_stop(&server);
    loop_destroy(&loop);
    buffer_release(&told);
    buffer_release(&asked);
    tear_down_journal();
}

/* It is live in the first minute, and a trade comes at each half minute. */
static void trade_minutes(int count)
{
    put_coverage(COVERAGE_LIVE, 10, 0);
    for (int i = 0; i < count; i++)
        put_trade(30 + 60 * i, "1.5");
}

static bool is(const buffer_t *text, const char *expected)
{
    return text_equal(buffer_text(text), text_of(expected));
}

static void run_until(const buffer_t *text, const char *expected)
{
    int64_t end_ns = clock_steady_ns() + 10 * NS_PER_S;
    while (!is(text, expected) && clock_steady_ns() < end_ns)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    ck_assert_msg(is(text, expected), "expected %s\nfound    %.*s", expected, TEXT_ARG(buffer_text(text)));
}

static void run_for_ms(int ms)
{
    int64_t end_ns = clock_steady_ns() + ms * NS_PER_MS;
    while (clock_steady_ns() < end_ns)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

static void run_until_failed(uint64_t failures)
{
    while (witness_counts(witness)->failures < failures)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

START_TEST(whole_minutes_that_are_over_are_proved)
{
    candles = "0 1.5 1.5 1.5";
    trade_minutes(4); /* the last one at 3:30 */
    run_until(&told, "proved 1-3|");
    ck_assert(is(&asked, "1-3 "));
    put_trade(240.2, "7");
    run_for_ms(SHORT_MS); /* the third minute has not been over for long enough */
    ck_assert(is(&asked, "1-3 "));
    put_trade(240.3, "7");
    run_until(&told, "proved 1-3|proved 3-4|");
    ck_assert_uint_eq(witness_counts(witness)->minutes.proved, 3);
    ck_assert_uint_eq(witness_counts(witness)->failures, 0);
}
END_TEST

START_TEST(a_question_is_for_as_many_candles_as_an_answer_has)
{
    candles = "0 1.5 1.5 1.5 1.5 1.5 1.5 1.5 1.5 1.5 1.5";
    trade_minutes(12);
    run_until(&told, "proved 1-5|proved 5-9|proved 9-11|");
    ck_assert(is(&asked, "1-5 5-9 9-11 "));
}
END_TEST

START_TEST(a_late_trade_mends_what_was_short)
{
    candles = "0 1.5 1.75 1.5";
    trade_minutes(5);
    run_until(&told, "proved 1-2|short 2-3|proved 3-4|");
    put_trade_late(150, 280, "0.25");
    run_until(&told, "proved 1-2|short 2-3|proved 3-4|proved 2-3|");
    run_for_ms(SHORT_MS);
    ck_assert(is(&asked, "1-4 2-4 "));
}
END_TEST

START_TEST(what_stays_short_is_asked_for_twice)
{
    candles = "0 1.5 1.75 1.5";
    trade_minutes(5);
    run_until(&asked, "1-4 2-4 ");
    run_for_ms(SHORT_MS);
    ck_assert(is(&asked, "1-4 2-4 ") && is(&told, "proved 1-2|short 2-3|proved 3-4|"));
}
END_TEST

START_TEST(where_more_came_the_state_stays)
{
    candles = "0 1.5 1.25 1.5";
    trade_minutes(5);
    run_until(&told, "proved 1-2|proved 3-4|");
    ck_assert_uint_eq(witness_counts(witness)->minutes.contradicted, 1);
    run_for_ms(SHORT_MS);
    ck_assert(is(&asked, "1-4 "));
}
END_TEST

START_TEST(it_goes_on_after_a_restart)
{
    candles = "0 1.5 1.5 1.5 1.5 1.5";
    trade_minutes(4);
    run_until(&told, "proved 1-3|");
    close_witness();
    journal_close(&journal);
    open_journal();
    open_witness();
    for (int i = 4; i < 7; i++)
        put_trade(30 + 60 * i, "1.5");
    run_until(&told, "proved 1-3|proved 3-6|");
    ck_assert(is(&asked, "1-3 3-6 "));
}
END_TEST

static const struct {
    const char *status, *body;
} bad[] = {{"500 Oops", "0 1.5 1.5"}, {"200 OK", "<html>"}, {"200 OK", "0 x 1.5"}, {"404 Not Found", ""}};

START_TEST(an_answer_of_no_use_is_asked_for_in_the_next_round)
{
    status = bad[_i].status;
    candles = bad[_i].body;
    trade_minutes(4);
    run_until_failed(2);
    ck_assert_uint_eq(told.length, 0);
    status = "200 OK";
    candles = "0 1.5 1.5";
    run_until(&told, "proved 1-3|");
}
END_TEST

START_TEST(what_is_not_ready_waits)
{
    candles = "0 1.5 1.5";
    ready = 0;
    trade_minutes(4);
    run_for_ms(SHORT_MS);
    ck_assert_uint_eq(asked.length, 0);
    ready = second_at(130); /* the link was lost then */
    run_until(&told, "proved 1-2|");
    ready = INT64_MAX;
    run_until(&told, "proved 1-2|proved 2-3|");
}
END_TEST

START_TEST(what_is_missing_is_asked_for_first)
{
    rest_host_t *host = rest_hosts_find(hosts, server.url, "", 1, 1);
    candles = "0 1.5 1.5";
    trade_minutes(4);
    rest_host_hurry(host, true);
    rest_host_hurry(host, true);
    rest_host_hurry(host, false);
    run_for_ms(SHORT_MS);
    ck_assert_uint_eq(asked.length, 0);
    rest_host_hurry(host, false);
    run_until(&told, "proved 1-3|");
}
END_TEST

START_TEST(an_exchange_that_has_nothing_yet_is_not_asked_without_end)
{
    candles = "";
    trade_minutes(12);
    run_until(&asked, "1-5 ");
    run_for_ms(EVERY_MS / 2);
    ck_assert(is(&asked, "1-5 "));
    run_until(&asked, "1-5 1-5 ");
    ck_assert_uint_eq(told.length, 0);
}
END_TEST

/* Many trades are read in many turns of the loop, and others have theirs. */
START_TEST(the_journal_is_read_a_slice_at_a_time)
{
    trade_minutes(1);
    for (int i = 0; i < 3000; i++)
        put_trade(60 + i / 50.0, "1");
    put_trade(200, "1");
    candles = "0 3000 0";
    uint64_t turns = loop_turns(loop);
    run_until(&told, "proved 1-3|");
    ck_assert_uint_gt(loop_turns(loop) - turns, 3);
}
END_TEST

START_TEST(one_that_goes_is_asked_for_no_more)
{
    candles = "0 1.5 1.5";
    trade_minutes(4);
    server.mute = true;
    run_until(&asked, "1-3 ");
    witness_remove(witness, &btc);
    run_for_ms(SHORT_MS);
    ck_assert(is(&asked, "1-3 "));
    ck_assert_uint_eq(rest_host_wait_ms(rest_hosts_find(hosts, server.url, "", 1, 1)), 0);
}
END_TEST

START_TEST(after_what_nobody_knows_it_begins_again)
{
    candles = "0 1.5 1.5 1.5 1.5 1.5 1.5";
    trade_minutes(4);
    run_until(&told, "proved 1-3|");
    put_coverage(COVERAGE_UNKNOWN, 210, 0);
    put_coverage(COVERAGE_LIVE, 270, 0);
    witness_forget(witness, &btc);
    put_trade(330, "1.5");
    put_trade(390, "1.5");
    run_until(&told, "proved 1-3|proved 5-6|");
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("witness");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, whole_minutes_that_are_over_are_proved);
    tcase_add_test(tcase, a_question_is_for_as_many_candles_as_an_answer_has);
    tcase_add_test(tcase, a_late_trade_mends_what_was_short);
    tcase_add_test(tcase, what_stays_short_is_asked_for_twice);
    tcase_add_test(tcase, where_more_came_the_state_stays);
    tcase_add_test(tcase, it_goes_on_after_a_restart);
    tcase_add_loop_test(tcase, an_answer_of_no_use_is_asked_for_in_the_next_round, 0, sizeof bad / sizeof *bad);
    tcase_add_test(tcase, what_is_not_ready_waits);
    tcase_add_test(tcase, what_is_missing_is_asked_for_first);
    tcase_add_test(tcase, an_exchange_that_has_nothing_yet_is_not_asked_without_end);
    tcase_add_test(tcase, the_journal_is_read_a_slice_at_a_time);
    tcase_add_test(tcase, one_that_goes_is_asked_for_no_more);
    tcase_add_test(tcase, after_what_nobody_knows_it_begins_again);
    return RUN_TESTS("witness", tcase);
}
