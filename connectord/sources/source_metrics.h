/* Metrics of connectord's sources, each with the label `source`. */
#pragma once

#include "common/metrics/metrics.h"
#include "proto/status.h"

/* statuses: one of each source. */
void source_metrics(metrics_t *metrics, const status_t *statuses, size_t count);
