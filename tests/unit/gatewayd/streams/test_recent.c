/* Over 400 lines, but one idea: one kind of query after the other, on one fixture. */
#include "gatewayd/streams/recent.h"

#include "cached/answers/history.h"
#include "common/curve/rights.h"
#include "common/timestamp.h"
#include "gatewayd/rest/rest.h"
#include "tests/unit/gateway_fixture.h"

/* The same trades go to the rings and to a history as cached has it. */
static catalog_t *catalog;
static history_t *history;
static buffer_t answered;
static unsigned seed;

enum { SOURCES = 3, QUESTIONS = 1000, START_NS_STEP = 250000000 };

static const char *const sources[SOURCES] = {"a", "b", "ab"};
static uint64_t last[SOURCES];

static unsigned chance(unsigned below)
{
    return (unsigned)rand_r(&seed) % below;
}

static void on_history_answer(void *arg, text_t peer, text_t answer)
{
    (void)arg;
    (void)peer;
    buffer_clear(&answered);
    buffer_append(&answered, answer);
}

static void setup(void)
{
    fixture_setup();
    fixture.hub.buses.following = true;
    catalog = catalog_new(10000);
    history = history_new(&(history_config_t){.catalog = catalog, .token = "secret", .on_answer = on_history_answer});
    answered = buffer_new(0);
    memset(last, 0, sizeof last);
    const char *given = getenv("TEST_SEED");
    seed = given ? (unsigned)strtoul(given, NULL, 10) : 1;
}

static void teardown(void)
{
    peer_leaves(&fixture.client);
    for (size_t at = 0; markets_each(fixture.hub.markets, &at);)
        recent_tick(fixture.hub.recent, fixture.now_ns);
    fixture_teardown();
    history_destroy(&history);
    catalog_destroy(&catalog);
    buffer_release(&answered);
}

static text_t topic_of(size_t source)
{
    static char topic[TOPIC_MAX];
    return (text_t){topic, topic_print(topic, TEXT("BTC-USD"), text_of(sources[source]))};
}

static void offer_all(void)
{
    for (size_t i = 0; i < SOURCES; i++) {
        char symbols[64];
        snprintf(symbols, sizeof symbols, "{\"BTC-USD\":%llu}", (unsigned long long)last[i]);
        hear(sources[i], true, symbols);
        catalog_offer(catalog, &(status_t){.source = text_of(sources[i]), .symbols = text_of(symbols)});
    }
}

/* One more trade of a source: of about now, but timestamps repeat, and are out of order at times. */
static void trade_comes(size_t source, bool to_ring)
{
    char json[TRADE_MAX], timestamp[TIMESTAMP_MAX];
    static int64_t clock;
    clock += chance(2);
    int64_t ns = 1700000000 * NS_PER_S + (clock - (int64_t)chance(4)) * START_NS_STEP;
    cursor_t cursor = {FIXTURE_EPOCH, ++last[source]};
    trade_t trade = {.cursor = cursor,
                     .symbol = TEXT("BTC-USD"),
                     .timestamp = {timestamp, timestamp_print(timestamp, ns, 3)},
                     .qty = TEXT("0.10"),
                     .price = TEXT("105383.80000"),
                     .id = TEXT("1"),
                     .source = text_of(sources[source]),
                     .received_ns = ns};
    text_t text = {json, trade_print(json, &trade)};
    ck_assert(memory_log_append(catalog_memory_log(catalog, topic_of(source)), &(memory_log_trade_t){cursor, ns, text}));
    if (to_ring)
        markets_trade(fixture.hub.markets, topic_of(source), cursor, text);
}

static void trades_come_to(bool to_ring, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        trade_comes(chance(SOURCES), to_ring);
}

static void follow_all(void)
{
    for (size_t i = 0; i < SOURCES; i++) {
        char topic[TOPIC_MAX + 1];
        snprintf(topic, sizeof topic, "%.*s", TEXT_ARG(topic_of(i)));
        follow(topic, FIXTURE_EPOCH, last[i]);
    }
}

