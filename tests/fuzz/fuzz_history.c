/* What is asked of cached, a request a line, with two sources in memory and none in a store: each has one answer, valid JSON within its limit. */
#include "cached/answers/history.h"
#include "common/curve/rights.h"
#include "common/json/json.h"
#include "common/log.h"
#include "proto/request.h"
#include "proto/trade.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>

enum { TRADES = 8, REQUESTS_MAX = 16, EPOCH = 7 };

static size_t answers;

static void on_answer(void *arg, text_t peer, text_t answer)
{
    (void)arg;
    answers++;
    require(text_equal(peer, TEXT("peer")));
    require(answer.length <= HISTORY_ANSWER_MAX && json_valid(answer));
    require(json_kind(json_member(answer, "ok")) == JSON_TRUE || json_kind(json_member(answer, "error")) == JSON_OBJECT);
}

static void append(memory_log_t *memory_log, text_t source, unsigned number)
{
    char json[TRADE_MAX], at[32], price[16];
    snprintf(at, sizeof at, "2025-11-10T10:%02u:00.5Z", number);
    snprintf(price, sizeof price, "%u.50", number);
    trade_t trade = {.cursor = {EPOCH, number},
                     .symbol = TEXT("BTC-USD"),
                     .timestamp = text_of(at),
                     .qty = TEXT("0.10"),
                     .price = text_of(price),
                     .id = TEXT("1"),
                     .source = source,
                     .received_ns = 1};
    int64_t ns = trade_time_ns(&trade);
    require(memory_log_append(memory_log, &(memory_log_trade_t){trade.cursor, ns, {json, trade_print(json, &trade)}}));
    require(candles_add(memory_log_candles(memory_log), (candle_place_t){ns, trade.cursor}, trade.price, trade.qty));
}

static void tell(memory_log_t *memory_log, unsigned number, const char *state, unsigned to)
{
    char data[256];
    snprintf(data, sizeof data,
             "{\"state\":\"%s\",\"from\":\"2025-11-10T10:%02u:00Z\",\"to\":\"2025-11-10T10:%02u:00Z\",\"cursor\":\"7-1\","
             "\"missing\":3}",
             state, number, to);
    trade_t record = {.cursor = {EPOCH, number}, .data = text_of(data)};
    require(memory_log_append(memory_log, &(memory_log_trade_t){record.cursor, 1, TEXT("{}")}));
    require(coverage_series_take(memory_log_coverage(memory_log), &record));
}

static catalog_t *filled_catalog(void)
{
    catalog_t *catalog = catalog_new(TRADES - 2);
    memory_log_t *a = catalog_memory_log(catalog, TEXT("trade.BTC-USD.a")),
                 *b = catalog_memory_log(catalog, TEXT("trade.BTC-USD.b"));
    require(a && b);
    for (unsigned i = 1; i <= TRADES; i++) {
        append(a, TEXT("a"), i);
        append(b, TEXT("b"), i + i / 3);
    }
    memory_log_t *coverage = catalog_memory_log(catalog, TEXT("coverage.BTC-USD.a"));
    require(coverage);
    tell(coverage, 1, "live", 9);
    tell(coverage, 4, "hole", 5);
    catalog_offer(catalog, &(status_t){.source = TEXT("a"), .symbols = TEXT("{\"BTC-USD\":8,\"ETH-USD\":0}")});
    return catalog;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    log_set_level(LOG_LEVEL_ERROR);
    text_t rest = {(const char *)data, size};
    catalog_t *catalog = filled_catalog();
    history_t *history = history_new(&(history_config_t){.catalog = catalog, .token = "let \"me\" in", .on_answer = on_answer});
    require(history != NULL);
    answers = 0;
    for (size_t asked = 1; rest.length > 0 && asked <= REQUESTS_MAX; asked++) {
        history_handle(history, TEXT("peer"), TEXT(RIGHTS_ALL), take_until(&rest, '\n'));
        require(answers == asked);
    }
    history_destroy(&history);
    catalog_destroy(&catalog);
    return 0;
}
