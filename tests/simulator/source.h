/* Where trades come from: a random walk or a file of recorded ones. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/simulator/symbols.h"
#include "tests/simulator/trade.h"

typedef struct sim_source sim_source_t;

/* What a source must be able to do. */
typedef struct {
    /* The next trade. trade_id and real_ns are for a source that has no ids and times of its own. Not called once finished. */
    void (*next)(sim_source_t *self, uint64_t trade_id, int64_t real_ns, sim_trade_t *trade);
    bool (*finished)(const sim_source_t *self); /* no trade is left */
    void (*destroy)(sim_source_t *self);
} source_ops_t;

struct sim_source {
    const source_ops_t *ops;
    symbols_t symbols;
};

/* How the symbols of a random walk share in its trades. */
typedef enum { WEIGHTS_EQUAL, WEIGHTS_POWER_LAW /* the k-th has 1/k */ } source_weights_t;

/* How a quantity is printed: units × 10^-decimals. */
typedef void source_qty_writer_t(text_writer_t *out, uint64_t units, unsigned decimals);

typedef struct {
    const char *names; /* "BTC-USD,ETH-USD", all of them valid and different; NULL: a handful of common ones */
    uint64_t seed;
    source_weights_t weights;
    source_qty_writer_t *write_qty;
    const uint64_t *path; /* prices keep near this path (price_path.h); NULL: they walk where they like */
} random_walk_options_t;

/* Trades whose prices walk and whose sizes are log-normal. The options are needed during the call only. NULL when memory runs out. */
sim_source_t *source_random_walk(const random_walk_options_t *options);

typedef enum { SOURCE_ONCE, SOURCE_LOOP } source_laps_t;

/* The `updated` frames of an NDJSON file, their six fields as they stand there. From the second lap on, "-2", "-3" and so on
 * is appended to trade_id. Tells what is wrong with the file on stderr, then returns NULL. */
sim_source_t *source_file(const char *path, source_laps_t laps);

void source_destroy(sim_source_t **self);