/* History answers what it was asked. */
static void history_answers(void)
{
    ck_assert_uint_eq(fixture.asked_count, 1);
    asked_request_t asked = fixture.asked[--fixture.asked_count];
    history_handle(history, TEXT("peer"), TEXT(RIGHTS_ALL), text_of(asked.text));
    asked.done(asked.arg, buffer_text(&answered));
}

static void print_call(buffer_t *out, const char *members)
{
    buffer_clear(out);
    buffer_printf(out, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"getRecentTrades\",\"params\":{\"symbol\":\"BTC-USD\"%s}}%c",
                  members, '\0');
}

/* What cached would say now. */
static text_t expected(const char *members, buffer_t *out)
{
    buffer_t request = buffer_new(0);
    buffer_printf(&request, "{\"op\":\"recent\",\"symbol\":\"BTC-USD\"%s}", members);
    history_handle(history, TEXT("peer"), TEXT(RIGHTS_ALL), buffer_text(&request));
    buffer_release(&request);
    text_t says = buffer_text(&answered), ok = TEXT("{\"ok\":true,");
    ck_assert(text_starts_with(says, ok));
    buffer_clear(out);
    buffer_append(out, TEXT("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\","
                            "\"staleness\":0.000,"));
    buffer_append(out, (text_t){says.at + ok.length, says.length - ok.length});
    buffer_append(out, TEXT("}"));
    return buffer_text(out);
}

static void check_rest(const recent_query_t *question, text_t rpc)
{
    text_t symbol;
    ready_answer_t *answer = recent_find(fixture.hub.recent, question, ANSWER_REST, fixture.now_ns);
    if (!answer)
        return;
    buffer_t body = buffer_new(0);
    rest_put_result(rest_find(TEXT("/api/v1/trades/BTC-USD"), &symbol), json_member(rpc, "result"), &body);
    buffer_append(&body, TEXT("\n"));
    ck_assert_msg(text_equal(buffer_text(&body), answer_text(answer)), "as JSON-RPC %.*s\nas REST     %.*s",
                  TEXT_ARG(buffer_text(&body)), TEXT_ARG(answer_text(answer)));
    char tag[ACCEPT_TAG_SIZE];
    accept_tag(tag, buffer_text(&body));
    ck_assert_str_eq(tag, answer->tag);
    buffer_release(&body);
}

/* A random question; `next`: what an earlier answer had, or empty. */
static recent_query_t make_question(char members[static 512], char names[static 512], text_t next)
{
    recent_query_t question = {
        .symbol = TEXT("BTC-USD"), .count = 1 + chance(40), .after_ns = INT64_MIN, .before_ns = INT64_MIN};
    int length = snprintf(members, 512, ",\"count\":%u", (unsigned)question.count);
    strcpy(names, members);
    if (chance(3) == 0) {
        question.source = text_of(sources[chance(SOURCES)]);
        snprintf(members + length, 512 - (size_t)length, ",\"source\":\"%.*s\"", TEXT_ARG(question.source));
        strcpy(names, members);
        length = (int)strlen(members);
    }
    if (chance(3) == 0) {
        char time[TIMESTAMP_MAX];
        question.before_ns = 1700000000 * NS_PER_S + (int64_t)chance(400) * START_NS_STEP;
        size_t size = timestamp_print(time, question.before_ns, 9);
        snprintf(members + length, 512 - (size_t)length, ",\"before\":\"%.*s\"", (int)size, time);
        snprintf(names + length, 512 - (size_t)length, ",\"beforeTimestamp\":\"%.*s\"", (int)size, time);
        length = (int)strlen(members);
    }
    if (next.length > 0) {
        question.next = next;
        size_t at = strlen(names);
        snprintf(members + length, 512 - (size_t)length, ",\"upto\":%.*s", TEXT_ARG(next));
        snprintf(names + at, 512 - at, ",\"next\":%.*s", TEXT_ARG(next));
    }
    return question;
}

