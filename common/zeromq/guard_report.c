#include "common/zeromq/guard_report.h"

#include "common/log.h"
#include "common/zeromq/guard_state.h"

#include <stdio.h>

/* What metrics call it. */
static text_t word_of(const char *reason)
{
    return (text_t){reason, strcspn(reason, ":")};
}

/* The last place is for all that have none. */
static void count(guard_count_t *counts, size_t places, const char *reason)
{
    guard_count_t *found = counts;
    while (found < counts + places - 1 && found->reason && !text_equal(word_of(found->reason), word_of(reason)))
        found++;
    found->reason = found->reason ? found->reason : reason;
    found->count++;
}

void guard_tell_end(guard_t *self, const char *address, const char *reason)
{
    static log_limit_t limit;
    count(self->ended, GUARD_REASONS_MAX, reason);
    log_warn_limited(&limit, "guard: closed a peer's connection", LOG_TEXT("socket", self->socket.name),
                     LOG_TEXT("peer", address), LOG_TEXT("reason", reason));
}

void guard_tell_key(guard_t *self, text_t address, text_t key)
{
    static log_limit_t limit;
    count(self->ended, GUARD_REASONS_MAX, "key");
    log_warn_limited(&limit, "guard: refused a peer whose key is not known", LOG_TEXT("socket", self->socket.name),
                     LOG_SLICE("peer", address), LOG_SLICE("key", key));
}

void guard_tell_denied(guard_t *self, const guard_peer_t *peer, const char *name, const char *right, text_t what)
{
    static log_limit_t limit;
    count(self->denied, GUARD_RIGHTS_MAX, right);
    log_warn_limited(&limit, "guard: denied a peer what its key may not", LOG_TEXT("socket", self->socket.name),
                     LOG_TEXT("peer", peer->address), LOG_TEXT("name", name), LOG_TEXT("right", right),
                     LOG_SLICE("what", what));
}

static void put(metrics_t *metrics, const guard_t *guard, const guard_count_t *counts, size_t places, const char *label)
{
    for (size_t i = 0; i < places && counts[i].reason; i++)
        metrics_u64(metrics, METRIC_LABELS({"socket", text_of(guard->socket.name)}, {label, word_of(counts[i].reason)}),
                    counts[i].count);
}

void guard_metrics(metrics_t *metrics)
{
    metrics_family(metrics, "dataflow_peers", METRIC_GAUGE, "Connections to the ZeroMQ sockets");
    for (const guard_t *guard = guards; guard; guard = guard->next)
        metrics_u64(metrics, METRIC_LABELS({"socket", text_of(guard->socket.name)}), guard->count);
    metrics_family(metrics, "dataflow_peers_closed_total", METRIC_COUNTER,
                   "Connections to the ZeroMQ sockets refused or closed, by reason");
    for (const guard_t *guard = guards; guard; guard = guard->next)
        put(metrics, guard, guard->ended, GUARD_REASONS_MAX, "reason");
    metrics_family(metrics, "dataflow_peers_denied_total", METRIC_COUNTER,
                   "Subscriptions and requests that the peer's key has no right to, by the right that it lacks");
    for (const guard_t *guard = guards; guard; guard = guard->next)
        put(metrics, guard, guard->denied, GUARD_RIGHTS_MAX, "right");
}
