#include "connectord/mapping/http_protocol.h"

#include "common/http_client/http_url.h"
#include "common/json/json.h"

#include <stdio.h>
#include <stdlib.h>

enum { FOUND_MAX = 80, PAGES = 10, EVERY_MS = 1000 };

/* A reading of the configuration. */
typedef struct {
    http_protocol_t *protocol;
    char *error;
} http_protocol_reading_t;

static bool wrong(const http_protocol_reading_t *self, const char *key, const char *what, text_t found)
{
    snprintf(self->error, MAPPING_ERROR_MAX, "http%s%s: %s%.*s", *key ? "." : "", key, what,
             TEXT_ARG(text_cut(found, FOUND_MAX)));
    return false;
}

/* Kept with a NUL behind it. */
static bool text_in(const http_protocol_reading_t *self, const char *key, text_t raw, text_t *text)
{
    http_protocol_t *protocol = self->protocol;
    char *room = protocol->texts + protocol->text_bytes;
    if (!json_string(raw, room, text))
        return wrong(self, key, "expected a text, found ", raw);
    memmove(room, text->at, text->length); /* what is not escaped stands in the JSON, which is not ours */
    text->at = room;
    room[text->length] = '\0';
    protocol->text_bytes += text->length + 1;
    return true;
}

static bool filled_text_in(const http_protocol_reading_t *self, const char *key, text_t raw, text_t *text)
{
    return text_in(self, key, raw, text) && (text->length > 0 || wrong(self, key, "expected a text, found none", TEXT("")));
}

/* A parameter's name as it stands in a query. */
static bool parameter_in(const http_protocol_reading_t *self, const char *key, text_t raw, text_t *text)
{
    if (!filled_text_in(self, key, raw, text))
        return false;
    for (size_t i = 0; i < text->length; i++)
        if (text->at[i] <= ' ' || text->at[i] >= '\x7f' || strchr("&=#+", text->at[i]))
            return wrong(self, key, "expected the name of a query's parameter, found ", *text);
    return true;
}

static bool number_in(const http_protocol_reading_t *self, const char *key, text_t raw, uint64_t minimum, uint64_t maximum,
                      uint64_t *number)
{
    char expected[64];
    if (json_u64(raw, number) && *number >= minimum && *number <= maximum)
        return true;
    snprintf(expected, sizeof expected, "expected %llu to %llu, found ", (unsigned long long)minimum,
             (unsigned long long)maximum);
    return wrong(self, key, expected, raw);
}

/* Which of the names it is, from 0. */
static bool choice_in(const http_protocol_reading_t *self, const char *key, text_t raw, const char *const *names, size_t count,
                      const char *expected, size_t *choice)
{
    text_t text;
    bool plain = json_plain_string(raw, &text);
    for (*choice = 0; plain && *choice < count; ++*choice)
        if (text_equal(text, text_of(names[*choice])))
            return true;
    return wrong(self, key, expected, raw);
}

static bool url_in(const http_protocol_reading_t *self, text_t raw)
{
    char error[TEMPLATE_ERROR_MAX];
    template_t url;
    return filled_text_in(self, "url", raw, &self->protocol->url) &&
           (http_protocol_compile_url(&url, self->protocol->url, error) || wrong(self, "url", error, TEXT("")));
}

static bool native_in(const http_protocol_reading_t *self, text_t raw)
{
    char error[TEMPLATE_ERROR_MAX];
    spelling_destroy(&self->protocol->spelling);
    self->protocol->spelling = spelling_new(raw, error);
    return self->protocol->spelling || wrong(self, "native", error, TEXT(""));
}

static bool every_in(const http_protocol_reading_t *self, text_t raw)
{
    uint64_t every_ms = 0;
    bool ok = number_in(self, "every_ms", raw, HTTP_PROTOCOL_EVERY_MIN_MS, HTTP_PROTOCOL_EVERY_MAX_MS, &every_ms);
    self->protocol->every_ms = (uint32_t)every_ms;
    return ok;
}