/* Asks; true when the rings answered. */
static bool ask_and_compare(const char *members, const char *names, const recent_query_t *question, char next[static 256])
{
    buffer_t call = buffer_new(0), want = buffer_new(0);
    print_call(&call, names);
    say(call.bytes);
    bool by_rings = fixture.asked_count == 0;
    if (!by_rings)
        history_answers();
    client_pump(fixture.client);
    text_t wanted = expected(members, &want), found = take();
    ck_assert_msg(text_equal(wanted, found), "seed %s, %s, by %s\nexpected %.*s\nfound    %.*s", getenv("TEST_SEED"), names,
                  by_rings ? "rings" : "history", TEXT_ARG(wanted), TEXT_ARG(found));
    check_rest(question, found);
    text_t more = json_member(json_member(found, "result"), "next");
    snprintf(next, 256, "%.*s", TEXT_ARG(more));
    buffer_release(&call);
    buffer_release(&want);
    return by_rings;
}

START_TEST(rings_answer_what_history_would_byte_for_byte)
{
    unsigned by_rings = 0, later_pages = 0;
    char next[256] = "";
    trades_come_to(false, 100);
    offer_all();
    for (int i = 0; i < QUESTIONS; i++) {
        char members[512], names[512], goes_on[256];
        bool later = next[0] && chance(2) == 0;
        memcpy(goes_on, next, sizeof goes_on);
        recent_query_t question = make_question(members, names, later ? text_of(goes_on) : (text_t){0});
        bool rings = ask_and_compare(members, names, &question, next);
        by_rings += rings;
        later_pages += rings && later;
        if (i == 3)
            follow_all();
        if (chance(10) == 0)
            trades_come_to(true, chance(5));
        if (chance(20) == 0)
            fixture.now_ns += chance(400) * NS_PER_MS;
    }
    ck_assert_msg(by_rings > QUESTIONS / 4 && later_pages > QUESTIONS / 20, "by rings: %u of %d, %u of them later pages",
                  by_rings, QUESTIONS, later_pages);
}
END_TEST

#define CALL "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"getRecentTrades\",\"params\":{\"symbol\":\"BTC-USD\",\"count\":5}}"

static void ask_history(void)
{
    say(CALL);
    history_answers();
    client_pump(fixture.client);
    expect_with("\"trades\":[");
}

static void ask_rings(void)
{
    say(CALL);
    ck_assert_uint_eq(fixture.asked_count, 0);
    expect_with("\"trades\":[");
}

START_TEST(a_question_makes_the_gateway_follow_the_symbol_for_a_while)
{
    trades_come_to(false, 50);
    offer_all();
    ask_history();
    ck_assert_str_eq(fixture.wanted, "+BTC-USD ");
    follow_all();
    ask_history();
    ask_rings();
    fixture.now_ns += (RECENT_KEPT_MS - 1) * NS_PER_MS;
    recent_tick(fixture.hub.recent, fixture.now_ns);
    ck_assert_str_eq(fixture.wanted, "+BTC-USD ");
    fixture.now_ns += NS_PER_MS;
    recent_tick(fixture.hub.recent, fixture.now_ns);
    ck_assert_str_eq(fixture.wanted, "+BTC-USD -BTC-USD ");
    ask_history();
}
END_TEST

START_TEST(a_question_is_no_demand)
{
    const offer_t *offer;
    trades_come_to(false, 5);
    offer_all();
    status_t status = {.source = TEXT("a"),
                       .connected = true,
                       .demand = true,
                       .epoch = FIXTURE_EPOCH,
                       .breaker = TEXT("closed"),
                       .stale = TEXT("{}"),
                       .symbols = TEXT("{\"BTC-USD\":5}")};
    offers_update(fixture.hub.offers, &status, fixture.now_ns, &offer);
    ask_history();
    ck_assert_str_eq(fixture.wanted, "");
}
END_TEST

START_TEST(what_history_has_forgotten_is_not_told_for_long)
{
    trades_come_to(false, 50);
    offer_all();
    ask_history();
    follow_all();
    ask_history();
    ask_rings();
    history_handle(history, TEXT("peer"), TEXT(RIGHTS_ALL), TEXT("{\"op\":\"clear\",\"token\":\"secret\"}"));
    fixture.now_ns += RECENT_COVERAGE_MS * NS_PER_MS;
    char next[256];
    recent_query_t question = {.symbol = TEXT("BTC-USD"), .count = 5, .after_ns = INT64_MIN, .before_ns = INT64_MIN};
    ck_assert(!ask_and_compare(",\"count\":5", ",\"count\":5", &question, next));
    ck_assert(ask_and_compare(",\"count\":5", ",\"count\":5", &question, next));
    trade_comes(1, true);
    ck_assert(ask_and_compare(",\"count\":5", ",\"count\":5", &question, next));
}
END_TEST

