/* The connector "http" for what the contract of connectors (tests/contract) does not ask: what it remembers. */
#include "common/log.h"
#include "connectord/connectors/connector.h"
#include "tests/unit/http_answers.h"
#include "tests/unit/no_recording.h"
#include "tests/unit/run_tests.h"
#include "tests/unit/temporary_folder.h"

static const connector_t *connector;
static void *instance;
static loop_t *loop;
static web_t *web;
static folder_t folder;
static http_answers_t server;
static source_config_t config;
static char definition[96], calls[1000];
static int unchanged;
static const char *leave_at; /* the id of the trade within which the connection is left; NULL: none */

static text_t symbols[] = {TEXT_CONST("BTC-USD"), TEXT_CONST("ETH-USD")};

static void note(const char *word, text_t symbol, text_t id)
{
    size_t length = strlen(calls);
    snprintf(calls + length, sizeof calls - length, "%s%.3s%.*s ", word, symbol.at, TEXT_ARG(id));
    uv_stop(loop_uv(loop));
}

static void on_connected(void *arg)
{
    (void)arg;
    note("connected", TEXT("   "), TEXT(""));
}

static void on_confirmed(void *arg, text_t symbol, bool subscribed)
{
    (void)arg;
    note(subscribed ? "+" : "-", symbol, TEXT(""));
}

static void on_rejected(void *arg, text_t symbol, text_t reason)
{
    (void)arg, (void)reason;
    note("rejected:", symbol, TEXT(""));
}

static void on_trade(void *arg, const trade_t *trade, memo_t *memo)
{
    (void)memo;
    (void)arg;
    note("", trade->symbol, trade->id);
    if (leave_at && text_equal(trade->id, text_of(leave_at)))
        connector->disconnect(instance);
}

static void on_gap(void *arg, uint64_t expected, uint64_t found)
{
    (void)arg, (void)expected, (void)found;
    ck_abort();
}

static void on_malformed(void *arg, const char *reason, text_t sample)
{
    (void)arg, (void)sample;
    ck_abort_msg("%s", reason);
}

static void on_lost(void *arg, const loss_t *loss)
{
    (void)arg;
    note("lost", TEXT("   "), TEXT(""));
    log_debug("lost", LOG_TEXT("reason", loss->reason));
}

static const connector_events_t events = {.on_connected = on_connected,
                                          .on_confirmed = on_confirmed,
                                          .on_rejected = on_rejected,
                                          .on_trade = on_trade,
                                          .on_gap = on_gap,
                                          .on_malformed = on_malformed,
                                          .on_lost = on_lost,
                                          .on_received = on_received,
                                          .on_mark = on_mark};

/* Two trades of each symbol; unchanged for who knows them. */
static void answer(http_answers_t *self, const char *request, buffer_t *out)
{
    buffer_t body = buffer_new(0);
    (void)self;
    if (strstr(request, "If-None-Match: \"1\"")) {
        unchanged++;
        buffer_printf(out, "HTTP/1.1 304 Not Modified\r\n\r\n");
        return;
    }
    for (int i = 1; i <= 4; i++)
        buffer_printf(&body,
                      "%s\"symbol\":\"%.7s\",\"id\":%d,\"at\":\"2025-11-10T17:24:33Z\",\"price\":1,\"qty\":2,\"side\":\"b\"}\n",
                      "{", symbols[i % 2 == 0].at, i);
    http_answers_print(out, "200 OK", "Content-Type: application/x-ndjson\r\nETag: \"1\"\r\n", buffer_text(&body));
    buffer_release(&body);
}

static void define(void)
{
    snprintf(definition, sizeof definition, "%s/polled.json", folder.path);
    FILE *out = fopen(definition, "w");
    ck_assert_ptr_nonnull(out);
    fputs("{\"http\": {\"every_ms\": 100}, \"mapping\": {\"symbol\": \"/symbol\", \"id\": \"/id\", \"timestamp\": \"/at\", "
          "\"price\": "
          "\"/price\", \"qty\": \"/qty\", \"side\": {\"at\": \"/side\", \"buy\": \"b\", \"sell\": \"s\"}}}",
          out);
    fclose(out);
}

