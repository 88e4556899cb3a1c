#include "tests/unit/gatewayd/forms/rpc_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Methods of the test: "echo" answers with its params, "later" waits for answer_later, "fail" answers with an error. */
static reply_t *waiting[RPC_OPEN_MAX];
static size_t waiting_count;

static void on_request(void *arg, reply_t *request, text_t method, text_t params)
{
    (void)arg;
    if (text_equal(method, TEXT("\"later\"")))
        waiting[waiting_count++] = request;
    else if (text_equal(method, TEXT("\"fail\"")))
        reply_error(request, RPC_INVALID_PARAMS, "no \"%.*s\"", TEXT_ARG(params));
    else
        reply_result(request, params.length ? params : TEXT("\"nothing\""));
}

/* Of the buffer that was handed over last. */
static size_t owner_length, owner_capacity;

static void on_answer(void *arg, text_t json, buffer_t *owner)
{
    (void)arg;
    owner_length = owner ? owner->length : 0;
    owner_capacity = owner ? owner->capacity : 0;
    keep_answer(json);
}

static const rpc_events_t events = {.on_request = on_request, .on_answer = on_answer};

static buffer_t taken;

static void take_over(void *arg, text_t json, buffer_t *owner)
{
    on_answer(arg, json, NULL);
    if (owner)
        taken = buffer_take(owner);
}

static bool admit_little(void *arg, size_t bytes)
{
    (void)arg;
    return bytes < 1000;
}

static const rpc_events_t other_events = {.on_request = on_request, .on_answer = take_over, .admits = admit_little};

static void setup_others(void)
{
    rpc_begin(&other_events);
    taken = buffer_new(0);
    waiting_count = 0;
}

static void teardown_others(void)
{
    rpc_end();
    buffer_release(&taken);
}

static void setup(void)
{
    rpc_begin(&events);
    waiting_count = 0;
}

#define OK(id, result)        "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" result "}"
#define NO(id, code, message) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":" code ",\"message\":\"" message "\"}}"
#define PARSE_ERROR           NO("null", "-32700", "Parse error: expected one JSON value in UTF-8")
#define NO_OBJECT             NO("null", "-32600", "Invalid Request: expected an object")
#define BAD_ID                NO("null", "-32600", "Invalid Request: id: expected a string, a number or null")

