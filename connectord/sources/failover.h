/* Which source of a failover group is active: its trades are published, while the others stand by, connected.
 *
 * Members have ranks 0, 1, 2 … in the order in which they are preferred. Each is fit (connected, and healthy enough) or not.
 *
 *     - The active one stays while it is fit, unless a better one has been fit for hysteresis_ms: then that takes over.
 *     - Once the active one has been unfit for after_ms, the best fit one takes over, however briefly it has been fit. If every other
 *       is unfit, too, the active one stays until one is fit.
 *
 * Starts with rank 0 active and none fit. Knows neither sources nor the loop; the caller supplies the time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAILOVER_MEMBERS_MAX = 512 }; /* every possible source, and each again while it is replaced */

typedef struct {
    uint32_t after_ms;
    uint32_t hysteresis_ms;
} failover_config_t;

typedef enum { FAILOVER_UNFIT, FAILOVER_FIT } failover_fitness_t;

typedef struct {
    failover_fitness_t fitness;
    int64_t since_ns; /* when it became so */
} failover_member_t;

typedef struct {
    failover_config_t config;
    failover_member_t members[FAILOVER_MEMBERS_MAX];
    size_t count;
    size_t active; /* rank */
} failover_t;

/* A group without members. */
void failover_init(failover_t *self, failover_config_t config);

/* Adds the next member, unfit since now_ns (clock_mono_ns), and returns its rank. At most FAILOVER_MEMBERS_MAX (asserted). */
size_t failover_add(failover_t *self, int64_t now_ns);

/* Removes a member; those after it move up. If it was active, the best fit one becomes active, or else the best one. */
void failover_remove(failover_t *self, size_t rank);

/* Makes a member the last in rank; those after it move up. The active one stays active. */
void failover_move_last(failover_t *self, size_t rank);

/* The state of a member; repeating it changes nothing. Call failover_decide after it. */
void failover_report(failover_t *self, size_t rank, failover_fitness_t fitness, int64_t now_ns);

/* Decides again who is active; true when that has changed. */
bool failover_decide(failover_t *self, int64_t now_ns);

/* When time alone may change the decision next; INT64_MAX: not before another report. */
int64_t failover_due_ns(const failover_t *self);
