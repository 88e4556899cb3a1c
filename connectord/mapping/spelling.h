/* How a source spells our symbols, and back: by a pattern (BTC-USD is "t${base}${quote}", tBTCUSD, there), or by a table.
 *
 * Both directions are those of what was added: what a source's name stands for is never guessed. That is a symbol, or a subject of another channel (topic.h), whose
 * key is spelled; the same name may stand for keys of several channels. A subject readings.* stands for every key of its channel.
 */
#pragma once

#include "connectord/mapping/template.h"

typedef struct spelling spelling_t;

/* rule: a JSON string, the pattern; or a JSON object of symbols and the source's names; empty: as we do. Copied. NULL with `error` when it can't be used,
 * or memory runs out. */
spelling_t *spelling_new(text_t rule, char error[static TEMPLATE_ERROR_MAX]);
void spelling_destroy(spelling_t **self);

/* Adds a subject. False with `error`: the table has no name for it, or another one of the channel has the same, or memory runs out. Once more is fine. */
bool spelling_add(spelling_t *self, text_t subject, char error[static TEMPLATE_ERROR_MAX]);

/* The source's name of an added subject, and the subject of a name in a channel; an empty slice for any other. Valid until spelling_destroy. */
text_t spelling_native(const spelling_t *self, text_t subject);
text_t spelling_subject(const spelling_t *self, text_t channel, text_t native);

/* All subjects of a name: number 0, 1, 2 …; an empty slice beyond the last. */
text_t spelling_subject_at(const spelling_t *self, text_t native, size_t number);
