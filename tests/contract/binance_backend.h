/* The backend of "binance": the script in that exchange's words, from a server that grants many symbols at a time; and pages of
 * its REST API. Included by connector_backends.h. */
#pragma once

static int binance_asked;

static void binance_on_open(websocket_server_t *self)
{
    (void)self;
    binance_asked = 0;
}

static void binance_print(char out[static 512], const char *message)
{
    char name[SYMBOL_MAX + 1];
    if (!is_trade(message)) {
        snprintf(out, 512, "%s", message);
        return;
    }
    script_trade_t trade = script_trade(message);
    size_t length = 0;
    for (const char *c = trade.symbol; *c; c++)
        if (*c != '-')
            name[length++] = *c;
    name[length] = '\0';
    snprintf(out, 512,
             "{\"stream\":\"any@trade\",\"data\":{\"e\":\"trade\",\"E\":1,\"s\":\"%s\",\"t\":%s,\"p\":\"%s\",\"q\":\"%s\","
             "\"T\":%lld,"
             "\"m\":%s,\"M\":true}}",
             name, trade.id, trade.price, trade.qty, (long long)(script_time_ns(&trade) / NS_PER_US),
             strcmp(trade.side, "buy") == 0 ? "false" : "true");
}

static void binance_play(void)
{
    char message[512];
    for (int i = 0; i < script_length; i++) {
        binance_print(message, script[i]);
        server_send(&server, message);
    }
}

static void binance_on_message(websocket_server_t *self, text_t request)
{
    char answer[256], text[512];
    snprintf(text, sizeof text, "%.*s", TEXT_ARG(request));
    const char *id = strstr(text, "\"id\":");
    bool subscribe = strstr(text, "\"SUBSCRIBE\"");
    ck_assert_ptr_nonnull(id);
    if (subscribe && refusals > 0) {
        refusals--;
        snprintf(answer, sizeof answer, "{\"error\":{\"code\":2,\"msg\":\"not now\"},%.30s", id);
        server_send(self, answer);
        return;
    }
    snprintf(answer, sizeof answer, "{\"result\":null,%.30s", id);
    server_send(self, answer);
    for (const char *at = text; subscribe && (at = strstr(at, "@trade")); at++)
        binance_asked++;
    if (subscribe && binance_asked == (config.demand ? 1 : (int)config.symbol_count)) {
        binance_asked = -1000;
        binance_play();
    }
}

static void binance_start(void)
{
    server = (websocket_server_t){.on_open = binance_on_open, .on_message = binance_on_message};
    server_start(&server, web, NULL, NULL);
    config.url = server.url;
}

/* --- the past --- */

static void binance_print_trades(buffer_t *out, const script_trade_t *trades, size_t count)
{
    buffer_append(out, TEXT("["));
    for (size_t i = 0; i < count; i++)
        buffer_printf(out,
                      "%s{\"id\":%s,\"price\":\"%s\",\"qty\":\"%s\",\"quoteQty\":\"48.000012\",\"time\":%lld,"
                      "\"isBuyerMaker\":%s,\"isBestMatch\":true}",
                      i > 0 ? "," : "", trades[i].id, trades[i].price, trades[i].qty,
                      (long long)(script_time_ns(&trades[i]) / NS_PER_MS),
                      strcmp(trades[i].side, "buy") == 0 ? "false" : "true");
    buffer_append(out, TEXT("]"));
}

static void binance_print_candles(buffer_t *out, const past_candle_t *candles, size_t count)
{
    buffer_append(out, TEXT("["));
    for (size_t i = 0; i < count; i++) {
        long long start_ms = (long long)(candles[i].start_ns / NS_PER_MS);
        buffer_printf(
            out,
            "%s[%lld,\"0.01634790\",\"0.80000000\",\"0.01575800\",\"0.01577100\",\"%.*s\",%lld,\"2434.19055334\",%llu,"
            "\"1756.87402397\",\"28.46694368\",\"0\"]",
            i > 0 ? "," : "", start_ms, TEXT_ARG(candles[i].volume), start_ms + 59999, (unsigned long long)candles[i].trades);
    }
    buffer_append(out, TEXT("]"));
}

static const past_backend_t binance_past_backend = {
    .print_trades = binance_print_trades,
    .print_candles = binance_print_candles,
    .error = "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}",
    .error_words = "Invalid symbol.",
};
