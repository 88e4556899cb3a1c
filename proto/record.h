/* A record: what a source says once. Trades are records (trade.h); those of any other channel (channel.md) have the same head and, in place of side, qty and
 * price, the source's own JSON object:
 *
 *     {"epoch":1763941200123456,"seq":42,"channel":"readings","key":"sensor-7","timestamp":"2025-11-10T17:24:33.937Z","id":"881",
 *      "source":"lab","received":"2025-11-10T17:24:33.981112345Z","data":{"celsius":21.50,"ok":true}}   (in one line, without white space)
 *
 * "id" is left out where the source has none. In memory it is a trade_t that has `channel` and `data`, and whose symbol is the key; seqnum, side, qty and price
 * say nothing then.
 */
#pragma once

#include "proto/json_record.h"
#include "proto/topic.h"

/* As trade_valid, of any record: of one with data these are an object of JSON without white space, and the id may be empty. */
bool record_valid(trade_t *record, const char **wrong);

/* The subject of its stream (topic.h), without a NUL. Returns the length. */
size_t record_subject(char out[static SUBJECT_MAX], const trade_t *record);

/* Is that the topic of its stream? */
bool record_is_of(const trade_t *record, text_t topic);

/* Its subject as a slice of that topic, if it is another channel's. */
static inline text_t record_subject_in(text_t topic, const trade_t *record)
{
    return record_is_trade(record) ? record->symbol : (text_t){topic.at, topic.length - record->source.length - 1};
}

/* Prints a valid record of any channel. Returns the length. No NUL. */
size_t record_print(char out[static RECORD_MAX], const trade_t *record);

/* Reads exactly what record_print prints; the slices point into `json`. False for anything else. */
bool record_parse(text_t json, trade_t *record);

/* Prints the same record with another cursor. Returns the length; 0 if `json` is not a record. */
size_t record_move(char out[static RECORD_MAX], text_t json, cursor_t cursor);

/* How many records stand in an array of them, which is valid JSON. */
size_t record_count(text_t array);
