#include "gatewayd/auth/grants.h"

#include "common/clock.h"
#include "common/table.h"

#include <stdlib.h>

enum {
    ROLES_MAX = 128 /* that metrics tell apart: those of the configuration, and some that are gone but for who has them still */
};

/* How many connections there are of a subject. */
typedef struct {
    size_t connections;
} subject_t;

struct grants {
    const grants_judge_t *judge;
    void *arg;
    grants_times_t times;
    list_t all; /* grant_t.in_grants */
    heap_t due; /* grant_t.in_due */
    table_t *subjects;
    uint64_t judged[AUTH_REFUSALS], ended[GRANT_ROLE_GONE + 1], refreshed;
};

static bool is_before(heap_item_t *item, heap_item_t *other)
{
    return HEAP_OWNER(item, grant_t, in_due)->due_ns < HEAP_OWNER(other, grant_t, in_due)->due_ns;
}

grants_t *grants_new(const grants_judge_t *judge, void *arg, const grants_times_t *times)
{
    grants_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (grants_t){.judge = judge, .arg = arg, .times = *times, .due = heap_new(is_before), .subjects = table_new()};
    list_init(&self->all);
    if (!self->subjects)
        grants_destroy(&self);
    return self;
}

void grants_destroy(grants_t **self_p)
{
    grants_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    heap_release(&self->due);
    table_destroy(&self->subjects);
    free(self);
}

void grants_set_times(grants_t *self, const grants_times_t *times)
{
    self->times = *times;
}

bool grants_are_ready(const grants_t *self)
{
    return self->judge->ready(self->arg);
}

static auth_refusal_t judge(grants_t *self, text_t token, identity_t *out)
{
    return self->judge->admit(self->arg, token, out);
}

static auth_refusal_t count(grants_t *self, auth_refusal_t refusal)
{
    self->judged[refusal]++;
    return refusal;
}

auth_refusal_t grants_judge(grants_t *self, text_t token, identity_t *out)
{
    return count(self, judge(self, token, out));
}

/* --- connections of a subject --- */

static auth_refusal_t enter(grants_t *self, const identity_t *identity)
{
    text_t name = identity_subject(identity);
    uint64_t most = role_limits(identity->role)->connections;
    subject_t *subject = table_get(self->subjects, name);
    if (subject && most > 0 && subject->connections >= most)
        return AUTH_CONNECTIONS;
    if (!subject && (!(subject = calloc(1, sizeof *subject)) || !table_put(self->subjects, name, subject))) {
        free(subject);
        return AUTH_CONNECTIONS;
    }
    subject->connections++;
    return AUTH_GRANTED;
}

static void leave(grants_t *self, const identity_t *identity)
{
    text_t name = identity_subject(identity);
    subject_t *subject = table_get(self->subjects, name);
    if (subject && --subject->connections == 0)
        free(table_remove(self->subjects, name));
}

/* --- a grant --- */

static grant_t *grant_new(grants_t *self, grant_state_t state)
{
    grant_t *grant = calloc(1, sizeof *grant);
    if (!grant)
        return NULL;
    grant->grants = self;
    grant->state = state;
    list_init(&grant->in_grants);
    list_append(&self->all, &grant->in_grants);
    return grant;
}

static void end(grant_t *self, grant_end_t why)
{
    heap_remove(&self->grants->due, &self->in_due);
    self->state = GRANT_OVER;
    self->why = why;
    self->grants->ended[why]++;
    if (self->events)
        self->events->over(self->owner, why);
}

/* When it is looked at next, in the queue from when it is attached on. One that never ends is not in it. */
static void plan(grant_t *self)
{
    grants_t *grants = self->grants;
    heap_remove(&grants->due, &self->in_due);
    if (self->state == GRANT_HELD)
        self->due_ns = self->identity.expires_ns == IDENTITY_FOREVER ? IDENTITY_FOREVER
                                                                     : self->identity.expires_ns - grants->times.warn_ns;
    else if (self->state == GRANT_WARNED)
        self->due_ns = self->identity.expires_ns;
    if (!self->events || self->state == GRANT_OVER || self->due_ns == IDENTITY_FOREVER)
        return;
    if (!heap_put(&grants->due, &self->in_due))
        end(self, GRANT_EXPIRED); /* out of memory: nobody would see it expire */
}

auth_refusal_t grants_open(grants_t *self, text_t token, grant_t **out)
{
    identity_t identity;
    auth_refusal_t refusal = judge(self, token, &identity);
    *out = NULL;
    if (refusal == AUTH_GRANTED)
        refusal = enter(self, &identity);
    if (refusal == AUTH_GRANTED && !(*out = grant_new(self, GRANT_HELD))) {
        leave(self, &identity);
        refusal = AUTH_CONNECTIONS;
    }
    if (*out)
        (*out)->identity = identity;
    else
        identity_release(&identity);
    return count(self, refusal);
}

grant_t *grants_await(grants_t *self, int64_t now_ns)
{
    grant_t *grant = grant_new(self, GRANT_AWAITED);
    if (grant)
        grant->due_ns = now_ns + self->times.first_message_ns;
    return grant;
}

void grant_close(grant_t **self_p)
{
    grant_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    heap_remove(&self->grants->due, &self->in_due);
    list_remove(&self->in_grants);
    if (self->identity.role)
        leave(self->grants, &self->identity);
    identity_release(&self->identity);
    free(self);
}

