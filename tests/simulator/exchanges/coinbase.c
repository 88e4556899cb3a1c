#include "tests/simulator/exchanges/coinbase.h"

#include <inttypes.h>
#include <stdlib.h>

#include "tests/simulator/clock.h"
#include "tests/simulator/exchanges/coinbase_rest.h"
#include "tests/simulator/exchanges/malformed.h"
#include "tests/simulator/exchanges/message.h"
#include "tests/simulator/exchanges/subscriptions.h"

enum {
    MATCH_BYTES = TRADE_TEXT_BYTES + 384,
    SEQUENCES_A_TRADE = 17, /* an order book changes more often than it trades */
    POLICY_VIOLATION = 1008,
};

static const int64_t heartbeat_ns = NS_PER_S, first_subscribe_ns = 5 * NS_PER_S;

/* A connection's. */
typedef struct {
    bool subscribed; /* to anything, ever */
    int64_t heartbeat_due_ns;
    size_t heartbeats;
    bool heartbeat[]; /* by symbol */
} coinbase_state_t;

/* --- what is sent ------------------------------------------------------------------------------------------------ */

static uint64_t sequence_of(uint64_t id)
{
    return id * SEQUENCES_A_TRADE;
}

/* A version 4 UUID. */
static void write_uuid(text_writer_t *out, uint64_t bits)
{
    char text[40];
    const uint64_t more = bits * UINT64_C(0xd1342543de82ef95) + 1;
    snprintf(text, sizeof text, "%08x-%04x-4%03x-%04x-%012" PRIx64, (unsigned)(bits >> 32), (unsigned)(bits >> 16) & 0xffff,
             (unsigned)bits & 0xfff, ((unsigned)(more >> 48) & 0x3fff) | 0x8000, more & UINT64_C(0xffffffffffff));
    writer_text(out, text);
}

/* {"type":"match","trade_id":280232,"maker_order_id":"…","taker_order_id":"…","side":"sell","size":"985","price":"0.00001305","product_id":"SKL-BTC",
 *  "sequence":177100030,"time":"2021-04-17T16:43:37.089723Z"}; side is the maker's */
static void write_match(text_writer_t *out, const char *type, const sim_view_t *trade)
{
    writer_text(out, "{\"type\":\"");
    writer_text(out, type);
    writer_text(out, "\",\"trade_id\":");
    writer_unsigned(out, trade->id);
    writer_text(out, ",\"maker_order_id\":\"");
    write_uuid(out, view_hash(trade));
    writer_text(out, "\",\"taker_order_id\":\"");
    write_uuid(out, ~view_hash(trade));
    writer_text(out, trade->sold ? "\",\"side\":\"buy\",\"size\":\"" : "\",\"side\":\"sell\",\"size\":\"");
    view_piece(out, trade->qty);
    writer_text(out, "\",\"price\":\"");
    view_piece(out, trade->price);
    writer_text(out, "\",\"product_id\":\"");
    view_piece(out, trade->symbol);
    writer_text(out, "\",\"sequence\":");
    writer_unsigned(out, sequence_of(trade->id));
    writer_text(out, ",\"time\":\"");
    writer_timestamp(out, trade->time_ns);
    writer_text(out, "\"}");
}

static bool send_match(sim_connection_t *connection, const char *type, const sim_view_t *trade)
{
    char buffer[MATCH_BYTES];
    text_writer_t out = writer_on(buffer, sizeof buffer);
    write_match(&out, type, trade);
    return connection_send(connection, FRAME_TEXT, out.start, writer_length(&out));
}

static bool send_trade(sim_connection_t *connection, uint64_t seqnum, const sim_trade_t *trade)
{
    sim_view_t view;
    (void)seqnum;
    return view_read(&view, trade->text, trade->length) && send_match(connection, "match", &view);
}

