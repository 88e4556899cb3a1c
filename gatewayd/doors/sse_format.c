#include "gatewayd/doors/sse_format.h"

#include "common/json.h"
#include "gatewayd/forms/params.h"
#include "proto/topic.h"
#include "proto/trade.h"

#include <stdio.h>
#include <stdlib.h>

enum { REASON_MAX = 128 };

/* How far the connection has got in a stream. */
typedef struct {
    char name[SYMBOL_MAX + 1 + SOURCE_MAX]; /* <symbol>.<source> */
    uint8_t symbol_length, source_length;
    cursor_t last;
} sse_place_t;

struct sse_format {
    sse_place_t *places; /* owned; mostly one or two, of SSE_FORMAT_PLACES_MAX at most */
    size_t count, capacity;
    bool overflowed;
    char unknown[REASON_MAX]; /* why nobody knows what the client has had; empty: that is known */
    buffer_t id;
};

/* --- places --- */

static text_t symbol_of(const sse_place_t *place)
{
    return (text_t){place->name, place->symbol_length};
}

static text_t source_of(const sse_place_t *place)
{
    return (text_t){place->name + place->symbol_length + 1, place->source_length};
}

static sse_place_t *find_place(sse_format_t *self, text_t symbol, text_t source)
{
    for (size_t i = 0; i < self->count; i++) {
        if (text_equal(symbol_of(&self->places[i]), symbol) && text_equal(source_of(&self->places[i]), source))
            return &self->places[i];
    }
    return NULL;
}

/* NULL when there are as many as may be, or memory runs out. */
static sse_place_t *add_place(sse_format_t *self)
{
    if (self->count == SSE_FORMAT_PLACES_MAX)
        return NULL;
    if (self->count == self->capacity) {
        size_t wider = self->capacity > 0 ? 2 * self->capacity : 1;
        sse_place_t *places = realloc(self->places, wider * sizeof *places);
        if (!places)
            return NULL;
        self->places = places;
        self->capacity = wider;
    }
    return &self->places[self->count++];
}

static void set_place(sse_format_t *self, text_t symbol, text_t source, cursor_t last)
{
    sse_place_t *place = find_place(self, symbol, source);
    if (!place) {
        place = symbol_valid(symbol) && source_valid(source) ? add_place(self) : NULL;
        if (!place) {
            self->overflowed = true;
            return;
        }
        memcpy(place->name, symbol.at, symbol.length);
        place->name[symbol.length] = '.';
        memcpy(place->name + symbol.length + 1, source.at, source.length);
        place->symbol_length = (uint8_t)symbol.length;
        place->source_length = (uint8_t)source.length;
    }
    place->last = last;
}

/* One `<symbol>.<source>=<cursor>` of an id. */
static bool read_place(sse_format_t *self, text_t text)
{
    cursor_t last;
    const char *dot = memchr(text.at, '.', text.length), *equals = memrchr(text.at, '=', text.length);
    if (!dot || !equals || equals < dot)
        return false;
    text_t symbol = {text.at, (size_t)(dot - text.at)}, source = {dot + 1, (size_t)(equals - dot - 1)};
    text_t cursor = {equals + 1, text.length - (size_t)(equals + 1 - text.at)};
    if (!symbol_valid(symbol) || !source_valid(source) || !cursor_parse(cursor, &last) || self->count == SSE_FORMAT_PLACES_MAX)
        return false;
    set_place(self, symbol, source, last);
    return true;
}

static bool read_id(sse_format_t *self, text_t id)
{
    while (id.length > 0) {
        const char *space = memchr(id.at, ' ', id.length);
        size_t length = space ? (size_t)(space - id.at) : id.length;
        if (!read_place(self, (text_t){id.at, length}))
            return false;
        length += space != NULL;
        id = (text_t){id.at + length, id.length - length};
    }
    return true;
}

static void print_cursor(buffer_t *out, cursor_t cursor)
{
    char text[CURSOR_MAX];
    buffer_append(out, (text_t){text, cursor_print(text, cursor)});
}

static void append_id(sse_format_t *self, buffer_t *out)
{
    buffer_clear(&self->id);
    for (size_t i = 0; i < self->count; i++) {
        const sse_place_t *place = &self->places[i];
        buffer_append(&self->id, i ? TEXT(" ") : TEXT("id: "));
        buffer_append(&self->id, (text_t){place->name, (size_t)place->symbol_length + 1 + place->source_length});
        buffer_append(&self->id, TEXT("="));
        print_cursor(&self->id, place->last);
    }
    buffer_append(&self->id, TEXT("\n"));
    self->overflowed = self->overflowed || !buffer_ok(&self->id);
    buffer_append(out, buffer_text(&self->id));
}

/* --- what is subscribed to --- */

/* Only of what is asked for now a place is kept. */
static void forget_others(sse_format_t *self, text_t symbols)
{
    size_t kept = 0;
    for (size_t i = 0; i < self->count; i++) {
        sse_place_t place = self->places[i];
        if (memmem(symbols.at, symbols.length, place.name, place.symbol_length))
            self->places[kept++] = place;
    }
    self->count = kept;
}

/* --- what comes --- */

static bool read_slices(text_t params, text_t *symbol, text_t *source)
{
    return json_plain_string(json_member(params, "symbol"), symbol) && json_plain_string(json_member(params, "source"), source);
}

