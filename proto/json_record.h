/* The kind of record that any channel beside trades has: a head, and the source's own JSON object (record.h). For record_kind.h. */
#pragma once

#include "proto/trade.h"

enum {
    RECORD_DATA_MAX = 4096,            /* bytes of the data */
    RECORD_DATA_DEPTH = 16,            /* levels of objects and arrays in it, with itself */
    RECORD_MAX = RECORD_DATA_MAX + 512 /* bytes of the encoding, at most */
};

/* Is it a trade, rather than a record of another channel? */
static inline bool record_is_trade(const trade_t *record)
{
    return record->data.length == 0;
}

/* As record_valid, record_print and record_parse, of this kind alone. */
bool json_record_valid(trade_t *record, const char **wrong);
size_t json_record_print(char *out, const trade_t *record);
bool json_record_parse(text_t json, trade_t *record);
