#include "tests/simulator/exchanges/binance.h"

#include <inttypes.h>
#include <stdlib.h>

#include "tests/simulator/clock.h"
#include "tests/simulator/exchanges/binance_pings.h"
#include "tests/simulator/exchanges/binance_rest.h"
#include "tests/simulator/exchanges/malformed.h"
#include "tests/simulator/exchanges/message.h"
#include "tests/simulator/exchanges/subscriptions.h"

enum {
    STREAM_BYTES = 48, /* the NUL included */
    STREAMS_MAX = 1024,
    TRADE_BYTES = TRADE_TEXT_BYTES + 256,
    POLICY_VIOLATION = 1008,
    INVALID_REQUEST = 2,
    INVALID_JSON = 3,
};

static const char trade_suffix[] = "@trade";

/* A connection's. */
typedef struct {
    const sim_options_t *options;
    bool combined;     /* messages come in an envelope that names their stream */
    bool microseconds; /* else milliseconds */
    sim_pings_t pings;
    size_t count;
    char streams[STREAMS_MAX][STREAM_BYTES]; /* unknown ones too */
} binance_state_t;

/* --- names ------------------------------------------------------------------------------------------------------- */

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static bool is_trade_stream_of(const char *stream, const char *symbol)
{
    for (; *symbol; symbol++)
        if (*symbol != '-' && *stream++ != lower(*symbol))
            return false;
    return strcmp(stream, trade_suffix) == 0;
}

/* btcusdt@trade; SYMBOL_NONE for other streams. */
static size_t find_stream(const sim_exchange_t *exchange, const char *stream)
{
    const symbols_t *symbols = exchange_symbols(exchange);
    for (size_t symbol = 0; symbol < symbols->count; symbol++)
        if (is_trade_stream_of(stream, symbols->names[symbol]))
            return symbol;
    return SYMBOL_NONE;
}

/* BTCUSDT, or btcusdt. */
static void write_name(text_writer_t *out, sim_piece_t symbol, bool in_lower_case)
{
    for (size_t i = 0; i < symbol.length; i++)
        if (symbol.text[i] != '-')
            writer_fill(out, in_lower_case ? lower(symbol.text[i]) : symbol.text[i], 1);
}

/* --- what is sent ------------------------------------------------------------------------------------------------ */

static void write_time(text_writer_t *out, const binance_state_t *state, int64_t ns)
{
    writer_unsigned(out, (uint64_t)(ns / (state->microseconds ? NS_PER_US : NS_PER_MS)));
}

/* {"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.001","q":"100","T":1672515782136,"m":true,"M":true} */
static void write_trade(text_writer_t *out, const binance_state_t *state, const sim_view_t *trade)
{
    writer_text(out, "{\"e\":\"trade\",\"E\":");
    write_time(out, state, trade->time_ns);
    writer_text(out, ",\"s\":\"");
    write_name(out, trade->symbol, false);
    writer_text(out, "\",\"t\":");
    writer_unsigned(out, trade->id);
    writer_text(out, ",\"p\":\"");
    view_piece(out, trade->price);
    writer_text(out, "\",\"q\":\"");
    view_piece(out, trade->qty);
    writer_text(out, "\",\"T\":");
    write_time(out, state, trade->time_ns);
    writer_text(out, trade->sold ? ",\"m\":true,\"M\":true}" : ",\"m\":false,\"M\":true}");
}

static void write_message(text_writer_t *out, const sim_connection_t *connection, const sim_view_t *trade)
{
    const binance_state_t *state = connection_state(connection);
    if (state->combined) {
        writer_text(out, "{\"stream\":\"");
        write_name(out, trade->symbol, true);
        writer_text(out, "@trade\",\"data\":");
    }
    write_trade(out, state, trade);
    if (state->combined)
        writer_text(out, "}");
}

