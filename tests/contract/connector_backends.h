/* What each connector is tested against: one script of messages, and a backend that brings it to the connector.
 *
 * A new connector: a backend here, and its line in backends[]; a connector without one fails.
 */
#pragma once

#include "common/numbers/decimal.h"
#include "common/timestamp.h"
#include "connectord/connectors/connector.h"
#include "proto/topic.h"
#include "tests/contract/push_backend.h"
#include "tests/unit/http_answers.h"
#include "tests/unit/temporary_folder.h"
#include "tests/unit/websocket_server.h"

#include <sys/socket.h>

enum { SCRIPT_MAX = 3000, SYMBOLS = 2 };

static const char *const symbols[SYMBOLS] = {"BTC-USD", "ETH-USD"};

/* A trade of the script, for backends that say it in other words; the time is as it stands there. */
typedef struct {
    char symbol[SYMBOL_MAX + 1], timestamp[40], side[8], qty[DECIMAL_MAX + 8], price[DECIMAL_MAX + 8], id[32];
} script_trade_t;

/* How an exchange says what it is asked about the past (past.h), all records of BTC-USD, in the order in which they are given; the texts are put in as they
 * are, also where they are no numbers. */
typedef struct {
    void (*print_trades)(buffer_t *out, const script_trade_t *trades, size_t count);
    void (*print_candles)(buffer_t *out, const past_candle_t *candles, size_t count);
    const char *error;       /* an answer with status 200, by which the exchange says that something is wrong … */
    const char *error_words; /* … in these words */
} past_backend_t;

typedef struct {
    const char *name;
    void (*start)(void);     /* makes the script playable and completes the configuration */
    void (*take_away)(void); /* the next connect finds nothing */
    bool refuses;            /* a subscribe, where `refusals` says so */
    bool pushed;             /* others come to it: nothing can be missing, and what they bring is wanted */
    bool remembers;          /* what it has told, over a disconnect, too */
    int others; /* of the malformed messages those that its definition takes for another's: [], and an unknown event */
    const past_backend_t *past; /* where the connector has one */
} connector_backend_t;

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

static inline script_trade_t script_trade(const char *message)
{
    script_trade_t trade;
    ck_assert_int_eq(sscanf(message,
                            "\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\"%64[^\"]\",\"timestamp\":\"%39[^\"]\","
                            "\"side\":\"%7[^\"]\",\"qty\":%64[^,],\"price\":%64[^,],\"trade_id\":\"%31[^\"]\"}",
                            trade.symbol, trade.timestamp, trade.side, trade.qty, trade.price, trade.id),
                     6);
    return trade;
}

/* The time of a trade, since 1970. */
static inline int64_t script_time_ns(const script_trade_t *trade)
{
    int64_t ns;
    ck_assert(timestamp_parse(text_of(trade->timestamp), &ns));
    return ns;
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

/* --- the backend of "push": who posts the script once all that is configured was subscribed --- */

static push_backend_t push_backend;
static size_t push_subscribed;

static void pushed_request(void *arg, http_connection_t *from, const http_request_t *request)
{
    (void)arg;
    if (instance)
        connector->post(instance, from, request);
    else
        http_answer(from, &(http_answer_t){.status = 404, .content_type = "text/plain", .body = TEXT("")});
}

static void pushed_start(void)
{
    static const char mapping[] =
        "{\"mapping\":{\"where\":{\"/event\":\"updated\",\"/channel\":\"trades\"},\"symbol\":\"/symbol\",\"id\":\"/trade_id\","
        "\"timestamp\":\"/timestamp\",\"price\":\"/price\",\"qty\":\"/qty\","
        "\"side\":{\"at\":\"/side\",\"buy\":\"buy\",\"sell\":\"sell\"}}}";
    snprintf(file, sizeof file, "%s/mapping.json", folder.path);
    FILE *out = fopen(file, "w");
    ck_assert_ptr_nonnull(out);
    fputs(mapping, out);
    fclose(out);
    setting("definition")->text = file;
    setting("post_bytes")->number = 1 << 20;
    config.token = PUSH_BACKEND_TOKEN;
    config.dedup_window = 10000;
    push_subscribed = 0;
    push_backend_start(&push_backend, loop, pushed_request);
}

static void pushed_confirmed(void)
{
    char message[512];
    int number = 1;
    buffer_t lines = buffer_new(0);
    if (++push_subscribed % config.symbol_count != 0 || script_length == 0)
        return;
    for (int i = 0; i < script_length; i++) {
        print_message(message, script[i], &number);
        buffer_append(&lines, text_of(message));
        buffer_append(&lines, TEXT("\n"));
    }
    buffer_append(&lines, (text_t){"", 1});
    push_backend_post(&push_backend, lines.bytes);
    buffer_release(&lines);
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

/* --- the backends of exchanges, a file each --- */

#include "tests/contract/binance_backend.h"
#include "tests/contract/coinbase_backend.h"
#include "tests/contract/kraken_backend.h"

static const connector_backend_t backends[] = {
    {"binance", binance_start, exchange_take_away, .refuses = true, .past = &binance_past_backend},
    {"blockchain", exchange_start, exchange_take_away, .refuses = true},
    {"coinbase", coinbase_start, exchange_take_away, .refuses = true, .past = &coinbase_past_backend},
    {"http", polled_start, polled_take_away, .remembers = true, .others = 2},
    {"kraken", kraken_start, exchange_take_away, .refuses = true, .others = 2, .past = &kraken_past_backend},
    {"push", pushed_start, NULL, .pushed = true, .others = 1},
    {"replay", recording_start, recording_take_away, .others = 0},
    {"websocket", defined_start, defined_take_away, .refuses = true, .others = 2},
};

static const connector_backend_t *backend_of(const char *name)
{
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++)
        if (strcmp(backends[i].name, name) == 0)
            return &backends[i];
    return NULL;
}
