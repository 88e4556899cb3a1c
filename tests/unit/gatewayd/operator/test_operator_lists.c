/* Who is connected, and who takes what: whole, page by page, and while clients come and go. */
#include "common/json/json.h"
#include "gatewayd/forms/page_token.h"
#include "gatewayd/operator/client_list.h"
#include "gatewayd/operator/subscription_list.h"
#include "tests/unit/gateway_fixture.h"

static wire_t others[200];
static client_t *peers[200];
static buffer_t out;

static void setup(void)
{
    fixture_setup();
    out = buffer_new(0);
}

static void teardown(void)
{
    for (size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
        peer_leaves(&peers[i]);
        buffer_release(&others[i].sent);
    }
    buffer_release(&out);
    fixture_teardown();
}

static void join(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        others[i] = (wire_t){.sent = buffer_new(0)};
        peers[i] = peer_new(&fixture.hub, &wire_link, &others[i]);
    }
}

static text_t member(const char *name)
{
    ck_assert(json_valid(buffer_text(&out)));
    return json_member(buffer_text(&out), name);
}

static size_t count_of(const char *list)
{
    size_t count = 0;
    for (json_walk_t walk = json_walk(member(list)); json_next(&walk);)
        count++;
    return count;
}

/* A whole page; how many pieces it took. */
static size_t list(uint64_t after, size_t count)
{
    client_list_t page;
    size_t pieces = 1;
    buffer_clear(&out);
    client_list_begin(&page, &fixture.hub, after, count, &out);
    while (client_list_step(&page))
        pieces++;
    return pieces;
}

static uint64_t id_at(size_t number)
{
    uint64_t id = 0;
    size_t at = 0;
    for (json_walk_t walk = json_walk(member("clients")); json_next(&walk); at++)
        if (at == number)
            ck_assert(json_u64(json_member(walk.value, "id"), &id));
    return id;
}

static void expect_next(const char *expected)
{
    text_t token;
    buffer_t plain = buffer_new(0);
    ck_assert(json_plain_string(member("next"), &token));
    ck_assert(page_token_decode(&plain, token));
    ck_assert_msg(text_equal(buffer_text(&plain), text_of(expected)), "expected %s, found %.*s", expected,
                  TEXT_ARG(buffer_text(&plain)));
    buffer_release(&plain);
}

START_TEST(a_client_is_told_with_its_place)
{
    subscribe_at_10();
    fixture.client->talk.caller.address = TEXT("192.0.2.7");
    fixture.wire.choked = true;
    trades_come(11, 13);
    list(0, 10);
    char expected[512];
    snprintf(expected, sizeof expected,
             "{\"version\":\"v1\",\"total\":1,\"clients\":[{\"id\":1,\"address\":\"192.0.2.7\",\"transport\":\"websocket\","
             "\"subject\":"
             "null,\"role\":\"%.*s\",\"since\":\"1970-01-01T00:16:40.000000Z\",\"subscriptions\":1,\"streams\":1,\"sent_"
             "bytes\":%llu,"
             "\"sent_trades\":0,\"waiting_bytes\":0,\"behind\":3,\"catching_up\":0}]}",
             TEXT_ARG(role_name(fixture.everyone.role)), (unsigned long long)fixture.wire.sent.length);
    ck_assert_msg(text_equal(buffer_text(&out), text_of(expected)), "expected %s\nfound    %.*s", expected,
                  TEXT_ARG(buffer_text(&out)));
    fixture.wire.choked = false;
    client_pump(fixture.client);
    list(0, 10);
    ck_assert_ptr_nonnull(memmem(out.bytes, out.length, "\"sent_trades\":3,\"waiting_bytes\":0,\"behind\":0", 44));
}
END_TEST

START_TEST(pages_follow_one_another)
{
    join(4);
    list(0, 2);
    ck_assert_uint_eq(count_of("clients"), 2);
    expect_next("2");
    list(2, 2);
    ck_assert_uint_eq(id_at(0), 3);
    expect_next("4");
    list(4, 2);
    ck_assert_uint_eq(count_of("clients"), 1);
    ck_assert_uint_eq(member("next").length, 0);
    list(99, 2);
    ck_assert_uint_eq(count_of("clients"), 0);
}
END_TEST

START_TEST(a_long_page_is_made_in_pieces)
{
    join(199);
    ck_assert_uint_eq(list(0, 1000), 200 / CLIENT_LIST_PIECE_CLIENTS);
    ck_assert_uint_eq(count_of("clients"), 200);
}
END_TEST