static bool pages_in(const http_protocol_reading_t *self, text_t raw)
{
    uint64_t pages = 0;
    bool ok = number_in(self, "pages", raw, 1, HTTP_PROTOCOL_PAGES_MAX, &pages);
    self->protocol->pages = (size_t)pages;
    return ok;
}

static bool format_in(const http_protocol_reading_t *self, text_t raw)
{
    static const char *const names[] = {"json", "ndjson", "csv"};
    size_t choice;
    bool ok =
        choice_in(self, "format", raw, names, sizeof names / sizeof *names, "expected json, ndjson or csv, found ", &choice);
    self->protocol->format = (http_format_t)(HTTP_FORMAT_JSON + choice);
    return ok;
}

static bool newest_first_in(const http_protocol_reading_t *self, text_t raw)
{
    json_kind_t kind = json_kind(raw);
    self->protocol->newest_first = kind == JSON_TRUE;
    return kind == JSON_TRUE || kind == JSON_FALSE || wrong(self, "newest_first", "expected true or false, found ", raw);
}

/* --- headers --- */

static bool is_header_name(text_t name)
{
    for (size_t i = 0; i < name.length; i++)
        if (name.at[i] <= ' ' || name.at[i] >= '\x7f' || strchr("()<>@,;:\\\"/[]?={}", name.at[i]))
            return false;
    return name.length > 0;
}

/* Of a text that is sent a control character would make two headers. */
static bool is_one_line(text_t text)
{
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.at[i] < ' ' || text.at[i] == '\x7f')
            return false;
    return true;
}

static bool header_text_in(const http_protocol_reading_t *self, const char *key, text_t raw, http_header_rule_t *header)
{
    char error[TEMPLATE_ERROR_MAX];
    text_t text;
    if (!text_in(self, key, raw, &text))
        return false;
    if (!is_one_line(text))
        return wrong(self, key, "expected no control characters", TEXT(""));
    if (!template_compile(&header->value, text, error))
        return wrong(self, key, error, TEXT(""));
    for (size_t i = 0; i < header->value.count; i++)
        if (header->value.parts[i].kind != TEMPLATE_TEXT && header->value.parts[i].kind != TEMPLATE_TOKEN)
            return wrong(self, key, "expected nothing but ${token} in a header, found ", text);
    return true;
}

static bool header_file_in(const http_protocol_reading_t *self, const char *key, text_t raw, http_header_rule_t *header)
{
    for (json_walk_t walk = json_walk(raw); json_next(&walk);) {
        bool file = text_equal(walk.key, TEXT("file"));
        if (!file && !text_equal(walk.key, TEXT("prefix")))
            return wrong(self, key, "expected file and prefix, found ", walk.key);
        if (!text_in(self, key, walk.value, file ? &header->file : &header->prefix))
            return false;
    }
    if (!is_one_line(header->prefix))
        return wrong(self, key, "expected no control characters", TEXT(""));
    return header->file.length > 0 || wrong(self, key, "expected the path of a file", TEXT(""));
}

static bool headers_in(const http_protocol_reading_t *self, text_t raw)
{
    http_protocol_t *protocol = self->protocol;
    if (json_kind(raw) != JSON_OBJECT)
        return wrong(self, "headers", "expected an object of names and values, found ", raw);
    for (json_walk_t walk = json_walk(raw); json_next(&walk);) {
        char key[FOUND_MAX];
        if (protocol->header_count == HTTP_PROTOCOL_HEADERS_MAX)
            return wrong(self, "headers", "expected at most 16, found more", TEXT(""));
        http_header_rule_t *header = &protocol->headers[protocol->header_count++];
        if (!walk.plain_key || !is_header_name(walk.key))
            return wrong(self, "headers", "expected a header's name, found ", walk.key);
        text_in(self, "headers", (text_t){walk.key.at - 1, walk.key.length + 2}, &header->name);
        snprintf(key, sizeof key, "headers.%.*s", TEXT_ARG(text_cut(walk.key, FOUND_MAX / 2)));
        if (!(json_kind(walk.value) == JSON_OBJECT ? header_file_in : header_text_in)(self, key, walk.value, header))
            return false;
    }
    return true;
}

