/* What the keys of a mapping have: texts, flags and places, and what is wrong with the first that is. Used by rule_compile.c
 * alone. */
#pragma once

#include "connectord/mapping/rule.h"

enum { RULE_PATH_MAX = 96, RULE_FOUND_MAX = 80 };

/* A mapping that is compiled. */
typedef struct {
    rules_t *rules;
    rule_t *rule;
    char path[RULE_PATH_MAX]; /* of the rule: "mapping", "mapping[1]" */
    char *error;
} rule_compiler_t;

#define RULE_FOUND(raw) (int)((raw).length < RULE_FOUND_MAX ? (raw).length : RULE_FOUND_MAX), (raw).at

/* Says what is wrong with a key of the rule; "" is the rule itself. */
void rule_set_error(const rule_compiler_t *self, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same; false, as whoever finds something wrong returns. */
#define RULE_WRONG(...) (rule_set_error(__VA_ARGS__), false)

/* What a JSON string, number, true or false means as a text, which stays as long as the rules; false for anything else. Once
 * for each that has escapes. */
bool rule_text_in(rules_t *self, text_t raw, text_t *text);

/* Each reads the value of a key: a text; one text or an array of them. False with an error. */
bool rule_string_in(const rule_compiler_t *self, const char *key, text_t raw, text_t *text);
bool rule_texts_in(const rule_compiler_t *self, const char *key, text_t raw, rule_texts_t *out);

/* A field: a JSON Pointer, or an object of "at" and what is beside it. Where records have places of their own a '^' in front
 * leads to the message. */
bool rule_field_in(const rule_compiler_t *self, const char *key, text_t raw, rule_field_t *field);
bool rule_place_in(const rule_compiler_t *self, const char *key, text_t pointer, rule_field_t *field);
