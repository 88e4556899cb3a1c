#include "connectord/mapping/rule_compile.h"

#include "common/json/json.h"
#include "connectord/mapping/rule_values.h"
#include "proto/topic.h"

#include <stdio.h>
#include <stdlib.h>

/* --- the keys of a rule --- */

static bool where_in(const rule_compiler_t *self, const char *key, text_t raw)
{
    rule_t *rule = self->rule;
    if (json_kind(raw) != JSON_OBJECT)
        return RULE_WRONG(self, key, "expected an object of JSON Pointers and texts, found %.*s", RULE_FOUND(raw));
    for (json_walk_t walk = json_walk(raw); json_next(&walk);) {
        if (rule->where_count == RULE_WHERE_MAX)
            return RULE_WRONG(self, key, "expected at most %d conditions", RULE_WHERE_MAX);
        rule_condition_t *condition = &rule->where[rule->where_count++];
        if (!rule_text_in(self->rules, (text_t){walk.key.at - 1, walk.key.length + 2}, &condition->pointer))
            return RULE_WRONG(self, key, "expected a JSON Pointer, found \"%.*s\"", RULE_FOUND(walk.key));
        const char *fault = pointers_add(&self->rules->outer, condition->pointer, &condition->place);
        if (fault)
            return RULE_WRONG(self, key, "%s, found \"%.*s\"", fault, RULE_FOUND(condition->pointer));
        text_t is = json_kind(walk.value) == JSON_OBJECT ? json_member(walk.value, "is") : (text_t){NULL, 0};
        if (is.at ? !rule_string_in(self, key, is, &condition->kind) : !rule_texts_in(self, key, walk.value, &condition->texts))
            return false;
    }
    return true;
}

/* "/events/∗/trades": an array, and in each of its elements another. The first stands in the message. */
static bool each_in(const rule_compiler_t *self, const char *key, text_t raw)
{
    rule_t *rule = self->rule;
    text_t rest;
    rule->each = (rule_field_t){.name = key, .present = true, .outer = true};
    if (!rule_string_in(self, key, raw, &rest))
        return false;
    rule->each.pointer = rest;
    for (bool more = true; more; rule->levels++) {
        if (rule->levels == RULE_LEVELS_MAX)
            return RULE_WRONG(self, key, "expected at most %d arrays within one another", RULE_LEVELS_MAX);
        const char *star = memmem(rest.at, rest.length, "/*/", 3);
        text_t pointer = {rest.at, star ? (size_t)(star - rest.at) : rest.length};
        pointers_t *tree = rule->levels == 0 ? &self->rules->outer : &rule->inner[rule->levels - 1];
        unsigned *place = rule->levels == 0 ? &rule->each.place : &rule->next[rule->levels - 1];
        pointers_init(&rule->inner[rule->levels]);
        const char *fault = pointers_add(tree, pointer, place);
        if (fault)
            return RULE_WRONG(self, key, "%s, found \"%.*s\"", fault, RULE_FOUND(pointer));
        more = star != NULL;
        rest = more ? (text_t){star + 2, rest.length - (size_t)(star + 2 - rest.at)} : rest;
    }
    return true;
}

static bool unit_in(const rule_compiler_t *self, const char *key, text_t raw)
{
    static const char *const units[] = {
        [UNIT_ISO] = "iso", [UNIT_S] = "s", [UNIT_MS] = "ms", [UNIT_US] = "us", [UNIT_NS] = "ns"};
    text_t unit;
    bool text = rule_text_in(self->rules, raw, &unit);
    for (size_t i = 0; text && i < sizeof units / sizeof *units; i++) {
        self->rule->unit = (rule_unit_t)i;
        if (text_equal(unit, text_of(units[i])))
            return true;
    }
    return RULE_WRONG(self, key, "expected iso, s, ms, us or ns, found %.*s", RULE_FOUND(raw));
}

static bool whose_in(const rule_compiler_t *self, text_t raw)
{
    text_t of;
    if (!rule_string_in(self, "side.of", raw, &of))
        return false;
    self->rule->makers = text_equal(of, TEXT("maker"));
    return self->rule->makers || text_equal(of, TEXT("taker")) ||
           RULE_WRONG(self, "side.of", "expected taker or maker, found %.*s", RULE_FOUND(raw));
}

