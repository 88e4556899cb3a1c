/* What every process says of itself at /metrics: its version, what it costs the machine, and how late its event loop is. */
#pragma once

#include "common/loop/loop.h"
#include "common/metrics/metrics.h"

void process_metrics(metrics_t *metrics, const loop_t *loop);
