#include "tests/simulator/exchanges/malformed.h"

#include <stdlib.h>

enum {
    USUAL_BYTES = 4096,
    HUGE_BYTES = 4 * 1024 * 1024,
    NESTED_LEVELS = 10000,
    NESTED_BYTES = 2 * NESTED_LEVELS + USUAL_BYTES,
    ESCAPED_BYTES = 6 * USUAL_BYTES,
    BINARY_BYTES = 256,
    LONG_DIGITS = 400
};

typedef enum { WHOLE_TEXT, WHOLE_BINARY, IN_FRAGMENTS } frame_form_t;

/* A good message, and how to find one's way in it. */
typedef struct {
    const char *text;
    size_t length;
    const sim_malformed_wire_t *wire;
    random_t *random;
} good_message_t;

struct sim_malformed {
    const char *kind;
    bool of_trade; /* it is made of a trade, which takes an id */
    bool good;     /* a trade like any other in an unusual form: the ledger has it as "trade" */
    frame_form_t form;
    size_t capacity; /* room that write needs */
    void (*write)(text_writer_t *out, const good_message_t *good);
    const char *price; /* of the trade; NULL: the usual one */
};

/* --- edits ------------------------------------------------------------------------------------------------------- */

/* The end of a value that is a string or a number. */
static const char *value_end(const char *value, const char *end)
{
    const char *at = value;
    if (at < end && *at == '"')
        return (const char *)memchr(at + 1, '"', (size_t)(end - at - 1)) + 1;
    while (at < end && *at != ',' && *at != '}')
        at++;
    return at;
}

/* The message with another value for a member, a whole piece of JSON; without the member where that is NULL. */
static void write_edited(text_writer_t *out, const good_message_t *good, const char *name, const char *json)
{
    const char *end = good->text + good->length, *found = memmem(good->text, good->length, name, strlen(name));
    assert(found);
    const char *behind = value_end(found + strlen(name), end);
    if (json) {
        writer_bytes(out, good->text, (size_t)(found - good->text) + strlen(name));
        writer_text(out, json);
    } else {
        writer_bytes(out, good->text, (size_t)(found - good->text) - 1); /* the comma before it too */
    }
    writer_bytes(out, behind, (size_t)(end - behind));
}

static void write_good(text_writer_t *out, const good_message_t *good)
{
    writer_bytes(out, good->text, good->length);
}

/* The first colon is missing. */
static void write_json(text_writer_t *out, const good_message_t *good)
{
    writer_bytes(out, good->text, good->length);
    *(char *)memchr(out->start, ':', good->length) = ',';
}

static void write_truncated(text_writer_t *out, const good_message_t *good)
{
    writer_bytes(out, good->text, good->length / 2);
}

static void write_type(text_writer_t *out, const good_message_t *good)
{
    write_edited(out, good, good->wire->price, good->wire->wrong_price);
}

static void write_null(text_writer_t *out, const good_message_t *good)
{
    write_edited(out, good, good->wire->qty, "null");
}

static void write_missing(text_writer_t *out, const good_message_t *good)
{
    write_edited(out, good, good->wire->id, NULL);
}

/* The id is there twice, first with another value. */
static void write_twice(text_writer_t *out, const good_message_t *good)
{
    char first[64], *end = first + sizeof first;
    text_writer_t json = writer_on(first, (size_t)(end - first));
    const char *id =
        (const char *)memmem(good->text, good->length, good->wire->id, strlen(good->wire->id)) + strlen(good->wire->id);
    writer_text(&json, "1,");
    writer_text(&json, good->wire->id);
    writer_bytes(&json, id, (size_t)(value_end(id, good->text + good->length) - id));
    write_edited(out, good, good->wire->id, writer_string(&json));
}

static void write_zero_id(text_writer_t *out, const good_message_t *good)
{
    write_edited(out, good, good->wire->id, "0");
}

