/* The backend of "kraken": a server that answers each symbol of a request, and plays the script once all that is configured was asked for; and pages of its
 * REST API. Included by connector_backends.h. */
#pragma once

/* BTC-USD there. */
static void kraken_spell(char out[static SYMBOL_MAX + 1], const char *symbol)
{
    snprintf(out, SYMBOL_MAX + 1, "%s", symbol);
    *strchr(out, '-') = '/';
}

static void kraken_play(void)
{
    char message[512], spelling[SYMBOL_MAX + 1];
    for (int i = 0; i < script_length; i++) {
        snprintf(message, sizeof message, "%s", script[i]);
        if (is_trade(script[i])) {
            script_trade_t trade = script_trade(script[i]);
            kraken_spell(spelling, trade.symbol);
            snprintf(message, sizeof message,
                     "{\"channel\":\"trade\",\"type\":\"update\",\"data\":[{\"symbol\":\"%s\",\"side\":\"%s\",\"price\":%s,"
                     "\"qty\":%s,\"ord_type\":\"limit\",\"trade_id\":%s,\"timestamp\":\"%s\"}]}",
                     spelling, trade.side, trade.price, trade.qty, trade.id, trade.timestamp);
        }
        server_send(&server, message);
    }
}

static void kraken_on_open(websocket_server_t *self)
{
    asked = 0;
    server_send(self, "{\"channel\":\"status\",\"type\":\"update\",\"data\":[{\"api_version\":\"v2\",\"connection_id\":1,"
                      "\"system\":\"online\",\"version\":\"2.0.10\"}]}");
}

static void kraken_answer(websocket_server_t *self, const char *spelling, bool subscribe, const char *number)
{
    char answer[512];
    const char *method = subscribe ? "subscribe" : "unsubscribe";
    if (subscribe && refusals > 0) {
        refusals--;
        snprintf(answer, sizeof answer,
                 "{\"error\":\"Currency pair not supported %s\",\"method\":\"%s\",%s,\"success\":false,\"symbol\":\"%s\"}",
                 spelling, method, number, spelling);
        server_send(self, answer);
        return;
    }
    snprintf(answer, sizeof answer,
             "{\"method\":\"%s\",%s,\"result\":{\"channel\":\"trade\",\"symbol\":\"%s\"},\"success\":true}", method, number,
             spelling);
    server_send(self, answer);
    asked += subscribe;
}

static void kraken_on_message(websocket_server_t *self, text_t request)
{
    char text[1024], number[64], spelling[SYMBOL_MAX + 1];
    snprintf(text, sizeof text, "%.*s", TEXT_ARG(request));
    const char *at = strstr(text, "\"req_id\":");
    if (!at)
        return; /* a ping */
    snprintf(number, sizeof number, "%.*s", (int)strcspn(at, "}"), at);
    for (int i = 0; i < SYMBOLS; i++) {
        kraken_spell(spelling, symbols[i]);
        if (strstr(text, spelling))
            kraken_answer(self, spelling, strstr(text, "\"subscribe\""), number);
    }
    if (asked == (config.demand ? 1 : (int)config.symbol_count)) {
        asked = -1000;
        kraken_play();
    }
}

static void kraken_start(void)
{
    server = (websocket_server_t){.on_open = kraken_on_open, .on_message = kraken_on_message};
    server_start(&server, web, NULL, NULL);
    config.url = server.url;
}

/* --- the past --- */

#define KRAKEN_HEAD "{\"error\":[],\"result\":{\"XXBTZUSD\":["
#define KRAKEN_TAIL "],\"last\":\"1762820035982277754\"}}"

static void kraken_print_trades(buffer_t *out, const script_trade_t *trades, size_t count)
{
    buffer_append(out, TEXT(KRAKEN_HEAD));
    for (size_t i = 0; i < count; i++) {
        int64_t ns = script_time_ns(&trades[i]);
        buffer_printf(out, "%s[\"%s\",\"%s\",%lld.%07lld,\"%c\",\"l\",\"\",%s]", i > 0 ? "," : "", trades[i].price,
                      trades[i].qty, (long long)(ns / NS_PER_S), (long long)(ns % NS_PER_S / 100), trades[i].side[0],
                      trades[i].id);
    }
    buffer_append(out, TEXT(KRAKEN_TAIL));
}

/* The last one is the running minute, which is of no account. */
static void kraken_print_candles(buffer_t *out, const past_candle_t *candles, size_t count)
{
    buffer_append(out, TEXT(KRAKEN_HEAD));
    for (size_t i = 0; i < count; i++)
        buffer_printf(out, "[%lld,\"1.0\",\"2.0\",\"0.5\",\"1.5\",\"1.2\",\"%.*s\",%llu],",
                      (long long)(candles[i].start_ns / NS_PER_S), TEXT_ARG(candles[i].volume),
                      (unsigned long long)candles[i].trades);
    buffer_append(out, TEXT("[1999999980,\"1.0\",\"1.0\",\"1.0\",\"1.0\",\"0.0\",\"0.00000000\",0]" KRAKEN_TAIL));
}

static const past_backend_t kraken_past_backend = {
    .print_trades = kraken_print_trades,
    .print_candles = kraken_print_candles,
    .error = "{\"error\":[\"EAPI:Rate limit exceeded\"]}",
    .error_words = "EAPI:Rate limit exceeded",
};