static const struct {
    const char *message, *answer;
} cases[] = {
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":1}", OK("1", "\"nothing\"") "\n"},
    {" \r\n\t{\"jsonrpc\" : \"2.0\" , \"method\":\"echo\",\"params\":{\"a\":1},\"id\":1}\n", OK("1", "{\"a\":1}") "\n"},
    {TEXT_MARK "{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":1}", OK("1", "\"nothing\"") "\n"},
    {TEXT_MARK TEXT_MARK "{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":1}", PARSE_ERROR "\n"},
    /* ids come back as they were written */
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":1.50}", OK("1.50", "\"nothing\"") "\n"},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":-0e10}", OK("-0e10", "\"nothing\"") "\n"},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":123456789012345678901234567890}",
     OK("123456789012345678901234567890", "\"nothing\"") "\n"},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":\"\\u0041\\n\"}", OK("\"\\u0041\\n\"", "\"nothing\"") "\n"},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":\"\"}", OK("\"\"", "\"nothing\"") "\n"},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":null}", OK("null", "\"nothing\"") "\n"},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":{}}", BAD_ID "\n"},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":[1]}", BAD_ID "\n"},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":true}", BAD_ID "\n"},
    /* null is no params: serializers write it for those that are absent */
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":null,\"id\":1}", OK("1", "\"nothing\"") "\n"},
    /* without an id there is no answer, not even of an error */
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}", ""},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"fail\"}", ""},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[1]}", ""},
    /* errors */
    {"{\"jsonrpc\":\"2.0\",\"method\":\"fail\",\"id\":1}", NO("1", "-32602", "no \\\"\\\"") "\n"},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[1],\"id\":1}",
     NO("1", "-32602", "params: expected an object, found an array") "\n"},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":\"bar\",\"id\":1}",
     NO("1", "-32600", "Invalid Request: params: expected an object") "\n"},
    {"{\"jsonrpc\":\"2.0\",\"method\":1,\"params\":\"bar\"}",
     NO("null", "-32600", "Invalid Request: method: expected a string") "\n"},
    {"{\"jsonrpc\":\"2.0\",\"id\":\"x\"}", NO("\"x\"", "-32600", "Invalid Request: method: expected a string") "\n"},
    {"{\"jsonrpc\":\"1.0\",\"method\":\"echo\",\"id\":1}",
     NO("1", "-32600", "Invalid Request: jsonrpc: expected \\\"2.0\\\"") "\n"},
    {"{\"jsonrpc\":2.0,\"method\":\"echo\",\"id\":1}",
     NO("1", "-32600", "Invalid Request: jsonrpc: expected \\\"2.0\\\"") "\n"},
    {"{\"method\":\"echo\",\"id\":1}", NO("1", "-32600", "Invalid Request: jsonrpc: expected \\\"2.0\\\"") "\n"},
    {"", PARSE_ERROR "\n"},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"foobar, \"params\":\"bar\",\"baz]", PARSE_ERROR "\n"},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":01}", PARSE_ERROR "\n"},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\",\"id\":1}", PARSE_ERROR "\n"},
    {"{} {}", PARSE_ERROR "\n"},
    {"3", NO_OBJECT "\n"},
    {"\"ping\"", NO_OBJECT "\n"},
    {"null", NO_OBJECT "\n"},
    /* batches, as in the specification's examples */
    {"[]", NO("null", "-32600", "Invalid Request: the batch is empty") "\n"},
    {"[1]", "[" NO_OBJECT "]\n"},
    {"[1,2,[]]", "[" NO_OBJECT "," NO_OBJECT "," NO_OBJECT "]\n"},
    {"[{\"jsonrpc\":\"2.0\",\"method\":\"sum\"", PARSE_ERROR "\n"},
    {"[{\"jsonrpc\":\"2.0\",\"method\":\"echo\"},{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}]", ""},
    {"[{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":\"1\"},{\"jsonrpc\":\"2.0\",\"method\":\"echo\"},{\"foo\":\"boo\"},"
     "{\"jsonrpc\":\"2.0\",\"method\":\"fail\",\"id\":\"5\"}]",
     "[" OK("\"1\"", "\"nothing\"") "," NO("null", "-32600", "Invalid Request: jsonrpc: expected \\\"2.0\\\"") "," NO(
         "\"5\"", "-32602", "no \\\"\\\"") "]\n"},
};

START_TEST(a_message_has_its_answer)
{
    say(cases[_i].message);
    expect(cases[_i].answer);
}
END_TEST

START_TEST(answer_cache_may_come_later_and_in_any_order)
{
    say("{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":1}");
    say("{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":2}");
    expect("");
    reply_result(waiting[1], TEXT("2"));
    reply_error(waiting[0], RPC_UNAVAILABLE, "gone");
    expect(OK("2", "2") "\n" NO("1", "-32000", "gone") "\n");
}
END_TEST

START_TEST(a_batch_goes_out_when_its_last_answer_is_there)
{
    say("[{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":1},{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":2},"
        "{\"jsonrpc\":\"2.0\",\"method\":\"later\"}]");
    ck_assert_uint_eq(rpc_batches(rpc)->count, 1);
    reply_result(waiting[0], TEXT("1"));
    expect("");
    reply_result(waiting[1], TEXT("3"));
    expect("[" OK("2", "\"nothing\"") "," OK("1", "1") "]\n");
    ck_assert_uint_eq(rpc_batches(rpc)->count, 0);
}
END_TEST

START_TEST(a_batch_of_more_than_the_limit_is_refused)
{
    buffer_t batch = buffer_new(0);
    for (int i = 0; i <= RPC_BATCH_MAX; i++)
        buffer_append(&batch, i ? TEXT(",1") : TEXT("[1"));
    buffer_append(&batch, TEXT("]"));
    rpc_receive(rpc, buffer_text(&batch));
    expect(NO("null", "-32600", "Invalid Request: more than 100 requests in a batch") "\n");
    buffer_release(&batch);
}
END_TEST

