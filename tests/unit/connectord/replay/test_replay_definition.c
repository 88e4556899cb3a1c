/* Recorded messages by a definition, that of Bitfinex, which calls subscriptions by numbers. */
#include "connectord/replay/replay_definition.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

static replay_definition_t *definition;
static char told[512];

static void note(const char *word, text_t text)
{
    size_t length = strlen(told);
    snprintf(told + length, sizeof told - length, "%s%.*s ", word, TEXT_ARG(text));
}

static bool on_wants(void *arg, text_t subject)
{
    (void)arg;
    return text_equal(subject, TEXT("BTC-USD")) || text_equal(subject, TEXT("ETH-USD"));
}

static void on_record(void *arg, const mapping_record_t *record)
{
    (void)arg;
    note("", record->trade.symbol);
    note("", record->id);
}

static void on_malformed(void *arg, const char *reason, text_t sample)
{
    (void)arg, (void)sample;
    note("malformed:", text_of(reason));
}

static const replay_definition_events_t events = {on_wants, on_record, on_malformed};

static void set_up(void)
{
    char error[CONNECTOR_ERROR_MAX];
    told[0] = '\0';
    definition = replay_definition_new("deploy/sources/bitfinex.json", &events, NULL, error);
    ck_assert_msg(definition, "%s", error);
    ck_assert(replay_definition_add(definition, TEXT("BTC-USD"), error));
    ck_assert(replay_definition_add(definition, TEXT("ETH-USD"), error));
    ck_assert(replay_definition_add(definition, TEXT("LTC-USD"), error));
}

static void tear_down(void)
{
    replay_definition_destroy(&definition);
}

static void play(const char *line)
{
    recorded_line_t recorded = recorded_line_read(text_of(line));
    if (replay_definition_mark(definition, &recorded))
        while (replay_definition_answered(definition)) {
        }
    if (recorded.kind == RECORDED_MESSAGE)
        replay_definition_message(definition, recorded.message, recorded.time_ns);
}

static void check_told(const char *wanted)
{
    ck_assert_str_eq(told, wanted);
    told[0] = '\0';
}

/* As others record it. */
static void confirmed(const char *symbol, int number)
{
    char line[160];
    snprintf(line, sizeof line,
             "1.5: {\"event\":\"subscribed\",\"channel\":\"trades\",\"chanId\":%d,\"symbol\":\"%s\",\"pair\":\"x\"}", number,
             symbol);
    play(line);
}

static void trade(int number, const char *id)
{
    char line[160];
    snprintf(line, sizeof line, "1.5: [%d,\"te\",[%s,1574694478808,-0.005,7245.30]]", number, id);
    play(line);
}

START_TEST(a_subscription_is_called_as_the_recording_says)
{
    play("# line 0: connected");
    trade(17, "1"); /* nobody knows what that is */
    play("# line 0: BTC-USD is called 17");
    play("# line 0: ETH-USD is called 8");
    trade(17, "2");
    trade(8, "3");
    confirmed("tETHUSD", 17); /* not the one that waited for it */
    trade(17, "4");
    check_told("BTC-USD 2 ETH-USD 3 BTC-USD 4 ");
}
END_TEST

START_TEST(in_a_recording_of_others_the_confirmations_say_it)
{
    play("wss://api.bitfinex.com <-> 1.5");
    confirmed("tBTCUSD", 17);
    trade(17, "1");
    play("wss://api.bitfinex.com <-> 1.5");
    trade(17, "2");
    check_told("BTC-USD 1 ");
}
END_TEST

START_TEST(a_new_connection_has_new_names)
{
    play("# line 0: connected");
    play("# line 0: BTC-USD is called 17");
    play("# line 0: connected");
    trade(17, "1");
    play("# line 0: ETH-USD is called 17");
    trade(17, "2");
    play("# line 0: continued");
    trade(17, "3");
    check_told("ETH-USD 2 ");
}
END_TEST

START_TEST(each_line_has_its_names)
{
    play("# line 0: connected");
    play("# line 1: connected");
    play("# line 0: BTC-USD is called 17");
    play("# line 1: ETH-USD is called 17");
    trade(17, "1");
    play("# line 0");
    trade(17, "2");
    play("# line 1");
    trade(17, "3");
    play("# line 2");
    trade(17, "4");
    check_told("ETH-USD 1 BTC-USD 2 ETH-USD 3 ");
}
END_TEST

START_TEST(what_is_not_wanted_is_passed_over_and_what_is_wrong_is_told)
{
    play("# line 0: LTC-USD is called 17");
    play("# line 0: BTC-USD is called 8");
    trade(17, "1");
    play("1.5: nonsense");
    check_told("malformed:expected JSON ");
    play("1.5: [8,\"te\",[2,1574694478808,-0.005,\"much\"]]");
    ck_assert_ptr_nonnull(strstr(told, "malformed:price"));
}
END_TEST

