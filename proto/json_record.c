#include "proto/json_record.h"

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

bool json_record_valid(trade_t *record, const char **wrong)
{
    const char *field = first_wrong(record, &record->timestamp_ns);
    if (field)
        *wrong = field;
    return !field;
}

size_t json_record_print(char *out, const trade_t *record)
{
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

bool json_record_parse(text_t json, trade_t *record)
{
    if (json.length > RECORD_MAX)
        return false;
    encoding_reader_t reader = encoding_reader(json);
    text_t received;
    *record = (trade_t){0};
    return take_head(&reader, record) && encoding_take(&reader, TEXT(ENCODING_SOURCE)) &&
           encoding_take_until(&reader, '"', &record->source) && encoding_take(&reader, TEXT(ENCODING_RECEIVED)) &&
           encoding_take_until(&reader, '"', &received) && encoding_take(&reader, TEXT(DATA)) &&
           take_data(&reader, &record->data) && !first_wrong(record, &record->timestamp_ns) &&
           encoding_received(received, &record->received_ns);
}
