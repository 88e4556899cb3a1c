/* What trade_parse takes is valid JSON, all of its fields are valid, and it prints back to the same bytes. */
#include "common/json/json.h"
#include "proto/trade.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text_t json = {(const char *)data, size};
    trade_t trade;
    cursor_t cursor;
    bool has_cursor = trade_cursor(json, &cursor);
    text_t id;
    bool has_id = trade_id(json, &id);
    if (!trade_parse(json, &trade))
        return 0;
    require(has_id && text_equal(id, trade.id));
    const char *wrong;
    char out[TRADE_MAX];
    require(has_cursor && cursor_compare(cursor, trade.cursor) == 0);
    require(json_valid(json) && trade_valid(&trade, &wrong));
    require(text_equal((text_t){out, trade_print(out, &trade)}, json));
    return 0;
}