static bool send_trade(sim_connection_t *connection, uint64_t seqnum, const sim_trade_t *trade)
{
    sim_view_t view;
    char buffer[TRADE_BYTES];
    text_writer_t out = writer_on(buffer, sizeof buffer);
    (void)seqnum;
    if (!view_read(&view, trade->text, trade->length))
        return false;
    write_message(&out, connection, &view);
    return connection_send(connection, FRAME_TEXT, out.start, writer_length(&out));
}

static void send_error(sim_connection_t *connection, int code, const char *text, const cJSON *id)
{
    sim_message_t message;
    if (!message_begin(&message))
        return;
    fprintf(message.out, "{\"error\":{\"code\":%d,\"msg\":", code);
    message_quoted(message.out, text);
    fputs("}", message.out);
    if (id) {
        fputs(",\"id\":", message.out);
        message_json(message.out, id);
    }
    fputs("}", message.out);
    message_send(&message, connection);
}

static void send_result(sim_connection_t *connection, const cJSON *id, bool list)
{
    const binance_state_t *state = connection_state(connection);
    sim_message_t message;
    if (!message_begin(&message))
        return;
    fputs(list ? "{\"result\":[" : "{\"result\":null", message.out);
    for (size_t i = 0; list && i < state->count; i++) {
        fputs(i > 0 ? "," : "", message.out);
        message_quoted(message.out, state->streams[i]);
    }
    fputs(list ? "],\"id\":" : ",\"id\":", message.out);
    message_json(message.out, id);
    fputs("}", message.out);
    message_send(&message, connection);
}

/* --- subscriptions ----------------------------------------------------------------------------------------------- */

/* Its place, or count. */
static size_t stream_place(const binance_state_t *state, const char *stream)
{
    size_t i = 0;
    while (i < state->count && strcmp(state->streams[i], stream) != 0)
        i++;
    return i;
}

static bool subscribe(sim_exchange_t *exchange, sim_connection_t *connection, const char *stream)
{
    binance_state_t *state = connection_state(connection);
    const size_t symbol = find_stream(exchange, stream), place = stream_place(state, stream);
    if (place == state->count) {
        if (state->count >= state->options->streams_max)
            return false;
        snprintf(state->streams[state->count++], STREAM_BYTES, "%s", stream);
    }
    if (symbol != SYMBOL_NONE)
        subscription_set(exchange, connection, symbol, "trade", true);
    return true;
}

static void unsubscribe(sim_exchange_t *exchange, sim_connection_t *connection, const char *stream)
{
    binance_state_t *state = connection_state(connection);
    const size_t symbol = find_stream(exchange, stream), place = stream_place(state, stream);
    if (place == state->count)
        return;
    state->count--;
    memmove(state->streams[place], state->streams[place + 1], (state->count - place) * STREAM_BYTES);
    if (symbol != SYMBOL_NONE)
        subscription_set(exchange, connection, symbol, "trade", false);
}

/* "Invalid request: …" where the request can't be carried out, else NULL. */
static const char *mistake_in(const binance_state_t *state, const cJSON *params, bool on)
{
    size_t added = 0;
    if (!cJSON_IsArray(params) || !params->child)
        return "Invalid request: missing field `params`";
    for (const cJSON *stream = params->child; stream; stream = stream->next) {
        if (!cJSON_IsString(stream))
            return "Invalid request: invalid type: expected a string";
        if (strlen(stream->valuestring) >= STREAM_BYTES)
            return "Invalid request: stream name too long";
        added += stream_place(state, stream->valuestring) == state->count;
    }
    return on && state->count + added > state->options->streams_max ? "Invalid request: too many streams" : NULL;
}

