/* Which records of a source that is polled came before, so that each is given on once.
 *
 * A record is known by its subject (topic.h), here called its key, its id and its content together: another one under the
 * same id is another one. One without an id is known if its key had a record of its time or of a later one in an earlier
 * answer.
 *
 * What is noted counts as given on for good once it is settled; known_records_revert forgets the rest, so that it is asked
 * for again. Memory is bounded: of each key the last records stay, at least twice as many as were there at once, from
 * KNOWN_RECORDS_MIN to KNOWN_RECORDS_MAX; of at most KNOWN_RECORDS_KEYS keys.
 */
#pragma once

#include "connectord/mapping/mapping_record.h"

enum { KNOWN_RECORDS_MIN = 1000, KNOWN_RECORDS_MAX = 200000, KNOWN_RECORDS_KEYS = 10000 };

typedef struct known_records known_records_t;

/* NULL when memory runs out. */
known_records_t *known_records_new(void);
void known_records_destroy(known_records_t **self);

/* Is it known? */
bool known_records_has(known_records_t *self, const mapping_record_t *record);

/* It has been given on. Without memory for that it may come again. */
void known_records_note(known_records_t *self, const mapping_record_t *record);

/* What was noted since the last time, of all keys or (not empty) of one, is settled, or forgotten. */
void known_records_settle(known_records_t *self, text_t key);
void known_records_revert(known_records_t *self);

/* The id of the last record that was noted, and the latest time, in ns since 1970, of all keys or (not empty) of one. An
 * empty text and 0: there is none. Valid until the next call. */
text_t known_records_last_id(const known_records_t *self, text_t key);
int64_t known_records_last_ns(const known_records_t *self, text_t key);
