/* What the exchange sends: a message that is taken is valid JSON, its trade is valid, and price and qty stand in it as they are; one that is
 * refused says why. */
#include "common/json/json.h"
#include "connectord/exchanges/blockchain_message.h"
#include "tests/fuzz/fuzz.h"

static bool within(text_t part, text_t whole)
{
    return part.at >= whole.at && part.at + part.length <= whole.at + whole.length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static blockchain_message_t message;
    text_t json = {(const char *)data, size};
    if (!blockchain_message_read(&message, json)) {
        require(message.fields.reason[0] != '\0');
        return 0;
    }
    require(json_valid(json));
    if (message.kind != BLOCKCHAIN_TRADE)
        return 0;
    const char *wrong;
    trade_t trade = message.trade;
    trade.source = TEXT("a");
    require(trade_valid(&trade, &wrong));
    require(within(trade.qty, json) && within(trade.price, json));
    return 0;
}
