/* Who has methods carried out: what is under way for it, and how many bytes wait for it. A member of a conversation, and of whatever asks without one.
 */
#pragma once

#include "gatewayd/auth/identity.h"
#include "gatewayd/auth/refusal.h"
#include "gatewayd/clients/hub.h"
#include "gatewayd/clients/task.h"
#include "gatewayd/forms/answer_form.h"
#include "gatewayd/forms/reply.h"
#include "gatewayd/rates/rates.h"

typedef struct caller caller_t;

typedef struct {
    /* Bytes that wait for it, beside the answers that history was asked for. */
    size_t (*waiting)(caller_t *self);
    /* They are too many, and more than others have: give them up, now. */
    void (*crowded)(caller_t *self, text_t why);
    /* Would an answer be taken now? It gets no more from history while not. */
    bool (*ready)(caller_t *self);
    /* Does it hold answers that are to go out with others? */
    bool (*gathers)(caller_t *self);
} caller_events_t;

struct caller {
    hub_t *hub;
    const caller_events_t *events;
    struct client *client; /* that reads streams, too; NULL: it only asks */
    answer_form_t form;    /* of its answers */
    const identity_t *
        identity; /* who it is; NULL: that is not known yet, and it may do nothing. Set by who made it, and outlives it, or its change */
    text_t address;     /* as text; empty: not known. Set by who made it, and outlives it */
    client_rate_t rate; /* of one that asks again and again */
    budget_account_t account;
    size_t expected; /* bytes of answers that history was asked for */
    list_t tasks;    /* task_t.in_caller: what is under way */
    asker_t asker;   /* of questions to history */
};

/* Whose caller it is, and what they may (roles.h); NULL: nothing. */
static inline const role_t *caller_role(const caller_t *self)
{
    return self->identity ? self->identity->role : NULL;
}

/* Live records come to it so much later; 0: at once. */
static inline int64_t caller_delay_ns(const caller_t *self)
{
    return self->identity ? role_limits(self->identity->role)->delay_ns : 0;
}

/* Answers that somebody may not do what they ask for. */
void caller_refuse(reply_t *reply, auth_refusal_t refusal);

/* How many subscriptions it may have: as its role says, and the gateway. */
size_t caller_subscriptions(const caller_t *self);

/* hub, events: outlive it. It is everyone (hub_t.everyone). */
void caller_open(caller_t *self, hub_t *hub, const caller_events_t *events, answer_form_t form);

/* Has a method carried out, through hub_t.call: as method_fn says. The reply is used by caller_cancel at the latest. Only a
 * client can subscribe. */
void caller_call(caller_t *self, text_t name, value_fn *value, const void *from, reply_t *reply);

/* May it ask one thing more (rates.h)? And it was answered with so many bytes. Of one that asks again and again. */
rate_verdict_t caller_ask(caller_t *self, uint64_t *wait_ms);
void caller_answered(caller_t *self, size_t bytes);

/* Ends what is under way, with errors; then what is left. */
void caller_cancel(caller_t *self);
void caller_close(caller_t *self);

/* What waits for it has changed. */
void caller_account(caller_t *self);

/* May so many bytes more wait for it? */
bool caller_admits(caller_t *self, size_t bytes);

/* So many bytes more are expected from history for it, and so many less. False, and nothing is expected, when there is no room
 * for them. */
bool caller_expects(caller_t *self, size_t bytes);
void caller_has(caller_t *self, size_t bytes);
