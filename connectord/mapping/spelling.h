/* How a source spells our symbols, and back: by a pattern (BTC-USD is "t${base}${quote}", tBTCUSD, there), or by a table.
 *
 * Both directions are those of the symbols that were added: what a source's name stands for is never guessed.
 */
#pragma once

#include "connectord/mapping/template.h"

typedef struct spelling spelling_t;

/* rule: a JSON string, the pattern; or a JSON object of symbols and the source's names; empty: as we do. Copied. NULL with `error` when it can't be used,
 * or memory runs out. */
spelling_t *spelling_new(text_t rule, char error[static TEMPLATE_ERROR_MAX]);
void spelling_destroy(spelling_t **self);

/* Adds a symbol. False with `error`: the table has no name for it, or another symbol has the same, or memory runs out. Once more is fine. */
bool spelling_add(spelling_t *self, text_t symbol, char error[static TEMPLATE_ERROR_MAX]);

/* The source's name of an added symbol, and the symbol of a name; an empty slice for any other. Valid until spelling_destroy. */
text_t spelling_native(const spelling_t *self, text_t symbol);
text_t spelling_symbol(const spelling_t *self, text_t native);
