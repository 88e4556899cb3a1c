/* Metrics of what came of comparing sources with their exchanges' candles (witness.h), each with the label `source`. */
#pragma once

#include "common/metrics/metrics.h"
#include "connectord/sources/feeds.h"

void witness_metrics(metrics_t *metrics, const feeds_t *feeds);
