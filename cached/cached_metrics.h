/* What cached says of its store of trades and of its answers at /metrics. */
#pragma once

#include "cached/history.h"
#include "common/metrics.h"

void cached_metrics_print(metrics_t *metrics, const shelf_t *shelf, const history_t *history);
