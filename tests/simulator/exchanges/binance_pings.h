/* What Binance counts on a connection: its own pings that have not been answered, and what a client sends. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PINGS_KEPT = 64, INBOUND_A_SECOND = 5 };

typedef struct {
    uint64_t payload;
    int64_t sent_ns;
} sim_ping_t;

typedef struct {
    sim_ping_t unanswered[PINGS_KEPT]; /* oldest first */
    size_t count;
    int64_t due_ns;
    uint64_t last_payload;
    int64_t inbound_ns[INBOUND_A_SECOND]; /* when the last messages came in; a ring */
    uint64_t inbound;
} sim_pings_t;

/* now_ns: of the monotonic clock, everywhere. */
void pings_start(sim_pings_t *self, int64_t now_ns, int64_t interval_ns, uint64_t first_payload);

/* Whether a ping is due. Then it counts as sent, and its payload is last_payload, in decimal. */
bool pings_take_due(sim_pings_t *self, int64_t now_ns, int64_t interval_ns);

/* A pong answers the ping of its payload, and those before it. */
void pings_answered(sim_pings_t *self, const char *payload, size_t length);

/* Whether a ping has waited that long. */
bool pings_overdue(const sim_pings_t *self, int64_t now_ns, int64_t patience_ns);

/* Whether a message, or a pong, that comes in now is within the limit. */
bool pings_admit(sim_pings_t *self, int64_t now_ns);
