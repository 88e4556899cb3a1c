/* What the recorded messages of a source with a definition (proto/source.md) become, whether it was spoken with or they were posted: it is applied as if they came now.
 * Of what was asked for over HTTP replay_answers.h says when. Names that the source gave to subscriptions are known by the recording's marks, for each line's connection; in others' recordings, which have none, by the
 * confirmations in them.
 */
#pragma once

#include "connectord/connectors/connector.h"
#include "connectord/connectors/source_definition.h"
#include "connectord/recording/recorded_line.h"

typedef struct replay_definition replay_definition_t;

/* All come from replay_definition_message and replay_definition_answered. */
typedef struct {
    bool (*wants)(void *arg, text_t subject); /* are its records to be told? */
    void (*on_record)(void *arg, const mapping_record_t *record);
    void (*on_malformed)(void *arg, const char *reason, text_t sample);
} replay_definition_events_t;

/* `events` is kept, not copied. NULL with `error`, as connector_t.check has it. */
replay_definition_t *replay_definition_new(const char *path, const replay_definition_events_t *events, void *arg,
                                           char error[static CONNECTOR_ERROR_MAX]);
void replay_definition_destroy(replay_definition_t **self);

/* Records of this subject may be wanted. False with `error` where the definition has no name for it. */
bool replay_definition_add(replay_definition_t *self, text_t subject, char error[static TEMPLATE_ERROR_MAX]);

/* The recording begins, or another lap of it. False when memory runs out. */
bool replay_definition_begin(replay_definition_t *self);

/* Heeds what a line of the recording says of connections, if it does. True: an answer is whole, replay_definition_answered is next. */
bool replay_definition_mark(replay_definition_t *self, const recorded_line_t *recorded);

/* Tells a record that waited for that. False when none is left. */
bool replay_definition_answered(replay_definition_t *self);

/* received_ns: when it was received, as it is then the time of records without one of their own. */
void replay_definition_message(replay_definition_t *self, text_t message, int64_t received_ns);
