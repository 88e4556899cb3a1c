#include "tests/simulator/exchanges/kraken.h"

#include <inttypes.h>
#include <stdlib.h>

#include "tests/simulator/clock.h"
#include "tests/simulator/exchanges/kraken_rest.h"
#include "tests/simulator/exchanges/malformed.h"
#include "tests/simulator/exchanges/message.h"
#include "tests/simulator/exchanges/subscriptions.h"

enum {
    TRADE_BYTES = TRADE_TEXT_BYTES + 128,
    UPDATE_BYTES = 32 * 1024,
    SNAPSHOT_TRADES = 50,
};

static const int64_t heartbeat_ns = NS_PER_S;
static const char channel[] = "trade";
static const char update_head[] = "{\"channel\":\"trade\",\"type\":\"update\",\"data\":[";
static const char update_tail[] = "]}";

/* A connection's. */
typedef struct {
    uint64_t frames;           /* that it had been handed … */
    int64_t since_ns;          /* … the last time that their number changed */
    size_t length;             /* of the update that is being put together, which has no tail yet; 0: there is none */
    char symbol[SYMBOL_BYTES]; /* of the update */
    char update[UPDATE_BYTES];
} kraken_state_t;

/* --- trades ------------------------------------------------------------------------------------------------------ */

/* BTC/USD */
static void write_symbol(text_writer_t *out, sim_piece_t symbol)
{
    for (size_t i = 0; i < symbol.length; i++)
        writer_fill(out, symbol.text[i] == '-' ? '/' : symbol.text[i], 1);
}

/* {"symbol":"BTC/USD","side":"buy","price":105944.20,"qty":0.00027625,"ord_type":"limit","trade_id":10218208,
 *  "timestamp":"2023-10-06T17:35:55.440295Z"}; side is the taker's */
static void write_trade(text_writer_t *out, const sim_view_t *trade)
{
    writer_text(out, "{\"symbol\":\"");
    write_symbol(out, trade->symbol);
    writer_text(out, trade->sold ? "\",\"side\":\"sell\",\"price\":" : "\",\"side\":\"buy\",\"price\":");
    view_piece(out, trade->price);
    writer_text(out, ",\"qty\":");
    view_piece(out, trade->qty);
    writer_text(out, view_hash(trade) & 1 ? ",\"ord_type\":\"limit\",\"trade_id\":" : ",\"ord_type\":\"market\",\"trade_id\":");
    writer_unsigned(out, trade->id);
    writer_text(out, ",\"timestamp\":\"");
    writer_timestamp(out, trade->time_ns);
    writer_text(out, "\"}");
}

static bool send_update(sim_connection_t *connection)
{
    kraken_state_t *state = connection_state(connection);
    if (state->length == 0)
        return true;
    memcpy(state->update + state->length, update_tail, sizeof update_tail - 1);
    const size_t length = state->length + sizeof update_tail - 1;
    state->length = 0;
    return connection_send(connection, FRAME_TEXT, state->update, length);
}

static bool belongs_to_update(const kraken_state_t *state, const sim_view_t *trade, size_t length)
{
    return state->length > 0 && state->length + 1 + length + sizeof update_tail <= sizeof state->update &&
           strlen(state->symbol) == trade->symbol.length &&
           memcmp(state->symbol, trade->symbol.text, trade->symbol.length) == 0;
}

/* Trades of one symbol that come one after the other in a turn go into one message, which the turn's end sends. */
static bool send_trade(sim_connection_t *connection, uint64_t seqnum, const sim_trade_t *trade)
{
    kraken_state_t *state = connection_state(connection);
    sim_view_t view;
    char buffer[TRADE_BYTES];
    text_writer_t text = writer_on(buffer, sizeof buffer);
    (void)seqnum;
    if (!view_read(&view, trade->text, trade->length))
        return false;
    write_trade(&text, &view);
    const bool follows = belongs_to_update(state, &view, writer_length(&text));
    if (!follows && !send_update(connection))
        return false;
    text_writer_t update = writer_on(state->update, sizeof state->update);
    update.at += state->length;
    writer_text(&update, follows ? "," : update_head);
    writer_bytes(&update, text.start, writer_length(&text));
    snprintf(state->symbol, sizeof state->symbol, "%.*s", (int)view.symbol.length, view.symbol.text);
    state->length = writer_length(&update);
    return true;
}

static void print_trade(FILE *out, const sim_view_t *trade)
{
    char buffer[TRADE_BYTES];
    text_writer_t text = writer_on(buffer, sizeof buffer);
    write_trade(&text, trade);
    fwrite(text.start, 1, writer_length(&text), out);
}

/* The last trades, oldest first. */
static void send_snapshot(sim_exchange_t *exchange, sim_connection_t *connection, size_t symbol)
{
    const sim_market_t *market = exchange_market(exchange);
    uint64_t ids[SNAPSHOT_TRADES], id = UINT64_MAX;
    size_t count = 0;
    sim_message_t message;
    if (!message_begin(&message))
        return;
    while (count < SNAPSHOT_TRADES && id > 0 && (id = market_newest_told(market, symbol, id)) > 0)
        ids[count++] = id--;
    fputs("{\"channel\":\"trade\",\"type\":\"snapshot\",\"data\":[", message.out);
    for (size_t i = count; i-- > 0;) {
        const sim_view_t trade = market_view(market, symbol, ids[i]);
        print_trade(message.out, &trade);
        fputs(i > 0 ? "," : "", message.out);
    }
    fputs("]}", message.out);
    message_send(&message, connection);
}

