#include "connectord/mapping/mapping.h"

#include "common/buffer.h"
#include "common/decimal.h"
#include "common/json/json.h"
#include "common/timestamp.h"
#include "connectord/mapping/compact.h"
#include "connectord/mapping/epoch_time.h"
#include "connectord/mapping/rule_compile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

_Static_assert((int)MAPPING_ERROR_MAX == (int)RULES_ERROR_MAX, "one is given on as the other");

struct mapping {
    rules_t rules;
    mapping_counts_t counts;
};

enum { UNESCAPED_MAX = 4096, REASON_MAX = 400, FOUND_MAX = 80, YEAR_2000_S = 946684800 };

/* A message that is read. */
typedef struct {
    mapping_t *mapping;
    const rule_t *rule;
    const mapping_events_t *events;
    void *arg;
    text_t message;
    int64_t received_ns;
    size_t records;
    text_t outer[POINTERS_MAX], inner[POINTERS_MAX]; /* what stands at the places of the message, and of the record */
    char unescaped[UNESCAPED_MAX];                   /* of the record's strings those that have escapes */
    size_t unescaped_length;
    char timestamp[TIMESTAMP_MAX];
    char data[MAPPING_DATA_MAX];
    char reason[REASON_MAX]; /* empty: nothing is wrong with the record */
    mapping_record_t record;
} reading_t;

/* --- what is wrong --- */

static void set_reason(reading_t *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void set_reason(reading_t *self, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(self->reason, sizeof self->reason, format, arguments);
    va_end(arguments);
}

/* False, as whoever finds something wrong returns. */
#define wrong(...) (set_reason(__VA_ARGS__), false)

#define FIELD_ARG(field) (field)->name, (int)text_cut((field)->pointer, FOUND_MAX).length, (field)->pointer.at
#define FOUND_ARG(raw)   TEXT_ARG(text_cut((raw), FOUND_MAX))

static bool missing(reading_t *self, const rule_field_t *field)
{
    return wrong(self, "%s (%.*s): missing", FIELD_ARG(field));
}

static bool unexpected(reading_t *self, const rule_field_t *field, const char *expected, text_t found)
{
    return wrong(self, "%s (%.*s): expected %s, found %.*s", FIELD_ARG(field), expected, FOUND_ARG(found));
}

static void report(reading_t *self, const char *reason, text_t sample)
{
    self->mapping->counts.faults++;
    self->events->fault(self->arg, reason, sample);
}

/* --- values --- */

/* What a string means, or how anything else but an object and an array is spelled. */
static bool text_in(reading_t *self, text_t raw, text_t *text)
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
static text_t raw_at(const reading_t *self, const rule_field_t *field)
{
    if (field->value.at)
        return (text_t){NULL, 0};
    text_t raw = (field->outer ? self->outer : self->inner)[field->place];
    return raw.at && json_kind(raw) == JSON_NULL ? (text_t){NULL, 0} : raw;
}

/* A field's text. False with a reason. */
static bool take(reading_t *self, const rule_field_t *field, text_t *text)
{
    text_t raw = field->value.at ? field->value : raw_at(self, field);
    if (field->value.at || (!raw.at && field->otherwise.at)) {
        *text = field->value.at ? field->value : field->otherwise;
        return true;
    }
    if (!raw.at)
        return missing(self, field);
    return text_in(self, raw, text) || unexpected(self, field, "a text or a number", raw);
}

/* --- the fields of a record --- */

static bool decimal_in(reading_t *self, const rule_field_t *field, text_t *number)
{
    if (!take(self, field, number))
        return false;
    if (!decimal_valid(*number))
        return unexpected(self, field, "a number", *number);
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
        return unexpected(self, &rule->timestamp, expected[rule->unit], text);
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
           unexpected(self, &rule->timestamp, "a time (2025-11-10T17:24:33Z)", text);
}

static bool is_one_of(const rule_texts_t *texts, text_t text)
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
    bool buy = !rule->by_sign && is_one_of(&rule->buy, text);
    side_result_t result = rule->by_sign                         ? sign_side(self, text)
                           : buy || is_one_of(&rule->sell, text) ? SIDE_FOUND
                                                                 : SIDE_UNKNOWN;
    if (!rule->by_sign)
        self->record.trade.side = buy ? SIDE_BUY : SIDE_SELL;
    if (rule->makers)
        self->record.trade.side = self->record.trade.side == SIDE_BUY ? SIDE_SELL : SIDE_BUY;
    if (result == SIDE_UNKNOWN && !rule->ignore_others)
        unexpected(self, &rule->side, rule->by_sign ? "a number above or below 0" : "one of buy or sell", text);
    return result;
}

