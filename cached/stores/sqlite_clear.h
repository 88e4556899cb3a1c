/* Clears a whole stream: at once for readers, with its rows removed from the file in steps, so that others can write meanwhile. */
#pragma once

#include "cached/stores/sqlite_file.h"

/* About how many trades one transaction drops: a few ms, so that appends don't wait long. */
enum { SQLITE_DROP_STEP = 20000 };

/* Within a transaction: a new stream, with the same topic and place but without trades, replaces the one with this id. What that one
 * had is out of sight, and stays so however the process ends. SQLITE_DONE is success. */
int sqlite_clear_begin(sqlite_file_t *file, int64_t id, text_t topic, cursor_t place);

/* Outside a transaction: removes from the file what is out of sight, also from a process that ended before it could. STORE_AWAY: another
 * handle holds the file; the rest is removed another time. */
store_result_t sqlite_clear_rest(sqlite_file_t *file, char *error);
