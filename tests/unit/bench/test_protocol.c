/* The load generator's protocols: a message is taken once it is whole, wherever the pieces are cut. */
#include "tests/bench/expand.h"
#include "tests/bench/protocol.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>
#include <string.h>

/* As TEXT, for what is initialized once. */
#define BYTES(literal)                                                                                                         \
    {                                                                                                                          \
        "" literal, sizeof(literal) - 1                                                                                        \
    }

typedef struct {
    unsigned updates, subscribed, gaps;
    char last[64];
} heard_t;

static void on_update(void *arg, const char *text, size_t length)
{
    heard_t *heard = arg;
    heard->updates++;
    ck_assert_uint_lt(length, sizeof heard->last);
    memcpy(heard->last, text, length);
    heard->last[length] = '\0';
}

static void on_subscribed(void *arg)
{
    ((heard_t *)arg)->subscribed++;
}

static void on_gap(void *arg)
{
    ((heard_t *)arg)->gaps++;
}

static void say(void *arg, const char *bytes, size_t length)
{
    (void)arg, (void)bytes, (void)length;
}

static const protocol_events_t events = {.on_update = on_update, .on_subscribed = on_subscribed, .on_gap = on_gap, .say = say};

static const struct {
    const char *protocol;
    text_t stream; /* an answer to a subscription, and two updates: "one", "two" */
} streams[] = {
    {"nats", BYTES("INFO {}\r\nPONG\r\nMSG a.b 1 3\r\none\r\nMSG a.b 1 3\r\ntwo\r\n")},
    {"mqtt", BYTES("\x20\x02\x00\x00\x90\x03\x00\x01\x00\x30\x08\x00\x03"
                   "a/bone\x30\x08\x00\x03"
                   "a/btwo")},
};

START_TEST(a_stream_cut_anywhere_gives_the_same_messages)
{
    const bench_protocol_t *protocol = protocol_find(streams[_i].protocol);
    text_t stream = streams[_i].stream;
    ck_assert_ptr_nonnull(protocol);
    for (size_t cut = 0; cut <= stream.length; cut++) {
        heard_t heard = {0};
        size_t taken = protocol->take(stream.at, cut, &events, &heard);
        ck_assert_uint_le(taken, cut);
        taken += protocol->take(stream.at + taken, stream.length - taken, &events, &heard);
        ck_assert_uint_eq(taken, stream.length);
        ck_assert_uint_eq(heard.subscribed, 1);
        ck_assert_uint_eq(heard.updates, 2);
        ck_assert_str_eq(heard.last, "two");
    }
}
END_TEST

/* What whole frames say. */
static heard_t hear(const char *name, const text_t *frames, size_t count)
{
    const bench_protocol_t *protocol = protocol_find(name);
    heard_t heard = {0};
    for (size_t i = 0; i < count; i++)
        ck_assert_uint_eq(protocol->take(frames[i].at, frames[i].length, &events, &heard), frames[i].length);
    return heard;
}

START_TEST(a_gateway_is_understood)
{
    static const text_t frames[] = {BYTES("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"event\":\"subscribed\"}}"),
                                    BYTES("{\"jsonrpc\":\"2.0\",\"method\":\"trades.update\",\"params\":1}"),
                                    BYTES("{\"jsonrpc\":\"2.0\",\"method\":\"trades.gap\",\"params\":1}"),
                                    BYTES("{\"jsonrpc\":\"2.0\",\"method\":\"connection.lost\",\"params\":1}")};
    heard_t heard = hear("dataflow", frames, sizeof frames / sizeof *frames);
    ck_assert_uint_eq(heard.subscribed, 1);
    ck_assert_uint_eq(heard.updates, 1);
    ck_assert_uint_eq(heard.gaps, 1);
}
END_TEST

START_TEST(a_batch_has_all_its_messages_and_may_be_a_single_one)
{
#define UPDATE(number) "{\"jsonrpc\":\"2.0\",\"method\":\"trades.update\"," number "}"
    static const text_t frames[] = {BYTES("[" UPDATE("1") "," UPDATE("2") "," UPDATE("3") "]"), BYTES(UPDATE("4")),
                                    BYTES("[{\"jsonrpc\":\"2.0\",\"method\":\"trades.gap\"}]")};
    heard_t heard = hear("dataflow-batch", frames, sizeof frames / sizeof *frames);
    ck_assert_uint_eq(heard.updates, 4);
    ck_assert_uint_eq(heard.gaps, 1);
}
END_TEST

START_TEST(what_was_compressed_is_expanded_and_what_was_not_is_none)
{
    /* Section 7.2.3.1 of RFC 7692: "Hello", once compressed and once stored. */
    static const text_t hello[] = {BYTES("\xf2\x48\xcd\xc9\xc9\x07\x00"),
                                   BYTES("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00")};
    expander_t *expander = expander_new();
    for (int round = 0; round < 4; round++)
        ck_assert(text_equal(expander_take(expander, hello[round % 2]), TEXT("Hello")));
    ck_assert_uint_eq(expander_take(expander, TEXT("\xff\xff\xff")).length, 0);
    ck_assert(text_equal(expander_take(expander, hello[0]), TEXT("Hello")));
    expander_destroy(&expander);
}
END_TEST

START_TEST(there_is_no_other_protocol)
{
    ck_assert_ptr_null(protocol_find("carrier-pigeon"));
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("all");
    tcase_add_loop_test(cases, a_stream_cut_anywhere_gives_the_same_messages, 0, sizeof streams / sizeof *streams);
    tcase_add_test(cases, a_gateway_is_understood);
    tcase_add_test(cases, a_batch_has_all_its_messages_and_may_be_a_single_one);
    tcase_add_test(cases, what_was_compressed_is_expanded_and_what_was_not_is_none);
    tcase_add_test(cases, there_is_no_other_protocol);
    return RUN_TESTS("protocol", cases);
}
