#include "connectord/exchanges/binance_message.h"

#include "common/clock.h"
#include "connectord/mapping/epoch_time.h"

enum { MS_DIGITS = 13, US_DIGITS = 16 }; /* of a time between 2001 and 2286 */

/* In the order in which the exchange sends them. */
enum { STREAM, DATA, ERROR, CODE, MESSAGE, RESULT, REQUEST, OUTER };
static const text_t outer_names[OUTER] = {TEXT_CONST("stream"), TEXT_CONST("data"),   TEXT_CONST("error"), TEXT_CONST("code"),
                                          TEXT_CONST("msg"),    TEXT_CONST("result"), TEXT_CONST("id")};

enum { KIND, SYMBOL, TRADE_ID, PRICE, QTY, TIME, MAKER, UPDATE, LAST_UPDATE, EVENT };
static const text_t event_names[EVENT] = {TEXT_CONST("e"), TEXT_CONST("s"), TEXT_CONST("t"),
                                          TEXT_CONST("p"), TEXT_CONST("q"), TEXT_CONST("T"),
                                          TEXT_CONST("m"), TEXT_CONST("u"), TEXT_CONST("lastUpdateId")};

static bool has(const fields_t *fields, size_t field)
{
    return fields_kind(fields, field) != FIELD_ABSENT;
}

bool binance_id_read(text_t text, uint64_t *id)
{
    return text_to_u64(text, id) && *id >= 1 && *id <= INT64_MAX;
}

size_t binance_time_print(char out[static TIMESTAMP_MAX], text_t count, int64_t *ns)
{
    int digits;
    uint64_t whole; /* it has no fraction */
    if ((count.length != MS_DIGITS && count.length != US_DIGITS) || count.at[0] == '0' || !text_to_u64(count, &whole))
        return 0;
    int64_t unit_ns = count.length == MS_DIGITS ? NS_PER_MS : NS_PER_US;
    return epoch_time_parse(count, unit_ns, ns, &digits) ? timestamp_print(out, *ns, digits) : 0;
}

