#include "connectord/mapping/mapping.h"

#include "common/json/json.h"
#include "connectord/mapping/reading.h"
#include "connectord/mapping/rule_compile.h"

#include <stdio.h>
#include <stdlib.h>

_Static_assert((int)MAPPING_ERROR_MAX == (int)RULES_ERROR_MAX, "one is given on as the other");

struct mapping {
    rules_t rules;
    mapping_counts_t counts;
    bool anything;
};

/* A message that is read. */
typedef struct {
    mapping_t *mapping;
    const mapping_events_t *events;
    void *arg;
    text_t text;
    size_t records;
    reading_t reading; /* of its record */
} mapped_message_t;

static void report(const mapped_message_t *self, const char *reason, text_t sample)
{
    self->mapping->counts.faults++;
    self->events->fault(self->arg, reason, sample);
}

/* --- records --- */

static void on_record(mapped_message_t *self, text_t json)
{
    if (reading_record(&self->reading)) {
        self->mapping->counts.records++;
        self->events->record(self->arg, &self->reading.record);
    } else if (self->reading.reason[0] != '\0') {
        report(self, self->reading.reason, json);
    } else {
        self->mapping->counts.unwanted++;
    }
}

/* Which of the values it was is not to be guessed. */
static void report_twice(mapped_message_t *self, bool outer, unsigned place, text_t json)
{
    const rule_t *rule = self->reading.rule;
    const rule_field_t *fields[] = {&rule->each, &rule->key,  &rule->id,     &rule->timestamp, &rule->price,
                                    &rule->qty,  &rule->side, &rule->seqnum, &rule->data};
    reading_set_reason(&self->reading, "where: a member that it looks at stands there twice");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const rule_field_t *field = fields[i];
        if (field->present && !field->value.at && field->outer == outer && field->place == place) {
            reading_set_reason(&self->reading, "%s (%.*s): expected once, found twice", READING_FIELD_ARG(field));
            break;
        }
    }
    report(self, self->reading.reason, json);
}

/* An element of the innermost array. */
static void on_element(mapped_message_t *self, const pointers_t *places, text_t json)
{
    unsigned twice;
    if (pointers_find(places, json, self->reading.inner, &twice) == POINTERS_TWICE)
        report_twice(self, false, twice, json);
    else
        on_record(self, json);
}

static void on_array(mapped_message_t *self, size_t level, text_t array) // NOLINT(misc-no-recursion): RULE_LEVELS_MAX
{
    const rule_t *rule = self->reading.rule;
    if (json_kind(array) != JSON_ARRAY) {
        reading_unexpected(&self->reading, &rule->each, "an array", array.at ? array : TEXT("nothing"));
        report(self, self->reading.reason, self->text);
        return;
    }
    for (json_walk_t walk = json_walk(array); json_next(&walk) && self->records < MAPPING_RECORDS_MAX;) {
        self->records++;
        if (level + 1 == rule->levels) {
            on_element(self, &rule->inner[level], walk.value);
            continue;
        }
        text_t found[POINTERS_MAX] = {{0}};
        unsigned twice;
        pointers_find(&rule->inner[level], walk.value, found, &twice);
        on_array(self, level + 1, found[rule->next[level]]);
    }
}

/* --- messages --- */

static const char *const kind_names[] = {
    [JSON_NONE] = "none",     [JSON_OBJECT] = "object", [JSON_ARRAY] = "array",   [JSON_STRING] = "text",
    [JSON_NUMBER] = "number", [JSON_TRUE] = "boolean",  [JSON_FALSE] = "boolean", [JSON_NULL] = "null"};

static bool meets(mapped_message_t *self, const rule_condition_t *condition)
{
    text_t raw = self->reading.outer[condition->place], text;
    if (!raw.at)
        return false;
    self->reading.unescaped_length = 0;
    if (condition->kind.length > 0)
        return text_equal(condition->kind, text_of(kind_names[json_kind(raw)]));
    return reading_text(&self->reading, raw, &text) && reading_is_one_of(&condition->texts, text);
}

static const rule_t *rule_for(mapped_message_t *self)
{
    for (size_t i = 0; i < self->mapping->rules.count; i++) {
        const rule_t *rule = &self->mapping->rules.rules[i];
        size_t met = 0;
        while (met < rule->where_count && meets(self, &rule->where[met]))
            met++;
        if (met == rule->where_count)
            return rule;
    }
    return NULL;
}

void mapping_run(mapping_t *self, text_t text, int64_t received_ns, const mapping_events_t *events, void *arg)
{
    mapped_message_t message; /* not zeroed: the reading is large, and what is used of it is set */
    reading_t *reading = &message.reading;
    unsigned twice;
    message.mapping = self;
    message.text = text;
    message.events = events;
    message.arg = reading->arg = arg;
    message.records = reading->unescaped_length = 0;
    reading->key = events->key;
    reading->received_ns = received_ns;
    reading->anything = self->anything;
    pointers_result_t result = pointers_find(&self->rules.outer, text, reading->outer, &twice);
    if (result == POINTERS_INVALID) {
        report(&message, "expected JSON", text);
        return;
    }
    reading->rule = rule_for(&message);
    if (!reading->rule)
        self->counts.other_messages++;
    else if (result == POINTERS_TWICE)
        report_twice(&message, true, twice, text);
    else if (reading->rule->levels > 0)
        on_array(&message, 0, reading_raw(reading, &reading->rule->each));
    else
        on_record(&message, text);
}

const mapping_counts_t *mapping_counts(const mapping_t *self)
{
    return &self->counts;
}

void mapping_take_anything(mapping_t *self)
{
    self->anything = true;
}

mapping_t *mapping_new(text_t json, char error[static MAPPING_ERROR_MAX])
{
    mapping_t *self = calloc(1, sizeof *self);
    if (!self)
        snprintf(error, MAPPING_ERROR_MAX, "mapping: out of memory");
    else if (!rules_compile(&self->rules, json, error))
        mapping_destroy(&self);
    return self;
}

void mapping_destroy(mapping_t **self_p)
{
    mapping_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    rules_release(&self->rules);
    free(self);
}