/* Whether the exchange was told to deny one of the streams; that has been answered. */
static bool denied(sim_exchange_t *exchange, sim_connection_t *connection, const cJSON *params, const cJSON *id)
{
    for (const cJSON *stream = params->child; stream; stream = stream->next) {
        char text[DENIAL_TEXT_BYTES + 32];
        const size_t symbol = find_stream(exchange, stream->valuestring);
        const sim_denied_t what = subscription_deny(exchange, connection, symbol);
        if (what == DENIED_NOT)
            continue;
        snprintf(text, sizeof text, "Invalid request: %s", subscription_denial_text(exchange, symbol));
        if (what == DENIED_REJECTED)
            send_error(connection, INVALID_REQUEST, text, id);
        return true;
    }
    return false;
}

static void change(sim_exchange_t *exchange, sim_connection_t *connection, const cJSON *json, bool on)
{
    const cJSON *params = cJSON_GetObjectItemCaseSensitive(json, "params"), *id = cJSON_GetObjectItemCaseSensitive(json, "id");
    const char *mistake = mistake_in(connection_state(connection), params, on);
    if (mistake) {
        send_error(connection, INVALID_REQUEST, mistake, id);
        return;
    }
    if (on && denied(exchange, connection, params, id))
        return;
    for (const cJSON *stream = params->child; stream; stream = stream->next)
        on ? (void)subscribe(exchange, connection, stream->valuestring)
           : unsubscribe(exchange, connection, stream->valuestring);
    send_result(connection, id, false);
}

/* A message or a pong came in: too many end the connection. */
static bool admitted(sim_connection_t *connection)
{
    binance_state_t *state = connection_state(connection);
    if (pings_admit(&state->pings, clock_mono_ns()))
        return true;
    connection_close(connection, POLICY_VIOLATION);
    return false;
}

static void request(sim_exchange_t *exchange, sim_connection_t *connection, const char *message, size_t length)
{
    if (!connection_takes_messages(connection) || !admitted(connection))
        return;
    cJSON *json = message_parse(message, length);
    const char *method = message_string(json, "method");
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(json, "id");
    if (!json)
        send_error(connection, INVALID_JSON, "Invalid JSON: expected value at line 1 column 1", NULL);
    else if (!method)
        send_error(connection, INVALID_REQUEST, "Invalid request: missing field `method`", id);
    else if (strcmp(method, "SUBSCRIBE") == 0 || strcmp(method, "UNSUBSCRIBE") == 0)
        change(exchange, connection, json, *method == 'S');
    else if (strcmp(method, "LIST_SUBSCRIPTIONS") == 0)
        send_result(connection, id, true);
    else
        send_error(connection, INVALID_REQUEST,
                   "Invalid request: unknown variant, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, "
                   "`LIST_SUBSCRIPTIONS`",
                   id);
    cJSON_Delete(json);
}

/* --- the connection ---------------------------------------------------------------------------------------------- */

static bool serves(const char *path)
{
    return strcmp(path, "/ws") == 0 || strcmp(path, "/stream") == 0 || strncmp(path, "/ws/", 4) == 0;
}

/* a@trade/b@trade. More than are allowed end the connection. */
static void subscribe_list(sim_exchange_t *exchange, sim_connection_t *connection, char *list)
{
    for (char *stream; (stream = strsep(&list, "/"));) {
        if (*stream == '\0' || strlen(stream) >= STREAM_BYTES)
            continue;
        if (!subscribe(exchange, connection, stream)) {
            connection_close(connection, POLICY_VIOLATION);
            return;
        }
    }
}

static void read_parameter(sim_exchange_t *exchange, sim_connection_t *connection, char *parameter)
{
    static const char streams[] = "streams=", unit[] = "timeUnit=";
    binance_state_t *state = connection_state(connection);
    if (strncmp(parameter, streams, sizeof streams - 1) == 0)
        subscribe_list(exchange, connection, parameter + sizeof streams - 1);
    else if (strncmp(parameter, unit, sizeof unit - 1) == 0)
        state->microseconds = strcasecmp(parameter + sizeof unit - 1, "MICROSECOND") == 0;
}