size_t binance_name_print(char out[static SYMBOL_MAX], text_t symbol)
{
    size_t length = 0;
    for (size_t i = 0; i < symbol.length && length < SYMBOL_MAX; i++) {
        char c = symbol.at[i];
        if (c != '-')
            out[length++] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    return length;
}

static bool read_id(binance_message_t *self)
{
    uint64_t id;
    text_t text = fields_text(&self->event, TRADE_ID);
    if (!fields_expect(&self->event, TRADE_ID, FIELD_NUMBER))
        return false;
    return binance_id_read(text, &id) ||
           fields_wrong(&self->event, "t: expected a whole number from 1 to 2^63-1, found %.*s", TEXT_ARG(text));
}

static bool read_time(binance_message_t *self)
{
    int64_t ns;
    text_t count = fields_text(&self->event, TIME);
    if (!fields_expect(&self->event, TIME, FIELD_NUMBER))
        return false;
    size_t length = binance_time_print(self->timestamp, count, &ns);
    self->trade.timestamp = (text_t){self->timestamp, length};
    return length > 0 || fields_wrong(&self->event, "T: expected ms or \xC2\xB5s since 1970, found %.*s", TEXT_ARG(count));
}

static bool read_side(binance_message_t *self)
{
    text_t maker = fields_text(&self->event, MAKER);
    bool is_true = text_equal(maker, TEXT("true"));
    if (!fields_expect(&self->event, MAKER, FIELD_OTHER))
        return false;
    self->trade.side = is_true ? SIDE_SELL : SIDE_BUY;
    return is_true || text_equal(maker, TEXT("false")) || fields_wrong(&self->event, "m: expected true or false");
}

static bool read_trade(binance_message_t *self)
{
    fields_t *event = &self->event;
    if (!fields_expect(event, SYMBOL, FIELD_STRING) || !read_id(self) || !fields_expect(event, PRICE, FIELD_STRING) ||
        !fields_expect(event, QTY, FIELD_STRING) || !read_time(self) || !read_side(self))
        return false;
    trade_t trade = {.symbol = TEXT("A-B"), /* this and the source are not ours to know: any valid one does for the check */
                     .source = TEXT("-"),
                     .timestamp = self->trade.timestamp,
                     .side = self->trade.side,
                     .qty = fields_text(event, QTY),
                     .price = fields_text(event, PRICE),
                     .id = fields_text(event, TRADE_ID)};
    const char *member;
    if (!trade_valid(&trade, &member)) {
        size_t field = member[0] == 'q' ? QTY : PRICE; /* all else has been checked */
        return fields_wrong(event, "%s: expected a decimal, found \"%.*s\"", event_names[field].at,
                            TEXT_ARG(fields_text(event, field)));
    }
    trade.symbol = trade.source = (text_t){0};
    self->trade = trade;
    self->symbol = fields_text(event, SYMBOL);
    self->kind = BINANCE_TRADE;
    return true;
}

static bool read_event(binance_message_t *self)
{
    fields_t *event = &self->event;
    if (!has(event, KIND) && (has(event, UPDATE) || has(event, LAST_UPDATE)))
        return true; /* a book */
    if (!fields_expect(event, KIND, FIELD_STRING))
        return false;
    if (text_equal(fields_text(event, KIND), TEXT("trade")))
        return read_trade(self);
    if (text_equal(fields_text(event, KIND), TEXT("serverShutdown")))
        self->kind = BINANCE_SHUTDOWN;
    return true;
}

/* What `event` holds now. */
static bool read_data(binance_message_t *self)
{
    return (self->event.reason[0] == '\0' && read_event(self)) || fields_wrong(&self->outer, "%s", self->event.reason);
}

static bool read_combined(binance_message_t *self)
{
    fields_t *outer = &self->outer;
    if (!fields_expect(outer, STREAM, FIELD_STRING) || !fields_expect(outer, DATA, FIELD_OTHER))
        return false;
    text_t data = fields_text(outer, DATA);
    json_kind_t kind = json_kind(data);
    if (kind == JSON_ARRAY)
        return true; /* of all markets at once */
    return kind == JSON_OBJECT ? read_data(self) : fields_wrong(outer, "data: expected an object");
}

static bool read_number(binance_message_t *self)
{
    fields_drop_null(&self->outer, REQUEST);
    self->numbered = has(&self->outer, REQUEST);
    return !self->numbered || fields_u64(&self->outer, REQUEST, &self->request);
}

/* What `error` holds says what stands here otherwise. */
static bool read_refusal(binance_message_t *self)
{
    fields_t *outer = &self->outer, *fields = outer;
    if (has(outer, ERROR)) {
        fields = &self->event;
        if (!fields_read(fields, outer_names, OUTER, fields_text(outer, ERROR)))
            return fields_wrong(outer, "error: %s", fields->reason);
    }
    if (!fields_expect(fields, CODE, FIELD_NUMBER) || !fields_expect(fields, MESSAGE, FIELD_STRING))
        return fields_wrong(outer, "error: %s", fields->reason);
    self->text = text_cut(fields_text(fields, MESSAGE), BINANCE_TEXT_MAX);
    self->kind = BINANCE_REFUSED;
    return read_number(self);
}

/* What else it answers is a property, or a list. */
static bool read_result(binance_message_t *self)
{
    fields_drop_null(&self->outer, RESULT);
    self->kind = has(&self->outer, RESULT) ? BINANCE_OTHER : BINANCE_GRANTED;
    return read_number(self);
}

bool binance_message_read(binance_message_t *self, text_t json)
{
    fields_t *outer = &self->outer;
    const fields_inner_t data = {.field = DATA, .names = event_names, .count = EVENT, .fields = &self->event};
    self->kind = BINANCE_OTHER;
    if (!fields_read_with(outer, outer_names, OUTER, &data, json))
        return false;
    fields_drop_null(outer, ERROR);
    if (has(outer, STREAM) || has(outer, DATA))
        return read_combined(self);
    if (has(outer, ERROR) || has(outer, CODE))
        return read_refusal(self);
    if (has(outer, RESULT))
        return read_result(self);
    fields_read(&self->event, event_names, EVENT, json);
    return read_data(self);
}
