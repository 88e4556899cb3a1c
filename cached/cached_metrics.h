/* What cached says of its store of trades and of its answers at /metrics. */
#pragma once

#include "cached/answers/history.h"
#include "cached/archive/archive.h"
#include "common/metrics/metrics.h"

void archive_metrics_print(metrics_t *metrics, const archive_t *archive);
void cached_metrics_print(metrics_t *metrics, const shelf_t *shelf, const history_t *history);