static void send_last_match(sim_exchange_t *exchange, sim_connection_t *connection, size_t symbol)
{
    const sim_market_t *market = exchange_market(exchange);
    const uint64_t id = market_newest_told(market, symbol, UINT64_MAX);
    if (id > 0) {
        const sim_view_t trade = market_view(market, symbol, id);
        send_match(connection, "last_match", &trade);
    }
}

static void send_heartbeat(sim_exchange_t *exchange, sim_connection_t *connection, size_t symbol)
{
    sim_message_t message;
    const uint64_t id = market_newest_told(exchange_market(exchange), symbol, UINT64_MAX);
    if (!message_begin(&message))
        return;
    fprintf(message.out,
            "{\"type\":\"heartbeat\",\"sequence\":%" PRIu64 ",\"last_trade_id\":%" PRIu64 ",\"product_id\":\"%s\",\"time\":\"",
            sequence_of(id), id, exchange_symbols(exchange)->names[symbol]);
    message_time(message.out, exchange_now_ns(exchange));
    fputs("\"}", message.out);
    message_send(&message, connection);
}

static void send_error(sim_connection_t *connection, const char *text, const char *reason)
{
    sim_message_t message;
    if (!message_begin(&message))
        return;
    fputs("{\"type\":\"error\",\"message\":", message.out);
    message_quoted(message.out, text);
    if (reason) {
        fputs(",\"reason\":", message.out);
        message_quoted(message.out, reason);
    }
    fputs("}", message.out);
    message_send(&message, connection);
}

/* --- subscriptions ----------------------------------------------------------------------------------------------- */

typedef enum { MATCHES, HEARTBEAT, CHANNELS } coinbase_channel_t;
static const char *const channel_names[CHANNELS] = {"matches", "heartbeat"};

static bool subscribed(const sim_connection_t *connection, coinbase_channel_t channel, size_t symbol)
{
    const coinbase_state_t *state = connection_state(connection);
    return channel == MATCHES ? connection_subscribed(connection, symbol) : state->heartbeat[symbol];
}

/* One channel of the answer; nothing where it has no product. */
static bool print_channel(FILE *out, const sim_exchange_t *exchange, const sim_connection_t *connection,
                          coinbase_channel_t channel, const char *comma)
{
    const symbols_t *symbols = exchange_symbols(exchange);
    bool any = false;
    for (size_t symbol = 0; symbol < symbols->count; symbol++) {
        if (!subscribed(connection, channel, symbol))
            continue;
        if (!any)
            fprintf(out, "%s{\"name\":\"%s\",\"product_ids\":[", comma, channel_names[channel]);
        fprintf(out, "%s\"%s\"", any ? "," : "", symbols->names[symbol]);
        any = true;
    }
    if (any)
        fputs("]}", out);
    return any;
}

static void send_subscriptions(const sim_exchange_t *exchange, sim_connection_t *connection)
{
    sim_message_t message;
    if (!message_begin(&message))
        return;
    fputs("{\"type\":\"subscriptions\",\"channels\":[", message.out);
    const bool first = print_channel(message.out, exchange, connection, MATCHES, "");
    print_channel(message.out, exchange, connection, HEARTBEAT, first ? "," : "");
    fputs("]}", message.out);
    message_send(&message, connection);
}

static void set_heartbeat(sim_exchange_t *exchange, sim_connection_t *connection, size_t symbol, bool on)
{
    coinbase_state_t *state = connection_state(connection);
    if (state->heartbeats == 0 && on)
        state->heartbeat_due_ns = clock_mono_ns() + heartbeat_ns;
    state->heartbeats += (size_t)on - (size_t)state->heartbeat[symbol];
    if (state->heartbeat[symbol] != on)
        subscription_record(exchange, connection, on ? "subscribe" : "unsubscribe", channel_names[HEARTBEAT],
                            exchange_symbols(exchange)->names[symbol]);
    state->heartbeat[symbol] = on;
}

