#include "tests/simulator/fault.h"

#include <inttypes.h>
#include <stdlib.h>

#include "tests/simulator/clock.h"

/* What becomes of a frame at a client that follows the protocol; it decides about seqnum and ledger. */
typedef enum {
    UNREADABLE, /* it can't be parsed: it has no number of its own, the next message has the one that follows the last */
    READABLE,   /* it is parsed, and takes a number, but is no trade, or one that may be refused */
    TRADE,      /* a trade like any other in an unusual form: it takes a number and stands in the ledger as "trade" */
} effect_t;

typedef enum { ANY_CONNECTION, SUBSCRIBED_CONNECTION /* made of a trade in its first symbol */ } audience_t;

typedef enum { AS_TEXT, AS_BINARY, AS_FRAGMENTS } form_t;

enum {
    USUAL_BYTES = 2048,
    BINARY_BYTES = 256,
    HUGE_BYTES = 4 * 1024 * 1024, /* the length of its message */
    NESTED_LEVELS = 10000,
    LONG_DIGITS = 400,
};

struct fault {
    const char *kind;
    effect_t effect;
    audience_t audience;
    form_t form;
    size_t capacity; /* room that write needs */
    /* Writes the message. trade: to be made of; what a TRADE changes in it is what the ledger says. */
    void (*write)(text_writer_t *out, uint64_t seqnum, trade_fields_t *trade, random_t *random);
};

/* --- what is sent ------------------------------------------------------------------------------------------------ */

static void write_trade(text_writer_t *out, uint64_t seqnum, trade_fields_t *trade, random_t *random)
{
    (void)random;
    char buffer[USUAL_BYTES / 2];
    text_writer_t members = writer_on(buffer, sizeof buffer);
    trade_write(&members, trade);
    trade_write_message(out, seqnum, members.start, writer_length(&members));
}

/* {"seqnum":7 and no more, for messages that are not trades. */
static void write_seqnum(text_writer_t *out, uint64_t seqnum)
{
    writer_text(out, "{\"seqnum\":");
    writer_unsigned(out, seqnum);
}

static void write_json(text_writer_t *out, uint64_t seqnum, trade_fields_t *trade, random_t *random)
{
    (void)trade;
    (void)random;
    write_seqnum(out, seqnum);
    writer_text(out, ",\"event\":\"updated\",,\"channel\" \"trades\"]");
}

static void write_truncated(text_writer_t *out, uint64_t seqnum, trade_fields_t *trade, random_t *random)
{
    write_trade(out, seqnum, trade, random);
    out->at = out->start + writer_length(out) / 2;
}

static void write_type(text_writer_t *out, uint64_t seqnum, trade_fields_t *trade, random_t *random)
{
    trade->qty = "null";
    trade->price = "\"1234.50\"";
    write_trade(out, seqnum, trade, random);
}

static void write_missing(text_writer_t *out, uint64_t seqnum, trade_fields_t *trade, random_t *random)
{
    static const char trade_id[] = ",\"trade_id\":\"\"}";
    trade->trade_id = "";
    write_trade(out, seqnum, trade, random);
    out->at -= sizeof trade_id - 1;
    writer_text(out, "}");
}

static void write_number(text_writer_t *out, uint64_t seqnum, trade_fields_t *trade, random_t *random)
{
    trade->price = "1234567890123456789012345678.901234567890";
    write_trade(out, seqnum, trade, random);
}

static void write_longnumber(text_writer_t *out, uint64_t seqnum, trade_fields_t *trade, random_t *random)
{
    char digits[LONG_DIGITS + 1];
    text_writer_t price = writer_on(digits, sizeof digits);
    writer_fill(&price, '7', LONG_DIGITS);
    trade_fields_t changed = *trade;
    changed.price = writer_string(&price);
    write_trade(out, seqnum, &changed, random);
}

static void write_utf8(text_writer_t *out, uint64_t seqnum, trade_fields_t *trade, random_t *random)
{
    trade->side = "b\xff\xc0\x80y";
    write_trade(out, seqnum, trade, random);
}

static void write_binary(text_writer_t *out, uint64_t seqnum, trade_fields_t *trade, random_t *random)
{
    (void)seqnum;
    (void)trade;
    for (int i = 0; i < BINARY_BYTES; i++)
        writer_fill(out, (char)random_next(random), 1);
}