static void set_up(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    loop = loop_new();
    web = web_new(loop, 1024);
    folder = folder_new();
    define();
    http_answers_start(&server, loop, answer);
    config = (source_config_t){.name = TEXT("polled"),
                               .connector = "http",
                               .url = server.url,
                               .token = "",
                               .ca = "",
                               .symbols = symbols,
                               .symbol_count = 2,
                               .silence_ms = 60000,
                               .messages_per_minute = 100000};
    config.settings[config.setting_count++] = (connector_setting_t){.name = "definition", .text = definition};
    calls[0] = '\0';
    unchanged = 0;
    leave_at = NULL;
    connector = connector_find("http");
    instance = connector->open(loop, web, &config, &events, NULL);
    ck_assert_ptr_nonnull(instance);
}

static void tear_down(void)
{
    connector->close(instance);
    http_answers_stop(&server);
    web_destroy(&web);
    loop_destroy(&loop);
    folder_remove(&folder);
}

static void wait_for(const char *wanted)
{
    while (strlen(calls) < strlen(wanted))
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    ck_assert_str_eq(calls, wanted);
    calls[0] = '\0';
}

static void wait_for_unchanged(int more)
{
    for (int wanted = unchanged + more; unchanged < wanted;)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    ck_assert_str_eq(calls, "");
}

static void begin(void)
{
    connector->connect(instance);
    wait_for("connected    ");
    connector->subscribe(instance, symbols[0]);
}

START_TEST(a_symbol_that_is_wanted_later_gets_what_was_left_out_before)
{
    begin();
    wait_for("+BTC BTC1 BTC3 ");
    wait_for_unchanged(2);
    connector->subscribe(instance, symbols[1]);
    wait_for("+ETH ETH2 ETH4 ");
    wait_for_unchanged(2);
}
END_TEST

START_TEST(what_was_not_all_given_on_when_it_was_left_comes_again)
{
    leave_at = "1";
    begin();
    wait_for("+BTC BTC1 ");
    leave_at = NULL;
    begin();
    wait_for("+BTC BTC1 BTC3 ");
    wait_for_unchanged(1);
}
END_TEST

START_TEST(what_was_all_given_on_does_not_come_again)
{
    begin();
    wait_for("+BTC BTC1 BTC3 ");
    wait_for_unchanged(1);
    connector->disconnect(instance);
    begin();
    wait_for("+BTC ");
    wait_for_unchanged(1);
}
END_TEST

START_TEST(nothing_is_asked_while_nothing_is_wanted)
{
    begin();
    wait_for("+BTC BTC1 BTC3 ");
    wait_for_unchanged(1);
    connector->unsubscribe(instance, symbols[0]);
    wait_for("-BTC ");
    connector->subscribe(instance, symbols[1]);
    connector->unsubscribe(instance, symbols[1]);
    uint64_t turns = loop_turns(loop);
    loop_timer_t *timer = loop_timer_new(loop, on_connected, NULL);
    int asked = server.requests;
    loop_timer_start(timer, 500, 0);
    wait_for("connected    ");
    loop_timer_destroy(&timer);
    ck_assert_int_le(server.requests, asked + 1); /* one may have been under way */
    ck_assert_uint_lt(loop_turns(loop) - turns, 100);
}
END_TEST

START_TEST(exchanges_that_are_held_back_are_not_asked)
{
    begin();
    wait_for("+BTC BTC1 BTC3 ");
    web_hold(web, true);
    connector->subscribe(instance, symbols[1]);
    wait_for("+ETH ");
    int asked = server.requests;
    loop_timer_t *timer = loop_timer_new(loop, on_connected, NULL);
    loop_timer_start(timer, 500, 0);
    wait_for("connected    ");
    loop_timer_destroy(&timer);
    ck_assert_int_le(server.requests, asked + 1);
    web_hold(web, false);
    wait_for("ETH2 ETH4 ");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("http");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_symbol_that_is_wanted_later_gets_what_was_left_out_before);
    tcase_add_test(tests, what_was_not_all_given_on_when_it_was_left_comes_again);
    tcase_add_test(tests, what_was_all_given_on_does_not_come_again);
    tcase_add_test(tests, nothing_is_asked_while_nothing_is_wanted);
    tcase_add_test(tests, exchanges_that_are_held_back_are_not_asked);
    return RUN_TESTS("http", tests);
}
