/* What every connector must do, whatever it speaks: the contract of connectord/connectors/connector.h. Each case runs against each connector, over
 * the same script of messages; a backend brings the script to its connector.
 *
 * A new connector: a backend below, and its line in backends[]; a connector without one fails.
 *
 * Over 400 lines, but one idea: the whole contract, which every connector has to pass, with the exchange that it is played
 * against.
 */
#include "common/log.h"
#include "connectord/connectors/connector.h"
#include "tests/unit/http_answers.h"
#include "tests/unit/temporary_folder.h"
#include "tests/unit/websocket_server.h"

#include <sys/socket.h>
#include <uv.h>

enum { SCRIPT_MAX = 3000, SYMBOLS = 2 };

static const char *const symbols[SYMBOLS] = {"BTC-USD", "ETH-USD"};

/* What a connector told. */
typedef struct {
    int connected, lost, malformed, gaps, trades, foreign; /* foreign: trades of other symbols than the first */
    int confirmed[2];                                      /* unsubscribed, subscribed */
    int rejected;
    int trades_since_unsubscribed;
    char reason[200];
    bool inside; /* a call of ours: nothing may be told then */
} connector_told_t;

typedef struct {
    const char *name;
    void (*start)(void);     /* makes the script playable and completes the configuration */
    void (*take_away)(void); /* the next connect finds nothing */
    bool refuses;            /* a subscribe, where `refusals` says so */
    bool remembers;          /* what it has told, over a disconnect, too */
    int others; /* of the malformed messages those that its definition takes for another's: [], and an unknown event */
} connector_backend_t;

static const connector_backend_t *backend;
static const connector_t *connector;
static void *instance;
static loop_t *loop;
static web_t *web;
static folder_t folder;
static websocket_server_t server;
static http_answers_t http_server;
static char file[96], url[64];
static int dead_port_fd;
static source_config_t config;
static char *script[SCRIPT_MAX]; /* messages; trades without their seqnum, which print_message adds */
static int script_length;
static connector_told_t told;
static void (*upon_trade)(const trade_t *trade);

#define UNTIL(condition)                                                                                                       \
    while (!(condition))                                                                                                       \
    uv_run(loop_uv(loop), UV_RUN_ONCE)

/* Lets what is under way come. */
static void settle(void)
{
    for (int i = 0; i < 50; i++)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
}

static connector_setting_t *setting(const char *name)
{
    return &config.settings[source_config_setting(&config, name) - config.settings];
}

/* --- the script --- */

static void add_message(char *message)
{
    ck_assert_int_lt(script_length, SCRIPT_MAX);
    script[script_length++] = message;
}

/* Trades have prices and quantities whose text a double would not keep. */
static void add_trade(const char *symbol, int number)
{
    char *message;
    ck_assert_int_gt(
        asprintf(&message,
                 "\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\"%s\",\"timestamp\":\"2025-11-10T17:24:%02d.%06dZ\","
                 "\"side\":\"%s\",\"qty\":%d.5E-5,\"price\":105383.%05d000,\"trade_id\":\"%d\"}",
                 symbol, number / 100 % 60, number, number % 2 ? "buy" : "sell", number, number, number),
        0);
    add_message(message);
}

static bool is_trade(const char *message)
{
    return strncmp(message, "\"event\"", 7) == 0;
}

/* A message as it goes out; good ones get a seqnum. */
static void print_message(char out[static 512], const char *message, int *seqnum)
{
    if (is_trade(message))
        snprintf(out, 512, "{\"seqnum\":%d,%s", (*seqnum)++, message);
    else
        snprintf(out, 512, "%s", message);
}

/* --- the backend of "blockchain": a server that answers requests, and plays the script once all that is configured was asked for --- */

static int seqnum, asked, refusals;

static void exchange_on_open(websocket_server_t *self)
{
    (void)self;
    seqnum = asked = 0;
}

static void exchange_play(void)
{
    char message[512];
    for (int i = 0; i < script_length; i++) {
        print_message(message, script[i], &seqnum);
        server_send(&server, message);
    }
}

