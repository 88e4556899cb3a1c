/* Prices on which simulators agree that know nothing of one another, whenever each was started: a function of the clock alone.
 *
 * The logarithm of what an asset is worth is a sum of smooth noises, each twice as slow as the one before and √2 times as strong: from 1 s up, so it
 * looks like a random walk, but does not run away. A price is the difference of two assets, so that ETH-BTC fits ETH-USD and BTC-USD.
 */
#pragma once

#include <stdint.h>

/* What the price of a symbol (BASE-QUOTE) is multiplied with at that time (ns since 1970), on the path of that number. */
double price_path_at(uint64_t path, const char *symbol, int64_t real_ns);
