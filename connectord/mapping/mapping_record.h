/* A record as a mapping makes it of a source's JSON. */
#pragma once

#include "proto/trade.h"

enum { MAPPING_DATA_MAX = 4096 };

/* What a record is. Valid during the call. */
typedef struct {
    text_t channel; /* "trades", or the rule's */
    text_t key;     /* of another channel's record: what a symbol is to a trade */
    trade_t trade;  /* of trades; trade_valid but for cursor, source and received_ns, which are not set */
    text_t id;      /* empty: it has none */
    text_t timestamp;
    int64_t timestamp_ns;
    text_t data; /* of another channel: the source's own text without white space, at most MAPPING_DATA_MAX bytes */
} mapping_record_t;