static void exchange_on_message(websocket_server_t *self, text_t request)
{
    char answer[256], text[256];
    snprintf(text, sizeof text, "%.*s", TEXT_ARG(request));
    bool subscribe = strstr(text, "\"subscribe\"");
    const char *symbol = strstr(text, "\"symbol\":\"");
    if (symbol && subscribe && refusals > 0) {
        refusals--;
        snprintf(answer, sizeof answer,
                 "{\"seqnum\":%d,\"event\":\"rejected\",\"channel\":\"trades\",\"symbol\":\"%.7s\",\"text\":\"not now\"}",
                 seqnum++, symbol + 10);
        server_send(self, answer);
        return;
    }
    if (symbol)
        snprintf(answer, sizeof answer, "{\"seqnum\":%d,\"event\":\"%s\",\"channel\":\"trades\",\"symbol\":\"%.7s\"}", seqnum++,
                 subscribe ? "subscribed" : "unsubscribed", symbol + 10);
    else
        snprintf(answer, sizeof answer, "{\"seqnum\":%d,\"event\":\"subscribed\",\"channel\":\"heartbeat\"}", seqnum++);
    server_send(self, answer);
    asked += subscribe && symbol;
    if (symbol && asked == (config.demand ? 1 : (int)config.symbol_count)) {
        asked = -1000;
        exchange_play();
    }
}

static void exchange_start(void)
{
    server = (websocket_server_t){.on_open = exchange_on_open, .on_message = exchange_on_message};
    server_start(&server, web, NULL, NULL);
    config.url = server.url;
}

