/* What history was seen to have of a symbol, so that the rings may answer in its place: learned from each of its own answers
 * about the last trades. It holds for a while only, since history may forget.
 */
#pragma once

#include "gatewayd/forms/recent_query.h"
#include "gatewayd/streams/market.h"

/* `answer`: history's, valid JSON, to the question; one without bounds teaches. Its trades go into the rings too, where they
 * join what is there: so the rings reach back as far as it was asked for. */
void history_coverage_learn(markets_t *markets, const recent_query_t *question, text_t answer, int64_t now_ns);

/* Forgets what is known of all symbols: history has dropped trades. */
void history_coverage_forget(markets_t *markets);
