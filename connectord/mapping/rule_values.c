#include "connectord/mapping/rule_values.h"

#include "common/json/json.h"

#include <stdarg.h>
#include <stdio.h>

void rule_set_error(const rule_compiler_t *self, const char *key, const char *format, ...)
{
    va_list arguments;
    int length = snprintf(self->error, RULES_ERROR_MAX, "%s%s%s: ", self->path, key[0] ? "." : "", key);
    va_start(arguments, format);
    vsnprintf(self->error + length, (size_t)(RULES_ERROR_MAX - length), format, arguments);
    va_end(arguments);
}

bool rule_text_in(rules_t *self, text_t raw, text_t *text)
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

bool rule_string_in(const rule_compiler_t *self, const char *key, text_t raw, text_t *text)
{
    if (json_kind(raw) == JSON_STRING && rule_text_in(self->rules, raw, text))
        return true;
    return RULE_WRONG(self, key, "expected a text, found %.*s", RULE_FOUND(raw));
}

/* One text, or an array of them. */
bool rule_texts_in(const rule_compiler_t *self, const char *key, text_t raw, rule_texts_t *out)
{
    out->count = 0;
    if (json_kind(raw) != JSON_ARRAY) {
        if (!rule_text_in(self->rules, raw, &out->texts[0]))
            return RULE_WRONG(self, key, "expected a text or an array of texts, found %.*s", RULE_FOUND(raw));
        out->count = 1;
        return true;
    }
    for (json_walk_t walk = json_walk(raw); json_next(&walk); out->count++) {
        if (out->count == RULE_TEXTS_MAX)
            return RULE_WRONG(self, key, "expected at most %d texts", RULE_TEXTS_MAX);
        if (!rule_text_in(self->rules, walk.value, &out->texts[out->count]))
            return RULE_WRONG(self, key, "expected an array of texts, found %.*s in it", RULE_FOUND(walk.value));
    }
    return out->count > 0 || RULE_WRONG(self, key, "expected a text or more, found an empty array");
}

/* Where records have places of their own a '^' in front leads to the message. */
bool rule_place_in(const rule_compiler_t *self, const char *key, text_t pointer, rule_field_t *field)
{
    rule_t *rule = self->rule;
    field->pointer = pointer;
    field->present = true;
    bool marked = pointer.length > 0 && pointer.at[0] == '^';
    field->outer = rule->levels == 0 || marked;
    const char *fault = pointers_add(field->outer ? &self->rules->outer : &rule->inner[rule->levels - 1],
                                     (text_t){pointer.at + marked, pointer.length - marked}, &field->place);
    return !fault || RULE_WRONG(self, key, "%s, found \"%.*s\"", fault, RULE_FOUND(pointer));
}

/* Reads true or false, the value of a key. False with an error. */
static bool flag_in(const rule_compiler_t *self, const char *key, text_t raw, bool *flag)
{
    json_kind_t kind = json_kind(raw);
    *flag = kind == JSON_TRUE;
    return kind == JSON_TRUE || kind == JSON_FALSE ||
           RULE_WRONG(self, key, "expected true or false, found %.*s", RULE_FOUND(raw));
}

static bool field_object(const rule_compiler_t *self, const char *key, text_t raw, rule_field_t *field)
{
    text_t pointer;
    bool ok = true;
    for (json_walk_t walk = json_walk(raw); ok && json_next(&walk);) {
        if (text_equal(walk.key, TEXT("at")))
            ok = rule_string_in(self, key, walk.value, &pointer) && rule_place_in(self, key, pointer, field);
        else if (text_equal(walk.key, TEXT("else")))
            ok = rule_text_in(self->rules, walk.value, &field->otherwise) ||
                 RULE_WRONG(self, key, "else: expected a text, found %.*s", RULE_FOUND(walk.value));
        else if (text_equal(walk.key, TEXT("value")))
            ok = rule_text_in(self->rules, walk.value, &field->value) ||
                 RULE_WRONG(self, key, "value: expected a text, found %.*s", RULE_FOUND(walk.value));
        else if (text_equal(walk.key, TEXT("abs")))
            ok = flag_in(self, key, walk.value, &field->absolute);
        else
            ok = RULE_WRONG(self, key, "expected at, else, value or abs, found \"%.*s\"", RULE_FOUND(walk.key));
    }
    if (ok && field->value.at && field->present)
        return RULE_WRONG(self, key, "at and value exclude each other");
    if (ok && !field->value.at && !field->present)
        return RULE_WRONG(self, key, "expected at or value");
    field->present = ok;
    return ok;
}

bool rule_field_in(const rule_compiler_t *self, const char *key, text_t raw, rule_field_t *field)
{
    text_t pointer;
    field->name = key;
    if (json_kind(raw) == JSON_OBJECT)
        return field_object(self, key, raw, field);
    if (json_kind(raw) != JSON_STRING)
        return RULE_WRONG(self, key, "expected a JSON Pointer or an object, found %.*s", RULE_FOUND(raw));
    return rule_text_in(self->rules, raw, &pointer) && rule_place_in(self, key, pointer, field);
}
