/* A page of trades as a REST API serves it. */
#pragma once

#include "tests/simulator/market/exact.h"
#include "tests/simulator/market/market.h"
#include "tests/simulator/market/rest_fault.h"
#include "tests/simulator/random.h"

enum { PAGE_TRADES_MAX = 1000, PAGE_OVERLAP = 10 };

typedef struct {
    size_t count;
    char changed[EXACT_TEXT_MAX + 2]; /* a price that contradicts */
    sim_view_t trades[PAGE_TRADES_MAX];
} sim_page_t;

/* Up to `most` trades that were not lost: from an id on, oldest first; below an id, newest first. */
void page_fill_from(sim_page_t *self, const sim_market_t *market, size_t symbol, uint64_t id, size_t most);
void page_fill_below(sim_page_t *self, const sim_market_t *market, size_t symbol, uint64_t id, size_t most);

/* Makes a page of at least one trade wrong; REST_OVERLAP and what is not of a page leave it as it is. */
void page_spoil(sim_page_t *self, rest_fault_kind_t fault, random_t *random);
