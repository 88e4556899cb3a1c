/* A text with places for what is known only later: {"op":"subscribe","args":["trade:${native:lower}"]}
 *
 *     ${symbol} BTC-USD   ${key} the same   ${base} BTC   ${quote} USD   ${native} as the source spells it   ${token} the source's token
 *     ${channel} trades
 *     ${base:lower} btc   ${base:upper} BTC
 *
 * A '$' that no '{' follows stands for itself. What is put in is escaped where it stands within JSON's quotes: it can't end the string.
 */
#pragma once

#include "common/buffer.h"

enum { TEMPLATE_PARTS_MAX = 32, TEMPLATE_ERROR_MAX = 160 };

typedef enum {
    TEMPLATE_TEXT,
    TEMPLATE_SYMBOL,
    TEMPLATE_BASE,
    TEMPLATE_QUOTE,
    TEMPLATE_NATIVE,
    TEMPLATE_TOKEN,
    TEMPLATE_CHANNEL
} template_kind_t;

typedef struct {
    text_t text; /* of TEMPLATE_TEXT */
    template_kind_t kind;
    bool lower, upper;
} template_part_t;

typedef struct {
    template_part_t parts[TEMPLATE_PARTS_MAX];
    size_t count;
} template_t;

/* What is put in. An empty symbol leaves base, quote and symbol empty. */
typedef struct {
    text_t symbol, native, token, channel;
} template_values_t;

/* Compiles a text, which must outlive the template. False with `error`: what was expected, what was found. */
bool template_compile(template_t *self, text_t text, char error[static TEMPLATE_ERROR_MAX]);

/* Is that value put in anywhere? */
bool template_has(const template_t *self, template_kind_t kind);

/* Appends the text with the values in their places. `json`: escaped as in a JSON string. ASCII letters have their case changed, others not. */
void template_print(const template_t *self, const template_values_t *values, bool json, buffer_t *out);
