#include "connectord/mapping/reading.h"

#include "common/json/json.h"
#include "common/numbers/decimal.h"
#include "connectord/mapping/compact.h"
#include "connectord/mapping/epoch_time.h"

#include <stdarg.h>
#include <stdio.h>

enum { YEAR_2000_S = 946684800 };

void reading_set_reason(reading_t *self, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(self->reason, sizeof self->reason, format, arguments);
    va_end(arguments);
}

/* False, as whoever finds something wrong returns. */
#define wrong(...) (reading_set_reason(__VA_ARGS__), false)

#define FOUND_ARG(raw) TEXT_ARG(text_cut((raw), READING_FOUND_MAX))

static bool missing(reading_t *self, const rule_field_t *field)
{
    return wrong(self, "%s (%.*s): missing", READING_FIELD_ARG(field));
}

bool reading_unexpected(reading_t *self, const rule_field_t *field, const char *expected, text_t found)
{
    return wrong(self, "%s (%.*s): expected %s, found %.*s", READING_FIELD_ARG(field), expected, FOUND_ARG(found));
}

/* What a string means, or how anything else but an object and an array is spelled. */
bool reading_text(reading_t *self, text_t raw, text_t *text)
{
    json_kind_t kind = json_kind(raw);
    *text = raw;
    if (kind != JSON_STRING)
        return kind == JSON_NUMBER || kind == JSON_TRUE || kind == JSON_FALSE || kind == JSON_NULL;
    if (json_plain_string(raw, text))
        return true;
    char *room = self->unescaped + self->unescaped_length;
    if (raw.length > sizeof self->unescaped - self->unescaped_length || !json_string(raw, room, text))
        return false;
    self->unescaped_length += text->length;
    return true;
}

/* Null is as good as nothing. What has always the same value stands nowhere. */
text_t reading_raw(const reading_t *self, const rule_field_t *field)
{
    if (field->value.at)
        return (text_t){NULL, 0};
    text_t raw = (field->outer ? self->outer : self->inner)[field->place];
    return raw.at && json_kind(raw) == JSON_NULL ? (text_t){NULL, 0} : raw;
}

/* A field's text. False with a reason. */
static bool take(reading_t *self, const rule_field_t *field, text_t *text)
{
    text_t raw = field->value.at ? field->value : reading_raw(self, field);
    if (field->value.at || (!raw.at && field->otherwise.at)) {
        *text = field->value.at ? field->value : field->otherwise;
        return true;
    }
    if (!raw.at)
        return missing(self, field);
    return reading_text(self, raw, text) || reading_unexpected(self, field, "a text or a number", raw);
}

static bool decimal_in(reading_t *self, const rule_field_t *field, text_t *number)
{
    if (!take(self, field, number))
        return false;
    if (!decimal_valid(*number))
        return reading_unexpected(self, field, "a number", *number);
    if (field->absolute && number->at[0] == '-')
        *number = (text_t){number->at + 1, number->length - 1};
    return true;
}

static const int64_t unit_ns[] = {[UNIT_S] = NS_PER_S, [UNIT_MS] = NS_PER_MS, [UNIT_US] = 1000, [UNIT_NS] = 1};

/* A time before 2000 was counted in another unit. */
static bool is_plausible(int64_t ns)
{
    return ns >= (int64_t)YEAR_2000_S * NS_PER_S;
}

static bool counted_time(reading_t *self, text_t text)
{
    static const char *const expected[] = {[UNIT_S] = "seconds since 1970",
                                           [UNIT_MS] = "milliseconds since 1970",
                                           [UNIT_US] = "microseconds since 1970",
                                           [UNIT_NS] = "nanoseconds since 1970"};
    const rule_t *rule = self->rule;
    mapping_record_t *record = &self->record;
    int digits;
    if (!epoch_time_parse(text, unit_ns[rule->unit], &record->timestamp_ns, &digits) || !is_plausible(record->timestamp_ns))
        return reading_unexpected(self, &rule->timestamp, expected[rule->unit], text);
    record->timestamp = (text_t){self->timestamp, timestamp_print(self->timestamp, record->timestamp_ns, digits)};
    return true;
}

static bool read_timestamp(reading_t *self)
{
    const rule_t *rule = self->rule;
    mapping_record_t *record = &self->record;
    text_t text;
    if (!rule->timestamp.present) { /* not a trade */
        record->timestamp_ns = self->received_ns;
        record->timestamp = (text_t){self->timestamp, timestamp_print(self->timestamp, self->received_ns, 9)};
        return true;
    }
    if (!take(self, &rule->timestamp, &text))
        return false;
    if (rule->unit != UNIT_ISO)
        return counted_time(self, text);
    record->timestamp = text;
    return (timestamp_parse(text, &record->timestamp_ns) && is_plausible(record->timestamp_ns)) ||
           reading_unexpected(self, &rule->timestamp, "a time (2025-11-10T17:24:33Z)", text);
}

bool reading_is_one_of(const rule_texts_t *texts, text_t text)
{
    for (size_t i = 0; i < texts->count; i++) {
        if (text_equal(texts->texts[i], text))
            return true;
    }
    return false;
}

typedef enum { SIDE_FOUND, SIDE_UNKNOWN, SIDE_WRONG } side_result_t;

static side_result_t sign_side(reading_t *self, text_t text)
{
    int sign = decimal_valid(text) ? decimal_sign(text) : 0;
    self->record.trade.side = sign > 0 ? SIDE_BUY : SIDE_SELL;
    return sign ? SIDE_FOUND : SIDE_UNKNOWN;
}

