/* A random walk: every trade picks a symbol, moves its price a little and has a log-normal size. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/simulator/price_path.h"
#include "tests/simulator/random.h"
#include "tests/simulator/source.h"

static const char default_names[] = "BTC-USD,ETH-USD,SOL-USD,ETH-BTC,XLM-EUR";

enum {
    QTY_DECIMALS = 8,
    NUMBER_BYTES = 32,
    TIMESTAMP_BYTES = 32,
    FIRST_WEIGHT = 1 << 26, /* all of them together stay below 2^32, which is as far as random_below is exact */
    ROUND_SIZES_IN = 4,     /* every fourth size is a number that a person would type */
};

static const double price_step = 5e-5;   /* standard deviation of one trade's step, relative to the price */
static const double price_range = 3;     /* a price stays within a third and three times where it began */
static const double apart_step = 1.5e-5; /* the same beside a path … */
static const double apart_kept = 0.98; /* … to which it goes back by so much a trade: it stays within a few 1/10,000 of it */
static const double size_spread = 1.6; /* standard deviation of the logarithm of sizes */

/* How a symbol trades. */
typedef struct {
    const char *symbol;
    double price;
    unsigned decimals; /* of the price */
    double qty;        /* the median */
} instrument_t;

static const instrument_t instruments[] = {
    {"BTC-USD", 67250.30, 2, 0.01},  {"ETH-USD", 3412.75, 2, 0.2},  {"SOL-USD", 148.620, 3, 4},
    {"ETH-BTC", 0.05074500, 8, 0.2}, {"XLM-EUR", 0.09130, 5, 2500}, {"BTC-EUR", 61980.0, 1, 0.01},
    {"BTC-USDT", 67261.10, 2, 0.01}, {"LTC-USD", 83.450, 3, 5},     {"DOGE-USD", 0.12345, 5, 3000},
    {"ADA-USD", 0.4410, 4, 800},     {"XRP-USD", 0.5240, 4, 1200},  {"BCH-USD", 471.20, 2, 1},
};
static const instrument_t unknown_instrument = {"", 100, 2, 1};

typedef struct {
    const instrument_t *instrument;
    double price;
    double apart; /* how far it is from the path, relative to it */
    double units; /* 10^decimals */
} instrument_walk_t;

typedef struct {
    sim_source_t source;
    random_t random;
    instrument_walk_t *walks; /* by symbol */
    uint64_t *weights;        /* by symbol: its own and those of all before it; NULL: all are equal */
    source_qty_writer_t *write_qty;
    bool on_path;
    uint64_t path;
} random_walk_t;

static const instrument_t *instrument_find(const char *symbol)
{
    for (size_t i = 0; i < sizeof instruments / sizeof *instruments; i++)
        if (strcmp(instruments[i].symbol, symbol) == 0)
            return &instruments[i];
    return &unknown_instrument;
}

static uint64_t walk_price(instrument_walk_t *self, double normal)
{
    const double price = self->price * (1 + price_step * normal);
    if (price > self->instrument->price / price_range && price < self->instrument->price * price_range)
        self->price = price;
    return (uint64_t)llround(self->price * self->units);
}

static uint64_t follow_path(instrument_walk_t *self, double level, double normal)
{
    self->apart = self->apart * apart_kept + apart_step * normal;
    self->price = self->instrument->price * level * (1 + self->apart);
    return (uint64_t)llround(self->price * self->units);
}

static uint64_t random_price(random_walk_t *self, size_t symbol, int64_t real_ns, double normal)
{
    instrument_walk_t *walk = &self->walks[symbol];
    if (!self->on_path)
        return walk_price(walk, normal);
    return follow_path(walk, price_path_at(self->path, self->source.symbols.names[symbol], real_ns), normal);
}

/* In units of 10^-QTY_DECIMALS. */
static uint64_t random_size(random_t *random, double median, double normal)
{
    uint64_t size = (uint64_t)llround(median * exp(size_spread * normal) * pow(10, QTY_DECIMALS));
    if (random_below(random, ROUND_SIZES_IN) == 0) {
        uint64_t unit = 1;
        while (size / unit >= 100)
            unit *= 10;
        size -= size % unit;
    }
    return size > 0 ? size : 1;
}