/* --- what is asked next --- */

static bool pointer_in(const http_protocol_reading_t *self, const char *key, text_t raw)
{
    http_protocol_t *protocol = self->protocol;
    unsigned place;
    if (!filled_text_in(self, key, raw, &protocol->next))
        return false;
    pointers_init(&protocol->next_places);
    const char *fault = pointers_add(&protocol->next_places, protocol->next, &place);
    return !fault || wrong(self, key, fault, TEXT(""));
}

static bool next_in(const http_protocol_reading_t *self, text_t raw)
{
    http_protocol_t *protocol = self->protocol;
    if (json_kind(raw) != JSON_OBJECT)
        return pointer_in(self, "next", raw);
    for (json_walk_t walk = json_walk(raw); json_next(&walk);) {
        bool ok = text_equal(walk.key, TEXT("cursor")) ? pointer_in(self, "next.cursor", walk.value)
                  : text_equal(walk.key, TEXT("parameter"))
                      ? parameter_in(self, "next.parameter", walk.value, &protocol->cursor)
                      : wrong(self, "next", "expected cursor and parameter, found ", walk.key);
        if (!ok)
            return false;
    }
    return (protocol->next.length > 0 && protocol->cursor.length > 0) ||
           wrong(self, "next", "expected a JSON Pointer, or cursor and parameter", TEXT(""));
}

static bool from_in(const http_protocol_reading_t *self, text_t raw)
{
    static const char *const names[] = {"id", "time"};
    size_t choice;
    bool ok = choice_in(self, "since.from", raw, names, sizeof names / sizeof *names, "expected id or time, found ", &choice);
    self->protocol->since = (http_since_t)(HTTP_SINCE_ID + choice);
    return ok;
}

static bool unit_in(const http_protocol_reading_t *self, text_t raw)
{
    static const char *const names[] = {"iso", "s", "ms", "us", "ns"};
    static const int64_t units_ns[] = {0, 1000000000, 1000000, 1000, 1, 0};
    size_t choice;
    bool ok = choice_in(self, "since.unit", raw, names, sizeof names / sizeof *names, "expected iso, s, ms, us or ns, found ",
                        &choice);
    self->protocol->since_unit_ns = units_ns[choice];
    return ok;
}

static bool since_in(const http_protocol_reading_t *self, text_t raw)
{
    http_protocol_t *protocol = self->protocol;
    if (json_kind(raw) != JSON_OBJECT)
        return wrong(self, "since", "expected an object, found ", raw);
    for (json_walk_t walk = json_walk(raw); json_next(&walk);) {
        bool ok = text_equal(walk.key, TEXT("parameter"))
                      ? parameter_in(self, "since.parameter", walk.value, &protocol->since_parameter)
                  : text_equal(walk.key, TEXT("from")) ? from_in(self, walk.value)
                  : text_equal(walk.key, TEXT("unit"))
                      ? unit_in(self, walk.value)
                      : wrong(self, "since", "expected parameter, from or unit, found ", walk.key);
        if (!ok)
            return false;
    }
    return (protocol->since != HTTP_SINCE_NOTHING && protocol->since_parameter.length > 0) ||
           wrong(self, "since", "expected parameter and from", TEXT(""));
}

static const struct {
    const char *name;
    bool (*read)(const http_protocol_reading_t *self, text_t raw);
} keys[] = {{"url", url_in},       {"native", native_in}, {"every_ms", every_in}, {"headers", headers_in},
            {"format", format_in}, {"next", next_in},     {"pages", pages_in},    {"newest_first", newest_first_in},
            {"since", since_in}};