static void write_text_id(text_writer_t *out, const good_message_t *good)
{
    write_edited(out, good, good->wire->id, "\"3c82abaa-c01e-4608-be59-6a1e69742891\"");
}

static void write_zero_qty(text_writer_t *out, const good_message_t *good)
{
    write_edited(out, good, good->wire->qty, good->wire->quoted ? "\"0.00000000\"" : "0.00000000");
}

static void write_negative_qty(text_writer_t *out, const good_message_t *good)
{
    write_edited(out, good, good->wire->qty, good->wire->quoted ? "\"-0.25\"" : "-0.25");
}

static void write_longnumber(text_writer_t *out, const good_message_t *good)
{
    char digits[LONG_DIGITS + 3];
    text_writer_t price = writer_on(digits, sizeof digits);
    const char *quote = good->wire->quoted ? "\"" : "";
    writer_text(&price, quote);
    writer_fill(&price, '7', LONG_DIGITS);
    writer_text(&price, quote);
    write_edited(out, good, good->wire->price, writer_string(&price));
}

static void write_utf8(text_writer_t *out, const good_message_t *good)
{
    write_edited(out, good, good->wire->symbol, "\"B\xff\xc0\x80T\"");
}

static void write_unknown_symbol(text_writer_t *out, const good_message_t *good)
{
    write_edited(out, good, good->wire->symbol, good->wire->unknown_symbol);
}

static void write_unknown_event(text_writer_t *out, const good_message_t *good)
{
    writer_text(out, good->wire->unknown_event);
}

/* All that stands in quotes is written with \u escapes. */
static void write_escaped(text_writer_t *out, const good_message_t *good)
{
    static const char hex[] = "0123456789abcdef";
    bool quoted = false;
    for (size_t i = 0; i < good->length; i++) {
        const char byte = good->text[i];
        quoted ^= byte == '"';
        if (!quoted || byte == '"') {
            writer_bytes(out, &byte, 1);
            continue;
        }
        writer_text(out, "\\u00");
        writer_bytes(out, &hex[(byte >> 4) & 15], 1);
        writer_bytes(out, &hex[byte & 15], 1);
    }
}

static void write_binary(text_writer_t *out, const good_message_t *good)
{
    for (int i = 0; i < BINARY_BYTES; i++)
        writer_fill(out, (char)random_next(good->random), 1);
}

static void write_huge(text_writer_t *out, const good_message_t *good)
{
    writer_text(out, good->wire->padding);
    writer_text(out, "\"");
    writer_fill(out, 'x', HUGE_BYTES - writer_length(out) - 2);
    writer_text(out, "\"}");
}

static void write_nested(text_writer_t *out, const good_message_t *good)
{
    writer_text(out, good->wire->padding);
    writer_fill(out, '[', NESTED_LEVELS);
    writer_fill(out, ']', NESTED_LEVELS);
    writer_text(out, "}");
}

