#include "proto/trade.h"

#include "common/decimal.h"
#include "common/timestamp.h"
#include "proto/topic.h"

/* The fixed parts of the encoding, between the variable ones: each trade is printed, and checked, so that a writer of JSON (json_write.h) would
 * cost too much. */
#define HEAD      "{\"epoch\":"
#define SEQ       ",\"seq\":"
#define SEQNUM    ",\"seqnum\":"
#define SYMBOL    ",\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\""
#define TIMESTAMP "\",\"timestamp\":\""
#define SIDE_IS   "\",\"side\":\""
#define QTY       "\",\"qty\":"
#define PRICE     ",\"price\":"
#define ID        ",\"tradeId\":\""
#define SOURCE    "\",\"source\":\""
#define RECEIVED  "\",\"received\":\""
#define TAIL      "\"}"

enum {
    EXCHANGE_TIME_MAX = 35, /* 2025-11-10T17:24:33.981112345+00:00 */
    FIXED_LENGTH = sizeof HEAD SEQ SEQNUM SYMBOL TIMESTAMP SIDE_IS QTY PRICE ID SOURCE RECEIVED TAIL - 1
};

_Static_assert(FIXED_LENGTH + 3 * 20 + SYMBOL_MAX + EXCHANGE_TIME_MAX + 4 + 2 * DECIMAL_MAX + TRADE_ID_MAX + SOURCE_MAX +
                       TIMESTAMP_MAX <=
                   TRADE_MAX,
               "the longest trade fits");

static bool id_valid(text_t id)
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
    if (!id_valid(trade->id))
        return "tradeId";
    if (!source_valid(trade->source))
        return "source";
    return NULL;
}

static char *put(char *at, text_t text)
{
    memcpy(at, text.at, text.length);
    return at + text.length;
}

static char *put_u64(char *at, uint64_t value)
{
    return at + text_from_u64(at, value);
}

/* What is left to read. Each take_… moves it on, or returns false. */
typedef struct {
    const char *at, *end;
} trade_reader_t;

static inline bool take(trade_reader_t *reader, text_t fixed)
{
    if ((size_t)(reader->end - reader->at) < fixed.length || memcmp(reader->at, fixed.at, fixed.length) != 0)
        return false;
    reader->at += fixed.length;
    return true;
}

/* A JSON number that is whole and not negative; the text behind it fails where something else is expected. */
static bool take_u64(trade_reader_t *reader, uint64_t *value)
{
    enum { SAFE_DIGITS = 19 /* any number of so many fits */ };
    const char *from = reader->at, *at = from;
    uint64_t result = 0;
    for (; at < reader->end; at++) {
        unsigned digit = (unsigned char)*at - (unsigned)'0';
        if (digit > 9)
            break;
        result = result * 10 + digit;
    }
    size_t length = (size_t)(at - from);
    reader->at = at;
    if (length == 0 || (length > 1 && *from == '0'))
        return false;
    *value = result;
    return length <= SAFE_DIGITS || text_to_u64((text_t){from, length}, value);
}

/* All up to the next `stop`, which stays. */
static bool take_until(trade_reader_t *reader, char stop, text_t *slice)
{
    const char *found = memchr(reader->at, stop, (size_t)(reader->end - reader->at));
    if (!found)
        return false;
    *slice = (text_t){reader->at, (size_t)(found - reader->at)};
    reader->at = found;
    return true;
}

static bool take_side(trade_reader_t *reader, side_t *side)
{
    *side = take(reader, TEXT("buy")) ? SIDE_BUY : SIDE_SELL;
    return *side == SIDE_BUY || take(reader, TEXT("sell"));
}

/* Only the one form that timestamp_print gives with 9 digits: no offset, no leap second. */
static bool received_parse(text_t text, int64_t *ns)
{
    return text.length == TIMESTAMP_MAX && text.at[10] == 'T' && text.at[17] != '6' && text.at[19] == '.' &&
           text.at[TIMESTAMP_MAX - 1] == 'Z' && timestamp_parse(text, ns);
}

static bool take_cursor(trade_reader_t *reader, cursor_t *cursor)
{
    return take(reader, TEXT(HEAD)) && take_u64(reader, &cursor->epoch) && take(reader, TEXT(SEQ)) &&
           take_u64(reader, &cursor->seq) && take(reader, TEXT(SEQNUM));
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
    char *at = put(out, TEXT(HEAD));
    at = put_u64(at, trade->cursor.epoch);
    at = put(at, TEXT(SEQ));
    at = put_u64(at, trade->cursor.seq);
    at = put(at, TEXT(SEQNUM));
    at = put_u64(at, trade->seqnum);
    at = put(at, TEXT(SYMBOL));
    at = put(at, trade->symbol);
    at = put(at, TEXT(TIMESTAMP));
    at = put(at, trade->timestamp);
    at = put(at, TEXT(SIDE_IS));
    at = put(at, trade->side == SIDE_BUY ? TEXT("buy") : TEXT("sell"));
    at = put(at, TEXT(QTY));
    at = put(at, trade->qty);
    at = put(at, TEXT(PRICE));
    at = put(at, trade->price);
    at = put(at, TEXT(ID));
    at = put(at, trade->id);
    at = put(at, TEXT(SOURCE));
    at = put(at, trade->source);
    at = put(at, TEXT(RECEIVED));
    at += timestamp_print(at, trade->received_ns, 9);
    at = put(at, TEXT(TAIL));
    return (size_t)(at - out);
}

bool trade_parse(text_t json, trade_t *trade)
{
    if (json.length > TRADE_MAX)
        return false;
    trade_reader_t reader = {json.at, json.length ? json.at + json.length : json.at};
    text_t received;
    return take_cursor(&reader, &trade->cursor) && take_u64(&reader, &trade->seqnum) && take(&reader, TEXT(SYMBOL)) &&
           take_until(&reader, '"', &trade->symbol) && take(&reader, TEXT(TIMESTAMP)) &&
           take_until(&reader, '"', &trade->timestamp) && take(&reader, TEXT(SIDE_IS)) && take_side(&reader, &trade->side) &&
           take(&reader, TEXT(QTY)) && take_until(&reader, ',', &trade->qty) && take(&reader, TEXT(PRICE)) &&
           take_until(&reader, ',', &trade->price) && take(&reader, TEXT(ID)) && take_until(&reader, '"', &trade->id) &&
           take(&reader, TEXT(SOURCE)) && take_until(&reader, '"', &trade->source) && take(&reader, TEXT(RECEIVED)) &&
           take_until(&reader, '"', &received) && take(&reader, TEXT(TAIL)) && reader.at == reader.end &&
           !first_wrong(trade, &trade->timestamp_ns) && received_parse(received, &trade->received_ns);
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
           take_off(&json, TEXT(ID)) && id_valid(*id);
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
    trade_reader_t reader = {json.at, json.length ? json.at + json.length : json.at};
    cursor_t result;
    if (!take_cursor(&reader, &result))
        return false;
    *cursor = result;
    return true;
}

size_t trade_move(char out[static TRADE_MAX], text_t json, cursor_t cursor)
{
    trade_t trade;
    if (!trade_parse(json, &trade))
        return 0;
    trade.cursor = cursor;
    return trade_print(out, &trade);
}
