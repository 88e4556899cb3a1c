/* The failover groups: sources of which one publishes while the others stand by (failover.h says which, and when that changes).
 *
 * Members join in the order of the configuration: the first is preferred.
 */
#pragma once

#include "common/loop/loop.h"
#include "common/text.h"
#include "connectord/sources/failover.h"

typedef struct groups groups_t;
typedef struct group_member group_member_t;

/* The item's member became active, or stopped being so. Both are told, the one that stopped first. */
typedef void groups_changed_fn(void *item);

/* NULL when memory runs out. */
groups_t *groups_new(loop_t *loop, failover_config_t config, groups_changed_fn *changed);

/* Joins the group of that name, which is created with its first member, as its last. NULL when memory runs out, or there are too
 * many. */
group_member_t *groups_join(groups_t *self, text_t group, void *item);

/* Leaves the group, which ends with its last member. May call `changed` for another one that becomes active. Takes NULL. */
void group_member_leave(group_member_t **self);

/* Becomes the least preferred. The active one stays active for now. */
void group_member_move_last(group_member_t *self);

/* The member is fit, or not, from now on; may be repeated. May call `changed` before it returns, also for this one. */
void group_member_report(group_member_t *self, failover_fitness_t fitness);

typedef enum { GROUP_STANDBY, GROUP_ACTIVE } group_role_t;

group_role_t group_member_role(const group_member_t *self);
text_t group_member_group(const group_member_t *self);

/* With the members that are left. Calls nothing from now on. */
void groups_destroy(groups_t **self);