static bool side_member(const rule_compiler_t *self, const json_walk_t *walk)
{
    rule_t *rule = self->rule;
    text_t text;
    if (text_equal(walk->key, TEXT("at")) || text_equal(walk->key, TEXT("sign_of"))) {
        if (rule->side.present)
            return RULE_WRONG(self, "side", "at and sign_of exclude each other");
        rule->by_sign = walk->key.length > 2;
        return rule_string_in(self, "side", walk->value, &text) && rule_place_in(self, "side", text, &rule->side);
    }
    if (text_equal(walk->key, TEXT("buy")))
        return rule_texts_in(self, "side.buy", walk->value, &rule->buy);
    if (text_equal(walk->key, TEXT("sell")))
        return rule_texts_in(self, "side.sell", walk->value, &rule->sell);
    if (text_equal(walk->key, TEXT("of")))
        return whose_in(self, walk->value);
    if (!text_equal(walk->key, TEXT("else")))
        return RULE_WRONG(self, "side", "expected at, sign_of, buy, sell, of or else, found \"%.*s\"", RULE_FOUND(walk->key));
    rule->ignore_others = rule_text_in(self->rules, walk->value, &text) && text_equal(text, TEXT("ignore"));
    return rule->ignore_others || RULE_WRONG(self, "side.else", "expected \"ignore\", found %.*s", RULE_FOUND(walk->value));
}

static bool side_in(const rule_compiler_t *self, const char *key, text_t raw)
{
    rule_t *rule = self->rule;
    rule->side.name = "side";
    if (json_kind(raw) != JSON_OBJECT)
        return RULE_WRONG(self, key, "expected {\"at\", \"buy\", \"sell\"} or {\"sign_of\"}, found %.*s", RULE_FOUND(raw));
    for (json_walk_t walk = json_walk(raw); json_next(&walk);) {
        if (!side_member(self, &walk))
            return false;
    }
    bool named = rule->buy.count > 0 && rule->sell.count > 0;
    if (!rule->side.present)
        return RULE_WRONG(self, key, "expected at or sign_of");
    if (rule->by_sign ? rule->buy.count + rule->sell.count > 0 : !named)
        return RULE_WRONG(self, key,
                          rule->by_sign ? "sign_of and buy or sell exclude each other" : "expected buy and sell beside at");
    return true;
}

static bool keys_in(const rule_compiler_t *self, const char *key, text_t raw)
{
    rule_t *rule = self->rule;
    size_t count = 0;
    if (json_kind(raw) != JSON_OBJECT)
        return RULE_WRONG(self, key, "expected an object of the source's spellings and ours, found %.*s", RULE_FOUND(raw));
    for (json_walk_t walk = json_walk(raw); json_next(&walk);)
        count++;
    rule->keys = table_new();
    rule->key_texts = calloc(count + 1, sizeof *rule->key_texts);
    if (!rule->keys || !rule->key_texts)
        return RULE_WRONG(self, key, "out of memory");
    text_t *next = rule->key_texts;
    for (json_walk_t walk = json_walk(raw); json_next(&walk); next++) {
        text_t native;
        if (!rule_text_in(self->rules, (text_t){walk.key.at - 1, walk.key.length + 2}, &native) ||
            !rule_string_in(self, key, walk.value, next))
            return false;
        if (table_get(rule->keys, native))
            return RULE_WRONG(self, key, "\"%.*s\" stands there twice", RULE_FOUND(native));
        if (!table_put(rule->keys, native, next))
            return RULE_WRONG(self, key, "out of memory");
    }
    return true;
}

static bool continuity_member(const rule_compiler_t *self, text_t name, text_t value)
{
    static const struct {
        const char *name, *one, *other;
    } members[] = {{"of", "seqnum", "id"}, {"rule", "plus_one", "rising"}, {"scope", "connection", "key"}};
    rule_continuity_t *continuity = &self->rule->continuity;
    size_t i = 0;
    while (i < 3 && !text_equal(name, text_of(members[i].name)))
        i++;
    if (i == 3)
        return RULE_WRONG(self, "continuity", "expected of, rule or scope, found \"%.*s\"", RULE_FOUND(name));
    bool other = text_equal(value, text_of(members[i].other));
    if (!other && !text_equal(value, text_of(members[i].one)))
        return RULE_WRONG(self, "continuity", "%s: expected %s or %s, found %.*s", members[i].name, members[i].one,
                          members[i].other, RULE_FOUND(value));
    if (i == 0)
        continuity->of_id = other;
    else if (i == 1)
        continuity->rule = other ? CONTINUITY_RISING : CONTINUITY_PLUS_ONE;
    else
        continuity->by_key = other;
    return true;
}

static bool continuity_in(const rule_compiler_t *self, const char *key, text_t raw)
{
    text_t value;
    self->rule->continuity.rule = CONTINUITY_PLUS_ONE;
    if (json_kind(raw) != JSON_OBJECT)
        return RULE_WRONG(self, key, "expected {\"of\", \"rule\", \"scope\"}, found %.*s", RULE_FOUND(raw));
    for (json_walk_t walk = json_walk(raw); json_next(&walk);)
        if (!rule_string_in(self, key, walk.value, &value) || !continuity_member(self, walk.key, value))
            return false;
    const rule_field_t *field = self->rule->continuity.of_id ? &self->rule->id : &self->rule->seqnum;
    return field->present || RULE_WRONG(self, key, "expected %s beside it", self->rule->continuity.of_id ? "id" : "seqnum");
}

