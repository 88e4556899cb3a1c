#include "gatewayd/rest/sse_format.h"

#include "common/array.h"
#include "common/json/json_write.h"
#include "gatewayd/forms/frame.h"
#include "gatewayd/forms/params.h"
#include "gatewayd/forms/subject_form.h"
#include "proto/topic.h"

#include <stdio.h>
#include <stdlib.h>

enum { REASON_MAX = 128 };

/* How far the connection has got in a stream. */
typedef struct {
    char text[SUBJECT_MAX + 1 + SOURCE_MAX + 1 + CURSOR_MAX]; /* <subject>.<source>=<cursor>, as in an id */
    uint8_t symbol_length, source_length, length;
} sse_place_t;

struct sse_format {
    sse_place_t *places; /* owned; mostly one or two, of SSE_FORMAT_PLACES_MAX at most */
    size_t count, room;
    bool overflowed;
    char unknown[REASON_MAX]; /* why nobody knows what the client has had; empty: that is known */
    buffer_t id;
};

/* --- places --- */

static text_t place_text(const sse_place_t *place)
{
    return (text_t){place->text, place->length};
}

static text_t symbol_of(const sse_place_t *place)
{
    return (text_t){place->text, place->symbol_length};
}

static text_t source_of(const sse_place_t *place)
{
    return (text_t){place->text + place->symbol_length + 1, place->source_length};
}

/* <subject>.<source>= */
static text_t name_of(const sse_place_t *place)
{
    return (text_t){place->text, (size_t)place->symbol_length + 1 + place->source_length + 1};
}

static text_t cursor_of(const sse_place_t *place)
{
    size_t name = name_of(place).length;
    return (text_t){place->text + name, place->length - name};
}

static sse_place_t *find_place(sse_format_t *self, text_t name)
{
    for (size_t i = 0; i < self->count; i++) {
        if (text_equal(name_of(&self->places[i]), name))
            return &self->places[i];
    }
    return NULL;
}

/* NULL when there are as many as may be, or memory runs out. */
static sse_place_t *add_place(sse_format_t *self)
{
    bool room = ARRAY_RESERVE(&self->places, &self->room, self->count + 1, SSE_FORMAT_PLACES_MAX);
    return room ? &self->places[self->count++] : NULL;
}

static void move_to(sse_place_t *place, text_t cursor)
{
    size_t name = name_of(place).length;
    memcpy(place->text + name, cursor.at, cursor.length);
    place->length = (uint8_t)(name + cursor.length);
}

/* name: <subject>.<source>= */
static void set_place(sse_format_t *self, text_t name, text_t cursor)
{
    sse_place_t *place = find_place(self, name);
    if (!place) {
        text_t rest = name, subject;
        place = name.length <= SUBJECT_MAX + 1 + SOURCE_MAX + 1 && subject_take(&rest, &subject) ? add_place(self) : NULL;
        if (!place) {
            self->overflowed = true;
            return;
        }
        memcpy(place->text, name.at, name.length);
        place->symbol_length = (uint8_t)subject.length;
        place->source_length = (uint8_t)(name.length - place->symbol_length - 2);
    }
    move_to(place, cursor);
}

/* The parts of a place's text, which has both. */
static void split_place(text_t place, text_t *name, text_t *cursor)
{
    const char *equals = memrchr(place.at, '=', place.length);
    size_t length = equals ? (size_t)(equals + 1 - place.at) : 0;
    *name = (text_t){place.at, length};
    *cursor = (text_t){place.at + length, place.length - length};
}

/* One `<subject>.<source>=<cursor>` of an id. */
static bool read_place(sse_format_t *self, text_t text)
{
    cursor_t last;
    const char *equals = memrchr(text.at, '=', text.length);
    text_t symbol, source = {text.at, equals ? (size_t)(equals - text.at) : 0};
    if (!equals || !subject_take(&source, &symbol))
        return false;
    text_t cursor = {equals + 1, text.length - (size_t)(equals + 1 - text.at)};
    if (!source_valid(source) || !cursor_parse(cursor, &last) || self->count == SSE_FORMAT_PLACES_MAX)
        return false;
    sse_format_place(self, symbol, source, last);
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

static void append_id(sse_format_t *self, buffer_t *out)
{
    buffer_clear(&self->id);
    for (size_t i = 0; i < self->count; i++) {
        buffer_append(&self->id, i ? TEXT(" ") : TEXT("id: "));
        buffer_append(&self->id, place_text(&self->places[i]));
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
        if (memmem(symbols.at, symbols.length, place.text, place.symbol_length))
            self->places[kept++] = place;
    }
    self->count = kept;
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
        buffer_printf(out, "%s\"%.*s\":\"%.*s\"", before, TEXT_ARG(source_of(place)), TEXT_ARG(cursor_of(place)));
        before = ",";
    }
    if (*before == ',')
        buffer_append(out, TEXT("}"));
}

void sse_format_place(sse_format_t *self, text_t symbol, text_t source, cursor_t last)
{
    char name[sizeof((sse_place_t *)NULL)->text], cursor[CURSOR_MAX];
    int length = subject_valid(symbol) && source_valid(source)
                     ? snprintf(name, sizeof name, "%.*s.%.*s=", TEXT_ARG(symbol), TEXT_ARG(source))
                     : 0;
    set_place(self, (text_t){name, (size_t)length}, (text_t){cursor, cursor_print(cursor, last)});
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
    static const char *const unknown[] = {"source", "from", "to", "missing"};
    buffer_append(out, TEXT("event: gap\ndata: "));
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    subject_form_put(&json, symbol);
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        json_put_null(&json, unknown[i]);
    json_put_text(&json, "reason", text_of(self->unknown));
    json_close_object(&json);
    buffer_append(out, TEXT("\n\n"));
}

bool sse_format_passes(sse_format_t *self, text_t event)
{
    text_t name, cursor, place = frame_event_place(event);
    if (place.length == 0)
        return true;
    split_place(place, &name, &cursor);
    if (self->count != 1 || !text_equal(name_of(self->places), name))
        return false;
    move_to(self->places, cursor);
    return true;
}

bool sse_format_append(sse_format_t *self, text_t event, buffer_t *out)
{
    static const size_t before = sizeof "id: " - 1, behind = sizeof "\n" - 1;
    text_t name, cursor, place = frame_event_place(event);
    if (place.length == 0) {
        buffer_append(out, event);
        return !self->overflowed;
    }
    split_place(place, &name, &cursor);
    set_place(self, name, cursor);
    size_t begin = (size_t)(place.at - event.at) - before, end = (size_t)(place.at - event.at) + place.length + behind;
    buffer_append(out, (text_t){event.at, begin});
    append_id(self, out);
    buffer_append(out, (text_t){event.at + end, event.length - end});
    return !self->overflowed;
}

void sse_format_append_error(buffer_t *out, text_t why)
{
    buffer_append(out, TEXT("event: error\ndata: "));
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_text(&json, "message", why);
    json_close_object(&json);
    buffer_append(out, TEXT("\n\n"));
}