START_TEST(a_batch_that_is_over_its_limit_is_not_worked_on_further)
{
    buffer_t large = buffer_new(0), batch = buffer_new(0);
    char *room = buffer_room(&large, REPLY_MAX / 3);
    memset(room, '1', REPLY_MAX / 3);
    buffer_took(&large, REPLY_MAX / 3);
    for (int i = 0; i < 5; i++)
        buffer_printf(&batch, "%c{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":%d}", i ? ',' : '[', i);
    buffer_append(&batch, TEXT("]"));
    rpc_receive(rpc, buffer_text(&batch));
    for (int i = 0; i < 3; i++) {
        ck_assert(reply_wanted(waiting[i]));
        reply_result(waiting[i], buffer_text(&large));
    }
    expect("");
    ck_assert(!reply_wanted(waiting[3]) && !reply_wanted(waiting[4]));
    reply_result(waiting[3], buffer_text(&large));
    reply_error(waiting[4], RPC_UNAVAILABLE, "nobody is told");
    expect(NO("null", "-32603", "The batch's replies are too large together") "\n");
    ck_assert_uint_eq(rpc_batches(rpc)->count, 0);
    buffer_release(&large);
    buffer_release(&batch);
}
END_TEST

START_TEST(a_long_batch_has_room_from_its_first_answer_and_hands_over_no_more_than_it_needs)
{
    enum { LONG = 1 << 20, FEW = 4 };
    buffer_t large = buffer_new(0);
    memset(buffer_room(&large, LONG), '1', LONG);
    buffer_took(&large, LONG);
    say("[{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":1},{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":2},"
        "{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":3},{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":4}]");
    for (size_t i = 0; i < FEW; i++) {
        reply_result(waiting[i], i < FEW - 1 ? buffer_text(&large) : TEXT("1"));
        if (i < FEW - 1) {
            ck_assert_uint_gt(rpc_batches(rpc)->bytes, (i + 1) * LONG);
            ck_assert_uint_lt(rpc_batches(rpc)->bytes,
                              (i + 1) * LONG + 1000); /* what was written, not what there is room for */
        }
    }
    ck_assert_uint_eq(rpc_batches(rpc)->bytes, 0);
    ck_assert_uint_gt(owner_length, (FEW - 1) * LONG);
    ck_assert_uint_eq(owner_capacity, owner_length);
    buffer_release(&large);
}
END_TEST

START_TEST(what_follows_in_a_batch_that_is_over_its_limit_is_not_begun)
{
    buffer_t batch = buffer_new(0);
    char *room = buffer_room(&batch, REPLY_MAX);
    size_t length = (size_t)snprintf(room, 100, "[{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":1,\"params\":{\"a\":\"");
    memset(room + length, 'a', REPLY_MAX / 2);
    buffer_took(&batch, length + REPLY_MAX / 2);
    buffer_append(&batch, TEXT("\"}}"));
    text_t first = {batch.bytes + 1, batch.length - 1};
    buffer_t two = buffer_new(0);
    buffer_append(&two, buffer_text(&batch));
    buffer_append(&two, TEXT(","));
    buffer_append(&two, first);
    buffer_append(&two, TEXT(",{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":3}]"));
    rpc_receive(rpc, buffer_text(&two));
    ck_assert_uint_eq(waiting_count, 0);
    expect(NO("null", "-32603", "The batch's replies are too large together") "\n");
    buffer_release(&batch);
    buffer_release(&two);
}
END_TEST

START_TEST(requests_that_wait_are_bounded)
{
    for (int i = 0; i < RPC_OPEN_MAX; i++)
        say("{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":1}");
    expect("");
    say("{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":\"one more\"}");
    expect(NO("\"one more\"", "-32001", "Too many requests are waiting") "\n");
    reply_result(waiting[0], TEXT("0"));
    say("{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":2}");
    expect(OK("1", "0") "\n" OK("2", "\"nothing\"") "\n");
}
END_TEST

