#include "connectord/mapping/csv.h"

#include "common/json/json_write.h"

#include <stdio.h>

enum { FOUND_MAX = 40 };

typedef enum { FIELD_COMMA, FIELD_END, FIELD_WRONG } field_end_t;

static bool wrong(char *error, uint64_t line, const char *what, text_t found)
{
    snprintf(error, CSV_ERROR_MAX, "line %llu: %s%.*s", (unsigned long long)line, what, TEXT_ARG(text_cut(found, FOUND_MAX)));
    return false;
}

static void skip(text_t *rest, size_t bytes)
{
    *rest = (text_t){rest->at + bytes, rest->length - bytes};
}

/* Takes the end of a line, if it is there. */
static bool take_end(csv_t *self)
{
    if (text_starts_with(self->rest, TEXT("\r\n")))
        skip(&self->rest, 2);
    else if (text_starts_with(self->rest, TEXT("\n")))
        skip(&self->rest, 1);
    else
        return self->rest.length == 0;
    self->next++;
    return true;
}

static field_end_t take_separator(csv_t *self)
{
    if (!text_starts_with(self->rest, TEXT(",")))
        return take_end(self) ? FIELD_END : FIELD_WRONG;
    skip(&self->rest, 1);
    return FIELD_COMMA;
}

/* Behind the first quote. A quote within is doubled. */
static field_end_t read_quoted(csv_t *self, char *error)
{
    while (true) {
        const char *quote = self->rest.length > 0 ? memchr(self->rest.at, '"', self->rest.length) : NULL;
        text_t part = {self->rest.at, quote ? (size_t)(quote - self->rest.at) : self->rest.length};
        for (size_t i = 0; i < part.length; i++)
            self->next += part.at[i] == '\n';
        buffer_append(&self->value, part);
        skip(&self->rest, part.length + (quote != NULL));
        if (!quote) {
            wrong(error, self->line, "expected a quote at the end of a value, found the end of the text", TEXT(""));
            return FIELD_WRONG;
        }
        if (!text_starts_with(self->rest, TEXT("\"")))
            break;
        buffer_append(&self->value, TEXT("\""));
        skip(&self->rest, 1);
    }
    field_end_t end = take_separator(self);
    if (end == FIELD_WRONG)
        wrong(error, self->line, "expected a comma or a line's end behind a quote, found ", text_cut(self->rest, 1));
    return end;
}

static bool ends_plain(char c)
{
    return c == ',' || c == '\n' || c == '"';
}

/* Up to a comma or a line's end; a CR alone is a part of the value. */
static field_end_t read_plain(csv_t *self, char *error)
{
    size_t length = 0;
    while (length < self->rest.length && !ends_plain(self->rest.at[length]))
        length++;
    text_t value = {self->rest.at, length};
    bool newline = length < self->rest.length && self->rest.at[length] == '\n';
    if (newline && length > 0 && value.at[length - 1] == '\r')
        value.length--;
    buffer_append(&self->value, value);
    skip(&self->rest, value.length);
    field_end_t end = take_separator(self);
    if (end == FIELD_WRONG)
        wrong(error, self->line, "expected no quote within a value, found one behind ", value);
    return end;
}

static field_end_t read_field(csv_t *self, char *error)
{
    buffer_clear(&self->value);
    if (!text_starts_with(self->rest, TEXT("\"")))
        return read_plain(self, error);
    skip(&self->rest, 1);
    return read_quoted(self, error);
}

/* Goes on behind a row that is wrong: in the next line. */
static void skip_line(csv_t *self)
{
    const char *newline = self->rest.length > 0 ? memchr(self->rest.at, '\n', self->rest.length) : NULL;
    skip(&self->rest, newline ? (size_t)(newline + 1 - self->rest.at) : self->rest.length);
    self->next += newline != NULL;
}

static text_t name_of(const csv_t *self, size_t column)
{
    size_t start = column > 0 ? self->ends[column - 1] : 0;
    return (text_t){self->names.bytes + start, self->ends[column] - start};
}