static void write_huge(text_writer_t *out, uint64_t seqnum, trade_fields_t *trade, random_t *random)
{
    static const char end[] = "\"}";
    (void)trade;
    (void)random;
    write_seqnum(out, seqnum);
    writer_text(out, ",\"event\":\"updated\",\"channel\":\"padding\",\"data\":\"");
    writer_fill(out, 'x', HUGE_BYTES - writer_length(out) - (sizeof end - 1));
    writer_text(out, end);
}

static void write_unknown_event(text_writer_t *out, uint64_t seqnum, trade_fields_t *trade, random_t *random)
{
    (void)trade;
    (void)random;
    write_seqnum(out, seqnum);
    writer_text(out, ",\"event\":\"auctioned\",\"channel\":\"trades\",\"lot\":42}");
}

static void write_unknown_symbol(text_writer_t *out, uint64_t seqnum, trade_fields_t *trade, random_t *random)
{
    trade->symbol = "NEVER-SUBSCRIBED";
    write_trade(out, seqnum, trade, random);
}

static void write_unicode(text_writer_t *out, const char *ascii)
{
    static const char hex[] = "0123456789abcdef";
    for (; *ascii; ascii++) {
        writer_text(out, "\\u00");
        writer_bytes(out, &hex[(*ascii >> 4) & 15], 1);
        writer_bytes(out, &hex[*ascii & 15], 1);
    }
}

static void write_escaped(text_writer_t *out, uint64_t seqnum, trade_fields_t *trade, random_t *random)
{
    (void)random;
    write_seqnum(out, seqnum);
    writer_text(out, ",\"\\u0065vent\":\"updat\\u0065d\",\"channel\":\"\\u0074rades\",\"s\\u0079mbol\":\"");
    write_unicode(out, trade->symbol);
    writer_text(out, "\",\"timestamp\":\"");
    writer_text(out, trade->timestamp);
    writer_text(out, "\",\"side\":\"");
    write_unicode(out, trade->side);
    writer_text(out, "\",\"\\u0071ty\":");
    writer_text(out, trade->qty);
    writer_text(out, ",\"pric\\u0065\":");
    writer_text(out, trade->price);
    writer_text(out, ",\"trade\\u005fid\":\"");
    write_unicode(out, trade->trade_id);
    writer_text(out, "\"}");
}

static void write_nested(text_writer_t *out, uint64_t seqnum, trade_fields_t *trade, random_t *random)
{
    (void)trade;
    (void)random;
    write_seqnum(out, seqnum);
    writer_text(out, ",\"event\":\"updated\",\"channel\":\"nested\",\"data\":");
    writer_fill(out, '[', NESTED_LEVELS);
    writer_fill(out, ']', NESTED_LEVELS);
    writer_text(out, "}");
}

static const fault_t faults[] = {
    {"json", UNREADABLE, ANY_CONNECTION, AS_TEXT, USUAL_BYTES, write_json},
    {"truncated", UNREADABLE, SUBSCRIBED_CONNECTION, AS_TEXT, USUAL_BYTES, write_truncated},
    {"type", READABLE, SUBSCRIBED_CONNECTION, AS_TEXT, USUAL_BYTES, write_type},
    {"missing", READABLE, SUBSCRIBED_CONNECTION, AS_TEXT, USUAL_BYTES, write_missing},
    {"number", TRADE, SUBSCRIBED_CONNECTION, AS_TEXT, USUAL_BYTES, write_number},
    {"longnumber", READABLE, SUBSCRIBED_CONNECTION, AS_TEXT, USUAL_BYTES, write_longnumber},
    {"utf8", UNREADABLE, SUBSCRIBED_CONNECTION, AS_TEXT, USUAL_BYTES, write_utf8},
    {"binary", UNREADABLE, ANY_CONNECTION, AS_BINARY, USUAL_BYTES, write_binary},
    {"huge", READABLE, ANY_CONNECTION, AS_TEXT, HUGE_BYTES, write_huge},
    {"fragmented", TRADE, SUBSCRIBED_CONNECTION, AS_FRAGMENTS, USUAL_BYTES, write_trade},
    {"unknown_event", READABLE, ANY_CONNECTION, AS_TEXT, USUAL_BYTES, write_unknown_event},
    {"unknown_symbol", READABLE, SUBSCRIBED_CONNECTION, AS_TEXT, USUAL_BYTES, write_unknown_symbol},
    {"escaped", TRADE, SUBSCRIBED_CONNECTION, AS_TEXT, USUAL_BYTES, write_escaped},
    {"nested", READABLE, ANY_CONNECTION, AS_TEXT, 2 * NESTED_LEVELS + USUAL_BYTES, write_nested},
};