/* What replies there are to websockets nobody asks of it. */
START_TEST(what_was_posted_has_our_names_and_an_id)
{
    char error[CONNECTOR_ERROR_MAX];
    replay_definition_destroy(&definition);
    definition = replay_definition_new("deploy/sources/push.json", &events, NULL, error);
    ck_assert_msg(definition, "%s", error);
    ck_assert(replay_definition_add(definition, TEXT("BTC-USD"), error));
    play("# line 0: connected");
    play("1.5: {\"symbol\":\"BTC-USD\",\"id\":\"1\",\"time\":\"2026-03-01T12:00:00Z\",\"price\":1,\"qty\":2,\"side\":\"buy\"}");
    play("1.5: {\"symbol\":\"XRP-USD\",\"id\":\"2\",\"time\":\"2026-03-01T12:00:00Z\",\"price\":1,\"qty\":2,\"side\":\"buy\"}");
    play("1.5: {\"symbol\":\"BTC-USD\",\"time\":\"2026-03-01T12:00:00Z\",\"price\":1,\"qty\":2,\"side\":\"buy\"}");
    play("1.5: {}");
    ck_assert_msg(strncmp(told, "BTC-USD 1 malformed:id", 22) == 0, "%s", told);
    ck_assert_ptr_null(strstr(told, "2 "));
}
END_TEST

#define ANSWER(TRADES) "1.5: [" TRADES "]"
#define TRADE(ID)      "{\"trade_id\":" ID ",\"side\":\"sell\",\"size\":\"1\",\"price\":\"2\",\"time\":\"2026-03-01T12:00:00Z\"}"

/* Of Coinbase: answers begin with the newest trade, and name no symbol. */
START_TEST(what_was_asked_for_is_told_when_its_answer_is_whole_and_once)
{
    char error[CONNECTOR_ERROR_MAX];
    replay_definition_destroy(&definition);
    definition = replay_definition_new("deploy/sources/coinbase-exchange-rest.json", &events, NULL, error);
    ck_assert_msg(definition, "%s", error);
    ck_assert(replay_definition_add(definition, TEXT("BTC-USD"), error));
    play("# line 0: connected");
    play("# line 0: asked for BTC-USD");
    play(ANSWER(TRADE("9") "," TRADE("8")));
    play("# line 0: asked for ETH-USD");
    play(ANSWER(TRADE("2")));
    play("# line 0: answered for ETH-USD");
    check_told("ETH-USD 2 ");
    play("# line 0: asked for BTC-USD");
    play(ANSWER(TRADE("7")));
    play("# line 0: answered for BTC-USD");
    check_told("BTC-USD 7 BTC-USD 8 BTC-USD 9 ");
    play("# line 0: asked for BTC-USD");
    play(ANSWER(TRADE("10") "," TRADE("9")));
    play("# line 0: connected"); /* before it was whole: it was asked once more */
    play("# line 0: asked for BTC-USD");
    play(ANSWER(TRADE("11") "," TRADE("10") "," TRADE("9")));
    play("# line 0: answered for BTC-USD");
    check_told("BTC-USD 10 BTC-USD 11 ");
    ck_assert(replay_definition_begin(definition));
    play("# line 0: asked for BTC-USD");
    play(ANSWER(TRADE("11")));
    play("# line 0: answered for BTC-USD");
    check_told("BTC-USD 11 ");
    play("# line 0: asked for LTC-USD");
    play(ANSWER(TRADE("1")));
    play("# line 0: answered for LTC-USD");
    check_told("");
}
END_TEST

START_TEST(a_definition_that_can_not_be_used_is_named)
{
    char error[CONNECTOR_ERROR_MAX];
    ck_assert_ptr_null(replay_definition_new("there-is-none.json", &events, NULL, error));
    ck_assert_str_eq(error, "definition: there-is-none.json: can't open it: No such file or directory");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("replay_definition");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_subscription_is_called_as_the_recording_says);
    tcase_add_test(tests, in_a_recording_of_others_the_confirmations_say_it);
    tcase_add_test(tests, a_new_connection_has_new_names);
    tcase_add_test(tests, each_line_has_its_names);
    tcase_add_test(tests, what_is_not_wanted_is_passed_over_and_what_is_wrong_is_told);
    tcase_add_test(tests, what_was_posted_has_our_names_and_an_id);
    tcase_add_test(tests, what_was_asked_for_is_told_when_its_answer_is_whole_and_once);
    tcase_add_test(tests, a_definition_that_can_not_be_used_is_named);
    return RUN_TESTS("replay_definition", tests);
}