START_TEST(who_clears_here_is_not_told_the_old_trades)
{
    trades_come_to(false, 50);
    offer_all();
    ask_history();
    follow_all();
    ask_history();
    ask_rings();
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"clearHistory\",\"params\":{\"token\":\"secret\"}}");
    history_answers();
    client_pump(fixture.client);
    expect_with("\"cleared\":50");
    ask_history();
}
END_TEST

START_TEST(one_question_sees_whether_history_still_says_so_and_the_others_do_not_wait)
{
    trades_come_to(false, 50);
    offer_all();
    ask_history();
    follow_all();
    ask_history();
    fixture.now_ns += RECENT_RENEW_MS * NS_PER_MS;
    say(CALL);
    ck_assert_uint_eq(fixture.asked_count, 1);
    say(CALL);
    ck_assert_uint_eq(fixture.asked_count, 1);
    expect_with("\"trades\":[");
    history_answers();
    client_pump(fixture.client);
    expect_with("\"trades\":[");
    fixture.now_ns += RECENT_RENEW_MS * NS_PER_MS - 1;
    ask_rings();
}
END_TEST

START_TEST(without_the_bus_or_with_an_unknown_stream_history_is_asked)
{
    trades_come_to(false, 50);
    offer_all();
    ask_history();
    follow_all();
    ask_history();
    fixture.hub.buses.following = false;
    ask_history();
    fixture.hub.buses.following = true;
    ask_rings();
    hear("d", true, "{\"BTC-USD\":0}");
    ask_history();
    follow("trade.BTC-USD.d", FIXTURE_EPOCH, 0);
    ask_history();
    ask_rings();
}
END_TEST

START_TEST(a_gap_ends_what_the_ring_can_tell)
{
    trades_come_to(false, 50);
    offer_all();
    ask_history();
    follow_all();
    ask_history();
    ask_rings();
    for (size_t i = 0; i < 3; i++)
        trade_comes(0, false);
    markets_gap(fixture.hub.markets, topic_of(0), (cursor_t){FIXTURE_EPOCH, last[0] - 2}, (cursor_t){FIXTURE_EPOCH, last[0]});
    ask_history();
    ask_history();
}
END_TEST

START_TEST(answer_cache_are_bounded)
{
    answer_cache_t *answers = answer_cache_new();
    recent_query_t question = {.symbol = TEXT("BTC-USD")};
    for (question.count = 1; question.count <= 3 * ANSWER_CACHE_MAX; question.count++) {
        ready_answer_t *answer = answer_cache_get(answers, &question, ANSWER_RPC);
        ck_assert_ptr_nonnull(answer);
        ck_assert_uint_eq(answer->version, 0);
        answer->version = question.count;
        ck_assert(buffer_room(&answer->bytes, 100000));
        answer_cache_grown(answers, answer);
        ck_assert_ptr_eq(answer_cache_get(answers, &question, ANSWER_RPC), answer);
    }
    size_t kept = 0;
    for (question.count = 1; question.count <= 3 * ANSWER_CACHE_MAX; question.count++)
        kept += answer_cache_get(answers, &question, ANSWER_RPC)->version == question.count;
    ck_assert_uint_le(kept, ANSWER_CACHE_BYTES / 100000 + 1);
    answer_cache_destroy(&answers);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        rings_answer_what_history_would_byte_for_byte,
        a_question_makes_the_gateway_follow_the_symbol_for_a_while,
        a_question_is_no_demand,
        what_history_has_forgotten_is_not_told_for_long,
        who_clears_here_is_not_told_the_old_trades,
        one_question_sees_whether_history_still_says_so_and_the_others_do_not_wait,
        without_the_bus_or_with_an_unknown_stream_history_is_asked,
        a_gap_ends_what_the_ring_can_tell,
        answer_cache_are_bounded,
    };
    return RUN_TESTS("recent", TEST_CASE(setup, teardown, tests));
}
