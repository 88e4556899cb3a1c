/* Minutes as tests write them: a candle is "volume/trades", or "volume" where the trades are not counted; "-": there is no candle. */
#pragma once

#include "connectord/witness/minute_sums.h"

#include <check.h>
#include <stdlib.h>

#define FIRST_MINUTE (29379900 * MINUTE_NS) /* in November 2025 */

static inline int64_t minute_at(int64_t number)
{
    return FIRST_MINUTE + number * MINUTE_NS;
}

/* Tells of minutes one after the other, from that one on. */
static inline void tell_candles(minute_sums_t *sums, int64_t number, const char *words)
{
    char *text = strdup(words), *rest = text;
    for (char *word; (word = strtok_r(rest, " ", &rest)); number++) {
        char *slash = strchr(word, '/');
        size_t length = slash ? (size_t)(slash - word) : strlen(word);
        past_candle_t candle = {.start_ns = minute_at(number), .volume = {word, length}, .counted = slash != NULL};
        if (slash)
            candle.trades = strtoull(slash + 1, NULL, 10);
        if (strcmp(word, "-") != 0)
            minute_sums_candle(sums, &candle);
    }
    free(text);
}

/* Trades of one minute after the other, from that one on: their quantities, with a + between them. */
static inline void tell_trades(minute_sums_t *sums, int64_t number, const char *words)
{
    char *text = strdup(words), *rest = text;
    for (char *word; (word = strtok_r(rest, " ", &rest)); number++) {
        int64_t time_ns = minute_at(number);
        for (char *qty, *more = word; strcmp(word, "-") != 0 && (qty = strtok_r(more, "+", &more)); time_ns++)
            minute_sums_trade(sums, time_ns, text_of(qty));
    }
    free(text);
}
