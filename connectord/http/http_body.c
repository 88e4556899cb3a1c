#include "connectord/http/http_body.h"

#include "common/json/json.h"
#include "connectord/mapping/csv.h"

#include <stdio.h>
#include <strings.h>

enum { FOUND_MAX = 80 };

static const struct {
    const char *type;
    http_format_t format;
} types[] = {{"application/json", HTTP_FORMAT_JSON},         {"text/json", HTTP_FORMAT_JSON},
             {"application/x-ndjson", HTTP_FORMAT_NDJSON},   {"application/ndjson", HTTP_FORMAT_NDJSON},
             {"application/jsonl", HTTP_FORMAT_NDJSON},      {"application/x-jsonlines", HTTP_FORMAT_NDJSON},
             {"application/json-lines", HTTP_FORMAT_NDJSON}, {"text/csv", HTTP_FORMAT_CSV},
             {"application/csv", HTTP_FORMAT_CSV},           {"text/plain", HTTP_FORMAT_JSON},
             {"application/octet-stream", HTTP_FORMAT_JSON}, {"", HTTP_FORMAT_JSON}};

static bool same_type(text_t type, const char *other)
{
    return type.length == strlen(other) && strncasecmp(type.at, other, type.length) == 0;
}

/* application/vnd.example+json */
static bool ends_in_json(text_t type)
{
    return type.length > 5 && strncasecmp(type.at + type.length - 5, "+json", 5) == 0;
}

bool http_body_format(http_format_t wanted, text_t content_type, http_format_t *format, char error[static MAPPING_ERROR_MAX])
{
    const char *end = content_type.length > 0 ? memchr(content_type.at, ';', content_type.length) : NULL;
    text_t type = text_trim((text_t){content_type.at, end ? (size_t)(end - content_type.at) : content_type.length});
    *format = wanted == HTTP_FORMAT_BY_TYPE ? HTTP_FORMAT_JSON : wanted;
    if (wanted != HTTP_FORMAT_BY_TYPE || ends_in_json(type))
        return true;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        *format = types[i].format;
        if (type.length == 0 ? types[i].type[0] == '\0' : same_type(type, types[i].type))
            return true;
    }
    snprintf(error, MAPPING_ERROR_MAX, "expected JSON, NDJSON or CSV, found %.*s", TEXT_ARG(text_cut(type, FOUND_MAX)));
    return false;
}

static bool read_json(text_t body, const http_body_events_t *events, void *arg)
{
    bool valid = json_valid(body);
    if (valid)
        events->message(arg, body);
    else
        events->fault(arg, body.length > 0 ? "expected JSON, found something else" : "expected JSON, found an empty body",
                      body);
    return valid;
}

/* Empty lines mean nothing. */
static bool read_lines(text_t body, const http_body_events_t *events, void *arg)
{
    while (body.length > 0) {
        const char *end = memchr(body.at, '\n', body.length);
        text_t line = {body.at, end ? (size_t)(end - body.at) : body.length};
        size_t taken = line.length + (end != NULL);
        body = (text_t){body.at + taken, body.length - taken};
        if (line.length > 0 && line.at[line.length - 1] == '\r')
            line.length--;
        if (text_trim(line).length > 0)
            events->message(arg, line);
    }
    return true;
}

static bool read_csv(text_t body, const http_body_events_t *events, void *arg)
{
    csv_t csv;
    text_t row;
    char error[CSV_ERROR_MAX];
    csv_result_t result;
    bool opened = csv_open(&csv, body, error);
    if (!opened)
        events->fault(arg, error, body);
    while (opened && (result = csv_next(&csv, &row, error)) != CSV_END) {
        if (result == CSV_ROW)
            events->message(arg, row);
        else
            events->fault(arg, error, row);
    }
    csv_release(&csv);
    return opened;
}

bool http_body_read(http_format_t format, text_t body, const http_body_events_t *events, void *arg)
{
    body = text_without_mark(body);
    return format == HTTP_FORMAT_CSV      ? read_csv(body, events, arg)
           : format == HTTP_FORMAT_NDJSON ? read_lines(body, events, arg)
                                          : read_json(body, events, arg);
}
