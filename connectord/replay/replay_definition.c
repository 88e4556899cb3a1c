#include "connectord/replay/replay_definition.h"

#include "common/table.h"
#include "connectord/replay/replay_answers.h"
#include "proto/topic.h"

#include <stdio.h>
#include <stdlib.h>

/* A subject, by what the source calls its subscription. */
typedef kept_subject_t replay_name_t;

struct replay_definition {
    source_definition_t definition;
    const replay_definition_events_t *events;
    void *arg;
    table_t *names[RECORDED_LINES_MAX]; /* of replay_name_t, which it owns; NULL: none yet */
    replay_answers_t *answers;          /* NULL: the source was not asked over HTTP */
    size_t line;
    bool marked; /* names come from marks; else from the confirmations */
};

static void forget_names(table_t **names)
{
    replay_name_t *name;
    for (size_t at = 0; *names && (name = table_each(*names, &at));)
        free(name);
    table_destroy(names);
}

static text_t subject_of(replay_definition_t *self, text_t channel, text_t native)
{
    if (native.length == 0 && self->answers)
        return replay_answers_subject(self->answers);
    const table_t *names = self->names[self->line];
    const replay_name_t *name = names ? table_get(names, native) : NULL;
    return name ? KEPT_TEXT(name) : spelling_subject(source_definition_spelling(&self->definition), channel, native);
}

/* What is in no list may be of a channel of which every key is. */
static bool on_key(void *arg, text_t channel, text_t native, text_t *key)
{
    replay_definition_t *self = arg;
    char any[SUBJECT_MAX];
    text_t subject = subject_of(self, channel, native);
    *key = native;
    if (subject.length > 0)
        subject_split(subject, &channel, key);
    else
        subject = (text_t){any, subject_print(any, channel, TEXT("*"))};
    return self->events->wants(self->arg, subject);
}

/* May it be told now? */
static bool is_due(replay_definition_t *self, const mapping_record_t *record)
{
    if (!self->answers || !replay_answers_open(self->answers))
        return true;
    replay_answers_put_t put = replay_answers_put(self->answers, record);
    if (put == REPLAY_ANSWERS_FULL)
        self->events->on_malformed(self->arg, "expected at most 100000 new records of an answer, found more", record->key);
    return put == REPLAY_ANSWERS_NEW;
}

/* What was posted without an id was not taken. */
static void on_record(void *arg, const mapping_record_t *record)
{
    replay_definition_t *self = arg;
    if (self->definition.plain && record->id.length == 0)
        self->events->on_malformed(self->arg, "id: missing", record->key);
    else if (is_due(self, record))
        self->events->on_record(self->arg, record);
}

static void on_fault(void *arg, const char *reason, text_t sample)
{
    const replay_definition_t *self = arg;
    self->events->on_malformed(self->arg, reason, sample);
}

static const mapping_events_t mapping_events = {.record = on_record, .fault = on_fault, .key = on_key};

/* Out of memory, the name is unheard. */
static void keep_name(replay_definition_t *self, size_t line, text_t id, text_t subject)
{
    table_t **names = &self->names[line];
    replay_name_t *name = *names || (*names = table_new()) ? malloc(sizeof *name) : NULL;
    if (!name)
        return;
    KEEP_TEXT(name, subject);
    free(table_remove(*names, id));
    if (!table_put(*names, id, name))
        free(name);
}

static void on_reply(void *arg, protocol_reply_t reply, text_t native, text_t id, text_t reason)
{
    (void)reason;
    replay_definition_t *self = arg;
    text_t subject = spelling_subject_at(protocol_spelling(self->definition.protocol), native, 0);
    if (reply == PROTOCOL_CONFIRMED && id.length > 0 && subject.length > 0)
        keep_name(self, self->line, id, subject);
}

replay_definition_t *replay_definition_new(const char *path, const replay_definition_events_t *events, void *arg,
                                           char error[static CONNECTOR_ERROR_MAX])
{
    char why[SOURCE_DEFINITION_ERROR_MAX];
    replay_definition_t *self = calloc(1, sizeof *self);
    if (!self) {
        snprintf(error, CONNECTOR_ERROR_MAX, "out of memory");
        return NULL;
    }
    self->events = events;
    self->arg = arg;
    if (!source_definition_read_any(&self->definition, path, why))
        snprintf(error, CONNECTOR_ERROR_MAX, "definition: %.400s: %s", path, why);
    else if (self->definition.http && !(self->answers = replay_answers_new(self->definition.http->newest_first)))
        snprintf(error, CONNECTOR_ERROR_MAX, "out of memory");
    else
        return self;
    replay_definition_destroy(&self);
    return NULL;
}

void replay_definition_destroy(replay_definition_t **self_p)
{
    replay_definition_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t i = 0; i < RECORDED_LINES_MAX; i++)
        forget_names(&self->names[i]);
    replay_answers_destroy(&self->answers);
    source_definition_release(&self->definition);
    free(self);
}

bool replay_definition_add(replay_definition_t *self, text_t subject, char error[static TEMPLATE_ERROR_MAX])
{
    return spelling_add(source_definition_spelling(&self->definition), subject, error);
}

bool replay_definition_begin(replay_definition_t *self)
{
    return !self->answers || replay_answers_begin(self->answers);
}

static void heed_connection(replay_definition_t *self, const recorded_line_t *recorded)
{
    if (recorded->kind == RECORDED_CONNECTION || recorded->kind == RECORDED_LINE)
        self->line = recorded->line;
    if (recorded->kind == RECORDED_NAME)
        keep_name(self, recorded->line, recorded->id, recorded->subject);
    if (recorded->kind != RECORDED_CONNECTION)
        return;
    forget_names(&self->names[self->line]);
    self->marked = recorded->marked;
}

bool replay_definition_mark(replay_definition_t *self, const recorded_line_t *recorded)
{
    heed_connection(self, recorded);
    if (self->answers)
        replay_answers_mark(self->answers, recorded);
    return self->answers && recorded->kind == RECORDED_ANSWERED;
}

bool replay_definition_answered(replay_definition_t *self)
{
    mapping_record_t record;
    if (!replay_answers_take(self->answers, &record))
        return false;
    self->events->on_record(self->arg, &record);
    return true;
}

/* Most messages are records: only what is for no rule of the mapping may be a reply. */
void replay_definition_message(replay_definition_t *self, text_t message, int64_t received_ns)
{
    mapping_t *mapping = self->definition.mapping;
    uint64_t others = mapping_counts(mapping)->other_messages;
    mapping_run(mapping, message, received_ns, &mapping_events, self);
    if (self->definition.protocol && !self->marked && mapping_counts(mapping)->other_messages > others)
        protocol_read(self->definition.protocol, message, on_reply, self);
}
