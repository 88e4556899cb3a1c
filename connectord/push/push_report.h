/* What has become of the records of a POST, as its sender is told:
 *
 *     {"accepted":2,"duplicates":1,"ignored":0,"faulty":1,"faults":[{"record":3,"reason":"price (/px): missing"}],
 *      "cursors":{"BTC-USD":"1762795473000000-42"}}
 */
#pragma once

#include "common/buffer.h"
#include "common/table.h"
#include "proto/cursor.h"

enum { PUSH_FAULTS_MAX = 100 /* told; all are counted */ };

typedef struct {
    uint64_t accepted, duplicates, ignored, faulty;
    buffer_t faults;   /* the first PUSH_FAULTS_MAX, as JSON */
    buffer_t subjects; /* of what was accepted or a duplicate, each once: a NUL behind each */
    table_t *known;    /* them */
} push_report_t;

/* False when memory runs out. push_report_release takes what push_report_init could not finish. */
bool push_report_init(push_report_t *self);
void push_report_release(push_report_t *self);

/* A record that is left out, and why. */
void push_report_fault(push_report_t *self, size_t record, text_t reason);

/* A record of this subject (topic.h) is in the journal. False when memory runs out. */
bool push_report_subject(push_report_t *self, text_t subject);

/* Prints it. `end` tells where a subject's stream ends now, which is behind all its records; false: nobody can tell, and so does the result. */
typedef bool push_report_end_fn(void *arg, text_t subject, cursor_t *end);
bool push_report_print(const push_report_t *self, push_report_end_fn *end, void *arg, buffer_t *out);
