/* What the encodings of records (trade.c, record.c) are made of: fixed parts, and values between them that are put, or taken. Each record is printed, and
 * checked, so that a writer of JSON (json_write.h) would cost too much. */
#pragma once

#include "common/timestamp.h"
#include "proto/cursor.h"

#define ENCODING_EPOCH    "{\"epoch\":"
#define ENCODING_SEQ      ",\"seq\":"
#define ENCODING_SOURCE   "\",\"source\":\""
#define ENCODING_RECEIVED "\",\"received\":\""

static inline char *encoding_put(char *at, text_t text)
{
    memcpy(at, text.at, text.length);
    return at + text.length;
}

static inline char *encoding_put_u64(char *at, uint64_t value)
{
    return at + text_from_u64(at, value);
}

/* What is left to read. Each take_… moves it on, or returns false. */
typedef struct {
    const char *at, *end;
} encoding_reader_t;

static inline bool encoding_take(encoding_reader_t *reader, text_t fixed)
{
    if ((size_t)(reader->end - reader->at) < fixed.length || memcmp(reader->at, fixed.at, fixed.length) != 0)
        return false;
    reader->at += fixed.length;
    return true;
}

/* A JSON number that is whole and not negative; the text behind it fails where something else is expected. */
static inline bool encoding_take_u64(encoding_reader_t *reader, uint64_t *value)
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
static inline bool encoding_take_until(encoding_reader_t *reader, char stop, text_t *slice)
{
    const char *found = memchr(reader->at, stop, (size_t)(reader->end - reader->at));
    if (!found)
        return false;
    *slice = (text_t){reader->at, (size_t)(found - reader->at)};
    reader->at = found;
    return true;
}

/* Only the one form that timestamp_print gives with 9 digits: no offset, no leap second. */
static inline bool encoding_received(text_t text, int64_t *ns)
{
    return text.length == TIMESTAMP_MAX && text.at[10] == 'T' && text.at[17] != '6' && text.at[19] == '.' &&
           text.at[TIMESTAMP_MAX - 1] == 'Z' && timestamp_parse(text, ns);
}

/* {"epoch":…,"seq":… */
static inline bool encoding_take_cursor(encoding_reader_t *reader, cursor_t *cursor)
{
    return encoding_take(reader, TEXT(ENCODING_EPOCH)) && encoding_take_u64(reader, &cursor->epoch) &&
           encoding_take(reader, TEXT(ENCODING_SEQ)) && encoding_take_u64(reader, &cursor->seq);
}

static inline encoding_reader_t encoding_reader(text_t json)
{
    return (encoding_reader_t){json.at, json.length ? json.at + json.length : json.at};
}