/* What a request asks for, as far as it has been read. */
typedef struct {
    sim_exchange_t *exchange;
    sim_connection_t *connection;
    bool on;
    bool refused; /* and answered */
    bool changed;
    unsigned char *wanted; /* a bit for each channel, by symbol */
} coinbase_request_t;

static void refuse(coinbase_request_t *self, const char *what, const char *why)
{
    char reason[192];
    snprintf(reason, sizeof reason, "%.100s%s", what, why);
    send_error(self->connection, self->on ? "Failed to subscribe" : "Failed to unsubscribe", reason);
    self->refused = true;
}

static void want_product(coinbase_request_t *self, coinbase_channel_t channel, const char *product)
{
    const size_t symbol = symbols_find(exchange_symbols(self->exchange), product);
    const bool denies = self->on && channel == MATCHES;
    const sim_denied_t denied = denies ? subscription_deny(self->exchange, self->connection, symbol) : DENIED_NOT;
    if (denied == DENIED_REJECTED)
        refuse(self, subscription_denial_text(self->exchange, symbol), "");
    else if (denied == DENIED_NOT && symbol == SYMBOL_NONE)
        refuse(self, product, " is not a valid product");
    else if (denied == DENIED_NOT)
        self->wanted[symbol] |= (unsigned char)(1U << channel);
}

static void want_channel(coinbase_request_t *self, const char *name, const cJSON *products)
{
    coinbase_channel_t channel = MATCHES;
    while (channel < CHANNELS && (!name || strcmp(channel_names[channel], name) != 0))
        channel++;
    if (channel == CHANNELS) {
        refuse(self, name ? name : "", " is not a valid channel");
        return;
    }
    if (!cJSON_IsArray(products) || !products->child) {
        refuse(self, name, " requires product_ids");
        return;
    }
    for (const cJSON *product = products->child; product && !self->refused; product = product->next)
        want_product(self, channel, cJSON_IsString(product) ? product->valuestring : "");
}

static void carry_out(coinbase_request_t *self)
{
    coinbase_state_t *state = connection_state(self->connection);
    const size_t count = exchange_symbols(self->exchange)->count;
    for (size_t symbol = 0; symbol < count; symbol++) {
        self->changed |= self->wanted[symbol] != 0;
        if (self->wanted[symbol] & 1U << MATCHES)
            subscription_set(self->exchange, self->connection, symbol, channel_names[MATCHES], self->on);
        if (self->wanted[symbol] & 1U << HEARTBEAT)
            set_heartbeat(self->exchange, self->connection, symbol, self->on);
    }
    if (!self->changed) /* all were ignored */
        return;
    state->subscribed |= self->on;
    send_subscriptions(self->exchange, self->connection);
    for (size_t symbol = 0; self->on && symbol < count; symbol++)
        if (self->wanted[symbol] & 1U << MATCHES)
            send_last_match(self->exchange, self->connection, symbol);
}

/* Channels are names, for which the products stand beside them, or objects with products of their own. */
static void read_channels(coinbase_request_t *self, const cJSON *json)
{
    const cJSON *channels = cJSON_GetObjectItemCaseSensitive(json, "channels");
    const cJSON *products = cJSON_GetObjectItemCaseSensitive(json, "product_ids");
    if (!cJSON_IsArray(channels) || !channels->child) {
        refuse(self, "channels", " must be given");
        return;
    }
    for (const cJSON *channel = channels->child; channel && !self->refused; channel = channel->next) {
        const cJSON *own = cJSON_GetObjectItemCaseSensitive(channel, "product_ids");
        want_channel(self, cJSON_IsString(channel) ? channel->valuestring : message_string(channel, "name"),
                     own ? own : products);
    }
}

