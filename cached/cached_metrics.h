/* Metrics of cached: its store and its answers. */
#pragma once

#include "cached/answers/history.h"
#include "cached/archive/write_behind.h"
#include "common/metrics/metrics.h"

void store_metrics_print(metrics_t *metrics, const write_behind_t *write_behind);
void cached_metrics_print(metrics_t *metrics, const catalog_t *catalog, const history_t *history);