void grant_attach(grant_t *self, const grant_events_t *events, void *owner)
{
    self->events = events;
    self->owner = owner;
    if (self->state == GRANT_OVER)
        events->over(owner, self->why);
    else
        plan(self);
}

const identity_t *grant_identity(const grant_t *self)
{
    return self->identity.role && self->state != GRANT_OVER ? &self->identity : NULL;
}

static bool is_same(const identity_t *a, const identity_t *b)
{
    return text_equal(identity_subject(a), identity_subject(b));
}

/* The first one counts its subject, later ones are of the same. */
static auth_refusal_t may_take(grant_t *self, const identity_t *identity)
{
    if (self->state == GRANT_AWAITED)
        return enter(self->grants, identity);
    return is_same(&self->identity, identity) ? AUTH_GRANTED : AUTH_SUBJECT;
}

auth_refusal_t grant_take(grant_t *self, text_t token)
{
    identity_t identity;
    grants_t *grants = self->grants;
    if (self->state == GRANT_OVER)
        return count(grants, AUTH_EXPIRED);
    auth_refusal_t refusal = judge(grants, token, &identity);
    if (refusal == AUTH_GRANTED)
        refusal = may_take(self, &identity);
    count(grants, refusal);
    if (refusal != AUTH_GRANTED) {
        identity_release(&identity);
        return refusal;
    }
    bool first = self->state == GRANT_AWAITED, changed = !first && self->identity.role != identity.role;
    identity_release(&self->identity);
    self->identity = identity;
    self->state = GRANT_HELD;
    grants->refreshed += !first;
    plan(self);
    if (changed && self->state == GRANT_HELD && self->events)
        self->events->changed(self->owner);
    return AUTH_GRANTED;
}

/* --- time --- */

static void on_due(grant_t *self)
{
    if (self->state == GRANT_AWAITED) {
        end(self, GRANT_NO_TOKEN);
    } else if (self->state == GRANT_WARNED) {
        end(self, GRANT_EXPIRED);
    } else {
        self->state = GRANT_WARNED;
        plan(self);
        if (self->state == GRANT_WARNED)
            self->events->warn(self->owner);
    }
}

void grants_tick(grants_t *self, int64_t now_ns)
{
    heap_item_t *first;
    while ((first = heap_first(&self->due)) && HEAP_OWNER(first, grant_t, in_due)->due_ns <= now_ns)
        on_due(HEAP_OWNER(first, grant_t, in_due));
}

void grants_renew(grants_t *self)
{
    for (list_t *item = self->all.next, *next; item != &self->all; item = next) {
        grant_t *grant = LIST_OWNER(item, grant_t, in_grants);
        const role_t *former = grant->identity.role;
        next = item->next; /* it may be closed from within, and no other */
        if (!former || grant->state == GRANT_OVER)
            continue;
        if (!self->judge->renew(self->arg, &grant->identity))
            end(grant, GRANT_ROLE_GONE);
        else if (grant->identity.role != former && grant->events)
            grant->events->changed(grant->owner);
    }
}

/* --- metrics --- */

typedef struct {
    text_t name;
    uint64_t clients;
} role_count_t;

/* Those who wait are not among them. */
static size_t count_roles(const grants_t *self, role_count_t *counts, uint64_t *awaited)
{
    size_t roles = 0;
    LIST_EACH(item, &self->all)
    {
        const grant_t *grant = LIST_OWNER(item, grant_t, in_grants);
        *awaited += grant->state == GRANT_AWAITED;
        if (!grant_identity(grant))
            continue;
        text_t name = role_name(grant->identity.role);
        size_t i = 0;
        while (i < roles && !text_equal(counts[i].name, name))
            i++;
        if (i == ROLES_MAX)
            continue;
        if (i == roles)
            counts[roles++] = (role_count_t){.name = name};
        counts[i].clients++;
    }
    return roles;
}

void grants_metrics(const grants_t *self, metrics_t *metrics)
{
    role_count_t counts[ROLES_MAX];
    uint64_t awaited = 0;
    size_t roles = count_roles(self, counts, &awaited);
    metrics_counter(metrics, "dataflow_auth_granted_total", "Tokens that let somebody in", self->judged[AUTH_GRANTED]);
    metrics_family(metrics, "dataflow_auth_refused_total", METRIC_COUNTER, "Connections and requests that were not let in");
    for (auth_refusal_t i = AUTH_GRANTED + 1; i < AUTH_REFUSALS; i++)
        if (i != AUTH_ROLE)
            metrics_u64(metrics, METRIC_LABELS({"reason", text_of(auth_refusal_words(i)->word)}), self->judged[i]);
    metrics_counter(metrics, "dataflow_auth_refreshed_total", "Connections that brought another token in time",
                    self->refreshed);
    metrics_counter(metrics, "dataflow_auth_expired_total", "Connections that ended with their token",
                    self->ended[GRANT_EXPIRED]);
    metrics_counter(metrics, "dataflow_auth_late_total", "Connections that brought no token in time",
                    self->ended[GRANT_NO_TOKEN]);
    metrics_counter(metrics, "dataflow_auth_role_gone_total", "Connections whose role is gone", self->ended[GRANT_ROLE_GONE]);
    metrics_gauge(metrics, "dataflow_auth_awaited", "Connections that have still to bring their token", awaited);
    metrics_family(metrics, "dataflow_auth_clients", METRIC_GAUGE, "Clients by role");
    for (size_t i = 0; i < roles; i++)
        metrics_u64(metrics, METRIC_LABELS({"role", counts[i].name}), counts[i].clients);
}