/* A port that nobody listens on, and that nobody else gets meanwhile. */
static void exchange_take_away(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    dead_port_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(dead_port_fd, (struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(getsockname(dead_port_fd, (struct sockaddr *)&address, &length), 0);
    snprintf(url, sizeof url, "ws://127.0.0.1:%d/", ntohs(address.sin_port));
    config.url = url;
}

/* --- the backend of "replay": a file --- */

static void recording_start(void)
{
    char message[512];
    int number = 1;
    snprintf(file, sizeof file, "%s/recording.ndjson", folder.path);
    FILE *out = fopen(file, "w");
    ck_assert_ptr_nonnull(out);
    for (int i = 0; i < script_length; i++) {
        print_message(message, script[i], &number);
        fprintf(out, "%s\n", message);
    }
    fclose(out);
    setting("file")->text = file;
}

static void recording_take_away(void)
{
    snprintf(file, sizeof file, "%s/there-is-none.ndjson", folder.path);
    setting("file")->text = file;
}

/* --- the backend of "websocket": the same server, spoken with by a definition --- */

static void defined_start(void)
{
    exchange_start();
    setting("definition")->text = "deploy/sources/blockchain.json";
}

static void defined_take_away(void)
{
    exchange_take_away();
    setting("definition")->text = "deploy/sources/blockchain.json";
}

/* --- the backend of "http": a server that answers each request with the script --- */

static void answer_with_script(http_answers_t *self, const char *request, buffer_t *out)
{
    char message[512];
    buffer_t body = buffer_new(0);
    int number = 1;
    (void)self, (void)request;
    for (int i = 0; i < script_length; i++) {
        print_message(message, script[i], &number);
        buffer_printf(&body, "%s\n", message);
    }
    http_answers_print(out, "200 OK", "Content-Type: application/x-ndjson\r\n", buffer_text(&body));
    buffer_release(&body);
}

static void define_polled(void)
{
    snprintf(file, sizeof file, "%s/polled.json", folder.path);
    FILE *out = fopen(file, "w");
    ck_assert_ptr_nonnull(out);
    fprintf(out,
            "{\"http\": {\"every_ms\": 60000}, \"mapping\": {\"where\": {\"/event\": \"updated\", \"/channel\": \"trades\"}, "
            "\"symbol\": \"/symbol\", \"id\": \"/trade_id\", \"timestamp\": \"/timestamp\", \"price\": \"/price\", \"qty\": "
            "\"/qty\", "
            "\"side\": {\"at\": \"/side\", \"buy\": \"buy\", \"sell\": \"sell\"}}}");
    fclose(out);
    setting("definition")->text = file;
}

static void polled_start(void)
{
    define_polled();
    http_answers_start(&http_server, loop, answer_with_script);
    config.url = http_server.url;
}

static void polled_take_away(void)
{
    static char dead_url[64];
    define_polled();
    exchange_take_away();
    snprintf(dead_url, sizeof dead_url, "http%.50s", url + strlen("ws"));
    config.url = dead_url;
}

static const connector_backend_t backends[] = {
    {"blockchain", exchange_start, exchange_take_away, true, false, 0},
    {"http", polled_start, polled_take_away, false, true, 2},
    {"replay", recording_start, recording_take_away, false, false, 0},
    {"websocket", defined_start, defined_take_away, true, false, 2},
};

static const connector_backend_t *backend_of(const char *name)
{
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++)
        if (strcmp(backends[i].name, name) == 0)
            return &backends[i];
    return NULL;
}

static int connector_count(void)
{
    int count = 0;
    while (connector_at((size_t)count))
        count++;
    return count;
}

/* --- what the connector tells --- */

static void check_told_from_the_loop(void)
{
    uv_stop(loop_uv(loop)); /* so that UNTIL looks before the loop sleeps */
    ck_assert_msg(!told.inside, "a callback from within a call");
    ck_assert_msg(told.connected == 1 || told.lost == 1, "a callback before on_connected, or after the end");
}

static void on_connected(void *arg)
{
    ck_assert_ptr_eq(arg, &told);
    told.connected++;
    check_told_from_the_loop();
    ck_assert_int_eq(told.connected, 1);
}

static void on_confirmed(void *arg, text_t symbol, bool subscribed)
{
    (void)arg;
    check_told_from_the_loop();
    if (text_equal(symbol, text_of(symbols[0])))
        told.confirmed[subscribed]++;
}

static void on_rejected(void *arg, text_t symbol, text_t reason)
{
    (void)arg;
    check_told_from_the_loop();
    ck_assert_msg(backend->refuses, "%.*s was rejected: %.*s", TEXT_ARG(symbol), TEXT_ARG(reason));
    ck_assert(text_equal(symbol, text_of(symbols[0])));
    told.rejected++;
}

static void on_trade(void *arg, const trade_t *trade)
{
    (void)arg;
    check_told_from_the_loop();
    trade_t named = *trade;
    const char *wrong;
    named.source = config.name;
    ck_assert_msg(trade_valid(&named, &wrong), "invalid %s", wrong);
    ck_assert_int_eq(named.timestamp_ns, trade->timestamp_ns); /* was set already */
    ck_assert_int_gt(trade->received_ns, 0);
    told.trades++;
    told.foreign += !text_equal(trade->symbol, text_of(symbols[0]));
    told.trades_since_unsubscribed += told.confirmed[false] > 0 && text_equal(trade->symbol, text_of(symbols[0]));
    if (upon_trade)
        upon_trade(trade);
}

static void on_gap(void *arg, uint64_t expected, uint64_t found)
{
    (void)arg, (void)expected, (void)found;
    check_told_from_the_loop();
    told.gaps++;
}

static void on_malformed(void *arg, const char *reason, text_t sample)
{
    (void)arg;
    check_told_from_the_loop();
    ck_assert_int_gt(strlen(reason), 0);
    ck_assert_uint_le(sample.length, 200);
    told.malformed++;
}

static void on_lost(void *arg, const loss_t *loss)
{
    (void)arg;
    told.lost++;
    check_told_from_the_loop();
    snprintf(told.reason, sizeof told.reason, "%s", loss->reason);
}

static const connector_events_t events = {on_connected, on_confirmed, on_rejected, on_trade, on_gap, on_malformed, on_lost};

/* --- set-up --- */

static text_t symbol_texts[SYMBOLS];

static void begin(int number, int symbol_count)
{
    connector = connector_at((size_t)number);
    backend = backend_of(connector->name);
    ck_assert_msg(backend, "%s has no backend", connector->name);
    for (int i = 0; i < SYMBOLS; i++)
        symbol_texts[i] = text_of(symbols[i]);
    config = (source_config_t){.name = TEXT("exchange"),
                               .connector = backend->name,
                               .url = "ws://localhost:1/",
                               .token = "",
                               .ca = "",
                               .symbols = symbol_texts,
                               .symbol_count = (size_t)symbol_count,
                               .silence_ms = 60000,
                               .messages_per_minute = 1200};
    const schema_key_t *key;
    for (; (key = connector_setting_at(config.setting_count)); config.setting_count++)
        config.settings[config.setting_count] =
            (connector_setting_t){key->path + sizeof SCHEMA_SOURCE - 1, .text = key->type == KEY_TEXT ? key->initial : NULL};
    setting("file")->text = "there-is-none";
}

static void set_up(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    loop = loop_new();
    web = web_new(loop, 1024);
    folder = folder_new();
    told = (connector_told_t){0};
    upon_trade = NULL;
    dead_port_fd = -1;
    refusals = 0;
}

static void tear_down(void)
{
    if (connector)
        connector->close(instance);
    http_answers_stop(&http_server);
    web_destroy(&web);
    server_release(&server);
    loop_destroy(&loop);
    folder_remove(&folder);
    while (script_length > 0)
        free(script[--script_length]);
    if (dead_port_fd != -1)
        close(dead_port_fd);
}

static void *open_connector(void)
{
    instance = connector->open(loop, web, &config, &events, &told);
    ck_assert_ptr_nonnull(instance);
    return instance;
}

static void call(void (*function)(void *self))
{
    told.inside = true;
    function(instance);
    told.inside = false;
}

/* Over the script as it is now, which begins to play when all symbols are subscribed. */
static void connect_and_subscribe(void)
{
    backend->start();
    open_connector();
    call(connector->connect);
    UNTIL(told.connected);
    for (size_t i = 0; i < config.symbol_count; i++) {
        told.inside = true;
        connector->subscribe(instance, config.symbols[i]);
        told.inside = false;
    }
}

/* --- the cases --- */

START_TEST(connected_comes_once_from_the_loop_before_anything_else)
{
    begin(_i, 1);
    add_trade(symbols[0], 1);
    backend->start();
    open_connector();
    settle();
    ck_assert_int_eq(told.connected, 0);
    call(connector->connect);
    UNTIL(told.connected);
    settle();
    ck_assert_int_eq(told.connected, 1);
    ck_assert_int_eq(told.trades, 0);
    ck_assert_int_eq(told.lost, 0);
}
END_TEST

START_TEST(subscribe_is_confirmed)
{
    begin(_i, 1);
    connect_and_subscribe();
    UNTIL(told.confirmed[true]);
    settle();
    ck_assert_int_eq(told.confirmed[true], 1);
    ck_assert_int_eq(told.confirmed[false], 0);
}
END_TEST

static void subscribe_first(void)
{
    told.inside = true;
    connector->subscribe(instance, symbol_texts[0]);
    told.inside = false;
}

START_TEST(a_symbol_that_was_refused_can_be_asked_for_again_on_the_same_connection)
{
    begin(_i, 1);
    if (!backend->refuses)
        return;
    add_trade(symbols[0], 1);
    refusals = 2;
    connect_and_subscribe();
    for (int i = 1; i <= 2; i++) {
        UNTIL(told.rejected == i);
        settle();
        ck_assert_int_eq(told.rejected, i); /* when it is asked for again is not the connector's to say */
        subscribe_first();
    }
    UNTIL(told.trades == 1);
    ck_assert_int_eq(told.confirmed[true], 1);
    ck_assert_int_eq(told.lost, 0);
}
END_TEST

START_TEST(each_subscribe_is_answered)
{
    begin(_i, 1);
    connect_and_subscribe();
    UNTIL(told.confirmed[true] == 1);
    subscribe_first();
    UNTIL(told.confirmed[true] == 2);
    connector->unsubscribe(instance, symbol_texts[0]);
    subscribe_first();
    UNTIL(told.confirmed[true] == 3);
    ck_assert_int_eq(told.lost, 0);
}
END_TEST

/* The script's text of a trade, found again. */
static int checked;

static void check_exact_trade(const trade_t *trade)
{
    char wanted[512], found[512];
    snprintf(wanted, sizeof wanted, "%s", script[checked++]);
    snprintf(
        found, sizeof found,
        "\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\"%.*s\",\"timestamp\":\"%.*s\",\"side\":\"%s\",\"qty\":%.*s,"
        "\"price\":%.*s,\"trade_id\":\"%.*s\"}",
        TEXT_ARG(trade->symbol), TEXT_ARG(trade->timestamp), trade->side == SIDE_BUY ? "buy" : "sell", TEXT_ARG(trade->qty),
        TEXT_ARG(trade->price), TEXT_ARG(trade->id));
    ck_assert_str_eq(found, wanted);
}

START_TEST(trades_come_once_in_order_with_their_exact_text)
{
    begin(_i, 2);
    for (int i = 1; i <= 2500; i++)
        add_trade(symbols[i % 2], i);
    checked = 0;
    upon_trade = check_exact_trade;
    connect_and_subscribe();
    UNTIL(told.trades == 2500);
    settle();
    ck_assert_int_eq(told.trades, 2500);
    ck_assert_int_eq(told.gaps + told.malformed + told.lost, 0);
}
END_TEST

START_TEST(no_trade_comes_of_a_symbol_that_was_never_subscribed)
{
    begin(_i, 1);
    for (int i = 1; i <= 100; i++)
        add_trade(i % 10 == 0 ? symbols[0] : i % 2 ? "ETH-USD" : "XRP-USD", i);
    connect_and_subscribe();
    UNTIL(told.trades == 10);
    settle();
    ck_assert_int_eq(told.trades, 10);
    ck_assert_int_eq(told.foreign, 0);
    ck_assert_int_eq(told.lost, 0);
}
END_TEST

static void unsubscribe_first(const trade_t *trade)
{
    if (text_equal(trade->id, TEXT("1")))
        connector->unsubscribe(instance, symbol_texts[0]);
}

/* What the exchange goes on to send of the symbol is not let through. A trade of the other symbol marks the script's end. */
START_TEST(no_trade_comes_after_a_confirmed_unsubscribe)
{
    begin(_i, 2);
    for (int i = 1; i <= 2000; i++)
        add_trade(symbols[0], i);
    add_trade(symbols[1], 2001);
    upon_trade = unsubscribe_first;
    connect_and_subscribe();
    UNTIL(told.confirmed[false] && told.foreign);
    if (backend->start == exchange_start) { /* once more: the file has an end, an exchange that misbehaves has none */
        exchange_play();
        UNTIL(told.foreign == 2);
    }
    ck_assert_int_eq(told.trades_since_unsubscribed, 0);
    ck_assert_int_eq(told.confirmed[false], 1);
    ck_assert_int_eq(told.lost, 0);
}
END_TEST

static void disconnect_at_third(const trade_t *trade)
{
    if (text_equal(trade->id, TEXT("3")))
        connector->disconnect(instance);
}

START_TEST(nothing_comes_after_disconnect)
{
    begin(_i, 1);
    for (int i = 1; i <= 1000; i++)
        add_trade(symbols[0], i);
    upon_trade = disconnect_at_third;
    connect_and_subscribe();
    UNTIL(told.trades == 3);
    settle();
    ck_assert_int_eq(told.trades, 3);
    ck_assert_int_eq(told.lost, 0);
    call(connector->disconnect); /* fine when there is none */
}
END_TEST

START_TEST(after_a_disconnect_it_connects_anew_without_a_subscription)
{
    begin(_i, 1);
    for (int i = 1; i <= 10; i++)
        add_trade(symbols[0], i);
    connect_and_subscribe();
    UNTIL(told.trades == 10);
    call(connector->disconnect);
    told = (connector_told_t){0};
    for (int i = 11; backend->remembers && i <= 20; i++)
        add_trade(symbols[0], i);
    call(connector->connect);
    UNTIL(told.connected);
    settle();
    ck_assert_int_eq(told.trades, 0);
    connector->subscribe(instance, symbol_texts[0]);
    UNTIL(told.trades == 10);
    ck_assert_int_eq(told.confirmed[true], 1);
}
END_TEST

START_TEST(malformed_messages_are_told_and_the_good_ones_around_them_come)
{
    static const char *const malformed[] = {
        "nonsense", "{\"seqnum\":",
        "[]",       "{\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"price\":\"1\"}",
        "\xff\xfe", "{\"event\":\"exploded\",\"channel\":\"trades\"}",
    };
    int count = sizeof malformed / sizeof *malformed;
    begin(_i, 1);
    for (int i = 0; i < count; i++) {
        add_trade(symbols[0], i + 1);
        add_message(strdup(malformed[i]));
    }
    add_trade(symbols[0], count + 1);
    connect_and_subscribe();
    UNTIL(told.trades == count + 1);
    ck_assert_int_eq(told.malformed, count - backend->others);
    ck_assert_int_eq(told.lost + told.gaps, 0);
}
END_TEST

START_TEST(backend_that_is_not_there_is_a_loss_with_a_reason)
{
    begin(_i, 1);
    backend->take_away();
    open_connector();
    for (int i = 0; i < 3; i++) { /* and may be tried again */
        told = (connector_told_t){0};
        call(connector->connect);
        UNTIL(told.lost);
        ck_assert_int_gt(strlen(told.reason), 0);
        ck_assert_int_eq(told.connected, 0);
        settle();
        ck_assert_int_eq(told.lost, 1);
    }
}
END_TEST

START_TEST(disconnect_while_connecting_is_the_end_of_it)
{
    begin(_i, 1);
    backend->take_away();
    open_connector();
    call(connector->connect);
    call(connector->disconnect);
    settle();
    ck_assert_int_eq(told.lost + told.connected, 0);
    call(connector->connect);
    UNTIL(told.lost);
    ck_assert_int_eq(told.lost, 1);
}
END_TEST

/* From not even connected to well into the script, a turn of the loop more each time. */
START_TEST(close_in_any_state_leaves_nothing_behind)
{
    begin(_i, 1);
    for (int i = 1; i <= 2000; i++)
        add_trade(symbols[0], i);
    backend->start();
    for (int turns = -1; turns < 40; turns++) {
        told = (connector_told_t){0};
        open_connector();
        if (turns >= 0)
            call(connector->connect);
        for (int i = 0; i < turns; i++) {
            bool was_connected = told.connected;
            uv_run(loop_uv(loop), UV_RUN_NOWAIT);
            if (told.connected && !was_connected)
                connector->subscribe(instance, symbol_texts[0]);
        }
        connector_told_t before = told;
        call(connector->close);
        instance = NULL;
        settle();
        ck_assert_mem_eq(&told, &before, sizeof told);
    }
}
END_TEST

START_TEST(close_takes_nothing)
{
    begin(_i, 1);
    connector->close(NULL);
}
END_TEST

START_TEST(settings_of_no_use_are_refused)
{
    begin(_i, 1);
    config.url = "no url";
    setting("file")->text = "";
    ck_assert_ptr_null(connector->open(loop, web, &config, &events, &told));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("connector");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    int count = connector_count();
    tcase_add_loop_test(tests, connected_comes_once_from_the_loop_before_anything_else, 0, count);
    tcase_add_loop_test(tests, subscribe_is_confirmed, 0, count);
    tcase_add_loop_test(tests, a_symbol_that_was_refused_can_be_asked_for_again_on_the_same_connection, 0, count);
    tcase_add_loop_test(tests, each_subscribe_is_answered, 0, count);
    tcase_add_loop_test(tests, trades_come_once_in_order_with_their_exact_text, 0, count);
    tcase_add_loop_test(tests, no_trade_comes_of_a_symbol_that_was_never_subscribed, 0, count);
    tcase_add_loop_test(tests, no_trade_comes_after_a_confirmed_unsubscribe, 0, count);
    tcase_add_loop_test(tests, nothing_comes_after_disconnect, 0, count);
    tcase_add_loop_test(tests, after_a_disconnect_it_connects_anew_without_a_subscription, 0, count);
    tcase_add_loop_test(tests, malformed_messages_are_told_and_the_good_ones_around_them_come, 0, count);
    tcase_add_loop_test(tests, backend_that_is_not_there_is_a_loss_with_a_reason, 0, count);
    tcase_add_loop_test(tests, disconnect_while_connecting_is_the_end_of_it, 0, count);
    tcase_add_loop_test(tests, close_in_any_state_leaves_nothing_behind, 0, count);
    tcase_add_loop_test(tests, close_takes_nothing, 0, count);
    tcase_add_loop_test(tests, settings_of_no_use_are_refused, 0, count);
    Suite *suite = suite_create("connector");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
