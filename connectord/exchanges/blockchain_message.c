#include "connectord/exchanges/blockchain_message.h"

typedef enum { SEQNUM, EVENT, CHANNEL, SYMBOL, TIMESTAMP, SIDE, QTY, PRICE, TRADE_ID, WHY, FIELDS } message_field_t;

/* In the order of message_field_t, which is the one in which the exchange sends them. */
static const text_t names[FIELDS] = {TEXT_CONST("seqnum"),    TEXT_CONST("event"), TEXT_CONST("channel"), TEXT_CONST("symbol"),
                                     TEXT_CONST("timestamp"), TEXT_CONST("side"),  TEXT_CONST("qty"),     TEXT_CONST("price"),
                                     TEXT_CONST("trade_id"),  TEXT_CONST("text")};

static text_t text_in(const blockchain_message_t *self, message_field_t field)
{
    return fields_text(&self->fields, field);
}

static bool is_absent(const blockchain_message_t *self, message_field_t field)
{
    return fields_kind(&self->fields, field) == FIELD_ABSENT;
}

static bool read_seqnum(blockchain_message_t *self)
{
    return self->has_seqnum = fields_u64(&self->fields, SEQNUM, &self->seqnum);
}

static bool read_side(blockchain_message_t *self)
{
    text_t side = text_in(self, SIDE);
    bool buy = text_equal(side, TEXT("buy"));
    if (!buy && !text_equal(side, TEXT("sell")))
        return fields_wrong(&self->fields, "side: expected buy or sell, found \"%.*s\"", TEXT_ARG(side));
    self->trade.side = buy ? SIDE_BUY : SIDE_SELL;
    return true;
}

static bool has_trade_fields(blockchain_message_t *self)
{
    fields_t *fields = &self->fields;
    return fields_expect(fields, SYMBOL, FIELD_STRING) && fields_expect(fields, TIMESTAMP, FIELD_STRING) &&
           fields_expect(fields, SIDE, FIELD_STRING) && fields_expect(fields, QTY, FIELD_NUMBER) &&
           fields_expect(fields, PRICE, FIELD_NUMBER) && fields_expect_id(fields, TRADE_ID) && read_side(self);
}

static bool read_trade(blockchain_message_t *self)
{
    if (!has_trade_fields(self))
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
        return fields_wrong(&self->fields, "%s: invalid, found %.*s", names[field].at, TEXT_ARG(text_in(self, field)));
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
        bool empty = is_absent(self, QTY) && is_absent(self, PRICE) && is_absent(self, TRADE_ID);
        return empty || read_trade(self);
    }
    bool subscribed = text_equal(event, TEXT("subscribed"));
    if (!subscribed && !text_equal(event, TEXT("unsubscribed")))
        return fields_wrong(&self->fields,
                            "event: expected updated, snapshot, subscribed, unsubscribed or rejected, found \"%.*s\"",
                            TEXT_ARG(event));
    self->kind = subscribed ? BLOCKCHAIN_SUBSCRIBED : BLOCKCHAIN_UNSUBSCRIBED;
    return fields_expect(&self->fields, SYMBOL, FIELD_STRING);
}

static bool read_rejected(blockchain_message_t *self)
{
    static const message_field_t optional[] = {SEQNUM, CHANNEL, SYMBOL, WHY};
    fields_t *fields = &self->fields;
    for (size_t i = 0; i < sizeof optional / sizeof *optional; i++)
        fields_drop_null(fields, optional[i]);
    if (!fields_expect_or_none(fields, CHANNEL, FIELD_STRING) || !fields_expect_or_none(fields, SYMBOL, FIELD_STRING) ||
        !fields_expect_or_none(fields, WHY, FIELD_STRING))
        return false;
    self->text = text_cut(text_in(self, WHY), BLOCKCHAIN_TEXT_MAX);
    self->kind = BLOCKCHAIN_REJECTED;
    return is_absent(self, SEQNUM) || read_seqnum(self);
}

static bool read_message(blockchain_message_t *self)
{
    fields_t *fields = &self->fields;
    if (fields_is(fields, EVENT, TEXT("rejected")))
        return read_rejected(self);
    if (!fields_expect(fields, EVENT, FIELD_STRING) || !fields_expect(fields, CHANNEL, FIELD_STRING) || !read_seqnum(self))
        return false;
    return !text_equal(text_in(self, CHANNEL), TEXT("trades")) || read_trades_event(self, text_in(self, EVENT));
}

bool blockchain_message_read(blockchain_message_t *self, text_t json)
{
    self->kind = BLOCKCHAIN_OTHER;
    bool read = fields_read(&self->fields, names, FIELDS, json);
    self->has_seqnum = fields_kind(&self->fields, SEQNUM) == FIELD_NUMBER && text_to_u64(text_in(self, SEQNUM), &self->seqnum);
    if (!read || !read_message(self))
        return false;
    self->channel = text_in(self, CHANNEL);
    self->symbol = text_in(self, SYMBOL);
    return true;
}
