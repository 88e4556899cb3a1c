#include "proto/trade.h"

#include "common/numbers/decimal.h"
#include "proto/encoding.h"
#include "proto/topic.h"

/* The fixed parts of the encoding, between the variable ones. */
#define HEAD      ENCODING_EPOCH
#define SEQ       ENCODING_SEQ
#define SEQNUM    ",\"seqnum\":"
#define SYMBOL    ",\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\""
#define TIMESTAMP "\",\"timestamp\":\""
#define SIDE_IS   "\",\"side\":\""
#define QTY       "\",\"qty\":"
#define PRICE     ",\"price\":"
#define ID        ",\"tradeId\":\""
#define SOURCE    ENCODING_SOURCE
#define RECEIVED  ENCODING_RECEIVED
#define TAIL      "\"}"

enum {
    EXCHANGE_TIME_MAX = 35, /* 2025-11-10T17:24:33.981112345+00:00 */
    FIXED_LENGTH = sizeof HEAD SEQ SEQNUM SYMBOL TIMESTAMP SIDE_IS QTY PRICE ID SOURCE RECEIVED TAIL - 1
};

_Static_assert(FIXED_LENGTH + 3 * 20 + SYMBOL_MAX + EXCHANGE_TIME_MAX + 4 + 2 * DECIMAL_MAX + TRADE_ID_MAX + SOURCE_MAX +
                       TIMESTAMP_MAX <=
                   TRADE_MAX,
               "the longest trade fits");

bool trade_id_valid(text_t id)
{
    if (id.length < 1 || id.length > TRADE_ID_MAX)
        return false;
    for (size_t i = 0; i < id.length; i++)
        if (id.at[i] < '!' || id.at[i] > '~' || id.at[i] == '"' || id.at[i] == '\\')
            return false;
    return true;
}

static const char *first_wrong(const trade_t *trade, int64_t *timestamp_ns)
{
    if (!symbol_valid(trade->symbol))
        return "symbol";
    if (!timestamp_parse(trade->timestamp, timestamp_ns))
        return "timestamp";
    if (trade->side != SIDE_BUY && trade->side != SIDE_SELL)
        return "side";
    if (!decimal_valid(trade->qty))
        return "qty";
    if (!decimal_valid(trade->price))
        return "price";
    if (!trade_id_valid(trade->id))
        return "tradeId";
    if (!source_valid(trade->source))
        return "source";
    return NULL;
}

static bool take_side(encoding_reader_t *reader, side_t *side)
{
    *side = encoding_take(reader, TEXT("buy")) ? SIDE_BUY : SIDE_SELL;
    return *side == SIDE_BUY || encoding_take(reader, TEXT("sell"));
}

bool trade_valid(trade_t *trade, const char **wrong)
{
    const char *field = first_wrong(trade, &trade->timestamp_ns);
    if (field)
        *wrong = field;
    return !field;
}

size_t trade_print(char out[static TRADE_MAX], const trade_t *trade)
{
    char *at = encoding_put(out, TEXT(HEAD));
    at = encoding_put_u64(at, trade->cursor.epoch);
    at = encoding_put(at, TEXT(SEQ));
    at = encoding_put_u64(at, trade->cursor.seq);
    at = encoding_put(at, TEXT(SEQNUM));
    at = encoding_put_u64(at, trade->seqnum);
    at = encoding_put(at, TEXT(SYMBOL));
    at = encoding_put(at, trade->symbol);
    at = encoding_put(at, TEXT(TIMESTAMP));
    at = encoding_put(at, trade->timestamp);
    at = encoding_put(at, TEXT(SIDE_IS));
    at = encoding_put(at, trade->side == SIDE_BUY ? TEXT("buy") : TEXT("sell"));
    at = encoding_put(at, TEXT(QTY));
    at = encoding_put(at, trade->qty);
    at = encoding_put(at, TEXT(PRICE));
    at = encoding_put(at, trade->price);
    at = encoding_put(at, TEXT(ID));
    at = encoding_put(at, trade->id);
    at = encoding_put(at, TEXT(SOURCE));
    at = encoding_put(at, trade->source);
    at = encoding_put(at, TEXT(RECEIVED));
    at += timestamp_print(at, trade->received_ns, 9);
    at = encoding_put(at, TEXT(TAIL));
    return (size_t)(at - out);
}

bool trade_parse(text_t json, trade_t *trade)
{
    if (json.length > TRADE_MAX)
        return false;
    encoding_reader_t reader = encoding_reader(json);
    text_t received;
    return encoding_take_cursor(&reader, &trade->cursor) && encoding_take(&reader, TEXT(SEQNUM)) &&
           encoding_take_u64(&reader, &trade->seqnum) && encoding_take(&reader, TEXT(SYMBOL)) &&
           encoding_take_until(&reader, '"', &trade->symbol) && encoding_take(&reader, TEXT(TIMESTAMP)) &&
           encoding_take_until(&reader, '"', &trade->timestamp) && encoding_take(&reader, TEXT(SIDE_IS)) &&
           take_side(&reader, &trade->side) && encoding_take(&reader, TEXT(QTY)) &&
           encoding_take_until(&reader, ',', &trade->qty) && encoding_take(&reader, TEXT(PRICE)) &&
           encoding_take_until(&reader, ',', &trade->price) && encoding_take(&reader, TEXT(ID)) &&
           encoding_take_until(&reader, '"', &trade->id) && encoding_take(&reader, TEXT(SOURCE)) &&
           encoding_take_until(&reader, '"', &trade->source) && encoding_take(&reader, TEXT(RECEIVED)) &&
           encoding_take_until(&reader, '"', &received) && encoding_take(&reader, TEXT(TAIL)) && reader.at == reader.end &&
           !first_wrong(trade, &trade->timestamp_ns) && encoding_received(received, &trade->received_ns);
}

/* Takes a fixed part off the end of a text. */
static inline bool take_off(text_t *text, text_t fixed)
{
    if (text->length < fixed.length || memcmp(text->at + text->length - fixed.length, fixed.at, fixed.length) != 0)
        return false;
    text->length -= fixed.length;
    return true;
}

/* The same, for what stands behind the last quote, which stays. */
static inline bool take_off_value(text_t *text, text_t *value)
{
    const char *quote = text->length ? memrchr(text->at, '"', text->length) : NULL;
    if (!quote)
        return false;
    size_t before = (size_t)(quote - text->at) + 1;
    *value = (text_t){quote + 1, text->length - before};
    text->length = before;
    return true;
}

bool trade_id(text_t json, text_t *id)
{
    text_t received, source;
    return take_off(&json, TEXT(TAIL)) && take_off_value(&json, &received) && take_off(&json, TEXT(RECEIVED)) &&
           take_off_value(&json, &source) && take_off(&json, TEXT(SOURCE)) && take_off_value(&json, id) &&
           take_off(&json, TEXT(ID)) && trade_id_valid(*id);
}

size_t trade_count(text_t trades)
{
    const char *end = trades.at + trades.length, *at = trades.at;
    size_t count = 0;
    while ((at = memmem(at, (size_t)(end - at), HEAD, sizeof HEAD - 1))) {
        count++;
        at += sizeof HEAD - 1;
    }
    return count;
}

bool trade_cursor(text_t json, cursor_t *cursor)
{
    encoding_reader_t reader = encoding_reader(json);
    cursor_t result;
    if (!encoding_take_cursor(&reader, &result) || !encoding_take(&reader, TEXT(",")))
        return false;
    *cursor = result;
    return true;
}
