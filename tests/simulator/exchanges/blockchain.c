#include "tests/simulator/exchanges/blockchain.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "tests/simulator/clock.h"
#include "tests/simulator/exchange.h"
#include "tests/simulator/sensors.h"

enum {
    ANSWER_BYTES = 1024,
    MESSAGE_BYTES = TRADE_TEXT_BYTES + 128,
    MESSAGE_MAX_BYTES = 16 * 1024,
    OUTBOX_BYTES = 8 * 1024 * 1024,
    ECHO_BYTES = 64, /* of a text that the client sent */
};

/* A message that has been understood. Texts that were not given are NULL. */
typedef struct {
    const char *action;
    const char *channel;
    const char *symbol;
    const char *token;
} exchange_request_t;

static void member(text_writer_t *out, const char *name, const char *value)
{
    if (!value)
        return;
    writer_text(out, ",\"");
    writer_text(out, name);
    writer_text(out, "\":");
    writer_quoted(out, value, ECHO_BYTES);
}

/* {"seqnum":0,"event":"subscribed","channel":"trades","symbol":"BTC-USD"} */
static void answer(sim_connection_t *connection, const char *event, const exchange_request_t *request, const char *text)
{
    char buffer[ANSWER_BYTES];
    text_writer_t out = writer_on(buffer, sizeof buffer);
    writer_text(&out, "{\"seqnum\":");
    writer_unsigned(&out, connection_take_seqnum(connection));
    member(&out, "event", event);
    member(&out, "channel", request->channel);
    member(&out, "symbol", request->symbol);
    member(&out, "text", text);
    writer_text(&out, "}");
    connection_send(connection, FRAME_TEXT, out.start, writer_length(&out));
}

static void reject(sim_connection_t *connection, const exchange_request_t *request, const char *text)
{
    answer(connection, "rejected", request, text);
}

static void throttled(sim_connection_t *connection)
{
    static const char text[] = "{\"event\":\"rejected\",\"text\":\"Too many requests\"}";
    connection_send(connection, FRAME_TEXT, text, sizeof text - 1);
}

/* The ledger's line for a change of subscriptions. */
static void record(sim_exchange_t *exchange, sim_connection_t *connection, const exchange_request_t *request)
{
    char details[LEDGER_DETAILS_MAX];
    text_writer_t out = writer_on(details, sizeof details);
    writer_text(&out, "\"channel\":");
    writer_quoted(&out, request->channel, ECHO_BYTES);
    member(&out, "symbol", request->symbol);
    ledger_event(exchange_ledger(exchange), request->action, connection_id(connection), writer_string(&out));
}

/* As reject, but with "symbol":null. */
static void reject_nameless(sim_connection_t *connection, const exchange_request_t *request, const char *text)
{
    char buffer[ANSWER_BYTES];
    text_writer_t out = writer_on(buffer, sizeof buffer);
    writer_text(&out, "{\"seqnum\":");
    writer_unsigned(&out, connection_take_seqnum(connection));
    writer_text(&out, ",\"event\":\"rejected\"");
    member(&out, "channel", request->channel);
    writer_text(&out, ",\"symbol\":null");
    member(&out, "text", text);
    writer_text(&out, "}");
    connection_send(connection, FRAME_TEXT, out.start, writer_length(&out));
}

/* Was the request one that the exchange was told to ignore or to reject? */
static bool deny(sim_exchange_t *exchange, sim_connection_t *connection, const exchange_request_t *request, denial_t *denial)
{
    char details[LEDGER_DETAILS_MAX];
    bool ignored = denial->ignores > 0;
    if (!ignored && denial->rejects == 0)
        return false;
    text_writer_t out = writer_on(details, sizeof details);
    writer_text(&out, ignored ? "\"kind\":\"ignored\"" : "\"kind\":\"rejected\"");
    member(&out, "symbol", request->symbol);
    ledger_event(exchange_ledger(exchange), "fault", connection_id(connection), writer_string(&out));
    denial->ignores -= ignored;
    denial->rejects -= !ignored;
    if (ignored)
        return true;
    if (denial->nameless)
        reject_nameless(connection, request, denial->text);
    else
        reject(connection, request, denial->text);
    return true;
}

static void subscribe(sim_exchange_t *exchange, sim_connection_t *connection, const exchange_request_t *request, size_t what)
{
    const sim_options_t *options = exchange_options(exchange);
    if (what != CONNECTION_HEARTBEAT && options->token && (!request->token || strcmp(request->token, options->token) != 0)) {
        reject(connection, request, "Authentication failed");
    } else if (what != CONNECTION_HEARTBEAT && deny(exchange, connection, request, exchange_denial(exchange, what))) {
        return;
    } else if (connection_subscribed(connection, what)) {
        reject(connection, request, "Already subscribed");
    } else {
        connection_subscribe(connection, what, clock_mono_ns(), options->heartbeat_ms * NS_PER_MS);
        record(exchange, connection, request);
        answer(connection, "subscribed", request, NULL);
    }
}

