/* Forgetting all of a stream: at once for whoever reads, with its rows dropped from the file in steps, so that others can write meanwhile. */
#pragma once

#include "cached/sqlite/sqlite_file.h"

/* Trades that one transaction drops, about: a few ms, so that appends don't wait for long. */
enum { SQLITE_DROP_STEP = 20000 };

/* Within a transaction: another stream, with the same topic and place but without trades, takes the place of the one with this id. What that one
 * had is out of sight, and stays so however the process ends. SQLITE_DONE is well. */
int sqlite_clear_begin(sqlite_file_t *file, int64_t id, text_t topic, cursor_t place);

/* Outside of one: drops from the file what is out of sight, here or where a process ended before it came to that. STORE_AWAY: another
 * handle holds the file; what is left is dropped another time. */
store_result_t sqlite_clear_rest(sqlite_file_t *file, char *error);
