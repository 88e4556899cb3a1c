/* The records in the body of a POST: one JSON object, an array of them, or one a line (NDJSON). Knows no transport, allocates nothing.
 *
 * JSON is whole or nothing: where an array is broken off nobody knows what was meant. Of NDJSON each line stands for itself: one that is no JSON is
 * a record like any other, for whoever reads it to refuse.
 */
#pragma once

#include "common/json/json.h"

typedef enum { PUSH_JSON, PUSH_NDJSON } push_form_t;

typedef struct {
    enum { PUSH_ONE, PUSH_ARRAY, PUSH_LINES } kind;
    text_t rest;      /* of PUSH_ONE and PUSH_LINES */
    json_walk_t walk; /* of PUSH_ARRAY */
    size_t number;    /* of the record that came last: 1, 2, 3 …; empty lines are none */
} push_body_t;

/* Which form a Content-Type tells, whatever parameters it has: application/json, application/x-ndjson. False for any other. */
bool push_form_of(text_t content_type, push_form_t *form);

/* The body stays where it is as long as it is read. False with *wrong: none of it can be used. */
bool push_body_open(push_body_t *self, push_form_t form, text_t body, const char **wrong);

/* The next record, as it stands there; false at the end. */
bool push_body_next(push_body_t *self, text_t *record);
