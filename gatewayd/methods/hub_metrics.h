/* Metrics of the gateway. */
#pragma once

#include "common/metrics/metrics.h"
#include "gatewayd/clients/hub.h"

/* O(subscriptions). */
void hub_metrics(metrics_t *metrics, const hub_t *hub);
