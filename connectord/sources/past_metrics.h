/* Metrics of what was asked for afterwards, each with the label `source`. */
#pragma once

#include "common/metrics/metrics.h"
#include "connectord/sources/feeds.h"

void past_metrics(metrics_t *metrics, const feeds_t *feeds);
