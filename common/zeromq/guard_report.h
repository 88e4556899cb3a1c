/* Tells of peers that were refused, closed or denied something: counts them, for metrics, and logs them, though not too often. */
#pragma once

#include "common/metrics/metrics.h"
#include "common/zeromq/guard_config.h"

/* A connection of that address was refused or ended. reason: as for guard_drop (guard.h). */
void guard_tell_end(guard_t *self, const char *address, const char *reason);

/* ZAP asked about one whose key nobody knows, and was told no. */
void guard_tell_key(guard_t *self, text_t address, text_t key);

/* A peer asked for what its key, of that name, has no right to. right: a literal. what: a topic, say. */
void guard_tell_denied(guard_t *self, const guard_peer_t *peer, const char *name, const char *right, text_t what);

/* dataflow_peers… of all guards. */
void guard_metrics(metrics_t *metrics);
