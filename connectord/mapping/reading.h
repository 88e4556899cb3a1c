/* Reading a record by a rule, once what stands at the rule's places has been found: the fields one after the other, and what
 * is wrong with the first that is. */
#pragma once

#include "common/timestamp.h"
#include "connectord/mapping/mapping_record.h"
#include "connectord/mapping/rule.h"

enum { READING_UNESCAPED_MAX = 4096, READING_REASON_MAX = 400, READING_FOUND_MAX = 80 };

typedef struct {
    const rule_t *rule;
    bool (*key)(void *arg, text_t channel, text_t native, text_t *key); /* mapping_events_t.key */
    void *arg;
    int64_t received_ns;
    bool anything;                                   /* mapping_take_anything */
    text_t outer[POINTERS_MAX], inner[POINTERS_MAX]; /* what stands at the places of the message, and of the record */
    char unescaped[READING_UNESCAPED_MAX];           /* of the record's strings those that have escapes */
    size_t unescaped_length;
    char timestamp[TIMESTAMP_MAX];
    char data[RECORD_DATA_MAX];
    char reason[READING_REASON_MAX]; /* empty: nothing is wrong with the record */
    mapping_record_t record;
} reading_t;

/* Reads `record`, which is valid until the next one. False with a reason; without one it is not wanted. */
bool reading_record(reading_t *self);

/* What a string means, or how anything else but an object and an array is spelled; false for these. Valid while
 * unescaped_length only grows. */
bool reading_text(reading_t *self, text_t raw, text_t *text);

/* What stands at a field's place; `at` is NULL: nothing, or null, which is as good, or it has always the same value. */
text_t reading_raw(const reading_t *self, const rule_field_t *field);

bool reading_is_one_of(const rule_texts_t *texts, text_t text);

/* Sets the reason; the second false, too. */
void reading_set_reason(reading_t *self, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool reading_unexpected(reading_t *self, const rule_field_t *field, const char *expected, text_t found);

/* A field as messages name it: %s (%.*s). */
#define READING_FIELD_ARG(field) (field)->name, (int)text_cut((field)->pointer, READING_FOUND_MAX).length, (field)->pointer.at
