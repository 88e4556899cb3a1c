/* The trades of the benchmarks: what (symbol, seq) names is always the same text, so that whoever has the numbers has the trade.
 *
 * Symbols are S0000-USD, S0001-USD …, the source is `bench`; seqnum, seq and tradeId are the same number.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SAMPLE_EPOCH  UINT64_C(1763941200123456)
#define SAMPLE_SOURCE "bench"

enum { SAMPLE_MAX = 512, SAMPLE_SYMBOLS_MAX = 10000, SAMPLE_SYMBOL_LENGTH = 9 };

/* These print without a NUL, and return the length. */
size_t sample_symbol(char *out, unsigned symbol);

/* trade.S0000-USD.bench */
size_t sample_topic(char *out, unsigned symbol);

/* As on the bus. */
size_t sample_trade(char *out, unsigned symbol, uint64_t seq);

/* As before a client: trades.update. */
size_t sample_update(char *out, unsigned symbol, uint64_t seq);

/* As an exchange sends it: Blockchain.com's, and Kraken's (a message, whose symbol is S0000/USD). */
size_t sample_exchange(char *out, unsigned symbol, uint64_t seq);
size_t sample_kraken(char *out, unsigned symbol, uint64_t seq);

/* The same for records of the channel `readings`, whose keys are those symbols. */
size_t sample_reading_topic(char *out, unsigned symbol);
size_t sample_reading(char *out, unsigned symbol, uint64_t seq);

/* What a bus carries. */
typedef struct {
    size_t (*topic)(char *out, unsigned symbol);
    size_t (*record)(char *out, unsigned symbol, uint64_t seq);
    const char *before;   /* what stands before a symbol, as the subject of a status */
    const char *channels; /* of a status */
} sample_form_t;

extern const sample_form_t sample_trades, sample_readings;

/* The symbol's number and the seq that one of these texts has at its head; no symbol is looked for where `symbol` is NULL. 0 where there is
 * no seq. */
uint64_t sample_read(const char *text, size_t length, unsigned *symbol);
