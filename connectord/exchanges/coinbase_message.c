#include "connectord/exchanges/coinbase_message.h"

typedef enum {
    TYPE,
    TRADE_ID,
    SIDE,
    SIZE,
    PRICE,
    PRODUCT_ID,
    SEQUENCE,
    TIME,
    LAST_TRADE_ID,
    CHANNELS,
    MESSAGE,
    REASON,
    FIELDS
} coinbase_field_t;

/* In the order of coinbase_field_t, which is the one in which the exchange sends them. */
static const text_t names[FIELDS] = {TEXT_CONST("type"),     TEXT_CONST("trade_id"), TEXT_CONST("side"),
                                     TEXT_CONST("size"),     TEXT_CONST("price"),    TEXT_CONST("product_id"),
                                     TEXT_CONST("sequence"), TEXT_CONST("time"),     TEXT_CONST("last_trade_id"),
                                     TEXT_CONST("channels"), TEXT_CONST("message"),  TEXT_CONST("reason")};

static text_t text_in(const coinbase_message_t *self, coinbase_field_t field)
{
    return fields_text(&self->fields, field);
}

/* --- a trade --- */

/* A number from `least` to INT64_MAX. */
static bool read_id(coinbase_message_t *self, coinbase_field_t field, uint64_t least, uint64_t *id)
{
    if (!fields_u64(&self->fields, field, id))
        return false;
    if (*id < least || *id > INT64_MAX)
        return fields_wrong(&self->fields, "%s: expected %llu to 2^63 - 1, found %.*s", names[field].at,
                            (unsigned long long)least, TEXT_ARG(text_in(self, field)));
    return true;
}

static bool read_side(coinbase_message_t *self, side_t *side)
{
    text_t maker = text_in(self, SIDE);
    bool sell = text_equal(maker, TEXT("sell"));
    if (!sell && !text_equal(maker, TEXT("buy")))
        return fields_wrong(&self->fields, "side: expected buy or sell, found \"%.*s\"", TEXT_ARG(maker));
    *side = sell ? SIDE_BUY : SIDE_SELL;
    return true;
}

static bool has_trade_fields(coinbase_message_t *self)
{
    fields_t *fields = &self->fields;
    return read_id(self, TRADE_ID, 1, &self->id) && fields_expect(fields, SIDE, FIELD_STRING) &&
           fields_expect(fields, SIZE, FIELD_STRING) && fields_expect(fields, PRICE, FIELD_STRING) &&
           fields_expect(fields, TIME, FIELD_STRING);
}

/* What a member of our encoding is called there. */
static coinbase_field_t field_of(const char *member)
{
    static const struct {
        const char *member;
        coinbase_field_t field;
    } fields[] = {{"timestamp", TIME}, {"qty", SIZE}, {"price", PRICE}, {"tradeId", TRADE_ID}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strcmp(fields[i].member, member) == 0)
            return fields[i].field;
    return PRODUCT_ID;
}

static bool read_trade_of(coinbase_message_t *self, text_t symbol)
{
    trade_t trade = {.symbol = symbol, .source = TEXT("-") /* not ours to know; any valid one does for the check */};
    bool numbered = fields_kind(&self->fields, SEQUENCE) != FIELD_ABSENT;
    if (!has_trade_fields(self) || !read_side(self, &trade.side) ||
        (numbered && !fields_u64(&self->fields, SEQUENCE, &trade.seqnum)))
        return false;
    trade.timestamp = text_in(self, TIME);
    trade.qty = text_in(self, SIZE);
    trade.price = text_in(self, PRICE);
    trade.id = text_in(self, TRADE_ID);
    const char *member;
    if (!trade_valid(&trade, &member)) {
        coinbase_field_t field = field_of(member);
        return fields_wrong(&self->fields, "%s: invalid, found %.*s", names[field].at, TEXT_ARG(text_in(self, field)));
    }
    trade.source = (text_t){0};
    self->trade = trade;
    return true;
}

/* --- messages by their type --- */

static bool read_symbol(coinbase_message_t *self)
{
    self->symbol = text_in(self, PRODUCT_ID);
    return fields_expect(&self->fields, PRODUCT_ID, FIELD_STRING);
}

static bool read_match(coinbase_message_t *self)
{
    return read_symbol(self) && read_trade_of(self, self->symbol);
}