static bool is_known(const csv_t *self, text_t name)
{
    for (size_t i = 0; i < self->columns; i++)
        if (text_equal(name_of(self, i), name))
            return true;
    return false;
}

static bool add_name(csv_t *self, char *error)
{
    text_t name = buffer_text(&self->value);
    if (self->columns == CSV_COLUMNS_MAX)
        return wrong(error, self->line, "expected at most 256 columns, found more", TEXT(""));
    if (!buffer_ok(&self->value))
        return wrong(error, self->line, "expected names of at most 64 KiB, found more", TEXT(""));
    if (!text_is_utf8(name))
        return wrong(error, self->line, "expected UTF-8 in the names of the columns, found something else", TEXT(""));
    if (is_known(self, name))
        return wrong(error, self->line, "expected columns of different names, found twice ", name);
    buffer_append(&self->names, name);
    self->ends[self->columns++] = self->names.length;
    return buffer_ok(&self->names) || wrong(error, self->line, "expected names of at most 64 KiB, found more", TEXT(""));
}

static void skip_empty(csv_t *self)
{
    while (self->rest.length > 0 && take_end(self))
        ;
}

bool csv_open(csv_t *self, text_t text, char error[static CSV_ERROR_MAX])
{
    *self = (csv_t){.rest = text_without_mark(text),
                    .line = 1,
                    .next = 1,
                    .names = buffer_new(CSV_ROW_MAX),
                    .value = buffer_new(CSV_ROW_MAX),
                    .row = buffer_new(CSV_ROW_MAX)};
    field_end_t end = FIELD_COMMA;
    skip_empty(self);
    self->line = self->next;
    if (self->rest.length == 0)
        return wrong(error, self->line, "expected the names of columns, found nothing", TEXT(""));
    while (end == FIELD_COMMA) {
        end = read_field(self, error);
        if (end == FIELD_WRONG || !add_name(self, error))
            return false;
    }
    return true;
}

/* Its columns behind those that are named are counted only. */
static bool read_row(csv_t *self, char *error)
{
    json_writer_t json = json_write(&self->row);
    size_t columns = 0;
    bool utf8 = true;
    json_open_object(&json, NULL);
    for (field_end_t end = FIELD_COMMA; end == FIELD_COMMA; columns++) {
        end = read_field(self, error);
        if (end == FIELD_WRONG) {
            skip_line(self);
            return false;
        }
        if (columns >= self->columns)
            continue;
        if (!buffer_ok(&self->value))
            self->row.failed = true;
        utf8 = utf8 && text_is_utf8(buffer_text(&self->value));
        json_put_name(&json, name_of(self, columns));
        json_put_text(&json, NULL, buffer_text(&self->value));
    }
    json_close_object(&json);
    if (columns != self->columns) {
        snprintf(error, CSV_ERROR_MAX, "line %llu: expected %zu columns, found %zu", (unsigned long long)self->line,
                 self->columns, columns);
        return false;
    }
    if (!buffer_ok(&self->row))
        return wrong(error, self->line, "expected a row of at most 64 KiB, found more", TEXT(""));
    return utf8 || wrong(error, self->line, "expected UTF-8, found something else", TEXT(""));
}

csv_result_t csv_next(csv_t *self, text_t *row, char error[static CSV_ERROR_MAX])
{
    skip_empty(self);
    if (self->rest.length == 0)
        return CSV_END;
    const char *start = self->rest.at;
    self->line = self->next;
    buffer_clear(&self->row);
    if (read_row(self, error)) {
        *row = buffer_text(&self->row);
        return CSV_ROW;
    }
    *row = (text_t){start, (size_t)(self->rest.at - start)};
    return CSV_FAULT;
}

void csv_release(csv_t *self)
{
    buffer_release(&self->names);
    buffer_release(&self->value);
    buffer_release(&self->row);
}