/* A whole number is an id by its digits. */
static bool read_id(reading_t *self)
{
    const rule_field_t *field = &self->rule->id;
    self->record.id = (text_t){"", 0};
    if (!field->present)
        return true;
    text_t *id = &self->record.id, raw = raw_at(self, field);
    if (!take(self, field, id))
        return false;
    bool number = raw.at && json_kind(raw) == JSON_NUMBER;
    bool whole = !memchr(id->at, '.', id->length) && !memchr(id->at, 'e', id->length) && !memchr(id->at, 'E', id->length);
    return !number || whole || unexpected(self, field, "a text or a whole number", *id);
}

static bool read_seqnum(reading_t *self)
{
    const rule_field_t *field = &self->rule->seqnum;
    text_t text;
    self->record.trade.seqnum = 0;
    if (!field->present)
        return true;
    return take(self, field, &text) &&
           (text_to_u64(text, &self->record.trade.seqnum) || unexpected(self, field, "a whole number", text));
}

/* False without a reason: it is not wanted. */
static bool read_key(reading_t *self)
{
    text_t native, *key = &self->record.key;
    if (!take(self, &self->rule->key, &native))
        return false;
    const text_t *known = self->rule->keys ? table_get(self->rule->keys, native) : NULL;
    if (!known)
        return self->events->key(self->arg, native, key);
    *key = *known;
    return true;
}

/* What the trade's encoding can't take: a symbol, an id or a number that is too long, a zero. */
static bool refuse(reading_t *self, const char *member)
{
    const rule_t *rule = self->rule;
    const trade_t *trade = &self->record.trade;
    const struct {
        const char *member;
        const rule_field_t *field;
        text_t found;
    } members[] = {{"symbol", &rule->key, trade->symbol},
                   {"timestamp", &rule->timestamp, trade->timestamp},
                   {"qty", &rule->qty, trade->qty},
                   {"price", &rule->price, trade->price},
                   {"tradeId", &rule->id, trade->id}};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (strcmp(members[i].member, member) == 0)
            return wrong(self, "%s (%.*s): invalid, found %.*s", FIELD_ARG(members[i].field), FOUND_ARG(members[i].found));
    }
    return wrong(self, "%s: invalid", member);
}

static bool read_trade(reading_t *self)
{
    const rule_t *rule = self->rule;
    trade_t *trade = &self->record.trade;
    if (!read_id(self) || !decimal_in(self, &rule->price, &trade->price) || !decimal_in(self, &rule->qty, &trade->qty) ||
        !read_seqnum(self))
        return false;
    trade->symbol = self->record.key;
    trade->timestamp = self->record.timestamp;
    trade->id = self->record.id;
    trade->source = TEXT("-"); /* not ours to know; any valid one does for the check */
    const char *member;
    if (!trade_valid(trade, &member))
        return refuse(self, member);
    trade->source = (text_t){"", 0};
    return true;
}

static bool read_data(reading_t *self)
{
    const rule_field_t *field = &self->rule->data;
    text_t raw = raw_at(self, field);
    self->record.data = field->value;
    if (field->value.at)
        return true;
    if (!raw.at)
        return missing(self, field);
    self->record.data = (text_t){self->data, compact_json(raw, self->data, sizeof self->data)};
    return self->record.data.length > 0 ||
           wrong(self, "%s (%.*s): expected at most %d bytes, found more", FIELD_ARG(field), MAPPING_DATA_MAX);
}

/* --- records --- */

static bool read_record(reading_t *self)
{
    if (!read_key(self) || !read_timestamp(self))
        return false;
    if (!self->rule->trades)
        return read_id(self) && read_data(self);
    return read_side(self) == SIDE_FOUND && read_trade(self);
}

static void on_record(reading_t *self, text_t json)
{
    self->unescaped_length = 0;
    self->reason[0] = '\0';
    self->record.channel = self->rule->channel;
    if (read_record(self)) {
        self->mapping->counts.records++;
        self->events->record(self->arg, &self->record);
    } else if (self->reason[0] != '\0') {
        report(self, self->reason, json);
    } else {
        self->mapping->counts.unwanted++;
    }
}

