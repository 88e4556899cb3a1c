#include "proto/cursor.h"

int cursor_compare(cursor_t a, cursor_t b)
{
    if (a.epoch != b.epoch)
        return a.epoch < b.epoch ? -1 : 1;
    return (a.seq > b.seq) - (a.seq < b.seq);
}

cursor_t cursor_behind(cursor_t cursor)
{
    if (cursor.seq < UINT64_MAX)
        return (cursor_t){cursor.epoch, cursor.seq + 1};
    return cursor.epoch < UINT64_MAX ? (cursor_t){cursor.epoch + 1, 0} : cursor;
}

cursor_t cursor_before(cursor_t cursor)
{
    if (cursor.seq > 0)
        return (cursor_t){cursor.epoch, cursor.seq - 1};
    return cursor.epoch > 0 ? (cursor_t){cursor.epoch - 1, UINT64_MAX} : cursor;
}

cursor_t cursor_renew(cursor_t cursor, cursor_t former, uint64_t epoch)
{
    bool goes_on = cursor.epoch == former.epoch && cursor.seq >= former.seq;
    return goes_on ? (cursor_t){epoch, cursor.seq - former.seq} : cursor;
}

size_t cursor_print(char out[static CURSOR_MAX], cursor_t cursor)
{
    size_t length = text_from_u64(out, cursor.epoch);
    out[length++] = '-';
    return length + text_from_u64(out + length, cursor.seq);
}

void cursor_put(json_writer_t *json, const char *name, cursor_t cursor)
{
    json_put_escaped(json, name, CURSOR_TEXT(cursor));
}

bool cursor_parse(text_t text, cursor_t *cursor)
{
    const char *dash = text.length ? memchr(text.at, '-', text.length) : NULL;
    if (!dash)
        return false;
    size_t epoch_length = (size_t)(dash - text.at);
    cursor_t result;
    if (!text_to_u64((text_t){text.at, epoch_length}, &result.epoch) ||
        !text_to_u64((text_t){dash + 1, text.length - epoch_length - 1}, &result.seq))
        return false;
    *cursor = result;
    return true;
}
