#include "proto/record.h"

#include "common/json/json.h"
#include "proto/encoding.h"
#include "proto/topic.h"

#define CHANNEL   ",\"channel\":\""
#define KEY       "\",\"key\":\""
#define TIMESTAMP "\",\"timestamp\":\""
#define ID        "\",\"id\":\""
#define DATA      "\",\"data\":"
#define TAIL      "}"

enum {
    EXCHANGE_TIME_MAX = 35, /* 2025-11-10T17:24:33.981112345+00:00 */
    FIXED_LENGTH = sizeof ENCODING_EPOCH ENCODING_SEQ CHANNEL KEY TIMESTAMP ID ENCODING_SOURCE ENCODING_RECEIVED DATA TAIL - 1
};

_Static_assert(FIXED_LENGTH + 2 * 20 + SUBJECT_MAX + EXCHANGE_TIME_MAX + TRADE_ID_MAX + SOURCE_MAX + TIMESTAMP_MAX +
                       RECORD_DATA_MAX <=
                   RECORD_MAX,
               "the longest record fits");
_Static_assert((int)RECORD_MAX >= (int)TRADE_MAX, "a trade fits, too");

/* Valid JSON's levels; its strings are stepped over. */
static bool is_flat_enough(text_t json)
{
    unsigned depth = 0, deepest = 0;
    bool quoted = false;
    for (size_t i = 0; i < json.length; i++) {
        char c = json.at[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            deepest = ++depth > deepest ? depth : deepest;
        else if (!quoted && (c == '}' || c == ']'))
            depth--;
        else if (!quoted && (c == ' ' || c == '\t' || c == '\n' || c == '\r'))
            return false;
    }
    return deepest <= RECORD_DATA_DEPTH;
}

static bool data_valid(text_t data)
{
    return data.length <= RECORD_DATA_MAX && json_kind(data) == JSON_OBJECT && json_valid(data) && is_flat_enough(data);
}

static const char *first_wrong(const trade_t *record, int64_t *timestamp_ns)
{
    if (!channel_valid(record->channel))
        return "channel";
    if (!key_valid(record->symbol))
        return "key";
    if (!timestamp_parse(record->timestamp, timestamp_ns))
        return "timestamp";
    if (record->id.length > 0 && !trade_id_valid(record->id))
        return "id";
    if (!source_valid(record->source))
        return "source";
    if (!data_valid(record->data))
        return "data";
    return NULL;
}

bool record_valid(trade_t *record, const char **wrong)
{
    if (record_is_trade(record))
        return trade_valid(record, wrong);
    const char *field = first_wrong(record, &record->timestamp_ns);
    if (field)
        *wrong = field;
    return !field;
}

size_t record_subject(char out[static SUBJECT_MAX], const trade_t *record)
{
    return subject_print(out, record_is_trade(record) ? TEXT(CHANNEL_TRADES) : record->channel, record->symbol);
}

bool record_is_of(const trade_t *record, text_t topic)
{
    char subject[SUBJECT_MAX];
    if (record_is_trade(record))
        return topic_names(topic, record->symbol, record->source);
    size_t length = record_subject(subject, record);
    return topic_names(topic, (text_t){subject, length}, record->source);
}

size_t record_print(char out[static RECORD_MAX], const trade_t *record)
{
    if (record_is_trade(record))
        return trade_print(out, record);
    char *at = encoding_put(out, TEXT(ENCODING_EPOCH));
    at = encoding_put_u64(at, record->cursor.epoch);
    at = encoding_put(at, TEXT(ENCODING_SEQ));
    at = encoding_put_u64(at, record->cursor.seq);
    at = encoding_put(at, TEXT(CHANNEL));
    at = encoding_put(at, record->channel);
    at = encoding_put(at, TEXT(KEY));
    at = encoding_put(at, record->symbol);
    at = encoding_put(at, TEXT(TIMESTAMP));
    at = encoding_put(at, record->timestamp);
    if (record->id.length > 0)
        at = encoding_put(encoding_put(at, TEXT(ID)), record->id);
    at = encoding_put(at, TEXT(ENCODING_SOURCE));
    at = encoding_put(at, record->source);
    at = encoding_put(at, TEXT(ENCODING_RECEIVED));
    at += timestamp_print(at, record->received_ns, 9);
    at = encoding_put(at, TEXT(DATA));
    at = encoding_put(at, record->data);
    at = encoding_put(at, TEXT(TAIL));
    return (size_t)(at - out);
}

static bool take_data(encoding_reader_t *reader, text_t *data)
{
    text_t rest = {reader->at, (size_t)(reader->end - reader->at)};
    if (rest.length < 2 || rest.at[rest.length - 1] != '}')
        return false;
    *data = (text_t){rest.at, rest.length - 1};
    return true;
}

static bool take_head(encoding_reader_t *reader, trade_t *record)
{
    if (!encoding_take_cursor(reader, &record->cursor) || !encoding_take(reader, TEXT(CHANNEL)) ||
        !encoding_take_until(reader, '"', &record->channel) || !encoding_take(reader, TEXT(KEY)) ||
        !encoding_take_until(reader, '"', &record->symbol) || !encoding_take(reader, TEXT(TIMESTAMP)) ||
        !encoding_take_until(reader, '"', &record->timestamp))
        return false;
    return !encoding_take(reader, TEXT(ID)) || (encoding_take_until(reader, '"', &record->id) && record->id.length > 0);
}

static bool parse_other(text_t json, trade_t *record)
{
    encoding_reader_t reader = encoding_reader(json);
    text_t received;
    *record = (trade_t){0};
    return take_head(&reader, record) && encoding_take(&reader, TEXT(ENCODING_SOURCE)) &&
           encoding_take_until(&reader, '"', &record->source) && encoding_take(&reader, TEXT(ENCODING_RECEIVED)) &&
           encoding_take_until(&reader, '"', &received) && encoding_take(&reader, TEXT(DATA)) &&
           take_data(&reader, &record->data) && !first_wrong(record, &record->timestamp_ns) &&
           encoding_received(received, &record->received_ns);
}

bool record_parse(text_t json, trade_t *record)
{
    record->channel = record->data = (text_t){0};
    return trade_parse(json, record) || (json.length <= RECORD_MAX && parse_other(json, record));
}

size_t record_move(char out[static RECORD_MAX], text_t json, cursor_t cursor)
{
    trade_t record;
    if (!record_parse(json, &record))
        return 0;
    record.cursor = cursor;
    return record_print(out, &record);
}

static bool begins_with_trade(text_t array)
{
    trade_t trade;
    json_walk_t walk = json_walk(array);
    return json_next(&walk) && trade_parse(walk.value, &trade);
}

size_t record_count(text_t array)
{
    if (begins_with_trade(array))
        return trade_count(array);
    size_t count = 0;
    json_walk_t walk = json_walk(array);
    while (json_next(&walk))
        count++;
    return count;
}
