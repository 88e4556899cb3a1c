#include "gatewayd/clients/caller.h"

static void on_greedy(void *owner)
{
    caller_t *self = owner;
    self->events->crowded(self, TEXT("too many bytes wait to be read, and others need the memory"));
}

static bool asker_ready(asker_t *asker)
{
    caller_t *self = LIST_OWNER(asker, caller_t, asker);
    return self->events->ready(self);
}

static bool asker_begun(asker_t *asker)
{
    caller_t *self = LIST_OWNER(asker, caller_t, asker);
    return self->events->gathers(self);
}

void caller_open(caller_t *self, hub_t *hub, const caller_events_t *events, answer_form_t form)
{
    *self = (caller_t){.hub = hub, .events = events, .form = form, .identity = hub->everyone};
    list_init(&self->tasks);
    asker_init(&self->asker, asker_ready, asker_begun);
    budget_open(&self->account, hub->budget, on_greedy, self);
}

void caller_refuse(reply_t *reply, auth_refusal_t refusal)
{
    const auth_refusal_words_t *words = auth_refusal_words(refusal);
    reply_refuse(reply, words->rpc_code, words->word, words->text);
}

size_t caller_subscriptions(const caller_t *self)
{
    const role_t *role = caller_role(self);
    size_t most = self->hub->limits.subscriptions;
    uint64_t of_role = role ? role_limits(role)->subscriptions : 0;
    return of_role > 0 && of_role < most ? (size_t)of_role : most;
}

void caller_call(caller_t *self, text_t name, value_fn *value, const void *from, reply_t *reply)
{
    self->hub->call(self, name, value, from, reply);
}

static rate_asker_t asker_of(caller_t *self)
{
    const role_t *role = caller_role(self);
    return (rate_asker_t){.client = &self->rate, .role = role ? role_limits(role) : NULL, .address = self->address};
}

rate_verdict_t caller_ask(caller_t *self, uint64_t *wait_ms)
{
    rate_asker_t asker = asker_of(self);
    return rates_ask(self->hub->rates, &asker, wait_ms);
}

void caller_answered(caller_t *self, size_t bytes)
{
    rate_asker_t asker = asker_of(self);
    rates_answered(self->hub->rates, &asker, bytes);
}

void caller_cancel(caller_t *self)
{
    list_t *item;
    while ((item = list_take(&self->tasks))) {
        task_t *task = LIST_OWNER(item, task_t, in_caller);
        task->cancel(task);
    }
}

void caller_close(caller_t *self)
{
    budget_close(&self->account);
}

void caller_account(caller_t *self)
{
    if (!budget_hold(&self->account, self->events->waiting(self) + self->expected))
        self->events->crowded(self, TEXT("too many bytes wait to be read by clients"));
}

bool caller_admits(caller_t *self, size_t bytes)
{
    caller_account(self);
    return budget_admits(&self->account, bytes);
}

bool caller_expects(caller_t *self, size_t bytes)
{
    if (!caller_admits(self, bytes))
        return false;
    self->expected += bytes;
    caller_account(self);
    return true;
}

void caller_has(caller_t *self, size_t bytes)
{
    self->expected -= bytes;
    caller_account(self);
}