static void request(sim_exchange_t *exchange, sim_connection_t *connection, const char *message, size_t length)
{
    if (!connection_takes_messages(connection))
        return;
    cJSON *json = message_parse(message, length);
    const char *type = message_string(json, "type");
    coinbase_request_t asked = {.exchange = exchange, .connection = connection, .on = type && strcmp(type, "subscribe") == 0};
    if (!json)
        send_error(connection, "Malformed JSON", NULL);
    else if (!asked.on && (!type || strcmp(type, "unsubscribe") != 0))
        send_error(connection, "Unknown message type", NULL);
    else if ((asked.wanted = calloc(exchange_symbols(exchange)->count, 1)))
        read_channels(&asked, json);
    if (asked.wanted && !asked.refused)
        carry_out(&asked);
    free(asked.wanted);
    cJSON_Delete(json);
}

/* --- the connection ---------------------------------------------------------------------------------------------- */

static bool serves(const char *path)
{
    (void)path;
    return true;
}

static bool opened(sim_exchange_t *exchange, sim_connection_t *connection, const char *path, const char *query)
{
    (void)path;
    (void)query;
    coinbase_state_t *state = calloc(1, sizeof *state + exchange_symbols(exchange)->count * sizeof state->heartbeat[0]);
    connection_set_state(connection, state);
    return state;
}

static void pong(sim_connection_t *connection, const char *payload, size_t length)
{
    (void)connection;
    (void)payload;
    (void)length;
}

static void turn(sim_exchange_t *exchange, sim_connection_t *connection, int64_t now_ns)
{
    coinbase_state_t *state = connection_state(connection);
    if (!state || !connection_takes_messages(connection))
        return;
    if (!state->subscribed && now_ns - connection_opened_ns(connection) >= first_subscribe_ns)
        connection_close(connection, POLICY_VIOLATION);
    if (state->heartbeats == 0 || now_ns < state->heartbeat_due_ns)
        return;
    while (state->heartbeat_due_ns <= now_ns) /* those of a freeze are lost */
        state->heartbeat_due_ns += heartbeat_ns;
    for (size_t symbol = 0; symbol < exchange_symbols(exchange)->count; symbol++)
        if (state->heartbeat[symbol])
            send_heartbeat(exchange, connection, symbol);
}

/* --- what it does wrong ------------------------------------------------------------------------------------------ */

static bool drop(sim_exchange_t *exchange, sim_connection_t *connection, size_t symbol)
{
    if (!connection_subscribed(connection, symbol))
        return false;
    connection_unsubscribe(connection, symbol);
    send_subscriptions(exchange, connection);
    return true;
}

static void throttled(sim_connection_t *connection)
{
    send_error(connection, "Rate limit exceeded", NULL);
}

static void shutting_down(sim_connection_t *connection)
{
    (void)connection;
}

static void write_alone(text_writer_t *out, const sim_connection_t *connection, const sim_view_t *trade)
{
    (void)connection;
    write_match(out, "match", trade);
}

static const sim_malformed_wire_t wire = {.id = "\"trade_id\":",
                                          .price = "\"price\":",
                                          .qty = "\"size\":",
                                          .symbol = "\"product_id\":",
                                          .unknown_event = "{\"type\":\"auction\",\"product_id\":\"BTC-USD\",\"lot\":42}",
                                          .unknown_symbol = "\"NEVER-SUBSCRIBED\"",
                                          .wrong_price = "1234.50",
                                          .padding = "{\"type\":\"padding\",\"data\":",
                                          .quoted = true,
                                          .write = write_alone};
static const sim_protocol_t protocol = {serves, opened, request, pong, turn, send_trade};
static const sim_manners_t manners = {drop, throttled, shutting_down, &wire};

const sim_personality_t coinbase_personality = {
    .name = "coinbase",
    .counts = true,
    .message_max_bytes = MESSAGE_MAX_USUAL,
    .outbox_bytes = OUTBOX_USUAL,
    .write_qty = writer_trimmed,
    .protocol = &protocol,
    .manners = &manners,
    .rest = &coinbase_rest,
};
