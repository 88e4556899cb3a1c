#include "connectord/exchanges/kraken_message.h"

#include "common/array.h"
#include "connectord/exchanges/kraken_symbol.h"

#include <stdlib.h>

typedef enum { CHANNEL, TYPE, DATA, WHY, METHOD, REQUEST, RESULT, SUCCESS, SYMBOL, BARE_WHY, FIELDS } kraken_field_t;

/* In the order of kraken_field_t, which is the one in which the exchange sends them. */
static const text_t names[FIELDS] = {TEXT_CONST("channel"), TEXT_CONST("type"),   TEXT_CONST("data"),   TEXT_CONST("error"),
                                     TEXT_CONST("method"),  TEXT_CONST("req_id"), TEXT_CONST("result"), TEXT_CONST("success"),
                                     TEXT_CONST("symbol"),  TEXT_CONST("Error")};

static text_t text_in(const kraken_message_t *self, kraken_field_t field)
{
    return fields_text(&self->fields, field);
}

static bool is_absent(const kraken_message_t *self, kraken_field_t field)
{
    return fields_kind(&self->fields, field) == FIELD_ABSENT;
}

static bool expect_json(fields_t *fields, size_t field, json_kind_t kind, const char *wanted)
{
    if (fields_kind(fields, field) == FIELD_OTHER && json_kind(fields_text(fields, field)) == kind)
        return true;
    text_t name = fields->names[field];
    if (fields_kind(fields, field) == FIELD_ABSENT)
        return fields_wrong(fields, "%.*s: missing", TEXT_ARG(name));
    return fields_wrong(fields, "%.*s: expected %s, found %.*s", TEXT_ARG(name), wanted,
                        TEXT_ARG(text_cut(fields_text(fields, field), KRAKEN_TEXT_MAX)));
}

/* --- trades --- */

/* One of `data` has been read. What has escapes stands in memory that the next one needs: it is read once more in its turn, as are those that are to say
 * what is wrong with them. */
static void keep_trade(void *arg, text_t json)
{
    kraken_message_t *self = arg;
    const kraken_trade_t *trade = &self->trade;
    if (!ARRAY_RESERVE(&self->trades, &self->trade_room, self->trade_count + 1, KRAKEN_TRADES_MAX)) {
        self->trades_lost = true;
        return;
    }
    kraken_kept_trade_t *kept = &self->trades[self->trade_count++];
    bool good = kraken_trade_take(&self->trade);
    kept->json = json;
    kept->id = good ? trade->id : 0;
    kept->read = good && trade->fields.unescaped_length == 0;
    if (!kept->read)
        return;
    kept->trade = trade->trade;
    memcpy(kept->spelled, trade->spelled, trade->trade.symbol.length);
}

trade_t *kraken_message_trade(kraken_message_t *self, size_t number)
{
    kraken_kept_trade_t *kept = &self->trades[number];
    if (!kept->read)
        return kraken_trade_read(&self->trade, kept->json) ? &self->trade.trade : NULL;
    kept->trade.symbol.at = kept->spelled;
    return &kept->trade;
}

/* --- channels --- */

static bool read_trades(kraken_message_t *self)
{
    self->snapshot = fields_is(&self->fields, TYPE, TEXT("snapshot"));
    if (!fields_expect(&self->fields, TYPE, FIELD_STRING) || !expect_json(&self->fields, DATA, JSON_ARRAY, "an array"))
        return false;
    if (!self->snapshot && !fields_is(&self->fields, TYPE, TEXT("update")))
        return fields_wrong(&self->fields, "type: expected snapshot or update, found \"%.*s\"", TEXT_ARG(text_in(self, TYPE)));
    if (self->trades_lost)
        return fields_wrong(&self->fields, "data: more than %d trades, or no memory for them", KRAKEN_TRADES_MAX);
    self->kind = KRAKEN_TRADES;
    return true;
}

static bool read_status(kraken_message_t *self)
{
    static const text_t system[] = {TEXT_CONST("system")};
    if (!expect_json(&self->fields, DATA, JSON_ARRAY, "an array"))
        return false;
    json_walk_t walk = json_walk(text_in(self, DATA));
    if (!json_next(&walk))
        return true; /* says nothing */
    if (!fields_read(&self->inner, system, 1, walk.value) || !fields_expect(&self->inner, 0, FIELD_STRING))
        return fields_wrong(&self->fields, "data: %s", self->inner.reason);
    self->system = text_cut(fields_text(&self->inner, 0), KRAKEN_TEXT_MAX);
    self->kind = KRAKEN_STATUS;
    return true;
}

static bool read_channel(kraken_message_t *self)
{
    if (!fields_expect(&self->fields, CHANNEL, FIELD_STRING))
        return false;
    if (fields_is(&self->fields, CHANNEL, TEXT("trade")))
        return read_trades(self);
    return !fields_is(&self->fields, CHANNEL, TEXT("status")) || read_status(self);
}

/* --- answers --- */