static void unsubscribe(sim_exchange_t *exchange, sim_connection_t *connection, const exchange_request_t *request, size_t what)
{
    if (!connection_subscribed(connection, what)) {
        reject(connection, request, "Not subscribed");
    } else {
        connection_unsubscribe(connection, what);
        record(exchange, connection, request);
        answer(connection, "unsubscribed", request, NULL);
    }
}

static bool drop(sim_exchange_t *exchange, sim_connection_t *connection, size_t symbol)
{
    const exchange_request_t request = {.channel = "trades", .symbol = exchange_symbols(exchange)->names[symbol]};
    if (!connection_subscribed(connection, symbol))
        return false;
    connection_unsubscribe(connection, symbol);
    answer(connection, "unsubscribed", &request, NULL);
    return true;
}

/* What the request is about; SYMBOL_NONE when it has been rejected. */
static size_t find_subject(sim_exchange_t *exchange, sim_connection_t *connection, exchange_request_t *request)
{
    if (strcmp(request->channel, "heartbeat") == 0) {
        request->symbol = NULL;
        return CONNECTION_HEARTBEAT;
    }
    if (strcmp(request->channel, "trades") != 0) {
        reject(connection, request, "Unsupported channel");
        return SYMBOL_NONE;
    }
    const size_t symbol = request->symbol ? symbols_find(exchange_symbols(exchange), request->symbol) : SYMBOL_NONE;
    if (symbol == SYMBOL_NONE) {
        char text[ECHO_BYTES + 32];
        text_writer_t out = writer_on(text, sizeof text);
        writer_text(&out, "Unsupported symbol ");
        writer_bytes(&out, request->symbol ? request->symbol : "", request->symbol ? strnlen(request->symbol, ECHO_BYTES) : 0);
        reject(connection, request, writer_string(&out));
    }
    return symbol;
}

static const struct {
    const char *action;
    void (*act)(sim_exchange_t *exchange, sim_connection_t *connection, const exchange_request_t *request, size_t what);
} actions[] = {{"subscribe", subscribe}, {"unsubscribe", unsubscribe}};

static void dispatch(sim_exchange_t *exchange, sim_connection_t *connection, exchange_request_t *request)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (strcmp(actions[i].action, request->action) == 0) {
            const size_t what = find_subject(exchange, connection, request);
            if (what != SYMBOL_NONE)
                actions[i].act(exchange, connection, request, what);
            return;
        }
    }
    reject(connection, request, "Unsupported action");
}

static void request(sim_exchange_t *exchange, sim_connection_t *connection, const char *message, size_t length)
{
    if (!connection_takes_messages(connection))
        return;
    if (!connection_admits(connection, clock_mono_ns())) {
        throttled(connection);
        return;
    }
    cJSON *json = strlen(message) == length ? cJSON_ParseWithOpts(message, NULL, true) : NULL;
    exchange_request_t wish = {
        .action = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "action")),
        .channel = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "channel")),
        .symbol = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "symbol")),
        .token = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "token")),
    };
    const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "type"));
    const char *topic = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "topic"));
    if (type && topic && strcmp(type, "subscribe") == 0)
        sensors_subscribe(connection, topic);
    else if (wish.action && wish.channel)
        dispatch(exchange, connection, &wish);
    else
        reject(connection, &(exchange_request_t){0}, "Malformed message");
    cJSON_Delete(json);
}

static bool serves(const char *path)
{
    return strcmp(path, "/ws") == 0 || strcmp(path, "/mercury-gateway/v1/ws") == 0;
}

static bool opened(sim_exchange_t *exchange, sim_connection_t *connection, const char *path, const char *query)
{
    (void)exchange;
    (void)connection;
    (void)path;
    (void)query;
    return true;
}

static void pong(sim_connection_t *connection, const char *payload, size_t length)
{
    (void)connection;
    (void)payload;
    (void)length;
}

/* Its heartbeats come before the trades of a turn: exchange.c. */
static void turn(sim_exchange_t *exchange, sim_connection_t *connection, int64_t now_ns)
{
    (void)exchange;
    (void)connection;
    (void)now_ns;
}

static bool send_trade(sim_connection_t *connection, uint64_t seqnum, const sim_trade_t *trade)
{
    char buffer[MESSAGE_BYTES];
    text_writer_t message = writer_on(buffer, sizeof buffer);
    trade_write_message(&message, seqnum, trade->text, trade->length);
    return connection_send(connection, FRAME_TEXT, message.start, writer_length(&message));
}

static void shutting_down(sim_connection_t *connection)
{
    (void)connection;
}

static bool get(sim_rest_call_t *call)
{
    (void)call;
    return false;
}

static const sim_protocol_t protocol = {serves, opened, request, pong, turn, send_trade};
static const sim_manners_t manners = {drop, throttled, shutting_down, NULL};
static const sim_rest_api_t rest = {get, "", ""};

const sim_personality_t blockchain_personality = {
    .name = "blockchain",
    .asks_origin = true,
    .message_max_bytes = MESSAGE_MAX_BYTES,
    .outbox_bytes = OUTBOX_BYTES,
    .write_qty = writer_shortest,
    .protocol = &protocol,
    .manners = &manners,
    .rest = &rest,
};
