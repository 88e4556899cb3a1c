/* What an exchange that counts its trades remembers: of each symbol the last id and, of all symbols together, the last
 * MARKET_TRADES_KEPT trades, whoever was connected. Its REST API answers from here.
 *
 * Ids of a symbol count up by one. A trade that is lost has an id like any other, but nobody is ever told of it.
 */
#pragma once

#include "tests/simulator/market/view.h"
#include "tests/simulator/symbols.h"

enum { MARKET_TRADES_KEPT = 1 << 20 };

typedef struct sim_market sim_market_t;

/* symbols: must outlive it. first_id: that of each symbol's first trade, 1 or more. NULL when memory runs out. */
sim_market_t *market_new(const symbols_t *symbols, uint64_t first_id);
void market_destroy(sim_market_t **self);

/* Gives a trade the next id of its symbol, prints its qty and price without exponents, and remembers it; its text then says so. Its time
 * is the text's, or now_ns where that is above 0, but never earlier than that of the symbol's trade before. lost: see above.
 * False when memory runs out. */
bool market_number(sim_market_t *self, sim_trade_t *trade, int64_t now_ns, bool lost);

/* Remembers a trade that another process numbered. */
void market_restore(sim_market_t *self, const char *members, size_t length, bool lost);

/* --- what is remembered ------------------------------------------------------- */

/* The last id, 0: there was no trade. The oldest that is still known, or last + 1. */
uint64_t market_last(const sim_market_t *self, size_t symbol);
uint64_t market_oldest(const sim_market_t *self, size_t symbol);

/* id: market_oldest to market_last. The pieces stay valid until the next trade. timestamp is empty. */
sim_view_t market_view(const sim_market_t *self, size_t symbol, uint64_t id);
bool market_lost(const sim_market_t *self, size_t symbol, uint64_t id);

/* The first id whose time is later, or last + 1. O(log trades) */
uint64_t market_after(const sim_market_t *self, size_t symbol, int64_t time_ns);

/* The newest id that is not lost, and not above `id`; 0: none. */
uint64_t market_newest_told(const sim_market_t *self, size_t symbol, uint64_t id);

/* When the newest trade of all was made; 0: never. */
int64_t market_time(const sim_market_t *self);

const symbols_t *market_symbols(const sim_market_t *self);

/* --- trades to be lost -------------------------------------------------------- */

/* The next n trades of the symbol are to be lost; SYMBOL_NONE: the next n of whatever symbol. */
void market_lose(sim_market_t *self, size_t symbol, uint64_t n);

/* Whether the next trade of a symbol is one of them; then there is one less. */
bool market_take_loss(sim_market_t *self, size_t symbol);

/* Whether candles count trades that were lost: an exchange's own books do. True at first. */
bool market_candles_count_lost(const sim_market_t *self);
void market_set_candles_count_lost(sim_market_t *self, bool count);