START_TEST(a_long_error_message_is_cut_at_a_whole_answer)
{
    char message[4096];
    snprintf(message, sizeof message, "{\"jsonrpc\":\"2.0\",\"method\":\"fail\",\"params\":{\"%03000d\":1},\"id\":1}", 0);
    say(message);
    ck_assert_uint_lt(answers.length, 700);
    ck_assert_mem_eq(answers.bytes + answers.length - 4, "\"}}\n", 4);
}
END_TEST

START_TEST(an_answer_beyond_the_limit_becomes_an_error)
{
    char *large = malloc(REPLY_MAX);
    memset(large, '1', REPLY_MAX);
    say("[{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":1},{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":2}]");
    reply_result(waiting[0], (text_t){large, REPLY_MAX});
    reply_result(waiting[1], TEXT("2"));
    expect("[" NO("1", "-32603", "The answer is too large") "," OK("2", "2") "]\n");
    say("[{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":1},{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":2}]");
    reply_result(waiting[2], (text_t){large, REPLY_MAX * 3 / 4});
    reply_result(waiting[3], (text_t){large, REPLY_MAX * 3 / 4});
    expect(NO("null", "-32603", "The batch's replies are too large together") "\n");
    free(large);
}
END_TEST

START_TEST(what_waits_is_forgotten_with_the_peer)
{
    say("[{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":1},{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":2}]");
    say("{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":3}");
    rpc_destroy(&rpc);
    expect("");
}
END_TEST

START_TEST(a_batch_may_be_taken_over_with_room_in_front_and_nothing_behind)
{
    say("{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":1}");
    ck_assert_uint_eq(taken.length, 0);
    buffer_clear(&answers);
    say("[{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":1},{\"jsonrpc\":\"2.0\",\"method\":\"fail\",\"id\":2}]");
    ck_assert_uint_gt(taken.length, RPC_ANSWER_ROOM);
    buffer_consume(&taken, RPC_ANSWER_ROOM);
    buffer_append(&taken, TEXT("\n"));
    ck_assert(text_equal(buffer_text(&taken), buffer_text(&answers)));
}
END_TEST

START_TEST(what_is_not_admitted_to_a_batch_leaves_the_others_whole)
{
    char large[2000];
    memset(large, '1', sizeof large);
    say("[{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":1},{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":2},"
        "{\"jsonrpc\":\"2.0\",\"method\":\"later\"},{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":3}]");
    reply_result(waiting[0], (text_t){large, sizeof large});
    reply_result(waiting[1], (text_t){large, sizeof large});
    expect("[" OK("1", "\"nothing\"") "," OK("3", "\"nothing\"") "," NO(
        "2", "-32000", "Too many bytes wait for clients: read what has arrived, and ask again") "]\n");
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("rpc");
    tcase_add_checked_fixture(tcase, setup, rpc_end);
    tcase_add_loop_test(tcase, a_message_has_its_answer, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tcase, answer_cache_may_come_later_and_in_any_order);
    tcase_add_test(tcase, a_batch_goes_out_when_its_last_answer_is_there);
    tcase_add_test(tcase, a_batch_of_more_than_the_limit_is_refused);
    tcase_add_test(tcase, a_batch_that_is_over_its_limit_is_not_worked_on_further);
    tcase_add_test(tcase, what_follows_in_a_batch_that_is_over_its_limit_is_not_begun);
    tcase_add_test(tcase, requests_that_wait_are_bounded);
    tcase_add_test(tcase, a_long_error_message_is_cut_at_a_whole_answer);
    tcase_add_test(tcase, a_long_batch_has_room_from_its_first_answer_and_hands_over_no_more_than_it_needs);
    tcase_add_test(tcase, an_answer_beyond_the_limit_becomes_an_error);
    tcase_add_test(tcase, what_waits_is_forgotten_with_the_peer);
    TCase *others = tcase_create("others");
    tcase_add_checked_fixture(others, setup_others, teardown_others);
    tcase_add_test(others, a_batch_may_be_taken_over_with_room_in_front_and_nothing_behind);
    tcase_add_test(others, what_is_not_admitted_to_a_batch_leaves_the_others_whole);
    return RUN_TESTS("rpc", tcase, others);
}