static void append_data(buffer_t *out, text_t json)
{
    buffer_append(out, TEXT("data: "));
    size_t begin = out->length;
    buffer_append(out, json);
    for (size_t i = begin; i < out->length; i++) {
        if (out->bytes[i] == '\n' || out->bytes[i] == '\r')
            out->bytes[i] = ' '; /* a line ends the data; in JSON it can only be white space */
    }
    buffer_append(out, TEXT("\n\n"));
}

static void on_trade(sse_format_t *self, text_t params, buffer_t *out)
{
    cursor_t at;
    text_t symbol, source;
    if (!trade_cursor(params, &at) || !read_slices(params, &symbol, &source))
        return;
    set_place(self, symbol, source, at);
    append_id(self, out);
    append_data(out, params);
}

static void on_gap(sse_format_t *self, text_t params, buffer_t *out)
{
    cursor_t to;
    text_t symbol, source, text;
    if (!read_slices(params, &symbol, &source) || !json_plain_string(json_member(params, "to"), &text) ||
        !cursor_parse(text, &to))
        return;
    set_place(self, symbol, source, to);
    buffer_append(out, TEXT("event: gap\n"));
    append_id(self, out);
    append_data(out, params);
}

sse_format_t *sse_format_new(void)
{
    sse_format_t *self = calloc(1, sizeof *self);
    if (self)
        self->id = buffer_new(SSE_FORMAT_ID_MAX);
    return self;
}

void sse_format_destroy(sse_format_t **self_p)
{
    sse_format_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    buffer_release(&self->id);
    free(self->places);
    free(self);
}

bool sse_format_resume(sse_format_t *self, text_t id)
{
    if (read_id(self, id))
        return true;
    self->count = 0;
    return false;
}

void sse_format_resume_if_known(sse_format_t *self, text_t id)
{
    if (!sse_format_resume(self, id))
        snprintf(self->unknown, sizeof self->unknown, "Last-Event-ID: expected the id of an event, found %.*s",
                 TEXT_ARG(param_found(id)));
}

const char *sse_format_choose(sse_format_t *self, text_t symbols)
{
    size_t count = 0;
    text_t rest = symbols, symbol;
    while (sse_format_symbol(&rest, &symbol))
        count++;
    if (count == 0 || count > SSE_FORMAT_SYMBOLS_MAX)
        return "symbols: expected 1 to 16 symbols, as in symbols=BTC-USD,ETH-USD";
    forget_others(self, symbols);
    return NULL;
}

bool sse_format_symbol(text_t *symbols, text_t *symbol)
{
    if (symbols->length == 0)
        return false;
    const char *comma = memchr(symbols->at, ',', symbols->length);
    *symbol = (text_t){symbols->at, comma ? (size_t)(comma - symbols->at) : symbols->length};
    size_t taken = symbol->length + (comma != NULL);
    *symbols = (text_t){symbols->at + taken, symbols->length - taken};
    return true;
}

void sse_format_put_since(const sse_format_t *self, text_t symbol, buffer_t *out)
{
    const char *before = "{";
    for (size_t i = 0; i < self->count; i++) {
        const sse_place_t *place = &self->places[i];
        if (!text_equal(symbol_of(place), symbol))
            continue;
        buffer_printf(out, "%s\"%.*s\":\"", before, TEXT_ARG(source_of(place)));
        print_cursor(out, place->last);
        buffer_append(out, TEXT("\""));
        before = ",";
    }
    if (*before == ',')
        buffer_append(out, TEXT("}"));
}

void sse_format_place(sse_format_t *self, text_t symbol, text_t source, cursor_t last)
{
    set_place(self, symbol, source, last);
}

/* The id goes out alone, so that a client that loses the connection before the first trade has one. */
bool sse_format_begin(sse_format_t *self, buffer_t *out)
{
    buffer_printf(out, "retry: %d\n", SSE_FORMAT_RETRY_MS);
    append_id(self, out);
    buffer_append(out, TEXT("\n"));
    return !self->overflowed;
}

void sse_format_put_unknown(const sse_format_t *self, text_t symbol, buffer_t *out)
{
    if (!self->unknown[0])
        return;
    buffer_printf(out,
                  "event: gap\ndata: {\"channel\":\"trades\",\"symbol\":\"%.*s\",\"source\":null,\"from\":null,\"to\":null,"
                  "\"missing\":null,\"reason\":",
                  TEXT_ARG(symbol));
    buffer_append_json_string(out, text_of(self->unknown));
    buffer_append(out, TEXT("}\n\n"));
}

bool sse_format_append(sse_format_t *self, text_t message, buffer_t *out)
{
    static const struct {
        const char *method, *event;
    } told[] = {{"connection.lost", "lost"},
                {"connection.restored", "restored"},
                {"subscription.failing", "failing"},
                {"subscription.restored", "working"}};
    text_t method, params = json_member(message, "params");
    if (json_kind(message) != JSON_OBJECT || !json_plain_string(json_member(message, "method"), &method))
        return true;
    if (text_equal(method, TEXT("trades.update")))
        on_trade(self, params, out);
    else if (text_equal(method, TEXT("trades.gap")))
        on_gap(self, params, out);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        if (text_equal(method, text_of(told[i].method)))
            sse_format_append_event(out, told[i].event, params);
    }
    return !self->overflowed;
}

void sse_format_append_event(buffer_t *out, const char *event, text_t json)
{
    buffer_printf(out, "event: %s\n", event);
    append_data(out, json);
}

void sse_format_append_error(buffer_t *out, text_t why)
{
    buffer_append(out, TEXT("event: error\ndata: {\"message\":"));
    buffer_append_json_string(out, why);
    buffer_append(out, TEXT("}\n\n"));
}
