/* Arguments in both forms, raw JSON and plain text: what is read, and the words in which they are refused. */
#include "gatewayd/methods/arguments.h"

#include "proto/moment.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

static char refusal[REPLY_MESSAGE_MAX];

static void on_error(reply_t *reply, int code, const char *reason, text_t message)
{
    (void)reply, (void)reason;
    ck_assert_int_eq(code, RPC_INVALID_PARAMS);
    snprintf(refusal, sizeof refusal, "%.*s", TEXT_ARG(message));
}

static const reply_kind_t kind = {.error = on_error};

static value_t the_value(const void *from, const char *name)
{
    (void)name;
    return *(const value_t *)from;
}

/* Returns whether it is valid; else the refusal tells why. */
static bool has_channel(const void *arg, text_t channel)
{
    (void)arg;
    return text_equal(channel, TEXT("readings"));
}

static bool read_one(arguments_t *found, takes_t takes, value_t value, answer_form_t form)
{
    refusal[0] = '\0';
    return arguments_read(found, (takes_t[]){takes, TAKES_NO_MORE}, the_value, &value, form, has_channel, NULL,
                          &(reply_t){&kind});
}

static value_t value_of(const char *text, bool plain)
{
    return (value_t){.text = text ? text_of(text) : (text_t){NULL, 0}, .plain = plain};
}

#define CHANNEL  "Only 'trades' channel is supported"
#define COUNT    "count: expected a whole number from 1 to 10000, found "
#define CURSOR   "expected \"<epoch>-<seq>\", found "
#define INTERVAL "interval: expected one of 1s, 1m, 5m, 15m, 1h, 1d, found "

/* NULL: absent; json NULL: it has no plain form, and the other way around. */
static const struct {
    takes_t takes;
    const char *json, *plain, *refusal;
} refused[] = {
    {TAKES_CHANNEL, "\"l2\"", "l2", CHANNEL},
    {TAKES_CHANNEL, "\"L 2\"", "L 2", CHANNEL},
    {TAKES_CHANNEL_NAMED, "null", NULL, CHANNEL},
    {TAKES_SYMBOL, "null", NULL, "Symbol is required"},
    {TAKES_SYMBOL, "\"\"", "", "Symbol is required"},
    {TAKES_SYMBOL, "\"a\\\"b\"", "a\"b", "Invalid symbol: a\"b"},
    {TAKES_SYMBOL_OR_ALL, "\"btc\"", "btc", "Invalid symbol: btc"},
    {TAKES_SOURCE, "\"no one\"", "no one", "Invalid source: no one"},
    {TAKES_COUNT, "0", "0", COUNT "0"},
    {TAKES_COUNT, "10001", "10001", COUNT "10001"},
    {TAKES_COUNT, "\"007\"", "007", COUNT "\"007\""},
    {TAKES_COUNT, "\"\"", "", COUNT "\"\""},
    {TAKES_BEFORE, "\"y\"", "y", "beforeTimestamp: expected " MOMENT_EXPECTED ", found \"y\""},
    {TAKES_AFTER, "\"1762795473\"", "1762795473", "afterTimestamp: expected " MOMENT_EXPECTED ", found \"1762795473\""},
    {TAKES_FROM, "\"7\"", "7", "from: " CURSOR "\"7\""},
    {TAKES_TO, "\"\"", "", "to: " CURSOR "\"\""},
    {TAKES_INTERVAL, "null", NULL, INTERVAL "none"},
    {TAKES_INTERVAL, "\"60\"", "60", INTERVAL "\"60\""},
    {TAKES_TOKEN, "7", "7", "token: expected a string"},
    {TAKES_BATCH, "\"yes\"", "yes", "batch: expected true or false, found \"yes\""},
    {TAKES_MARK, "\"no\"", "no", "mark: expected true or false, found \"no\""},
};

START_TEST(both_forms_are_refused_in_the_same_words)
{
    arguments_t found;
    ck_assert(!read_one(&found, refused[_i].takes, value_of(refused[_i].json, false), ANSWER_RPC));
    ck_assert_str_eq(refusal, refused[_i].refusal);
    ck_assert(!read_one(&found, refused[_i].takes, value_of(refused[_i].plain, true), ANSWER_REST));
    ck_assert_str_eq(refusal, refused[_i].refusal);
}
END_TEST