static side_result_t read_side(reading_t *self)
{
    const rule_t *rule = self->rule;
    text_t text;
    if (!take(self, &rule->side, &text))
        return SIDE_WRONG;
    bool buy = !rule->by_sign && reading_is_one_of(&rule->buy, text);
    side_result_t result = rule->by_sign                                 ? sign_side(self, text)
                           : buy || reading_is_one_of(&rule->sell, text) ? SIDE_FOUND
                                                                         : SIDE_UNKNOWN;
    if (!rule->by_sign)
        self->record.trade.side = buy ? SIDE_BUY : SIDE_SELL;
    if (rule->makers)
        self->record.trade.side = self->record.trade.side == SIDE_BUY ? SIDE_SELL : SIDE_BUY;
    if (result == SIDE_UNKNOWN && !rule->ignore_others)
        reading_unexpected(self, &rule->side, rule->by_sign ? "a number above or below 0" : "one of buy or sell", text);
    return result;
}

/* A whole number is an id by its digits. */
static bool read_id(reading_t *self)
{
    const rule_field_t *field = &self->rule->id;
    self->record.id = (text_t){"", 0};
    if (!field->present)
        return true;
    text_t *id = &self->record.id, raw = reading_raw(self, field);
    if (!take(self, field, id))
        return false;
    bool number = raw.at && json_kind(raw) == JSON_NUMBER;
    bool whole = !memchr(id->at, '.', id->length) && !memchr(id->at, 'e', id->length) && !memchr(id->at, 'E', id->length);
    return !number || whole || reading_unexpected(self, field, "a text or a whole number", *id);
}

static bool read_seqnum(reading_t *self, uint64_t *seqnum)
{
    const rule_field_t *field = &self->rule->seqnum;
    text_t text;
    *seqnum = 0;
    if (!field->present)
        return true;
    return take(self, field, &text) && (text_to_u64(text, seqnum) || reading_unexpected(self, field, "a whole number", text));
}

/* An id that is no number is one nevertheless. */
static void read_number(reading_t *self, uint64_t seqnum)
{
    const rule_continuity_t *continuity = &self->rule->continuity;
    mapping_record_t *record = &self->record;
    record->number = seqnum;
    bool known = continuity->rule != CONTINUITY_NONE && (!continuity->of_id || text_to_u64(record->id, &record->number));
    record->continuity = known ? continuity : NULL;
}

/* False without a reason: it is not wanted. */
static bool read_key(reading_t *self)
{
    text_t native, *key = &self->record.key;
    if (!take(self, &self->rule->key, &native))
        return false;
    const text_t *known = self->rule->keys ? table_get(self->rule->keys, native) : NULL;
    if (!known)
        return self->key(self->arg, self->rule->channel, native, key);
    *key = *known;
    return true;
}

/* What the encoding can't take: a symbol, an id or a number that is too long, a zero. */
static bool refuse(reading_t *self, const char *member)
{
    const rule_t *rule = self->rule;
    const trade_t *trade = &self->record.trade;
    const struct {
        const char *member;
        const rule_field_t *field;
        text_t found;
    } members[] = {{"symbol", &rule->key, trade->symbol}, {"timestamp", &rule->timestamp, trade->timestamp},
                   {"qty", &rule->qty, trade->qty},       {"price", &rule->price, trade->price},
                   {"tradeId", &rule->id, trade->id},     {"key", &rule->key, trade->symbol},
                   {"id", &rule->id, trade->id},          {"data", &rule->data, trade->data}};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (strcmp(members[i].member, member) == 0)
            return wrong(self, "%s (%.*s): invalid, found %.*s", READING_FIELD_ARG(members[i].field),
                         FOUND_ARG(members[i].found));
    }
    return wrong(self, "%s: invalid", member);
}

static bool check(reading_t *self)
{
    trade_t *trade = &self->record.trade;
    trade->symbol = self->record.key;
    trade->timestamp = self->record.timestamp;
    trade->id = self->record.id;
    trade->source = TEXT("-"); /* not ours to know; any valid one does for the check */
    const char *member;
    if (!record_valid(trade, &member))
        return refuse(self, member);
    trade->source = (text_t){"", 0};
    return true;
}

static bool read_trade(reading_t *self)
{
    const rule_t *rule = self->rule;
    trade_t *trade = &self->record.trade;
    trade->channel = trade->data = (text_t){"", 0};
    if (!read_id(self) || !decimal_in(self, &rule->price, &trade->price) || !decimal_in(self, &rule->qty, &trade->qty) ||
        !read_seqnum(self, &trade->seqnum))
        return false;
    read_number(self, trade->seqnum);
    return check(self);
}

static bool read_data(reading_t *self)
{
    const rule_field_t *field = &self->rule->data;
    text_t raw = reading_raw(self, field);
    self->record.data = field->value;
    if (field->value.at)
        return true;
    if (!raw.at)
        return missing(self, field);
    if (json_kind(raw) != JSON_OBJECT && !self->anything)
        return reading_unexpected(self, field, "an object", raw);
    self->record.data = (text_t){self->data, compact_json(raw, self->data, sizeof self->data)};
    return self->record.data.length > 0 ||
           wrong(self, "%s (%.*s): expected at most %d bytes, found more", READING_FIELD_ARG(field), RECORD_DATA_MAX);
}

static bool read_other(reading_t *self)
{
    uint64_t seqnum;
    if (!read_id(self) || !read_data(self) || !read_seqnum(self, &seqnum))
        return false;
    read_number(self, seqnum);
    self->record.trade = (trade_t){.channel = self->rule->channel, .data = self->record.data};
    return self->anything || check(self);
}

bool reading_record(reading_t *self)
{
    self->unescaped_length = 0;
    self->reason[0] = '\0';
    self->record.channel = self->rule->channel;
    if (!read_key(self) || !read_timestamp(self))
        return false;
    if (!self->rule->trades)
        return read_other(self);
    return read_side(self) == SIDE_FOUND && read_trade(self);
}
