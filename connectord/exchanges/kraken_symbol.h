/* How Kraken spells our symbols: BTC-USD is BTC/USD on its WebSocket, and XBTUSD in questions over HTTP, where Bitcoin and Dogecoin have their old names.
 *
 * The slash stands for a symbol's first hyphen, so that each spelling is that of one symbol alone.
 */
#pragma once

#include "common/buffer.h"
#include "proto/topic.h"

/* Prints the WebSocket's spelling of a valid symbol, without a NUL. Returns the length, which is the symbol's. */
size_t kraken_symbol_print(char out[static SYMBOL_MAX], text_t symbol);

/* The symbol that is spelled so, into `out`, which it points into; valid but for the slash, it need not be. False for what is no symbol's spelling. */
bool kraken_symbol_read(char out[static SYMBOL_MAX], text_t spelling, text_t *symbol);

/* Appends HTTP's spelling of a valid symbol, as it goes into a query. */
void kraken_pair_print(buffer_t *out, text_t symbol);
