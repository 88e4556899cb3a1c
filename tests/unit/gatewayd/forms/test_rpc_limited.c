/* A peer that may ask so many things, and what it is told beyond that. */
#include "tests/unit/gatewayd/forms/rpc_fixture.h"

static reply_t *waiting;
static unsigned requests, allowed;

/* "later" waits. */
static void on_request(void *arg, reply_t *request, text_t method, text_t params)
{
    (void)arg, (void)params;
    requests++;
    if (text_equal(method, TEXT("\"later\"")))
        waiting = request;
    else
        reply_result(request, TEXT("true"));
}

static void on_answer(void *arg, text_t json, buffer_t *owner)
{
    (void)arg, (void)owner;
    keep_answer(json);
}

static uint64_t limit(void *arg)
{
    (void)arg;
    return allowed > 0 ? allowed--, 0 : 250;
}

static const rpc_events_t events = {.on_request = on_request, .on_answer = on_answer, .limited = limit};

static void setup(void)
{
    rpc_begin(&events);
    requests = 0;
}

#define REQUEST(id, method) "{\"jsonrpc\":\"2.0\",\"method\":\"" method "\",\"id\":" id "}"
#define NOTIFICATION        "{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}"
#define OK(id)              "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":true}"
#define TOO_MANY(id)                                                                                                           \
    "{\"jsonrpc\":\"2.0\",\"id\":" id                                                                                          \
    ",\"error\":{\"code\":-32029,\"message\":\"Too many requests: wait before the next one\",\"data\":{\"retry_ms\":250}}}"

START_TEST(each_request_of_a_batch_counts)
{
    allowed = 4;
    say(REQUEST("1", "echo"));
    expect(OK("1") "\n");
    say("[" REQUEST("2", "echo") "," REQUEST("3", "later") "," NOTIFICATION "," REQUEST("\"4\"", "echo") ",5]");
    expect("");
    reply_result(waiting, TEXT("true"));
    expect("[" OK("2") "," TOO_MANY("\"4\"") "," TOO_MANY("null") "," OK("3") "]\n");
    ck_assert_uint_eq(requests, 4);
    ck_assert_uint_eq(counts.errors, 2);
}
END_TEST

START_TEST(what_is_not_a_request_counts_too)
{
    static const char *const messages[] = {"{", "[]", "7", "{\"jsonrpc\":\"1.0\"}"};
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        allowed = 1;
        say(messages[i]);
        ck_assert_uint_eq(allowed, 0);
        ck_assert(!memmem(answers.bytes, answers.length, "-32029", 6));
        buffer_clear(&answers);
        say(messages[i]);
        expect(TOO_MANY("null") "\n");
    }
}
END_TEST

START_TEST(what_wants_no_answer_gets_no_refusal_and_is_not_carried_out)
{
    allowed = 0;
    say(NOTIFICATION);
    expect("");
    ck_assert_uint_eq(requests, 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {each_request_of_a_batch_counts, what_is_not_a_request_counts_too,
                                  what_wants_no_answer_gets_no_refusal_and_is_not_carried_out};
    return RUN_TESTS("rpc_limited", TEST_CASE(setup, rpc_end, tests));
}
