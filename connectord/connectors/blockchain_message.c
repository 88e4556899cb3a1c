#include "connectord/connectors/blockchain_message.h"

#include "common/decimal.h"
#include "common/json/json.h"

#include <stdarg.h>
#include <stdio.h>

/* What a member held. */
enum { ABSENT, STRING, NUMBER, OTHER };
static const char *const kind_names[] = {"nothing", "a string", "a number", "another type"};

typedef enum { SEQNUM, EVENT, CHANNEL, SYMBOL, TIMESTAMP, SIDE, QTY, PRICE, TRADE_ID, WHY } message_field_t;

/* In the order of message_field_t, which is the one in which the exchange sends them. */
static const text_t names[] = {TEXT_CONST("seqnum"),    TEXT_CONST("event"), TEXT_CONST("channel"), TEXT_CONST("symbol"),
                               TEXT_CONST("timestamp"), TEXT_CONST("side"),  TEXT_CONST("qty"),     TEXT_CONST("price"),
                               TEXT_CONST("trade_id"),  TEXT_CONST("text")};
_Static_assert(sizeof names / sizeof *names == BLOCKCHAIN_FIELDS, "a name for each field");

static bool wrong(blockchain_message_t *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The first mistake counts: what follows from it would only mislead. */
static bool wrong(blockchain_message_t *self, const char *format, ...)
{
    if (self->reason[0] != '\0')
        return false;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(self->reason, sizeof self->reason, format, arguments);
    va_end(arguments);
    return false;
}

static text_t text_in(const blockchain_message_t *self, message_field_t field)
{
    return self->fields[field].text;
}

/* The meaning of a raw string. One with more escapes than there is room for can't be ours. */
static bool unescape(blockchain_message_t *self, text_t raw, text_t *content)
{
    bool plain = memchr(raw.at, '\\', raw.length) == NULL;
    if (!plain && raw.length > sizeof self->unescaped - self->unescaped_length)
        return false;
    if (!json_string(raw, self->unescaped + self->unescaped_length, content))
        return false;
    self->unescaped_length += plain ? 0 : content->length;
    return true;
}

/* BLOCKCHAIN_FIELDS for an unknown name. likely: where to look first. */
static size_t find_field(blockchain_message_t *self, const json_walk_t *walk, size_t likely)
{
    text_t key = walk->key;
    size_t used = self->unescaped_length;
    if (!walk->plain_key && !unescape(self, (text_t){key.at - 1, key.length + 2}, &key)) /* it stands between its quotes */
        return BLOCKCHAIN_FIELDS;
    self->unescaped_length = used; /* it is only compared */
    if (likely < BLOCKCHAIN_FIELDS && text_equal(key, names[likely]))
        return likely;
    size_t field = 0;
    while (field < BLOCKCHAIN_FIELDS && !text_equal(key, names[field]))
        field++;
    return field;
}

static void take_value(blockchain_message_t *self, size_t field, const json_walk_t *walk)
{
    text_t raw = walk->value;
    json_kind_t kind = json_kind(raw);
    self->fields[field].kind = kind == JSON_NUMBER ? NUMBER : OTHER;
    self->fields[field].text = raw;
    if (kind != JSON_STRING)
        return;
    if (walk->plain)
        self->fields[field].text = (text_t){raw.at + 1, raw.length - 2};
    if (walk->plain || unescape(self, raw, &self->fields[field].text))
        self->fields[field].kind = STRING;
}

/* Finds the members that have a name of ours. False when it is no valid object. */
static bool scan(blockchain_message_t *self, text_t json)
{
    json_walk_t walk = json_walk(json);
    for (size_t likely = 0; walk.object && json_next(&walk);) {
        size_t field = find_field(self, &walk, likely);
        if (field == BLOCKCHAIN_FIELDS)
            continue;
        likely = field + 1;
        if (self->fields[field].kind != ABSENT)
            wrong(self, "%s: expected once, found twice", names[field].at);
        take_value(self, field, &walk);
    }
    return json_closed(&walk);
}

static bool expect(blockchain_message_t *self, message_field_t field, char kind)
{
    char found = self->fields[field].kind;
    if (found == ABSENT)
        return wrong(self, "%s: missing", names[field].at);
    if (found != kind)
        return wrong(self, "%s: expected %s, found %s", names[field].at, kind_names[(int)kind], kind_names[(int)found]);
    return true;
}

/* Optional, but not of another type. */
static bool expect_string_or_none(blockchain_message_t *self, message_field_t field)
{
    return self->fields[field].kind == ABSENT || expect(self, field, STRING);
}

static bool read_seqnum(blockchain_message_t *self)
{
    if (!expect(self, SEQNUM, NUMBER))
        return false;
    self->has_seqnum = text_to_u64(text_in(self, SEQNUM), &self->seqnum);
    if (!self->has_seqnum)
        return wrong(self, "seqnum: expected a whole number, found %.*s", TEXT_ARG(text_in(self, SEQNUM)));
    return true;
}

/* A text, or a whole number, whose digits are the id then. */
static bool read_id(blockchain_message_t *self)
{
    if (self->fields[TRADE_ID].kind != NUMBER)
        return expect(self, TRADE_ID, STRING);
    text_t id = text_in(self, TRADE_ID);
    for (size_t i = 0; i < id.length; i++)
        if (id.at[i] == '.' || id.at[i] == 'e' || id.at[i] == 'E')
            return wrong(self, "trade_id: expected a string or a whole number, found %.*s", TEXT_ARG(id));
    return true;
}

static bool read_side(blockchain_message_t *self)
{
    text_t side = text_in(self, SIDE);
    bool buy = text_equal(side, TEXT("buy"));
    if (!buy && !text_equal(side, TEXT("sell")))
        return wrong(self, "side: expected buy or sell, found \"%.*s\"", TEXT_ARG(side));
    self->trade.side = buy ? SIDE_BUY : SIDE_SELL;
    return true;
}

static bool read_trade(blockchain_message_t *self)
{
    if (!expect(self, SYMBOL, STRING) || !expect(self, TIMESTAMP, STRING) || !expect(self, SIDE, STRING) ||
        !expect(self, QTY, NUMBER) || !expect(self, PRICE, NUMBER) || !read_id(self) || !read_side(self))
        return false;
    trade_t trade = {
        .seqnum = self->seqnum,
        .symbol = text_in(self, SYMBOL),
        .timestamp = text_in(self, TIMESTAMP),
        .side = self->trade.side,
        .qty = text_in(self, QTY),
        .price = text_in(self, PRICE),
        .id = text_in(self, TRADE_ID),
        .source = TEXT("-"), /* not ours to know; any valid one does for the check */
    };
    const char *member;
    if (!trade_valid(&trade, &member)) {
        message_field_t field = SYMBOL;
        while (field < TRADE_ID && strcmp(names[field].at, member) != 0)
            field++; /* tradeId is on our wire what trade_id is on theirs: the last */
        return wrong(self, "%s: invalid, found %.*s", names[field].at, TEXT_ARG(text_in(self, field)));
    }
    trade.source = (text_t){0};
    self->trade = trade;
    self->kind = BLOCKCHAIN_TRADE;
    return true;
}

static bool read_trades_event(blockchain_message_t *self, text_t event)
{
    if (text_equal(event, TEXT("updated")))
        return read_trade(self);
    if (text_equal(event, TEXT("snapshot"))) {
        bool empty =
            self->fields[QTY].kind == ABSENT && self->fields[PRICE].kind == ABSENT && self->fields[TRADE_ID].kind == ABSENT;
        return empty || read_trade(self);
    }
    bool subscribed = text_equal(event, TEXT("subscribed"));
    if (!subscribed && !text_equal(event, TEXT("unsubscribed")))
        return wrong(self, "event: expected updated, snapshot, subscribed, unsubscribed or rejected, found \"%.*s\"",
                     TEXT_ARG(event));
    self->kind = subscribed ? BLOCKCHAIN_SUBSCRIBED : BLOCKCHAIN_UNSUBSCRIBED;
    return expect(self, SYMBOL, STRING);
}

/* What is null is not there. */
static void drop_null(blockchain_message_t *self, message_field_t field)
{
    if (self->fields[field].kind == OTHER && json_kind(text_in(self, field)) == JSON_NULL) {
        self->fields[field].kind = ABSENT;
        self->fields[field].text = (text_t){0};
    }
}

static bool read_rejected(blockchain_message_t *self)
{
    static const message_field_t optional[] = {SEQNUM, CHANNEL, SYMBOL, WHY};
    for (size_t i = 0; i < sizeof optional / sizeof *optional; i++)
        drop_null(self, optional[i]);
    if (!expect_string_or_none(self, CHANNEL) || !expect_string_or_none(self, SYMBOL) || !expect_string_or_none(self, WHY))
        return false;
    self->text = text_in(self, WHY);
    if (self->text.length > BLOCKCHAIN_TEXT_MAX)
        self->text.length = BLOCKCHAIN_TEXT_MAX;
    self->kind = BLOCKCHAIN_REJECTED;
    return self->fields[SEQNUM].kind == ABSENT || read_seqnum(self);
}

static bool read_message(blockchain_message_t *self)
{
    if (self->reason[0] != '\0')
        return false; /* a member that is there twice */
    text_t event = text_in(self, EVENT);
    if (self->fields[EVENT].kind == STRING && text_equal(event, TEXT("rejected")))
        return read_rejected(self);
    if (!expect(self, EVENT, STRING) || !expect(self, CHANNEL, STRING) || !read_seqnum(self))
        return false;
    return !text_equal(text_in(self, CHANNEL), TEXT("trades")) || read_trades_event(self, event);
}

bool blockchain_message_read(blockchain_message_t *self, text_t json)
{
    self->kind = BLOCKCHAIN_OTHER;
    self->has_seqnum = false;
    self->reason[0] = '\0';
    self->unescaped_length = 0;
    memset(self->fields, 0, sizeof self->fields);
    if (!scan(self, json)) {
        self->reason[0] = '\0';
        return wrong(self, json_valid(json) ? "expected an object" : "expected JSON");
    }
    self->has_seqnum = self->fields[SEQNUM].kind == NUMBER && text_to_u64(text_in(self, SEQNUM), &self->seqnum);
    if (!read_message(self))
        return false;
    self->channel = text_in(self, CHANNEL);
    self->symbol = text_in(self, SYMBOL);
    return true;
}
