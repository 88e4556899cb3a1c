/* What history is known to have of a symbol, so that the rings may answer in its place: learned from each of its answers about the last
 * trades. It expires, since history may be cleared.
 */
#pragma once

#include "gatewayd/streams/ring_recent.h"

/* `answer`: history's, valid JSON, to {"op":"recent"} about the market without bounds, of one source or (empty) of all. Its trades go into
 * the rings, too, if they join what is there: so the rings reach back as far as was asked for. */
void history_coverage_learn(market_t *market, text_t source, text_t answer, int64_t now_ns);

/* Nothing is known from now on. */
void history_coverage_forget(market_t *market);
