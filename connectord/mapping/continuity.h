/* Whether a source's own numbers go on as its definition says, so that what it lost on the way to us shows.
 *
 *     "continuity": {"of": "id", "rule": "plus_one", "scope": "key"}
 *
 *     plus_one  5 6 7 9: 8 is missing      rising  5 8 12 3: the source has begun again
 *
 * With plus_one a number at or below the one before is a repeat: that shows by the record's id.
 */
#pragma once

#include "connectord/mapping/mapping_record.h"

typedef struct continuity continuity_t;

/* NULL when memory runs out. */
continuity_t *continuity_new(void);
void continuity_destroy(continuity_t **self);

/* A connection begins: its first numbers may be any. */
void continuity_begin(continuity_t *self);

/* A record has come. False where the numbers do not go on: *expected is what it should have had. */
bool continuity_goes_on(continuity_t *self, const mapping_record_t *record, uint64_t *expected);