static size_t random_symbol(random_walk_t *self)
{
    size_t low = 0, high = self->source.symbols.count - 1;
    if (!self->weights)
        return random_below(&self->random, self->source.symbols.count);
    const uint64_t drawn = random_below(&self->random, self->weights[high]);
    while (low < high) { /* the first whose sum is above it */
        const size_t middle = (low + high) / 2;
        if (self->weights[middle] > drawn)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void random_walk_next(sim_source_t *source, uint64_t trade_id, int64_t real_ns, sim_trade_t *trade)
{
    random_walk_t *self = (random_walk_t *)source;
    double step, size;
    random_normals(&self->random, &step, &size);
    trade->symbol = random_symbol(self);
    instrument_walk_t *walk = &self->walks[trade->symbol];

    char timestamp_text[TIMESTAMP_BYTES], price_text[NUMBER_BYTES], qty_text[NUMBER_BYTES], id_text[NUMBER_BYTES];
    text_writer_t timestamp = writer_on(timestamp_text, sizeof timestamp_text),
                  price = writer_on(price_text, sizeof price_text);
    text_writer_t qty = writer_on(qty_text, sizeof qty_text), id = writer_on(id_text, sizeof id_text);
    writer_timestamp(&timestamp, real_ns);
    writer_fixed(&price, random_price(self, trade->symbol, real_ns, step), walk->instrument->decimals);
    self->write_qty(&qty, random_size(&self->random, walk->instrument->qty, size), QTY_DECIMALS);
    writer_unsigned(&id, trade_id);

    text_writer_t text = writer_on(trade->text, sizeof trade->text);
    trade_write(&text, &(trade_fields_t){.symbol = source->symbols.names[trade->symbol],
                                         .timestamp = writer_string(&timestamp),
                                         .side = random_below(&self->random, 2) ? "buy" : "sell",
                                         .qty = writer_string(&qty),
                                         .price = writer_string(&price),
                                         .trade_id = writer_string(&id)});
    trade->length = writer_length(&text);
}

static bool random_walk_finished(const sim_source_t *source)
{
    (void)source;
    return false;
}

static void random_walk_destroy(sim_source_t *source)
{
    random_walk_t *self = (random_walk_t *)source;
    free(self->walks);
    free(self->weights);
    free(self);
}

static bool random_walk_offer(random_walk_t *self, const char *names)
{
    symbols_t *symbols = &self->source.symbols;
    char *copy = strdup(names);
    bool ok = copy != NULL;
    for (char *rest = copy, *name; ok && (name = strsep(&rest, ","));)
        ok = symbols_add(symbols, name) != SYMBOL_NONE;
    free(copy);
    if (!ok || symbols->count == 0)
        return false;
    self->walks = calloc(symbols->count, sizeof *self->walks);
    if (!self->walks)
        return false;
    for (size_t i = 0; i < symbols->count; i++) {
        const instrument_t *instrument = instrument_find(symbols->names[i]);
        self->walks[i] = (instrument_walk_t){instrument, instrument->price, 0, pow(10, instrument->decimals)};
    }
    return true;
}

static bool random_walk_weigh(random_walk_t *self)
{
    const size_t count = self->source.symbols.count;
    uint64_t sum = 0;
    if (!(self->weights = calloc(count, sizeof *self->weights)))
        return false;
    for (size_t k = 1; k <= count; k++)
        self->weights[k - 1] = sum += FIRST_WEIGHT / k;
    return true;
}

sim_source_t *source_random_walk(const random_walk_options_t *options)
{
    static const source_ops_t ops = {random_walk_next, random_walk_finished, random_walk_destroy};
    random_walk_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->source.ops = &ops;
    self->random.state = options->seed;
    self->write_qty = options->write_qty;
    if ((self->on_path = options->path))
        self->path = *options->path;
    sim_source_t *source = &self->source;
    if (!random_walk_offer(self, options->names ? options->names : default_names) ||
        (options->weights == WEIGHTS_POWER_LAW && !random_walk_weigh(self)))
        source_destroy(&source);
    return source;
}
