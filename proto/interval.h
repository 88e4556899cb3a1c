/* The interval of a candle: 1s, 1m, 5m, 15m, 1h or 1d. Each is a multiple of the one before. */
#pragma once

#include "common/text.h"

typedef enum { INTERVAL_1S, INTERVAL_1M, INTERVAL_5M, INTERVAL_15M, INTERVAL_1H, INTERVAL_1D, INTERVALS } interval_t;

/* All of them, for messages. */
#define INTERVAL_NAMES "1s, 1m, 5m, 15m, 1h, 1d"

/* False for any other text. */
bool interval_parse(text_t text, interval_t *interval);

/* "15m" */
const char *interval_name(interval_t interval);

int64_t interval_ns(interval_t interval);
