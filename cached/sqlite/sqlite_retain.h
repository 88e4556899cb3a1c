/* Dropping trades from a SQLite store: retain and clear of store.h. */
#pragma once

#include "cached/sqlite/sqlite_store.h"

store_result_t sqlite_retain(void *arg, text_t topic, uint64_t keep, int64_t before_ns, uint64_t *dropped, char *error);
store_result_t sqlite_clear(void *arg, text_t topic, uint64_t *cleared, char *error);

/* Drops from the file what a clear has put out of sight, here or where a process ended before it came to that: in steps, so
 * that others can write meanwhile. STORE_AWAY: another handle holds the file; what is left is dropped another time. */
store_result_t sqlite_drop_cleared(sqlite_t *self, char *error);
