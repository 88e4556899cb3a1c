/* What record_parse takes is valid JSON, all of its fields are valid, and it prints back to the same bytes, or to what differs in the cursor alone. Text
 * that is not taken is moved nowhere. */
#include "common/json/json.h"
#include "proto/record.h"
#include "tests/fuzz/fuzz.h"

/* Moved and back it is what it was. */
static void check_move(text_t json, const trade_t *record)
{
    char there[RECORD_MAX], back[RECORD_MAX];
    static const cursor_t elsewhere = {UINT64_MAX, UINT64_MAX};
    trade_t moved;
    size_t length = record_move(there, json, elsewhere);
    require(length > 0 && length <= RECORD_MAX && record_parse((text_t){there, length}, &moved));
    require(cursor_compare(moved.cursor, elsewhere) == 0);
    require(text_equal((text_t){back, record_move(back, (text_t){there, length}, record->cursor)}, json));
}

static void check_topic(const trade_t *record)
{
    char room[SUBJECT_MAX], topic_room[TOPIC_MAX];
    text_t subject = {room, record_subject(room, record)}, found, source;
    require(subject_valid(subject));
    text_t topic = {topic_room, topic_print(topic_room, subject, record->source)};
    require(topic_parse(topic, &found, &source) && text_equal(found, subject) && text_equal(source, record->source));
    require(record_is_of(record, topic) && text_equal(record_subject_in(topic, record), subject));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text_t json = {(const char *)data, size};
    char out[RECORD_MAX];
    trade_t record;
    cursor_t cursor;
    if (!record_parse(json, &record)) {
        require(record_move(out, json, (cursor_t){1, 1}) == 0);
        return 0;
    }
    const char *wrong;
    require(json_valid(json) && record_valid(&record, &wrong));
    require(trade_cursor(json, &cursor) && cursor_compare(cursor, record.cursor) == 0);
    require(text_equal((text_t){out, record_print(out, &record)}, json));
    check_move(json, &record);
    check_topic(&record);
    return 0;
}
