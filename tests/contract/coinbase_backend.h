/* The backend of "coinbase": a server that answers requests, and plays the script once all that is configured was asked for; and pages of its REST API.
 * Included by connector_backends.h. */
#pragma once

static bool coinbase_subscribed[SYMBOLS];

/* The side there is the maker's. */
static const char *coinbase_side(const script_trade_t *trade)
{
    return strcmp(trade->side, "buy") == 0 ? "sell" : "buy";
}

static void coinbase_play(void)
{
    char message[512];
    for (int i = 0; i < script_length; i++) {
        snprintf(message, sizeof message, "%s", script[i]);
        if (is_trade(script[i])) {
            script_trade_t trade = script_trade(script[i]);
            snprintf(message, sizeof message,
                     "{\"type\":\"match\",\"trade_id\":%s,\"maker_order_id\":\"27fff20b\",\"taker_order_id\":\"1da6ce16\","
                     "\"side\":\"%s\",\"size\":\"%s\",\"price\":\"%s\",\"product_id\":\"%s\",\"sequence\":%d,\"time\":\"%s\"}",
                     trade.id, coinbase_side(&trade), trade.qty, trade.price, trade.symbol, seqnum++, trade.timestamp);
        }
        server_send(&server, message);
    }
}

static void coinbase_on_open(websocket_server_t *self)
{
    (void)self;
    seqnum = 1;
    asked = 0;
    memset(coinbase_subscribed, 0, sizeof coinbase_subscribed);
}

static void coinbase_answer(websocket_server_t *self)
{
    char products[64] = "", answer[256];
    for (int i = 0; i < SYMBOLS; i++)
        if (coinbase_subscribed[i])
            snprintf(products + strlen(products), sizeof products - strlen(products), "%s\"%s\"", products[0] ? "," : "",
                     symbols[i]);
    snprintf(answer, sizeof answer,
             "{\"type\":\"subscriptions\",\"channels\":[{\"name\":\"matches\",\"product_ids\":[%s]},"
             "{\"name\":\"heartbeat\",\"product_ids\":[%s]}]}",
             products, products);
    server_send(self, answer);
}

static void coinbase_on_message(websocket_server_t *self, text_t request)
{
    char text[1024], answer[256];
    snprintf(text, sizeof text, "%.*s", TEXT_ARG(request));
    bool subscribe = strstr(text, "\"subscribe\"");
    if (subscribe && refusals > 0) {
        refusals--;
        snprintf(answer, sizeof answer,
                 "{\"type\":\"error\",\"message\":\"Failed to subscribe\",\"reason\":\"%s is not a valid product\"}",
                 symbols[0]);
        server_send(self, answer);
        return;
    }
    for (int i = 0; i < SYMBOLS; i++)
        if (strstr(text, symbols[i])) {
            asked += subscribe;
            coinbase_subscribed[i] = subscribe;
        }
    coinbase_answer(self);
    if (asked == (config.demand ? 1 : (int)config.symbol_count)) {
        asked = -1000;
        coinbase_play();
    }
}

static void coinbase_start(void)
{
    server = (websocket_server_t){.on_open = coinbase_on_open, .on_message = coinbase_on_message};
    server_start(&server, web, NULL, NULL);
    config.url = server.url;
}

/* --- the past --- */

static void coinbase_print_trades(buffer_t *out, const script_trade_t *trades, size_t count)
{
    buffer_append(out, TEXT("["));
    for (size_t i = 0; i < count; i++)
        buffer_printf(out, "%s{\"time\":\"%s\",\"trade_id\":%s,\"price\":\"%s\",\"size\":\"%s\",\"side\":\"%s\"}",
                      i > 0 ? "," : "", trades[i].timestamp, trades[i].id, trades[i].price, trades[i].qty,
                      coinbase_side(&trades[i]));
    buffer_append(out, TEXT("]"));
}

static void coinbase_print_candles(buffer_t *out, const past_candle_t *candles, size_t count)
{
    buffer_append(out, TEXT("["));
    for (size_t i = 0; i < count; i++)
        buffer_printf(out, "%s[%lld,105383.1,105383.9,105383.2,105383.3,%.*s]", i > 0 ? "," : "",
                      (long long)(candles[i].start_ns / NS_PER_S), TEXT_ARG(candles[i].volume));
    buffer_append(out, TEXT("]"));
}

static const past_backend_t coinbase_past_backend = {
    .print_trades = coinbase_print_trades,
    .print_candles = coinbase_print_candles,
    .error = "{\"message\":\"NotFound\"}",
    .error_words = "NotFound",
};
