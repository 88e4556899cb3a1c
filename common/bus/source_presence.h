/* Which sources are heard on a bus, and which have disappeared without a word.
 *
 * A source that is no longer configured says so once (`withdrawn`), which the bus may drop; and a connectord restarted without it
 * says nothing. It is absent when it has not been heard for SOURCE_PRESENCE_ABSENT_MS while others of its connectord were, all the time.
 * Times are the sender's: a subscriber that was stopped, or cut off, does not mistake what it missed for silence.
 */
#pragma once

#include "proto/topic.h"

enum {
    SOURCE_PRESENCE_ABSENT_MS = 10000,
    SOURCE_PRESENCE_PAUSE_MS = 3000, /* between two statuses on the bus: what was said meanwhile may have been missed */
    SOURCE_PRESENCE_SOURCES_MAX = 1000
};

typedef struct source_presence source_presence_t;

/* NULL when memory runs out. */
source_presence_t *source_presence_new(void);
void source_presence_destroy(source_presence_t **self);

/* A source said something; sent_ns: when, ns since 1970. Sources beyond SOURCE_PRESENCE_SOURCES_MAX are not watched. */
void source_presence_note(source_presence_t *self, text_t source, int64_t sent_ns);

/* It said that it is withdrawn. */
void source_presence_forget(source_presence_t *self, text_t source);

/* Takes out one that is absent; its name goes to `name`. Returns the name's length; 0 if none is absent. */
size_t source_presence_take_absent(source_presence_t *self, char name[static SOURCE_MAX]);