static bool read_heartbeat(coinbase_message_t *self)
{
    return read_symbol(self) && read_id(self, LAST_TRADE_ID, 0, &self->last_id);
}

static bool are_strings(text_t array)
{
    json_walk_t walk = json_walk(array);
    while (json_next(&walk))
        if (json_kind(walk.value) != JSON_STRING)
            return false;
    return true;
}

/* One of the channels of an answer: only what is said of `matches` is kept. */
static bool read_channel(coinbase_message_t *self, text_t json)
{
    enum { NAME, PRODUCT_IDS, CHANNEL_FIELDS };
    static const text_t channel_names[CHANNEL_FIELDS] = {TEXT_CONST("name"), TEXT_CONST("product_ids")};
    fields_t channel;
    if (!fields_read(&channel, channel_names, CHANNEL_FIELDS, json) || !fields_expect(&channel, NAME, FIELD_STRING))
        return fields_wrong(&self->fields, "channels: %s", channel.reason);
    if (!fields_is(&channel, NAME, TEXT("matches")))
        return true;
    fields_drop_null(&channel, PRODUCT_IDS);
    text_t products = fields_text(&channel, PRODUCT_IDS);
    if (self->products.length > 0)
        return fields_wrong(&self->fields, "channels: matches: expected once, found twice");
    bool array = fields_kind(&channel, PRODUCT_IDS) == FIELD_OTHER && json_kind(products) == JSON_ARRAY;
    if (products.length > 0 && !(array && are_strings(products)))
        return fields_wrong(&self->fields, "channels: product_ids: expected an array of strings");
    self->products = products;
    return true;
}

static bool read_subscriptions(coinbase_message_t *self)
{
    text_t channels = text_in(self, CHANNELS);
    if (!fields_expect(&self->fields, CHANNELS, FIELD_OTHER))
        return false;
    if (json_kind(channels) != JSON_ARRAY)
        return fields_wrong(&self->fields, "channels: expected an array");
    json_walk_t walk = json_walk(channels);
    while (json_next(&walk))
        if (!read_channel(self, walk.value))
            return false;
    return true;
}

static bool read_error(coinbase_message_t *self)
{
    fields_drop_null(&self->fields, MESSAGE);
    fields_drop_null(&self->fields, REASON);
    if (!fields_expect_or_none(&self->fields, MESSAGE, FIELD_STRING) ||
        !fields_expect_or_none(&self->fields, REASON, FIELD_STRING))
        return false;
    text_t reason = text_in(self, REASON);
    self->text = text_cut(reason.length > 0 ? reason : text_in(self, MESSAGE), COINBASE_TEXT_MAX);
    return true;
}

static const struct {
    text_t type;
    coinbase_kind_t kind;
    bool (*read)(coinbase_message_t *self);
} types[] = {{TEXT_CONST("match"), COINBASE_TRADE, read_match},
             {TEXT_CONST("heartbeat"), COINBASE_TAIL, read_heartbeat},
             {TEXT_CONST("last_match"), COINBASE_FORMER, read_match},
             {TEXT_CONST("subscriptions"), COINBASE_SUBSCRIPTIONS, read_subscriptions},
             {TEXT_CONST("error"), COINBASE_ERROR, read_error}};

static bool read_fields(coinbase_message_t *self, text_t json)
{
    self->kind = COINBASE_OTHER;
    self->symbol = self->products = self->text = (text_t){0};
    return fields_read(&self->fields, names, FIELDS, json);
}

bool coinbase_message_read(coinbase_message_t *self, text_t json)
{
    if (!read_fields(self, json) || !fields_expect(&self->fields, TYPE, FIELD_STRING))
        return false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (!fields_is(&self->fields, TYPE, types[i].type))
            continue;
        self->kind = types[i].kind;
        return types[i].read(self);
    }
    return true;
}

bool coinbase_message_read_trade(coinbase_message_t *self, text_t symbol, text_t json)
{
    if (!read_fields(self, json) || !read_trade_of(self, symbol))
        return false;
    self->kind = COINBASE_TRADE;
    self->symbol = symbol;
    return true;
}

bool coinbase_message_next_product(json_walk_t *products, char room[static COINBASE_PRODUCT_RAW_MAX], text_t *product)
{
    while (json_next(products))
        if (products->value.length <= COINBASE_PRODUCT_RAW_MAX && json_string(products->value, room, product))
            return true;
    return false;
}
