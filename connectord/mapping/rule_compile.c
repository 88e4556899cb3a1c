#include "connectord/mapping/rule_compile.h"

#include "common/json/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATH_MAX_BYTES = 96, FOUND_MAX = 80 };

typedef struct {
    rules_t *rules;
    rule_t *rule;
    char path[PATH_MAX_BYTES]; /* of the rule: "mapping", "mapping[1]" */
    char *error;
} compiler_t;

#define FOUND(raw) (int)((raw).length < FOUND_MAX ? (raw).length : FOUND_MAX), (raw).at

static void set_error(const compiler_t *self, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void set_error(const compiler_t *self, const char *key, const char *format, ...)
{
    va_list arguments;
    int length = snprintf(self->error, RULES_ERROR_MAX, "%s%s%s: ", self->path, key[0] ? "." : "", key);
    va_start(arguments, format);
    vsnprintf(self->error + length, (size_t)(RULES_ERROR_MAX - length), format, arguments);
    va_end(arguments);
}

/* False, as whoever finds something wrong returns. */
#define wrong(...) (set_error(__VA_ARGS__), false)

/* What a JSON string, number, true or false means as a text, which stays as long as the rules; false for anything else. Once for each that has escapes. */
static bool text_in(rules_t *self, text_t raw, text_t *text)
{
    json_kind_t kind = json_kind(raw);
    *text = raw;
    if (kind != JSON_STRING)
        return kind == JSON_NUMBER || kind == JSON_TRUE || kind == JSON_FALSE;
    char *room = self->unescaped + self->unescaped_length;
    if (!json_string(raw, room, text))
        return false;
    self->unescaped_length += text->at == room ? text->length : 0;
    return true;
}

static bool string_in(const compiler_t *self, const char *key, text_t raw, text_t *text)
{
    if (json_kind(raw) == JSON_STRING && text_in(self->rules, raw, text))
        return true;
    return wrong(self, key, "expected a text, found %.*s", FOUND(raw));
}

/* One text, or an array of them. */
static bool texts_in(const compiler_t *self, const char *key, text_t raw, rule_texts_t *out)
{
    out->count = 0;
    if (json_kind(raw) != JSON_ARRAY) {
        if (!text_in(self->rules, raw, &out->texts[0]))
            return wrong(self, key, "expected a text or an array of texts, found %.*s", FOUND(raw));
        out->count = 1;
        return true;
    }
    for (json_walk_t walk = json_walk(raw); json_next(&walk); out->count++) {
        if (out->count == RULE_TEXTS_MAX)
            return wrong(self, key, "expected at most %d texts", RULE_TEXTS_MAX);
        if (!text_in(self->rules, walk.value, &out->texts[out->count]))
            return wrong(self, key, "expected an array of texts, found %.*s in it", FOUND(walk.value));
    }
    return out->count > 0 || wrong(self, key, "expected a text or more, found an empty array");
}

/* --- fields --- */

/* Where records have places of their own a '^' in front leads to the message. */
static bool place_in(const compiler_t *self, const char *key, text_t pointer, rule_field_t *field)
{
    rule_t *rule = self->rule;
    field->pointer = pointer;
    field->present = true;
    bool marked = pointer.length > 0 && pointer.at[0] == '^';
    field->outer = rule->levels == 0 || marked;
    const char *fault = pointers_add(field->outer ? &self->rules->outer : &rule->inner[rule->levels - 1],
                                     (text_t){pointer.at + marked, pointer.length - marked}, &field->place);
    return !fault || wrong(self, key, "%s, found \"%.*s\"", fault, FOUND(pointer));
}

static bool flag_in(const compiler_t *self, const char *key, text_t raw, bool *flag)
{
    json_kind_t kind = json_kind(raw);
    *flag = kind == JSON_TRUE;
    return kind == JSON_TRUE || kind == JSON_FALSE || wrong(self, key, "expected true or false, found %.*s", FOUND(raw));
}

static bool field_object(const compiler_t *self, const char *key, text_t raw, rule_field_t *field)
{
    text_t pointer;
    bool ok = true;
    for (json_walk_t walk = json_walk(raw); ok && json_next(&walk);) {
        if (text_equal(walk.key, TEXT("at")))
            ok = string_in(self, key, walk.value, &pointer) && place_in(self, key, pointer, field);
        else if (text_equal(walk.key, TEXT("else")))
            ok = text_in(self->rules, walk.value, &field->otherwise) ||
                 wrong(self, key, "else: expected a text, found %.*s", FOUND(walk.value));
        else if (text_equal(walk.key, TEXT("value")))
            ok = text_in(self->rules, walk.value, &field->value) ||
                 wrong(self, key, "value: expected a text, found %.*s", FOUND(walk.value));
        else if (text_equal(walk.key, TEXT("abs")))
            ok = flag_in(self, key, walk.value, &field->absolute);
        else
            ok = wrong(self, key, "expected at, else, value or abs, found \"%.*s\"", FOUND(walk.key));
    }
    if (ok && field->value.at && field->present)
        return wrong(self, key, "at and value exclude each other");
    if (ok && !field->value.at && !field->present)
        return wrong(self, key, "expected at or value");
    field->present = ok;
    return ok;
}

static bool field_in(const compiler_t *self, const char *key, text_t raw, rule_field_t *field)
{
    text_t pointer;
    field->name = key;
    if (json_kind(raw) == JSON_OBJECT)
        return field_object(self, key, raw, field);
    if (json_kind(raw) != JSON_STRING)
        return wrong(self, key, "expected a JSON Pointer or an object, found %.*s", FOUND(raw));
    return text_in(self->rules, raw, &pointer) && place_in(self, key, pointer, field);
}

/* --- the keys of a rule --- */

static bool where_in(const compiler_t *self, const char *key, text_t raw)
{
    rule_t *rule = self->rule;
    if (json_kind(raw) != JSON_OBJECT)
        return wrong(self, key, "expected an object of JSON Pointers and texts, found %.*s", FOUND(raw));
    for (json_walk_t walk = json_walk(raw); json_next(&walk);) {
        if (rule->where_count == RULE_WHERE_MAX)
            return wrong(self, key, "expected at most %d conditions", RULE_WHERE_MAX);
        rule_condition_t *condition = &rule->where[rule->where_count++];
        if (!text_in(self->rules, (text_t){walk.key.at - 1, walk.key.length + 2}, &condition->pointer))
            return wrong(self, key, "expected a JSON Pointer, found \"%.*s\"", FOUND(walk.key));
        const char *fault = pointers_add(&self->rules->outer, condition->pointer, &condition->place);
        if (fault)
            return wrong(self, key, "%s, found \"%.*s\"", fault, FOUND(condition->pointer));
        text_t is = json_kind(walk.value) == JSON_OBJECT ? json_member(walk.value, "is") : (text_t){NULL, 0};
        if (is.at ? !string_in(self, key, is, &condition->kind) : !texts_in(self, key, walk.value, &condition->texts))
            return false;
    }
    return true;
}

/* "/events/∗/trades": an array, and in each of its elements another. The first stands in the message. */
static bool each_in(const compiler_t *self, const char *key, text_t raw)
{
    rule_t *rule = self->rule;
    text_t rest;
    rule->each = (rule_field_t){.name = key, .present = true, .outer = true};
    if (!string_in(self, key, raw, &rest))
        return false;
    rule->each.pointer = rest;
    for (bool more = true; more; rule->levels++) {
        if (rule->levels == RULE_LEVELS_MAX)
            return wrong(self, key, "expected at most %d arrays within one another", RULE_LEVELS_MAX);
        const char *star = memmem(rest.at, rest.length, "/*/", 3);
        text_t pointer = {rest.at, star ? (size_t)(star - rest.at) : rest.length};
        pointers_t *tree = rule->levels == 0 ? &self->rules->outer : &rule->inner[rule->levels - 1];
        unsigned *place = rule->levels == 0 ? &rule->each.place : &rule->next[rule->levels - 1];
        pointers_init(&rule->inner[rule->levels]);
        const char *fault = pointers_add(tree, pointer, place);
        if (fault)
            return wrong(self, key, "%s, found \"%.*s\"", fault, FOUND(pointer));
        more = star != NULL;
        rest = more ? (text_t){star + 2, rest.length - (size_t)(star + 2 - rest.at)} : rest;
    }
    return true;
}

static bool unit_in(const compiler_t *self, const char *key, text_t raw)
{
    static const char *const units[] = {
        [UNIT_ISO] = "iso", [UNIT_S] = "s", [UNIT_MS] = "ms", [UNIT_US] = "us", [UNIT_NS] = "ns"};
    text_t unit;
    bool text = text_in(self->rules, raw, &unit);
    for (size_t i = 0; text && i < sizeof units / sizeof *units; i++) {
        self->rule->unit = (rule_unit_t)i;
        if (text_equal(unit, text_of(units[i])))
            return true;
    }
    return wrong(self, key, "expected iso, s, ms, us or ns, found %.*s", FOUND(raw));
}

static bool whose_in(const compiler_t *self, text_t raw)
{
    text_t of;
    if (!string_in(self, "side.of", raw, &of))
        return false;
    self->rule->makers = text_equal(of, TEXT("maker"));
    return self->rule->makers || text_equal(of, TEXT("taker")) ||
           wrong(self, "side.of", "expected taker or maker, found %.*s", FOUND(raw));
}

static bool side_member(const compiler_t *self, const json_walk_t *walk)
{
    rule_t *rule = self->rule;
    text_t text;
    if (text_equal(walk->key, TEXT("at")) || text_equal(walk->key, TEXT("sign_of"))) {
        if (rule->side.present)
            return wrong(self, "side", "at and sign_of exclude each other");
        rule->by_sign = walk->key.length > 2;
        return string_in(self, "side", walk->value, &text) && place_in(self, "side", text, &rule->side);
    }
    if (text_equal(walk->key, TEXT("buy")))
        return texts_in(self, "side.buy", walk->value, &rule->buy);
    if (text_equal(walk->key, TEXT("sell")))
        return texts_in(self, "side.sell", walk->value, &rule->sell);
    if (text_equal(walk->key, TEXT("of")))
        return whose_in(self, walk->value);
    if (!text_equal(walk->key, TEXT("else")))
        return wrong(self, "side", "expected at, sign_of, buy, sell, of or else, found \"%.*s\"", FOUND(walk->key));
    rule->ignore_others = text_in(self->rules, walk->value, &text) && text_equal(text, TEXT("ignore"));
    return rule->ignore_others || wrong(self, "side.else", "expected \"ignore\", found %.*s", FOUND(walk->value));
}

static bool side_in(const compiler_t *self, const char *key, text_t raw)
{
    rule_t *rule = self->rule;
    rule->side.name = "side";
    if (json_kind(raw) != JSON_OBJECT)
        return wrong(self, key, "expected {\"at\", \"buy\", \"sell\"} or {\"sign_of\"}, found %.*s", FOUND(raw));
    for (json_walk_t walk = json_walk(raw); json_next(&walk);) {
        if (!side_member(self, &walk))
            return false;
    }
    bool named = rule->buy.count > 0 && rule->sell.count > 0;
    if (!rule->side.present)
        return wrong(self, key, "expected at or sign_of");
    if (rule->by_sign ? rule->buy.count + rule->sell.count > 0 : !named)
        return wrong(self, key,
                     rule->by_sign ? "sign_of and buy or sell exclude each other" : "expected buy and sell beside at");
    return true;
}

static bool keys_in(const compiler_t *self, const char *key, text_t raw)
{
    rule_t *rule = self->rule;
    size_t count = 0;
    if (json_kind(raw) != JSON_OBJECT)
        return wrong(self, key, "expected an object of the source's spellings and ours, found %.*s", FOUND(raw));
    for (json_walk_t walk = json_walk(raw); json_next(&walk);)
        count++;
    rule->keys = table_new();
    rule->key_texts = calloc(count + 1, sizeof *rule->key_texts);
    if (!rule->keys || !rule->key_texts)
        return wrong(self, key, "out of memory");
    text_t *next = rule->key_texts;
    for (json_walk_t walk = json_walk(raw); json_next(&walk); next++) {
        text_t native;
        if (!text_in(self->rules, (text_t){walk.key.at - 1, walk.key.length + 2}, &native) ||
            !string_in(self, key, walk.value, next))
            return false;
        if (table_get(rule->keys, native))
            return wrong(self, key, "\"%.*s\" stands there twice", FOUND(native));
        if (!table_put(rule->keys, native, next))
            return wrong(self, key, "out of memory");
    }
    return true;
}

static bool key_in(const compiler_t *self, const char *key, text_t raw)
{
    if (self->rule->key.present)
        return wrong(self, key, "symbol and key exclude each other");
    return field_in(self, key, raw, &self->rule->key);
}

static bool channel_in(const compiler_t *self, const char *key, text_t raw)
{
    return string_in(self, key, raw, &self->rule->channel);
}

#define FIELD(name)                                                                                                            \
    static bool name##_in(const compiler_t *self, const char *key, text_t raw)                                                 \
    {                                                                                                                          \
        return field_in(self, key, raw, &self->rule->name);                                                                    \
    }
FIELD(id)
FIELD(timestamp)
FIELD(price)
FIELD(qty)
FIELD(seqnum)
FIELD(data)

static bool tests_in(const compiler_t *self, const char *key, text_t raw)
{
    return json_kind(raw) == JSON_ARRAY ||
           wrong(self, key, "expected an array, found %.*s", FOUND(raw)); /* mapping_test.c runs them */
}

/* `each` goes before what it decides on. */
static const struct {
    const char *name;
    bool (*read)(const compiler_t *self, const char *key, text_t raw);
} keys[] = {
    {"each", each_in},    {"where", where_in}, {"channel", channel_in}, {"symbol", key_in},          {"key", key_in},
    {"symbols", keys_in}, {"id", id_in},       {"seqnum", seqnum_in},   {"timestamp", timestamp_in}, {"unit", unit_in},
    {"price", price_in},  {"qty", qty_in},     {"side", side_in},       {"data", data_in},           {"tests", tests_in},
};

enum { KEYS = sizeof keys / sizeof *keys };

static bool check_keys(const compiler_t *self, text_t object)
{
    for (json_walk_t walk = json_walk(object); json_next(&walk);) {
        size_t i = 0;
        while (i < KEYS && !text_equal(walk.key, text_of(keys[i].name)))
            i++;
        if (i == KEYS)
            return wrong(self, "", "there is no key \"%.*s\" in a mapping", FOUND(walk.key));
    }
    return true;
}

static bool needs(const compiler_t *self, const rule_field_t *field, const char *name)
{
    return field->present || wrong(self, name, "missing");
}

static bool has_no(const compiler_t *self, const rule_field_t *field, const char *name, const char *why)
{
    return !field->present || wrong(self, name, "%s", why);
}

/* The whole record where nothing else is said. */
static bool default_data(const compiler_t *self)
{
    rule_field_t *data = &self->rule->data;
    data->name = "data";
    return data->present || place_in(self, "data", TEXT(""), data);
}

static bool check_rule(const compiler_t *self)
{
    static const char of_trades[] = "only trades have one";
    const rule_t *rule = self->rule;
    if (rule->trades)
        return needs(self, &rule->key, "symbol") && needs(self, &rule->id, "id") &&
               needs(self, &rule->timestamp, "timestamp") && needs(self, &rule->price, "price") &&
               needs(self, &rule->qty, "qty") && needs(self, &rule->side, "side") &&
               has_no(self, &rule->data, "data", "trades have none");
    return needs(self, &rule->key, "key") && has_no(self, &rule->price, "price", of_trades) &&
           has_no(self, &rule->qty, "qty", of_trades) && has_no(self, &rule->side, "side", of_trades) && default_data(self);
}

static bool compile_rule(compiler_t *self, text_t object)
{
    rule_t *rule = self->rule;
    if (json_kind(object) != JSON_OBJECT)
        return wrong(self, "", "expected an object, found %.*s", FOUND(object));
    if (!check_keys(self, object))
        return false;
    rule->channel = TEXT("trades");
    for (size_t i = 0; i < KEYS; i++) {
        text_t value = json_member(object, keys[i].name);
        if (value.at && !keys[i].read(self, keys[i].name, value))
            return false;
    }
    rule->trades = text_equal(rule->channel, TEXT("trades"));
    return check_rule(self);
}

static bool compile_rules(compiler_t *self, text_t json)
{
    rules_t *rules = self->rules;
    bool many = json_kind(json) == JSON_ARRAY;
    size_t count = many ? 0 : 1;
    for (json_walk_t walk = json_walk(json); many && json_next(&walk);)
        count++;
    if (count == 0 || count > RULES_MAX)
        return wrong(self, "", "expected 1 to %d rules, found %zu", RULES_MAX, count);
    rules->rules = calloc(count, sizeof *rules->rules);
    if (!rules->rules)
        return wrong(self, "", "out of memory");
    rules->count = count;
    json_walk_t walk = json_walk(json);
    for (size_t i = 0; i < count; i++) {
        self->rule = &rules->rules[i];
        if (many) {
            json_next(&walk);
            snprintf(self->path, sizeof self->path, "mapping[%zu]", i);
        }
        if (!compile_rule(self, many ? walk.value : json))
            return false;
    }
    return true;
}

bool rules_compile(rules_t *self, text_t json, char error[static RULES_ERROR_MAX])
{
    compiler_t compiler = {.rules = self, .path = "mapping", .error = error};
    *self = (rules_t){.json = malloc(json.length + 1), .unescaped = malloc(json.length + 1)};
    pointers_init(&self->outer);
    if (!self->json || !self->unescaped)
        return wrong(&compiler, "", "out of memory");
    while (json.length > 0 && (json.at[0] == ' ' || json.at[0] == '\t' || json.at[0] == '\n' || json.at[0] == '\r'))
        json = (text_t){json.at + 1, json.length - 1};
    memcpy(self->json, json.at, json.length);
    json.at = self->json;
    return json_valid(json) ? compile_rules(&compiler, json) : wrong(&compiler, "", "expected JSON");
}

void rules_release(rules_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        table_destroy(&self->rules[i].keys);
        free(self->rules[i].key_texts);
    }
    free(self->rules);
    free(self->unescaped);
    free(self->json);
    *self = (rules_t){0};
}
