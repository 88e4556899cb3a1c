/* Metrics of every process: its version, the resources it uses, and how late its event loop is. */
#pragma once

#include "common/loop/loop.h"
#include "common/metrics/metrics.h"

void process_metrics(metrics_t *metrics, const loop_t *loop);
