#include "connectord/exchanges/kraken_trade.h"

#include "connectord/exchanges/kraken_symbol.h"

typedef enum { SYMBOL, SIDE, PRICE, QTY, TRADE_ID, TIMESTAMP, FIELDS } trade_field_t;

_Static_assert((int)FIELDS == (int)KRAKEN_TRADE_FIELDS, "each has its name");

/* In the order of trade_field_t, which is the one in which the exchange sends them. */
const text_t kraken_trade_names[FIELDS] = {TEXT_CONST("symbol"), TEXT_CONST("side"),     TEXT_CONST("price"),
                                           TEXT_CONST("qty"),    TEXT_CONST("trade_id"), TEXT_CONST("timestamp")};

static text_t text_in(const kraken_trade_t *self, trade_field_t field)
{
    return fields_text(&self->fields, field);
}

static bool has_fields(kraken_trade_t *self)
{
    static const field_kind_t kinds[FIELDS] = {FIELD_STRING, FIELD_STRING, FIELD_NUMBER,
                                               FIELD_NUMBER, FIELD_NUMBER, FIELD_STRING};
    for (size_t field = 0; field < FIELDS; field++)
        if (!fields_expect(&self->fields, field, kinds[field]))
            return false;
    return true;
}

static bool read_symbol(kraken_trade_t *self)
{
    text_t spelling = text_in(self, SYMBOL);
    return kraken_symbol_read(self->spelled, spelling, &self->trade.symbol) ||
           fields_wrong(&self->fields, "symbol: expected BASE/QUOTE, found \"%.*s\"", TEXT_ARG(spelling));
}

static bool read_side(kraken_trade_t *self)
{
    text_t side = text_in(self, SIDE);
    bool buy = text_equal(side, TEXT("buy"));
    if (!buy && !text_equal(side, TEXT("sell")))
        return fields_wrong(&self->fields, "side: expected buy or sell, found \"%.*s\"", TEXT_ARG(side));
    self->trade.side = buy ? SIDE_BUY : SIDE_SELL;
    return true;
}

static bool read_id(kraken_trade_t *self)
{
    if (!fields_u64(&self->fields, TRADE_ID, &self->id))
        return false;
    if (self->id == 0 || self->id > INT64_MAX)
        return fields_wrong(&self->fields, "trade_id: expected 1 to 2^63-1, found %.*s", TEXT_ARG(text_in(self, TRADE_ID)));
    self->trade.id = text_in(self, TRADE_ID);
    return true;
}

static bool is_valid(kraken_trade_t *self)
{
    const char *member;
    self->trade.source = TEXT("-"); /* not ours to know; any valid one does for the check */
    bool valid = trade_valid(&self->trade, &member);
    self->trade.source = (text_t){0};
    for (size_t field = 0; !valid && field < FIELDS; field++)
        if (text_equal(kraken_trade_names[field], text_of(member)))
            return fields_wrong(&self->fields, "%s: invalid, found %.*s", member, TEXT_ARG(text_in(self, field)));
    return valid || fields_wrong(&self->fields, "%s: invalid", member);
}

bool kraken_trade_take(kraken_trade_t *self)
{
    self->trade = (trade_t){0};
    if (self->fields.reason[0] != '\0' || !has_fields(self))
        return false;
    self->trade.timestamp = text_in(self, TIMESTAMP);
    self->trade.qty = text_in(self, QTY);
    self->trade.price = text_in(self, PRICE);
    return read_symbol(self) && read_side(self) && read_id(self) && is_valid(self);
}

bool kraken_trade_read(kraken_trade_t *self, text_t json)
{
    fields_read(&self->fields, kraken_trade_names, FIELDS, json);
    return kraken_trade_take(self);
}
