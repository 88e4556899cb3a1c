/* What the gateway says of itself at /metrics. */
#pragma once

#include "common/metrics/metrics.h"
#include "gatewayd/clients/hub.h"

/* O(subscriptions). */
void hub_metrics(metrics_t *metrics, const hub_t *hub);
