#include "connectord/push/push_report.h"

bool push_report_init(push_report_t *self)
{
    *self = (push_report_t){.faults = buffer_new(0), .subjects = buffer_new(0), .known = table_new()};
    return self->known != NULL;
}

void push_report_release(push_report_t *self)
{
    buffer_release(&self->faults);
    buffer_release(&self->subjects);
    table_destroy(&self->known);
}

void push_report_fault(push_report_t *self, size_t record, text_t reason)
{
    if (self->faulty++ >= PUSH_FAULTS_MAX)
        return;
    json_writer_t json = json_write_on(&self->faults);
    json_open_object(&json, NULL);
    json_put_u64(&json, "record", record);
    json_put_text(&json, "reason", reason);
    json_close_object(&json);
}

bool push_report_subject(push_report_t *self, text_t subject)
{
    if (table_get(self->known, subject))
        return true;
    buffer_append(&self->subjects, subject);
    buffer_append(&self->subjects, (text_t){"", 1});
    return buffer_ok(&self->subjects) && table_put(self->known, subject, self);
}

static bool put_cursors(const push_report_t *self, push_report_end_fn *end, void *arg, json_writer_t *json)
{
    cursor_t cursor = {0};
    bool known = true;
    json_open_object(json, "cursors");
    for (size_t at = 0; known && at < self->subjects.length;) {
        text_t subject = text_of(self->subjects.bytes + at);
        known = end(arg, subject, &cursor);
        json_put_name(json, subject);
        cursor_put(json, NULL, cursor);
        at += subject.length + 1;
    }
    json_close_object(json);
    return known;
}

bool push_report_print(const push_report_t *self, push_report_end_fn *end, void *arg, buffer_t *out)
{
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_u64(&json, "accepted", self->accepted);
    json_put_u64(&json, "duplicates", self->duplicates);
    json_put_u64(&json, "ignored", self->ignored);
    json_put_u64(&json, "faulty", self->faulty);
    json_open_array(&json, "faults");
    if (self->faults.length > 0)
        json_put_raw(&json, NULL, buffer_text(&self->faults));
    json_close_array(&json);
    bool known = put_cursors(self, end, arg, &json);
    json_close_object(&json);
    buffer_append(out, TEXT("\n"));
    return known && buffer_ok(out);
}
