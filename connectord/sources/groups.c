#include "connectord/sources/groups.h"

#include "common/clock.h"
#include "common/log.h"
#include "proto/topic.h"

#include <stdlib.h>

typedef struct group group_t;

struct group_member {
    group_t *group;
    size_t rank;
    void *item;
};

struct group {
    groups_t *groups;
    group_t *next;
    char name_text[SOURCE_MAX];
    text_t name;
    failover_t failover;
    loop_timer_t *due;                             /* for what time alone decides */
    group_member_t *members[FAILOVER_MEMBERS_MAX]; /* by rank; owned */
};

struct groups {
    loop_t *loop;
    failover_config_t config;
    groups_changed_fn *changed;
    group_t *first;
};

static void schedule(group_t *self, int64_t now_ns)
{
    int64_t due_ns = failover_due_ns(&self->failover);
    if (due_ns == INT64_MAX) {
        loop_timer_stop(self->due);
        return;
    }
    /* A ms later rather than earlier: what wakes up too early would have to wait for nothing once more. */
    loop_timer_start(self->due, due_ns > now_ns ? (uint64_t)((due_ns - now_ns) / NS_PER_MS) + 1 : 0, 0);
}

static void decide(group_t *self, int64_t now_ns)
{
    size_t former = self->failover.active;
    bool changed = failover_decide(&self->failover, now_ns);
    schedule(self, now_ns);
    if (!changed)
        return;
    log_warn("groups: another source is active", LOG_SLICE("group", self->name), LOG_U64("former", former),
             LOG_U64("rank", self->failover.active));
    self->groups->changed(self->members[former]->item);
    self->groups->changed(self->members[self->failover.active]->item);
}

static void on_due(void *arg)
{
    decide(arg, clock_mono_ns());
}

static group_t *group_find(groups_t *self, text_t name)
{
    for (group_t *group = self->first; group; group = group->next)
        if (text_equal(group->name, name))
            return group;
    return NULL;
}

static group_t *group_new(groups_t *groups, text_t name)
{
    group_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->due = loop_timer_new(groups->loop, on_due, self);
    if (!self->due) {
        free(self);
        return NULL;
    }
    self->groups = groups;
    memcpy(self->name_text, name.at, name.length);
    self->name = (text_t){self->name_text, name.length};
    failover_init(&self->failover, groups->config);
    self->next = groups->first;
    groups->first = self;
    return self;
}

groups_t *groups_new(loop_t *loop, failover_config_t config, groups_changed_fn *changed)
{
    groups_t *self = calloc(1, sizeof *self);
    if (self)
        *self = (groups_t){.loop = loop, .config = config, .changed = changed};
    return self;
}

static void group_destroy(group_t *self)
{
    group_t **link = &self->groups->first;
    while (*link != self)
        link = &(*link)->next;
    *link = self->next;
    loop_timer_destroy(&self->due);
    free(self);
}

group_member_t *groups_join(groups_t *self, text_t name, void *item)
{
    group_t *group = group_find(self, name);
    if (!group && !(group = group_new(self, name)))
        return NULL;
    group_member_t *member = group->failover.count < FAILOVER_MEMBERS_MAX ? malloc(sizeof *member) : NULL;
    if (member) {
        size_t rank = failover_add(&group->failover, clock_mono_ns());
        *member = (group_member_t){group, rank, item};
        group->members[rank] = member;
    } else if (group->failover.count == 0) {
        group_destroy(group);
    }
    return member;
}

static void close_ranks(group_t *self, size_t rank)
{
    for (size_t i = rank + 1; i < self->failover.count; i++) {
        self->members[i - 1] = self->members[i];
        self->members[i - 1]->rank = i - 1;
    }
}

void group_member_leave(group_member_t **self_ref)
{
    group_member_t *self = *self_ref;
    if (!self)
        return;
    *self_ref = NULL;
    group_t *group = self->group;
    bool was_active = group_member_role(self) == GROUP_ACTIVE;
    close_ranks(group, self->rank);
    failover_remove(&group->failover, self->rank);
    free(self);
    if (group->failover.count == 0) {
        group_destroy(group);
        return;
    }
    if (was_active)
        group->groups->changed(group->members[group->failover.active]->item);
    decide(group, clock_mono_ns());
}

void group_member_move_last(group_member_t *self)
{
    group_t *group = self->group;
    close_ranks(group, self->rank);
    failover_move_last(&group->failover, self->rank);
    self->rank = group->failover.count - 1;
    group->members[self->rank] = self;
    schedule(group, clock_mono_ns());
}

void group_member_report(group_member_t *self, failover_fitness_t fitness)
{
    int64_t now_ns = clock_mono_ns();
    failover_report(&self->group->failover, self->rank, fitness, now_ns);
    decide(self->group, now_ns);
}

group_role_t group_member_role(const group_member_t *self)
{
    return self->group->failover.active == self->rank ? GROUP_ACTIVE : GROUP_STANDBY;
}

text_t group_member_group(const group_member_t *self)
{
    return self->group->name;
}

void groups_destroy(groups_t **self_ref)
{
    groups_t *self = *self_ref;
    if (!self)
        return;
    for (group_t *group = self->first, *next; group; group = next) {
        next = group->next;
        for (size_t rank = 0; rank < group->failover.count; rank++)
            free(group->members[rank]);
        loop_timer_destroy(&group->due);
        free(group);
    }
    free(self);
    *self_ref = NULL;
}