START_TEST(both_forms_are_read_as_the_same)
{
    arguments_t found;
    for (int plain = 0; plain < 2; plain++) {
        ck_assert(read_one(&found, TAKES_SYMBOL, value_of(plain ? "BTC-USD" : "\"BTC-USD\"", plain), ANSWER_RPC));
        ck_assert(text_equal(param_slice(&found.symbol), TEXT("BTC-USD")));
        ck_assert(read_one(&found, TAKES_COUNT, value_of("5", plain), ANSWER_RPC));
        ck_assert_uint_eq(found.count, 5);
        ck_assert(read_one(&found, TAKES_MARK, value_of("true", plain), ANSWER_RPC));
        ck_assert(found.mark);
        ck_assert(read_one(&found, TAKES_MARK, value_of("false", plain), ANSWER_RPC));
        ck_assert(!found.mark);
        ck_assert(read_one(&found, TAKES_AFTER, value_of(plain ? "1970-01-02" : "\"1970-01-02\"", plain), ANSWER_RPC));
        ck_assert_int_eq(found.after_ns, INT64_C(86400) * 1000000000);
        ck_assert(read_one(&found, TAKES_FROM, value_of(plain ? "7-2" : "\"7-2\"", plain), ANSWER_RPC));
        ck_assert(text_equal(found.from, TEXT("7-2")));
        ck_assert(read_one(&found, TAKES_INTERVAL, value_of(plain ? "5m" : "\"5m\"", plain), ANSWER_RPC));
        ck_assert_int_eq(found.interval, INTERVAL_5M);
    }
}
END_TEST

START_TEST(what_is_absent_is_said_to_be)
{
    arguments_t found;
    static const takes_t optional[] = {TAKES_CHANNEL, TAKES_SYMBOL_OR_ALL, TAKES_SOURCE, TAKES_COUNT,
                                       TAKES_BEFORE,  TAKES_AFTER,         TAKES_FROM,   TAKES_TO,
                                       TAKES_NEXT,    TAKES_SINCE,         TAKES_BATCH,  TAKES_TOKEN};
    for (size_t i = 0; i < sizeof optional / sizeof *optional; i++) {
        ck_assert(read_one(&found, optional[i], value_of("null", false), ANSWER_RPC));
        ck_assert(read_one(&found, optional[i], value_of(NULL, true), ANSWER_REST));
        ck_assert_uint_eq(found.symbol.length + found.source.length + found.count + found.batch, 0);
        ck_assert_uint_eq(found.from.length + found.to.length + found.next.length + found.since.length, 0);
        ck_assert(found.before_ns == INT64_MIN && found.after_ns == INT64_MIN && text_equal(found.token, TEXT("\"\"")));
    }
}
END_TEST

START_TEST(who_gets_a_list_names_the_channel)
{
    arguments_t found;
    ck_assert(!read_one(&found, TAKES_CHANNEL_ASKED, value_of(NULL, false), ANSWER_LIST));
    ck_assert_str_eq(refusal, CHANNEL);
    ck_assert(read_one(&found, TAKES_CHANNEL_ASKED, value_of("\"trades\"", false), ANSWER_LIST));
    ck_assert(read_one(&found, TAKES_CHANNEL_ASKED, value_of(NULL, false), ANSWER_RPC));
}
END_TEST

static value_t of_readings(const void *from, const char *name)
{
    (void)from;
    return strcmp(name, "channel") == 0 ? value_of("\"readings\"", false) : value_of(NULL, false);
}

START_TEST(all_of_another_channel_is_not_all)
{
    arguments_t found;
    static const takes_t takes[] = {TAKES_CHANNEL, TAKES_SYMBOL_OR_ALL, TAKES_NO_MORE};
    ck_assert(!arguments_read(&found, takes, of_readings, NULL, ANSWER_RPC, has_channel, NULL, &(reply_t){&kind}));
    ck_assert_str_eq(refusal, "Symbol is required");
}
END_TEST

START_TEST(where_something_goes_on_is_json)
{
    arguments_t found;
    ck_assert(read_one(&found, TAKES_NEXT, value_of("{\"a\":\"7-3\"}", false), ANSWER_RPC));
    ck_assert(text_equal(found.next, TEXT("{\"a\":\"7-3\"}")));
    ck_assert(!read_one(&found, TAKES_NEXT, value_of("\"7-3\"", false), ANSWER_RPC));
    ck_assert(!read_one(&found, TAKES_NEXT, value_of("{\"a\":\"7-3\"}", true), ANSWER_REST));
    ck_assert(read_one(&found, TAKES_SINCE, value_of("\"7-3\"", false), ANSWER_RPC));
    ck_assert(!read_one(&found, TAKES_SINCE, value_of("{\"a\":7}", false), ANSWER_RPC));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("arguments");
    tcase_add_loop_test(tcase, both_forms_are_refused_in_the_same_words, 0, sizeof refused / sizeof *refused);
    tcase_add_test(tcase, both_forms_are_read_as_the_same);
    tcase_add_test(tcase, what_is_absent_is_said_to_be);
    tcase_add_test(tcase, who_gets_a_list_names_the_channel);
    tcase_add_test(tcase, all_of_another_channel_is_not_all);
    tcase_add_test(tcase, where_something_goes_on_is_json);
    return RUN_TESTS("arguments", tcase);
}
