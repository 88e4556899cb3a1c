/* Trades that are published although something is wrong with them: counted, and logged now and then. */
#pragma once

#include "common/log.h"
#include "proto/trade.h"

/* All zero: none yet. */
typedef struct {
    uint64_t id_conflicts; /* another trade has the id */
    uint64_t future;       /* made further ahead of our clock than the source's future_ms */
    log_limit_t conflict_limit, future_limit;
} oddities_t;

/* Such a trade, with its source, timestamp_ns and received_ns set. */
void oddities_conflict(oddities_t *self, const trade_t *trade);
void oddities_future(oddities_t *self, const trade_t *trade);