static bool key_in(const rule_compiler_t *self, const char *key, text_t raw)
{
    if (self->rule->key.present)
        return RULE_WRONG(self, key, "symbol and key exclude each other");
    return rule_field_in(self, key, raw, &self->rule->key);
}

static bool channel_in(const rule_compiler_t *self, const char *key, text_t raw)
{
    text_t *channel = &self->rule->channel;
    return rule_string_in(self, key, raw, channel) &&
           (!channel_reserved(*channel) || RULE_WRONG(self, key, "coverage is reserved: connectord writes it itself")) &&
           (text_equal(*channel, TEXT(CHANNEL_TRADES)) || channel_valid(*channel) ||
            RULE_WRONG(self, key, "expected trades, or small letters, digits and _, found \"%.*s\"", RULE_FOUND(*channel)));
}

#define FIELD(name)                                                                                                            \
    static bool name##_in(const rule_compiler_t *self, const char *key, text_t raw)                                            \
    {                                                                                                                          \
        return rule_field_in(self, key, raw, &self->rule->name);                                                               \
    }
FIELD(id)
FIELD(timestamp)
FIELD(price)
FIELD(qty)
FIELD(seqnum)
FIELD(data)

static bool tests_in(const rule_compiler_t *self, const char *key, text_t raw)
{
    return json_kind(raw) == JSON_ARRAY ||
           RULE_WRONG(self, key, "expected an array, found %.*s", RULE_FOUND(raw)); /* mapping_test.c runs them */
}

/* `each` goes before what it decides on, continuity behind what it is about. */
static const struct {
    const char *name;
    bool (*read)(const rule_compiler_t *self, const char *key, text_t raw);
} keys[] = {
    {"each", each_in},
    {"where", where_in},
    {"channel", channel_in},
    {"symbol", key_in},
    {"key", key_in},
    {"symbols", keys_in},
    {"id", id_in},
    {"seqnum", seqnum_in},
    {"timestamp", timestamp_in},
    {"unit", unit_in},
    {"price", price_in},
    {"qty", qty_in},
    {"side", side_in},
    {"data", data_in},
    {"tests", tests_in},
    {"continuity", continuity_in},
};

enum { KEYS = sizeof keys / sizeof *keys };

static bool check_keys(const rule_compiler_t *self, text_t object)
{
    for (json_walk_t walk = json_walk(object); json_next(&walk);) {
        size_t i = 0;
        while (i < KEYS && !text_equal(walk.key, text_of(keys[i].name)))
            i++;
        if (i == KEYS)
            return RULE_WRONG(self, "", "there is no key \"%.*s\" in a mapping", RULE_FOUND(walk.key));
    }
    return true;
}

static bool needs(const rule_compiler_t *self, const rule_field_t *field, const char *name)
{
    return field->present || RULE_WRONG(self, name, "missing");
}

static bool has_no(const rule_compiler_t *self, const rule_field_t *field, const char *name, const char *why)
{
    return !field->present || RULE_WRONG(self, name, "%s", why);
}

/* The whole record where nothing else is said. */
static bool default_data(const rule_compiler_t *self)
{
    rule_field_t *data = &self->rule->data;
    data->name = "data";
    return data->present || rule_place_in(self, "data", TEXT(""), data);
}

static bool check_rule(const rule_compiler_t *self)
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

static bool compile_rule(rule_compiler_t *self, text_t object)
{
    rule_t *rule = self->rule;
    if (json_kind(object) != JSON_OBJECT)
        return RULE_WRONG(self, "", "expected an object, found %.*s", RULE_FOUND(object));
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

static bool compile_rules(rule_compiler_t *self, text_t json)
{
    rules_t *rules = self->rules;
    bool many = json_kind(json) == JSON_ARRAY;
    size_t count = many ? 0 : 1;
    for (json_walk_t walk = json_walk(json); many && json_next(&walk);)
        count++;
    if (count == 0 || count > RULES_MAX)
        return RULE_WRONG(self, "", "expected 1 to %d rules, found %zu", RULES_MAX, count);
    rules->rules = calloc(count, sizeof *rules->rules);
    if (!rules->rules)
        return RULE_WRONG(self, "", "out of memory");
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
    rule_compiler_t compiler = {.rules = self, .path = "mapping", .error = error};
    *self = (rules_t){.json = malloc(json.length + 1), .unescaped = malloc(json.length + 1)};
    pointers_init(&self->outer);
    if (!self->json || !self->unescaped)
        return RULE_WRONG(&compiler, "", "out of memory");
    while (json.length > 0 && (json.at[0] == ' ' || json.at[0] == '\t' || json.at[0] == '\n' || json.at[0] == '\r'))
        json = (text_t){json.at + 1, json.length - 1};
    memcpy(self->json, json.at, json.length);
    json.at = self->json;
    return json_valid(json) ? compile_rules(&compiler, json) : RULE_WRONG(&compiler, "", "expected JSON");
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
