/* What an earlier run wrote to the ledger is remembered by the next one, as an exchange remembers it. */
#pragma once

#include "tests/simulator/market/market.h"

/* Reads the trades that the ledger says were made or lost. path: of a file that need not be there. */
void restart_read(sim_market_t *market, const char *path);
