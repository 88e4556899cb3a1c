#include "connectord/push/push_body.h"

#include <strings.h>

bool push_form_of(text_t content_type, push_form_t *form)
{
    static const struct {
        const char *name;
        push_form_t form;
    } types[] = {{"application/json", PUSH_JSON}, {"application/x-ndjson", PUSH_NDJSON}, {"application/ndjson", PUSH_NDJSON}};
    const char *end = content_type.length > 0 ? memchr(content_type.at, ';', content_type.length) : NULL;
    text_t type = text_trim((text_t){content_type.at, end ? (size_t)(end - content_type.at) : content_type.length});
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (type.length != strlen(types[i].name) || strncasecmp(type.at, types[i].name, type.length) != 0)
            continue;
        *form = types[i].form;
        return true;
    }
    return false;
}

bool push_body_open(push_body_t *self, push_form_t form, text_t body, const char **wrong)
{
    *self = (push_body_t){.kind = PUSH_LINES, .rest = text_without_mark(body)};
    if (form == PUSH_NDJSON)
        return true;
    if (!json_valid(self->rest)) {
        *wrong = "expected JSON in UTF-8, with nothing behind it";
        return false;
    }
    while (json_kind(self->rest) == JSON_NONE) /* white space */
        self->rest = (text_t){self->rest.at + 1, self->rest.length - 1};
    json_kind_t kind = json_kind(self->rest);
    self->kind = kind == JSON_ARRAY ? PUSH_ARRAY : PUSH_ONE;
    if (kind == JSON_ARRAY)
        self->walk = json_walk(self->rest);
    *wrong = "expected an object, or an array of objects";
    return kind == JSON_ARRAY || kind == JSON_OBJECT;
}

static text_t take_line(text_t *rest)
{
    const char *end = memchr(rest->at, '\n', rest->length);
    text_t line = {rest->at, end ? (size_t)(end - rest->at) : rest->length};
    size_t taken = line.length + (end != NULL);
    *rest = (text_t){rest->at + taken, rest->length - taken};
    if (line.length > 0 && line.at[line.length - 1] == '\r')
        line.length--;
    return text_trim(line);
}

bool push_body_next(push_body_t *self, text_t *record)
{
    *record = (text_t){"", 0};
    if (self->kind == PUSH_ARRAY && json_next(&self->walk))
        *record = self->walk.value;
    while (self->kind == PUSH_LINES && record->length == 0 && self->rest.length > 0)
        *record = take_line(&self->rest);
    if (self->kind == PUSH_ONE) {
        *record = self->rest;
        self->rest = (text_t){"", 0};
    }
    self->number += record->length > 0;
    return record->length > 0;
}
