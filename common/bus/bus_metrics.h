/* The metrics of a follower of the bus (follower.h): the same names in cached and in gatewayd. */
#pragma once

#include "common/bus/follower_counts.h"
#include "common/metrics/metrics.h"

void bus_metrics(metrics_t *metrics, const follower_counts_t *counts);