/* --- requests ---------------------------------------------------------------------------------------------------- */

/* A request to subscribe or unsubscribe, and when it came. */
typedef struct {
    sim_exchange_t *exchange;
    sim_connection_t *connection;
    const char *method;
    const cJSON *id; /* NULL: none */
    int64_t in_ns;
    bool on, snapshot;
} kraken_request_t;

static void print_end(const kraken_request_t *self, FILE *out)
{
    if (self->id) {
        fputs(",\"req_id\":", out);
        message_json(out, self->id);
    }
    fputs(",\"time_in\":\"", out);
    message_time(out, self->in_ns);
    fputs("\",\"time_out\":\"", out);
    message_time(out, clock_real_ns());
    fputs("\"}", out);
}

/* symbol: NULL where it is about none. */
static void send_error(const kraken_request_t *self, const char *text, const char *symbol)
{
    sim_message_t message;
    if (!message_begin(&message))
        return;
    fputs("{\"error\":", message.out);
    message_quoted(message.out, text);
    if (self->method) {
        fputs(",\"method\":", message.out);
        message_quoted(message.out, self->method);
    }
    fputs(",\"success\":false", message.out);
    if (symbol) {
        fputs(",\"symbol\":", message.out);
        message_quoted(message.out, symbol);
    }
    print_end(self, message.out);
    message_send(&message, self->connection);
}

static void send_success(const kraken_request_t *self, const char *symbol)
{
    sim_message_t message;
    if (!message_begin(&message))
        return;
    fprintf(message.out, "{\"method\":\"%s\",\"result\":{\"channel\":\"trade\"", self->on ? "subscribe" : "unsubscribe");
    if (self->on)
        fprintf(message.out, ",\"snapshot\":%s", self->snapshot ? "true" : "false");
    fprintf(message.out, ",\"symbol\":\"%s\"},\"success\":true", symbol);
    print_end(self, message.out);
    message_send(&message, self->connection);
}

/* BTC/USD; SYMBOL_NONE for one that is not on offer. */
static size_t find_symbol(const sim_exchange_t *exchange, const char *name)
{
    char own[SYMBOL_BYTES];
    const char *slash = strchr(name, '/');
    if (!slash || strlen(name) >= sizeof own)
        return SYMBOL_NONE;
    snprintf(own, sizeof own, "%.*s-%s", (int)(slash - name), name, slash + 1);
    return symbols_find(exchange_symbols(exchange), own);
}

static void act_on_symbol(const kraken_request_t *self, const char *name)
{
    const size_t symbol = find_symbol(self->exchange, name);
    const sim_denied_t denied = self->on ? subscription_deny(self->exchange, self->connection, symbol) : DENIED_NOT;
    char text[192];
    if (denied == DENIED_IGNORED)
        return;
    if (denied == DENIED_REJECTED) {
        send_error(self, subscription_denial_text(self->exchange, symbol), name);
    } else if (symbol == SYMBOL_NONE) {
        snprintf(text, sizeof text, "Currency pair not supported %.100s", name);
        send_error(self, text, name);
    } else if (connection_subscribed(self->connection, symbol) == self->on) {
        send_error(self, self->on ? "Already subscribed" : "Subscription Not Found", name);
    } else {
        subscription_set(self->exchange, self->connection, symbol, channel, self->on);
        send_success(self, name);
        if (self->on && self->snapshot)
            send_snapshot(self->exchange, self->connection, symbol);
    }
}

static void act_on_params(kraken_request_t *self, const cJSON *params)
{
    const char *name = message_string(params, "channel");
    const cJSON *symbols = cJSON_GetObjectItemCaseSensitive(params, "symbol");
    self->snapshot = !cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(params, "snapshot"));
    if (!name || strcmp(name, channel) != 0) {
        send_error(self, "Channel not supported", NULL);
    } else if (!cJSON_IsArray(symbols) || !symbols->child) {
        send_error(self, "Symbol(s) missing", NULL);
    } else {
        for (const cJSON *symbol = symbols->child; symbol; symbol = symbol->next)
            act_on_symbol(self, cJSON_IsString(symbol) ? symbol->valuestring : "");
    }
}

static void send_pong(const kraken_request_t *self)
{
    sim_message_t message;
    if (!message_begin(&message))
        return;
    fputs("{\"method\":\"pong\"", message.out);
    print_end(self, message.out);
    message_send(&message, self->connection);
}

