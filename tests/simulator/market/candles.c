#include "tests/simulator/market/candles.h"

#include "tests/simulator/clock.h"

static bool counts(const sim_market_t *market, size_t symbol, uint64_t id)
{
    return market_candles_count_lost(market) || !market_lost(market, symbol, id);
}

/* The price of the last trade below `id` that counts. */
static sim_piece_t price_before(const sim_market_t *market, size_t symbol, uint64_t id)
{
    const uint64_t oldest = market_oldest(market, symbol);
    while (id-- > oldest)
        if (counts(market, symbol, id))
            return market_view(market, symbol, id).price;
    return (sim_piece_t){"", 0};
}

sim_candles_t candles_from(const sim_market_t *market, size_t symbol, int64_t start_s, int64_t step_s)
{
    const uint64_t id = market_after(market, symbol, start_s * NS_PER_S - 1);
    return (sim_candles_t){.market = market,
                           .symbol = symbol,
                           .id = id,
                           .start_s = start_s,
                           .step_s = step_s,
                           .close = price_before(market, symbol, id)};
}

/* Whether piece is beyond the candle's: above it (sign 1), or below (sign -1). */
static bool beyond(sim_piece_t piece, sim_piece_t than, int sign)
{
    sim_exact_t a, b;
    exact_read(&a, piece.text, piece.length);
    exact_read(&b, than.text, than.length);
    return exact_compare(&a, &b) * sign > 0;
}

static void candle_add(sim_candle_t *self, const sim_view_t *trade)
{
    sim_exact_t price, qty;
    exact_read(&price, trade->price.text, trade->price.length);
    exact_read(&qty, trade->qty.text, trade->qty.length);
    if (self->count++ == 0)
        self->open = self->high = self->low = trade->price;
    if (beyond(trade->price, self->high, 1))
        self->high = trade->price;
    if (beyond(trade->price, self->low, -1))
        self->low = trade->price;
    self->close = trade->price;
    exact_add(&self->volume, &qty);
    const sim_exact_t quote = exact_product(&price, &qty);
    exact_add(&self->quote, &quote);
}

void candles_next(sim_candles_t *self, sim_candle_t *candle)
{
    const uint64_t last = market_last(self->market, self->symbol);
    const int64_t end_ns = (self->start_s + self->step_s) * NS_PER_S;
    *candle = (sim_candle_t){
        .start_s = self->start_s, .open = self->close, .high = self->close, .low = self->close, .close = self->close};
    for (; self->id <= last; self->id++) {
        const sim_view_t trade = market_view(self->market, self->symbol, self->id);
        if (trade.time_ns >= end_ns)
            break;
        if (counts(self->market, self->symbol, self->id))
            candle_add(candle, &trade);
    }
    self->close = candle->close;
    self->start_s += self->step_s;
}

int64_t candles_first(const sim_market_t *market, size_t symbol, int64_t step_s)
{
    const uint64_t oldest = market_oldest(market, symbol);
    if (oldest > market_last(market, symbol))
        return -1;
    const int64_t first_s = market_view(market, symbol, oldest).time_ns / NS_PER_S;
    return first_s - first_s % step_s;
}