START_TEST(clients_may_leave_between_two_pieces)
{
    client_list_t page;
    join(199);
    client_list_begin(&page, &fixture.hub, 0, 1000, &out);
    ck_assert(client_list_step(&page));
    for (size_t i = 0; i < 150; i++)
        peer_leaves(&peers[i]);
    while (client_list_step(&page))
        ;
    ck_assert_uint_eq(count_of("clients"), CLIENT_LIST_PIECE_CLIENTS + 49);
}
END_TEST

static void subscribe_to(client_t *client, const char *symbol)
{
    char message[256];
    snprintf(message, sizeof message,
             "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscribe\",\"params\":{\"channel\":\"trades\",\"symbol\":\"%s\"}}",
             symbol);
    peer_says(client, text_of(message));
}

static void expect_list(const char *expected)
{
    ck_assert_msg(text_equal(buffer_text(&out), text_of(expected)), "expected %s\nfound    %.*s", expected,
                  TEXT_ARG(buffer_text(&out)));
}

static void take_three(void)
{
    static const char *const symbols[] = {"C-C", "A-A", "B-B"};
    join(1);
    hear("a", true, "{\"C-C\":10,\"A-A\":10,\"B-B\":10}");
    hear("b", true, "{\"A-A\":10}");
    for (size_t i = 0; i < 3; i++)
        subscribe_to(fixture.client, symbols[i]);
    subscribe_to(peers[0], "A-A");
    follow("trade.C-C.a", FIXTURE_EPOCH, 10);
    follow("trade.A-A.a", FIXTURE_EPOCH, 10);
    follow("trade.A-A.b", FIXTURE_EPOCH, 10);
    follow("trade.B-B.a", FIXTURE_EPOCH, 10);
}

#define OF(symbol, source, clients)                                                                                            \
    "{\"channel\":\"trades\",\"symbol\":\"" symbol "\",\"source\":\"" source "\",\"clients\":" clients "}"

START_TEST(streams_are_told_with_how_many_take_them)
{
    take_three();
    ck_assert_int_eq(subscription_list_print(&fixture.hub, TEXT(""), 2, &out), SUBSCRIPTION_LIST_PRINTED);
    ck_assert_ptr_nonnull(memmem(out.bytes, out.length, OF("B-B", "a", "1") "],", strlen(OF("B-B", "a", "1")) + 2));
    expect_next("\"B-B\"");
    buffer_clear(&out);
    ck_assert_int_eq(subscription_list_print(&fixture.hub, TEXT("B-B"), 2, &out), SUBSCRIPTION_LIST_PRINTED);
    expect_list("{\"version\":\"v1\",\"subscriptions\":[" OF("C-C", "a", "1") "]}");
    peer_leaves(&peers[0]);
    buffer_clear(&out);
    ck_assert_int_eq(subscription_list_print(&fixture.hub, TEXT(""), 1, &out), SUBSCRIPTION_LIST_PRINTED);
    ck_assert_ptr_nonnull(memmem(out.bytes, out.length, OF("A-A", "a", "1"), strlen(OF("A-A", "a", "1"))));
}
END_TEST

START_TEST(a_client_is_told_with_what_it_takes)
{
    take_three();
    ck_assert_int_eq(subscription_list_print_client(&fixture.hub, 1, TEXT("A-A"), 1, &out), SUBSCRIPTION_LIST_PRINTED);
    expect_next("\"B-B\"");
    buffer_clear(&out);
    ck_assert_int_eq(subscription_list_print_client(&fixture.hub, 1, TEXT("B-B"), 1, &out), SUBSCRIPTION_LIST_PRINTED);
    expect_list("{\"version\":\"v1\",\"client\":1,\"subscriptions\":[{\"channel\":\"trades\",\"symbol\":\"C-C\",\"streams\":[{"
                "\"source\":\"a\",\"behind\":0}]}]}");
    ck_assert_int_eq(subscription_list_print_client(&fixture.hub, 99, TEXT(""), 1, &out), SUBSCRIPTION_LIST_NO_CLIENT);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_client_is_told_with_its_place,
                                  pages_follow_one_another,
                                  a_long_page_is_made_in_pieces,
                                  clients_may_leave_between_two_pieces,
                                  streams_are_told_with_how_many_take_them,
                                  a_client_is_told_with_what_it_takes};
    return RUN_TESTS("operator_lists", TEST_CASE(setup, teardown, tests));
}