static bool member_in(const http_protocol_reading_t *self, const json_walk_t *walk)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (text_equal(walk->key, text_of(keys[i].name)))
            return keys[i].read(self, walk->value);
    return wrong(self, "", "expected url, native, every_ms, headers, format, next, pages, newest_first or since, found ",
                 walk->key);
}

static bool read_json(const http_protocol_reading_t *self, text_t json)
{
    http_protocol_t *protocol = self->protocol;
    if (!json_valid(json) || json_kind(json) != JSON_OBJECT)
        return wrong(self, "", "expected an object, found ", json);
    for (json_walk_t walk = json_walk(json); json_next(&walk);)
        if (!member_in(self, &walk))
            return false;
    bool json_only = protocol->format == HTTP_FORMAT_BY_TYPE || protocol->format == HTTP_FORMAT_JSON;
    if (protocol->next.length > 0 && !json_only)
        return wrong(self, "next", "expected format json beside it", TEXT(""));
    return protocol->spelling || native_in(self, TEXT(""));
}

http_protocol_t *http_protocol_new(text_t json, char error[static MAPPING_ERROR_MAX])
{
    http_protocol_t *self = calloc(1, sizeof *self);
    http_protocol_reading_t reading = {.protocol = self, .error = error};
    snprintf(error, MAPPING_ERROR_MAX, "http: out of memory");
    if (self) {
        self->every_ms = EVERY_MS;
        self->pages = PAGES;
        self->texts = malloc(json.length + 1); /* a text is shorter than its JSON by two quotes: there is room for its NUL */
    }
    if (!self || !self->texts || !read_json(&reading, json))
        http_protocol_destroy(&self);
    return self;
}

void http_protocol_destroy(http_protocol_t **self_p)
{
    http_protocol_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    spelling_destroy(&self->spelling);
    free(self->texts);
    free(self);
}

/* --- the URL --- */

bool http_protocol_is_per_symbol(const template_t *url)
{
    return template_has(url, TEMPLATE_NATIVE) || template_has(url, TEMPLATE_SYMBOL) || template_has(url, TEMPLATE_BASE) ||
           template_has(url, TEMPLATE_QUOTE) || template_has(url, TEMPLATE_CHANNEL);
}

/* A dash that ends a symbol's base stays one, so that the parts are escaped, too. */
void http_protocol_print_url(const template_t *url, const template_values_t *values, buffer_t *out)
{
    buffer_t symbol = buffer_new(0), native = buffer_new(0), token = buffer_new(0), channel = buffer_new(0);
    http_url_append_escaped(values->symbol, &symbol);
    http_url_append_escaped(values->native, &native);
    http_url_append_escaped(values->token, &token);
    http_url_append_escaped(values->channel, &channel);
    template_values_t escaped = {buffer_text(&symbol), buffer_text(&native), buffer_text(&token), buffer_text(&channel)};
    template_print(url, &escaped, false, out);
    out->failed |= !buffer_ok(&symbol) || !buffer_ok(&native) || !buffer_ok(&token) || !buffer_ok(&channel);
    buffer_release(&symbol);
    buffer_release(&native);
    buffer_release(&token);
    buffer_release(&channel);
}

bool http_protocol_compile_url(template_t *self, text_t url, char error[static TEMPLATE_ERROR_MAX])
{
    const char *wrong_part = "expected at most 4096 bytes";
    buffer_t tried = buffer_new(4096);
    if (!template_compile(self, url, error))
        return false;
    http_protocol_print_url(self, &(template_values_t){TEXT("A-B"), TEXT("A-B"), TEXT("t"), TEXT("c")}, &tried);
    buffer_append(&tried, (text_t){"", 1});
    bool ok = buffer_ok(&tried) && http_url_valid(tried.bytes, &wrong_part);
    if (!ok)
        snprintf(error, TEMPLATE_ERROR_MAX, "%s, found %.*s", wrong_part, TEXT_ARG(text_cut(url, 8)));
    buffer_release(&tried);
    return ok;
}