/* Which of the values it was is not to be guessed. */
static void report_twice(reading_t *self, bool outer, unsigned place, text_t json)
{
    const rule_t *rule = self->rule;
    const rule_field_t *fields[] = {&rule->each, &rule->key,  &rule->id,     &rule->timestamp, &rule->price,
                                    &rule->qty,  &rule->side, &rule->seqnum, &rule->data};
    set_reason(self, "where: a member that it looks at stands there twice");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const rule_field_t *field = fields[i];
        if (field->present && !field->value.at && field->outer == outer && field->place == place) {
            set_reason(self, "%s (%.*s): expected once, found twice", FIELD_ARG(field));
            break;
        }
    }
    report(self, self->reason, json);
}

/* An element of the innermost array. */
static void on_element(reading_t *self, const pointers_t *places, text_t json)
{
    unsigned twice;
    if (pointers_find(places, json, self->inner, &twice) == POINTERS_TWICE)
        report_twice(self, false, twice, json);
    else
        on_record(self, json);
}

static void on_array(reading_t *self, size_t level, text_t array) // NOLINT(misc-no-recursion): RULE_LEVELS_MAX
{
    const rule_t *rule = self->rule;
    if (json_kind(array) != JSON_ARRAY) {
        unexpected(self, &rule->each, "an array", array.at ? array : TEXT("nothing"));
        report(self, self->reason, self->message);
        return;
    }
    for (json_walk_t walk = json_walk(array); json_next(&walk) && self->records < MAPPING_RECORDS_MAX;) {
        self->records++;
        if (level + 1 == rule->levels) {
            on_element(self, &rule->inner[level], walk.value);
            continue;
        }
        text_t found[POINTERS_MAX] = {{0}};
        unsigned twice;
        pointers_find(&rule->inner[level], walk.value, found, &twice);
        on_array(self, level + 1, found[rule->next[level]]);
    }
}

/* --- messages --- */

static const char *const kind_names[] = {
    [JSON_NONE] = "none",     [JSON_OBJECT] = "object", [JSON_ARRAY] = "array",   [JSON_STRING] = "text",
    [JSON_NUMBER] = "number", [JSON_TRUE] = "boolean",  [JSON_FALSE] = "boolean", [JSON_NULL] = "null"};

static bool meets(reading_t *self, const rule_condition_t *condition)
{
    text_t raw = self->outer[condition->place], text;
    if (!raw.at)
        return false;
    self->unescaped_length = 0;
    if (condition->kind.length > 0)
        return text_equal(condition->kind, text_of(kind_names[json_kind(raw)]));
    return text_in(self, raw, &text) && is_one_of(&condition->texts, text);
}

static const rule_t *rule_for(reading_t *self)
{
    for (size_t i = 0; i < self->mapping->rules.count; i++) {
        const rule_t *rule = &self->mapping->rules.rules[i];
        size_t met = 0;
        while (met < rule->where_count && meets(self, &rule->where[met]))
            met++;
        if (met == rule->where_count)
            return rule;
    }
    return NULL;
}

void mapping_run(mapping_t *self, text_t message, int64_t received_ns, const mapping_events_t *events, void *arg)
{
    reading_t reading;
    unsigned twice;
    reading.mapping = self;
    reading.message = message;
    reading.events = events;
    reading.arg = arg;
    reading.received_ns = received_ns;
    reading.records = reading.unescaped_length = 0;
    pointers_result_t result = pointers_find(&self->rules.outer, message, reading.outer, &twice);
    if (result == POINTERS_INVALID) {
        report(&reading, "expected JSON", message);
        return;
    }
    reading.rule = rule_for(&reading);
    if (!reading.rule)
        self->counts.other_messages++;
    else if (result == POINTERS_TWICE)
        report_twice(&reading, true, twice, message);
    else if (reading.rule->levels > 0)
        on_array(&reading, 0, raw_at(&reading, &reading.rule->each));
    else
        on_record(&reading, message);
}

const mapping_counts_t *mapping_counts(const mapping_t *self)
{
    return &self->counts;
}

mapping_t *mapping_new(text_t json, char error[static MAPPING_ERROR_MAX])
{
    mapping_t *self = calloc(1, sizeof *self);
    if (!self)
        snprintf(error, MAPPING_ERROR_MAX, "mapping: out of memory");
    else if (!rules_compile(&self->rules, json, error))
        mapping_destroy(&self);
    return self;
}

void mapping_destroy(mapping_t **self_p)
{
    mapping_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    rules_release(&self->rules);
    free(self);
}