static bool opened(sim_exchange_t *exchange, sim_connection_t *connection, const char *path, const char *query)
{
    binance_state_t *state = calloc(1, sizeof *state);
    char *copy = strdup(query), *rest = copy, *streams = strncmp(path, "/ws/", 4) == 0 ? strdup(path + 4) : NULL;
    connection_set_state(connection, state);
    if (state && copy) {
        state->options = exchange_options(exchange);
        state->combined = strcmp(path, "/stream") == 0;
        pings_start(&state->pings, clock_mono_ns(), state->options->ping_ms * NS_PER_MS,
                    (uint64_t)(clock_real_ns() / NS_PER_MS));
        if (streams)
            subscribe_list(exchange, connection, streams);
        for (char *parameter; (parameter = strsep(&rest, "&"));)
            read_parameter(exchange, connection, parameter);
    }
    free(streams);
    free(copy);
    return state && copy;
}

static void pong(sim_connection_t *connection, const char *payload, size_t length)
{
    binance_state_t *state = connection_state(connection);
    if (admitted(connection))
        pings_answered(&state->pings, payload, length);
}

static void turn(sim_exchange_t *exchange, sim_connection_t *connection, int64_t now_ns)
{
    binance_state_t *state = connection_state(connection);
    (void)exchange;
    if (!state || !connection_takes_messages(connection))
        return;
    if (pings_overdue(&state->pings, now_ns, state->options->pong_ms * NS_PER_MS)) {
        connection_close(connection, POLICY_VIOLATION);
    } else if (pings_take_due(&state->pings, now_ns, state->options->ping_ms * NS_PER_MS)) {
        char payload[24];
        const int length = snprintf(payload, sizeof payload, "%" PRIu64, state->pings.last_payload);
        connection_send(connection, FRAME_PING, payload, (size_t)length);
    }
}

/* --- what it does wrong ------------------------------------------------------------------------------------------ */

/* Nobody is told: the exchange has no message for it. */
static bool drop(sim_exchange_t *exchange, sim_connection_t *connection, size_t symbol)
{
    (void)exchange;
    if (!connection_subscribed(connection, symbol))
        return false;
    connection_unsubscribe(connection, symbol);
    return true;
}

static void throttled(sim_connection_t *connection)
{
    send_error(connection, INVALID_REQUEST, "Invalid request: too many requests", NULL);
}

/* {"e":"serverShutdown","E":1770123456789} */
static void shutting_down(sim_connection_t *connection)
{
    char buffer[64];
    text_writer_t out = writer_on(buffer, sizeof buffer);
    writer_text(&out, "{\"e\":\"serverShutdown\",\"E\":");
    write_time(&out, connection_state(connection), clock_real_ns());
    writer_text(&out, "}");
    connection_send(connection, FRAME_TEXT, out.start, writer_length(&out));
}

static const sim_malformed_wire_t wire = {.id = "\"t\":",
                                          .price = "\"p\":",
                                          .qty = "\"q\":",
                                          .symbol = "\"s\":",
                                          .unknown_event =
                                              "{\"e\":\"auction\",\"E\":1672515782136,\"s\":\"BTCUSDT\",\"lot\":42}",
                                          .unknown_symbol = "\"NEVERSUBSCRIBED\"",
                                          .wrong_price = "1234.50",
                                          .padding = "{\"e\":\"padding\",\"data\":",
                                          .quoted = true,
                                          .write = write_message};
static const sim_protocol_t protocol = {serves, opened, request, pong, turn, send_trade};
static const sim_manners_t manners = {drop, throttled, shutting_down, &wire};

const sim_personality_t binance_personality = {
    .name = "binance",
    .counts = true,
    .message_max_bytes = MESSAGE_MAX_USUAL,
    .outbox_bytes = OUTBOX_USUAL,
    .write_qty = writer_fixed,
    .protocol = &protocol,
    .manners = &manners,
    .rest = &binance_rest,
};