/* What is no symbol's spelling stays as it is: nobody has asked for it. */
static void take_symbol(kraken_message_t *self, text_t spelling)
{
    if (!kraken_symbol_read(self->spelled, spelling, &self->symbol))
        self->symbol = text_cut(spelling, SYMBOL_MAX);
}

/* The parameters of what was done. Those of other channels are not ours. */
static bool read_result(kraken_message_t *self)
{
    enum { RESULT_CHANNEL, RESULT_SYMBOL, RESULT_FIELDS };
    static const text_t result[RESULT_FIELDS] = {TEXT_CONST("channel"), TEXT_CONST("symbol")};
    fields_t *inner = &self->inner;
    if (!expect_json(&self->fields, RESULT, JSON_OBJECT, "an object"))
        return false;
    if (!fields_read(inner, result, RESULT_FIELDS, text_in(self, RESULT)) ||
        !fields_expect(inner, RESULT_CHANNEL, FIELD_STRING) || !fields_expect(inner, RESULT_SYMBOL, FIELD_STRING))
        return fields_wrong(&self->fields, "result: %s", inner->reason);
    take_symbol(self, fields_text(inner, RESULT_SYMBOL));
    if (fields_is(inner, RESULT_CHANNEL, TEXT("trade")))
        self->kind = KRAKEN_ANSWER;
    return true;
}

static bool read_refusal(kraken_message_t *self, kraken_field_t why)
{
    if (!fields_expect_or_none(&self->fields, why, FIELD_STRING) || !fields_expect_or_none(&self->fields, SYMBOL, FIELD_STRING))
        return false;
    self->text = text_cut(text_in(self, why), KRAKEN_TEXT_MAX);
    take_symbol(self, text_in(self, SYMBOL));
    self->kind = KRAKEN_ANSWER;
    return true;
}

static bool read_success(kraken_message_t *self)
{
    json_kind_t kind = json_kind(text_in(self, SUCCESS));
    bool told = fields_kind(&self->fields, SUCCESS) == FIELD_OTHER && (kind == JSON_TRUE || kind == JSON_FALSE);
    self->success = told && kind == JSON_TRUE;
    if (told || (is_absent(self, SUCCESS) && !is_absent(self, WHY)))
        return true;
    return is_absent(self, SUCCESS)
               ? fields_wrong(&self->fields, "success: missing")
               : fields_wrong(&self->fields, "success: expected true or false, found %.*s", TEXT_ARG(text_in(self, SUCCESS)));
}

static bool read_answer(kraken_message_t *self)
{
    self->subscribe = fields_is(&self->fields, METHOD, TEXT("subscribe"));
    self->numbered = !is_absent(self, REQUEST);
    if ((self->numbered && !fields_u64(&self->fields, REQUEST, &self->request)) || !read_success(self))
        return false;
    return self->success ? read_result(self) : read_refusal(self, WHY);
}

static bool read_method(kraken_message_t *self)
{
    fields_t *fields = &self->fields;
    if (!fields_expect(fields, METHOD, FIELD_STRING))
        return false;
    if (fields_is(fields, METHOD, TEXT("pong")) || fields_is(fields, METHOD, TEXT("ping")))
        self->kind = KRAKEN_PONG;
    return (!fields_is(fields, METHOD, TEXT("subscribe")) && !fields_is(fields, METHOD, TEXT("unsubscribe"))) ||
           read_answer(self);
}

/* Neither a channel nor a method: what could not even be read, or came too fast, is refused so. */
static bool read_bare(kraken_message_t *self)
{
    self->subscribe = true;
    self->numbered = !is_absent(self, REQUEST);
    if (self->numbered && !fields_u64(&self->fields, REQUEST, &self->request))
        return false;
    if (is_absent(self, WHY) && is_absent(self, BARE_WHY))
        return fields_wrong(&self->fields, "channel: missing");
    return read_refusal(self, is_absent(self, WHY) ? BARE_WHY : WHY);
}

bool kraken_message_read(kraken_message_t *self, text_t json)
{
    static const kraken_field_t optional[] = {WHY, REQUEST, RESULT, SUCCESS, SYMBOL, BARE_WHY};
    const fields_inner_t trades = {.field = DATA,
                                   .names = kraken_trade_names,
                                   .count = KRAKEN_TRADE_FIELDS,
                                   .fields = &self->trade.fields,
                                   .found = keep_trade,
                                   .arg = self};
    self->kind = KRAKEN_OTHER;
    self->symbol = self->text = self->system = (text_t){0};
    self->snapshot = self->subscribe = self->success = self->numbered = self->trades_lost = false;
    self->trade_count = 0;
    if (!fields_read_with(&self->fields, names, FIELDS, &trades, json))
        return false;
    for (size_t i = 0; i < sizeof optional / sizeof *optional; i++)
        fields_drop_null(&self->fields, optional[i]);
    if (!is_absent(self, CHANNEL))
        return read_channel(self);
    return is_absent(self, METHOD) ? read_bare(self) : read_method(self);
}

void kraken_message_release(kraken_message_t *self)
{
    free(self->trades);
    self->trades = NULL;
    self->trade_count = self->trade_room = 0;
}
