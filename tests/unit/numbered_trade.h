/* A valid trade whose every field follows from its id, for tests of what counts them. */
#pragma once

#include "common/timestamp.h"
#include "proto/trade.h"

#include <check.h>
#include <stdio.h>

/* When it was made: a millisecond for each id. */
static inline int64_t numbered_trade_ns(uint64_t id)
{
    return 1762795473 * NS_PER_S + (int64_t)(id % 1000000000) * NS_PER_MS;
}

/* Its slices are valid until the next call but one. */
static inline trade_t numbered_trade(uint64_t id)
{
    static struct {
        char id[24], price[32], timestamp[TIMESTAMP_MAX];
    } texts[2], *text;
    const char *wrong = "";
    text = text == &texts[0] ? &texts[1] : &texts[0];
    snprintf(text->id, sizeof text->id, "%llu", (unsigned long long)id);
    snprintf(text->price, sizeof text->price, "%llu.50", (unsigned long long)id);
    trade_t trade = {.symbol = TEXT("BTC-USD"),
                     .timestamp = {text->timestamp, timestamp_print(text->timestamp, numbered_trade_ns(id), 9)},
                     .side = id % 2 ? SIDE_BUY : SIDE_SELL,
                     .qty = TEXT("0.0010"),
                     .price = text_of(text->price),
                     .id = text_of(text->id),
                     .source = TEXT("coinbase"),
                     .received_ns = numbered_trade_ns(id) + 7};
    if (!trade_valid(&trade, &wrong)) /* an assertion that holds costs system calls, and here are millions */
        ck_abort_msg("%s", wrong);
    return trade;
}