const fault_t *fault_find(const char *kind)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (strcmp(faults[i].kind, kind) == 0)
            return &faults[i];
    return NULL;
}

const char *fault_kinds(void)
{
    return "json, truncated, type, missing, number, longnumber, utf8, binary, huge, fragmented, unknown_event, unknown_symbol, "
           "escaped or nested";
}

/* --- sending it -------------------------------------------------------------------------------------------------- */

/* The fault's line; a TRADE has one of its own behind it. */
static void record(const fault_t *self, sim_exchange_t *exchange, const sim_connection_t *connection, uint64_t seqnum,
                   const trade_fields_t *trade, size_t symbol)
{
    char details[256];
    text_writer_t out = writer_on(details, sizeof details);
    writer_text(&out, "\"kind\":\"");
    writer_text(&out, self->kind);
    writer_text(&out, "\"");
    if (self->effect != UNREADABLE) {
        writer_text(&out, ",\"seqnum\":");
        writer_unsigned(&out, seqnum);
    }
    if (self->audience == SUBSCRIBED_CONNECTION) {
        writer_text(&out, ",\"trade_id\":\"");
        writer_text(&out, trade->trade_id);
        writer_text(&out, "\"");
    }
    ledger_event(exchange_ledger(exchange), "fault", connection_id(connection), writer_string(&out));
    if (self->effect == TRADE) {
        sim_trade_t made = {.symbol = symbol};
        text_writer_t text = writer_on(made.text, sizeof made.text);
        trade_write(&text, trade);
        made.length = writer_length(&text);
        ledger_trade(exchange_ledger(exchange), "trade", connection_id(connection), seqnum, &made);
    }
}

static bool send_as(form_t form, sim_connection_t *connection, const text_writer_t *message)
{
    switch (form) {
    case AS_TEXT:
        return connection_send(connection, FRAME_TEXT, message->start, writer_length(message));
    case AS_BINARY:
        return connection_send(connection, FRAME_BINARY, message->start, writer_length(message));
    case AS_FRAGMENTS:
        return connection_send_fragments(connection, message->start, writer_length(message));
    }
    return false;
}

bool fault_send(const fault_t *self, sim_exchange_t *exchange, sim_connection_t *connection, uint64_t trade_ids)
{
    const size_t symbol = connection_first_symbol(connection);
    if (!connection_takes_messages(connection) || (self->audience == SUBSCRIBED_CONNECTION && symbol == SYMBOL_NONE))
        return false;
    char *buffer = malloc(self->capacity);
    if (!buffer)
        return false;
    char timestamp_text[32], id_text[32];
    text_writer_t timestamp = writer_on(timestamp_text, sizeof timestamp_text), id = writer_on(id_text, sizeof id_text);
    writer_timestamp(&timestamp, clock_real_ns());
    writer_unsigned(&id, trade_ids + (symbol == SYMBOL_NONE ? 0 : symbol));
    trade_fields_t trade = {.symbol = symbol == SYMBOL_NONE ? "" : exchange_symbols(exchange)->names[symbol],
                            .timestamp = writer_string(&timestamp),
                            .side = "buy",
                            .qty = "0.25",
                            .price = "1234.50",
                            .trade_id = writer_string(&id)};

    const uint64_t seqnum = connection_seqnum(connection);
    text_writer_t message = writer_on(buffer, self->capacity);
    self->write(&message, seqnum, &trade, exchange_random(exchange));
    if (self->effect != UNREADABLE)
        connection_take_seqnum(connection);
    const bool sent = send_as(self->form, connection, &message);
    if (sent)
        record(self, exchange, connection, seqnum, &trade, symbol);
    free(buffer);
    return sent;
}