static void request(sim_exchange_t *exchange, sim_connection_t *connection, const char *message, size_t length)
{
    if (!connection_takes_messages(connection))
        return;
    cJSON *json = message_parse(message, length);
    kraken_request_t asked = {.exchange = exchange,
                              .connection = connection,
                              .method = message_string(json, "method"),
                              .id = cJSON_GetObjectItemCaseSensitive(json, "req_id"),
                              .in_ns = clock_real_ns()};
    asked.on = asked.method && strcmp(asked.method, "subscribe") == 0;
    if (!asked.method)
        send_error(&asked, json ? "Method missing" : "Malformed JSON", NULL);
    else if (strcmp(asked.method, "ping") == 0)
        send_pong(&asked);
    else if (asked.on || strcmp(asked.method, "unsubscribe") == 0)
        act_on_params(&asked, cJSON_GetObjectItemCaseSensitive(json, "params"));
    else
        send_error(&asked, "Unsupported method", NULL);
    cJSON_Delete(json);
}

/* --- the connection ---------------------------------------------------------------------------------------------- */

static bool serves(const char *path)
{
    return strcmp(path, "/v2") == 0 || strcmp(path, "/ws") == 0 || strcmp(path, "/") == 0;
}

static bool opened(sim_exchange_t *exchange, sim_connection_t *connection, const char *path, const char *query)
{
    (void)exchange;
    (void)path;
    (void)query;
    kraken_state_t *state = calloc(1, sizeof *state);
    sim_message_t message;
    connection_set_state(connection, state);
    if (!state || !message_begin(&message))
        return false;
    fprintf(message.out,
            "{\"channel\":\"status\",\"type\":\"update\",\"data\":[{\"version\":\"2.0.10\",\"system\":\"online\",\"api_"
            "version\":\"v2\","
            "\"connection_id\":%" PRIu64 "}]}",
            UINT64_C(13834774380200032777) + connection_id(connection));
    message_send(&message, connection);
    return true;
}

static void pong(sim_connection_t *connection, const char *payload, size_t length)
{
    (void)connection;
    (void)payload;
    (void)length;
}

/* Heartbeats come where something is subscribed to and nothing else was sent for a while. */
static void turn(sim_exchange_t *exchange, sim_connection_t *connection, int64_t now_ns)
{
    static const char heartbeat[] = "{\"channel\":\"heartbeat\"}";
    kraken_state_t *state = connection_state(connection);
    (void)exchange;
    if (!state)
        return;
    send_update(connection);
    if (state->frames != connection_frames(connection) || connection_subscriptions(connection) == 0) {
        state->frames = connection_frames(connection);
        state->since_ns = now_ns;
    } else if (now_ns - state->since_ns >= heartbeat_ns) {
        connection_send(connection, FRAME_TEXT, heartbeat, sizeof heartbeat - 1);
    }
}

/* --- what it does wrong ------------------------------------------------------------------------------------------ */

static bool drop(sim_exchange_t *exchange, sim_connection_t *connection, size_t symbol)
{
    const kraken_request_t nobodys = {.exchange = exchange, .connection = connection, .in_ns = clock_real_ns()};
    char name[SYMBOL_BYTES];
    if (!connection_subscribed(connection, symbol))
        return false;
    connection_unsubscribe(connection, symbol);
    snprintf(name, sizeof name, "%s", exchange_symbols(exchange)->names[symbol]);
    *strchr(name, '-') = '/';
    send_success(&nobodys, name);
    return true;
}

static void throttled(sim_connection_t *connection)
{
    const kraken_request_t nobodys = {.connection = connection, .method = "subscribe", .in_ns = clock_real_ns()};
    send_error(&nobodys, "Exceeded msg rate", NULL);
}

static void shutting_down(sim_connection_t *connection)
{
    static const char text[] =
        "{\"channel\":\"status\",\"type\":\"update\",\"data\":[{\"version\":\"2.0.10\",\"system\":\"maintenance\","
        "\"api_version\":\"v2\",\"connection_id\":1}]}";
    connection_send(connection, FRAME_TEXT, text, sizeof text - 1);
}

static void write_alone(text_writer_t *out, const sim_connection_t *connection, const sim_view_t *trade)
{
    (void)connection;
    writer_text(out, update_head);
    write_trade(out, trade);
    writer_text(out, update_tail);
}

static const sim_malformed_wire_t wire = {.id = "\"trade_id\":",
                                          .price = "\"price\":",
                                          .qty = "\"qty\":",
                                          .symbol = "\"symbol\":",
                                          .unknown_event =
                                              "{\"channel\":\"auction\",\"type\":\"update\",\"data\":[{\"lot\":42}]}",
                                          .unknown_symbol = "\"NEVER/SUBSCRIBED\"",
                                          .wrong_price = "\"1234.50\"",
                                          .padding = "{\"channel\":\"padding\",\"data\":",
                                          .quoted = false,
                                          .write = write_alone};
static const sim_protocol_t protocol = {serves, opened, request, pong, turn, send_trade};
static const sim_manners_t manners = {drop, throttled, shutting_down, &wire};

const sim_personality_t kraken_personality = {
    .name = "kraken",
    .counts = true,
    .message_max_bytes = MESSAGE_MAX_USUAL,
    .outbox_bytes = OUTBOX_USUAL,
    .write_qty = writer_fixed,
    .protocol = &protocol,
    .manners = &manners,
    .rest = &kraken_rest,
};
