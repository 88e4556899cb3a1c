#include "proto/record.h"

#include "common/json/json.h"
#include "proto/record_kind.h"

static const record_kind_t *kind_of(const trade_t *record)
{
    size_t number = 0;
    while (!record_kind_at(number)->has(record))
        number++;
    return record_kind_at(number);
}

bool record_valid(trade_t *record, const char **wrong)
{
    return kind_of(record)->valid(record, wrong);
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
    return kind_of(record)->print(out, record);
}

bool record_parse(text_t json, trade_t *record)
{
    const record_kind_t *kind;
    record->channel = record->data = (text_t){0}; /* a trade sets neither */
    for (size_t number = 0; (kind = record_kind_at(number)); number++)
        if (kind->parse(json, record))
            return true;
    return false;
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
