/* What the owner of a key may, as words: "subscribe" to everything on the bus, or "subscribe:trade.BTC-USD." to what begins so (any number of
 * these), "replay" of what it may subscribe to, "history", "clear" to clear that, and "operate" to change symbols (both with their tokens). Knows no keys.
 */
#pragma once

#include "common/text.h"

/* Of who is asked for no key. */
#define RIGHTS_ALL "subscribe replay history clear operate"

/* *word: the first that is no right. */
bool rights_valid(text_t rights, text_t *word);

/* Has it this word? */
bool rights_have(text_t rights, text_t word);

/* May it subscribe to this topic, or to all that begin with this prefix of topics? */
bool rights_cover(text_t rights, text_t prefix);
