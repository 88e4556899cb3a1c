/* How to ask a source over HTTP, by configuration: what is asked, how often, and how the answers' pages hang together.
 *
 *     "http": {"url": "https://api.example.com/trades/${native}", "native": "${base}${quote}",
 *              "every_ms": 1000,
 *              "headers": {"Accept": "application/json", "Authorization": {"file": "/etc/dataflow/token", "prefix": "Bearer
 * "}},
 *              "format": "json",
 *              "next": "/links/next"   or   {"cursor": "/pagination/next", "parameter": "after"},
 *              "pages": 10,
 *              "newest_first": true,
 *              "since": {"parameter": "after", "from": "id"}   or   {"parameter": "since", "from": "time", "unit": "ms"}}
 *
 * A URL with ${native}, ${symbol}, ${base}, ${quote} or ${channel} is one for each symbol; any other is one for all of them.
 */
#pragma once

#include "common/json/pointers.h"
#include "connectord/mapping/mapping.h"
#include "connectord/mapping/spelling.h"

enum {
    HTTP_PROTOCOL_EVERY_MIN_MS = 100,
    HTTP_PROTOCOL_EVERY_MAX_MS = 86400000,
    HTTP_PROTOCOL_PAGES_MAX = 100,
    HTTP_PROTOCOL_HEADERS_MAX = 16
};

typedef enum { HTTP_FORMAT_BY_TYPE, HTTP_FORMAT_JSON, HTTP_FORMAT_NDJSON, HTTP_FORMAT_CSV } http_format_t;
typedef enum { HTTP_SINCE_NOTHING, HTTP_SINCE_ID, HTTP_SINCE_TIME } http_since_t;

/* Either a text, which may have ${token} in it, or a file, whose content is put behind the prefix. */
typedef struct {
    text_t name;
    template_t value;
    text_t file, prefix; /* of the path there is a NUL behind it; empty: no file */
} http_header_rule_t;

typedef struct {
    char *texts; /* owned: the texts below, unescaped */
    size_t text_bytes;
    text_t url; /* a template; empty: the source's own is asked */
    uint32_t every_ms;
    http_header_rule_t headers[HTTP_PROTOCOL_HEADERS_MAX];
    size_t header_count;
    http_format_t format;
    pointers_t next_places; /* one place: of the next page's URL, or the cursor */
    text_t next;            /* the pointer; empty: there are no further pages */
    text_t cursor;          /* the parameter that carries the cursor; empty: what is there is a URL */
    size_t pages;           /* that are read in a row, at most */
    bool newest_first;      /* the order of an answer's records, and of the pages */
    http_since_t since;
    text_t since_parameter;
    int64_t since_unit_ns; /* 0: iso */
    spelling_t *spelling;
} http_protocol_t;

/* Compiles the JSON, which is copied. NULL with `error`: the key's path, what was expected, what was found; or memory runs
 * out. */
http_protocol_t *http_protocol_new(text_t json, char error[static MAPPING_ERROR_MAX]);
void http_protocol_destroy(http_protocol_t **self);

/* Compiles a URL, which must outlive the template. False with what was expected and found. */
bool http_protocol_compile_url(template_t *self, text_t url, char error[static TEMPLATE_ERROR_MAX]);

/* Is it one for each symbol? */
bool http_protocol_is_per_symbol(const template_t *url);

/* Appends the URL with the values in their places, escaped. */
void http_protocol_print_url(const template_t *url, const template_values_t *values, buffer_t *out);
