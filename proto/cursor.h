/* The place of a trade in its stream: (epoch, seq).
 *
 * seq counts 1, 2, 3 … without gaps; seq 0 is the place before the first trade. epoch is when the journal was created, in µs
 * since 1970, and changes only when the journal is lost, or goes back. Cursors order all trades of a stream. Text form: "<epoch>-<seq>".
 */
#pragma once

#include "common/json/json_write.h"

typedef struct {
    uint64_t epoch;
    uint64_t seq;
} cursor_t;

enum { CURSOR_MAX = 41 }; /* characters of the text form, at most */

/* Negative, 0 or positive, by epoch and then by seq. */
int cursor_compare(cursor_t a, cursor_t b);

/* The next place, and the one before; the last one has no next, {0, 0} none before: they stay. */
cursor_t cursor_behind(cursor_t cursor);
cursor_t cursor_before(cursor_t cursor);

/* A cursor of a stream that continues in another epoch (bus.md): what was (former.epoch, former.seq + n) is (epoch, n). Others are unchanged. */
cursor_t cursor_renew(cursor_t cursor, cursor_t former, uint64_t epoch);

/* Prints without a NUL and returns the length. */
size_t cursor_print(char out[static CURSOR_MAX], cursor_t cursor);

/* The same as a text that lasts as long as the block in which it stands: LOG_SLICE("from", CURSOR_TEXT(from)). */
#define CURSOR_TEXT(cursor) cursor_text((char[CURSOR_MAX]){0}, (cursor))

static inline text_t cursor_text(char room[static CURSOR_MAX], cursor_t cursor)
{
    return (text_t){room, cursor_print(room, cursor)};
}

/* The same as a JSON string. */
void cursor_put(json_writer_t *json, const char *name, cursor_t cursor);

/* False, and *cursor untouched, when the text is not exactly <digits>-<digits>. */
bool cursor_parse(text_t text, cursor_t *cursor);
