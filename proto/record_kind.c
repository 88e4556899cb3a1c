#include "proto/record_kind.h"

#include "proto/json_record.h"

_Static_assert((int)RECORD_MAX >= (int)TRADE_MAX, "a record of any kind fits");

static bool is_trade(const trade_t *record)
{
    return record_is_trade(record);
}

static bool is_json(const trade_t *record)
{
    return !record_is_trade(record);
}

static const record_kind_t kinds[] = {
    {"trades", TRADE_MAX, is_trade, trade_valid, trade_print, trade_parse},
    {"json", RECORD_MAX, is_json, json_record_valid, json_record_print, json_record_parse},
};

const record_kind_t *record_kind_at(size_t number)
{
    return number < sizeof kinds / sizeof *kinds ? &kinds[number] : NULL;
}