static const sim_malformed_t kinds[] = {
    {"json", true, false, WHOLE_TEXT, USUAL_BYTES, write_json, NULL},
    {"truncated", true, false, WHOLE_TEXT, USUAL_BYTES, write_truncated, NULL},
    {"type", true, false, WHOLE_TEXT, USUAL_BYTES, write_type, NULL},
    {"null", true, false, WHOLE_TEXT, USUAL_BYTES, write_null, NULL},
    {"missing", true, false, WHOLE_TEXT, USUAL_BYTES, write_missing, NULL},
    {"twice", true, false, WHOLE_TEXT, USUAL_BYTES, write_twice, NULL},
    {"zero_id", true, false, WHOLE_TEXT, USUAL_BYTES, write_zero_id, NULL},
    {"text_id", true, false, WHOLE_TEXT, USUAL_BYTES, write_text_id, NULL},
    {"zero_qty", true, false, WHOLE_TEXT, USUAL_BYTES, write_zero_qty, NULL},
    {"negative_qty", true, false, WHOLE_TEXT, USUAL_BYTES, write_negative_qty, NULL},
    {"number", true, true, WHOLE_TEXT, USUAL_BYTES, write_good, "1234567890123456789012345678.901234567890"},
    {"longnumber", true, false, WHOLE_TEXT, USUAL_BYTES, write_longnumber, NULL},
    {"utf8", true, false, WHOLE_TEXT, USUAL_BYTES, write_utf8, NULL},
    {"fragmented", true, true, IN_FRAGMENTS, USUAL_BYTES, write_good, NULL},
    {"unknown_symbol", true, false, WHOLE_TEXT, USUAL_BYTES, write_unknown_symbol, NULL},
    {"escaped", true, true, WHOLE_TEXT, ESCAPED_BYTES, write_escaped, NULL},
    {"unknown_event", false, false, WHOLE_TEXT, USUAL_BYTES, write_unknown_event, NULL},
    {"binary", false, false, WHOLE_BINARY, USUAL_BYTES, write_binary, NULL},
    {"huge", false, false, WHOLE_TEXT, HUGE_BYTES, write_huge, NULL},
    {"nested", false, false, WHOLE_TEXT, NESTED_BYTES, write_nested, NULL},
};

const sim_malformed_t *malformed_find(const char *kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            return &kinds[i];
    return NULL;
}

const char *malformed_kinds(void)
{
    return "json, truncated, type, null, missing, twice, zero_id, text_id, zero_qty, negative_qty, number, longnumber, utf8, "
           "fragmented, "
           "unknown_symbol, escaped, unknown_event, binary, huge or nested";
}

bool malformed_of_trade(const sim_malformed_t *self)
{
    return self->of_trade;
}

const char *malformed_price(const sim_malformed_t *self)
{
    return self->price ? self->price : "1234.50";
}

/* --- sending it -------------------------------------------------------------------------------------------------- */

static void record(const sim_malformed_t *self, sim_exchange_t *exchange, sim_connection_t *connection,
                   const sim_trade_t *trade)
{
    char details[TRADE_TEXT_BYTES + 64];
    text_writer_t out = writer_on(details, sizeof details);
    writer_text(&out, "\"kind\":\"");
    writer_text(&out, self->kind);
    writer_text(&out, "\"");
    if (trade) {
        writer_text(&out, ",");
        writer_bytes(&out, trade->text, trade->length);
    }
    ledger_event(exchange_ledger(exchange), "fault", connection_id(connection), writer_string(&out));
    if (self->good)
        ledger_trade(exchange_ledger(exchange), "trade", connection_id(connection), connection_take_seqnum(connection), trade);
}

static bool send_in_form(frame_form_t form, sim_connection_t *connection, const text_writer_t *message)
{
    const size_t length = writer_length(message);
    if (form == IN_FRAGMENTS)
        return connection_send_fragments(connection, message->start, length);
    return connection_send(connection, form == WHOLE_BINARY ? FRAME_BINARY : FRAME_TEXT, message->start, length);
}

bool malformed_send(const sim_malformed_t *self, sim_exchange_t *exchange, sim_connection_t *connection,
                    const sim_trade_t *trade)
{
    char text[USUAL_BYTES / 4];
    text_writer_t good = writer_on(text, sizeof text);
    const sim_malformed_wire_t *wire = exchange_personality(exchange)->manners->wire;
    sim_view_t view;
    if (!connection_takes_messages(connection))
        return false;
    if (trade && view_read(&view, trade->text, trade->length))
        wire->write(&good, connection, &view);
    char *buffer = malloc(self->capacity);
    if (!buffer)
        return false;
    text_writer_t message = writer_on(buffer, self->capacity);
    self->write(&message, &(good_message_t){good.start, writer_length(&good), wire, exchange_random(exchange)});
    const bool sent = send_in_form(self->form, connection, &message);
    if (sent)
        record(self, exchange, connection, trade);
    free(buffer);
    return sent;
}
