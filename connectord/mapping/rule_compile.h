/* From the JSON of a mapping to its rules. */
#pragma once

#include "connectord/mapping/rule.h"

/* Compiles a mapping, which is copied. False with `error`: the key's path, what was expected, what was found. rules_release frees it either way. */
bool rules_compile(rules_t *self, text_t json, char error[static RULES_ERROR_MAX]);
void rules_release(rules_t *self);
