#include "common/loop/budget.h"

enum { FREE_PARTS = 4 /* of what is free one peer may have one */ };

void budget_init(budget_t *self, size_t limit_bytes)
{
    *self = (budget_t){.limit_bytes = limit_bytes};
    list_init(&self->holders);
}

void budget_open(budget_account_t *self, budget_t *budget, void (*give_up)(void *owner), void *owner)
{
    *self = (budget_account_t){.budget = budget, .give_up = give_up, .owner = owner};
    list_init(&self->in_budget);
}

void budget_close(budget_account_t *self)
{
    budget_hold(self, 0);
}

static bool is_greedy(const budget_account_t *account)
{
    const budget_t *self = account->budget;
    return account->bytes >= self->held_bytes / self->holder_count;
}

static void enter_or_leave(budget_account_t *account, size_t bytes)
{
    budget_t *self = account->budget;
    if ((account->bytes > 0) == (bytes > 0))
        return;
    if (bytes > 0) {
        list_append(&self->holders, &account->in_budget);
        self->holder_count++;
    } else {
        list_remove(&account->in_budget);
        self->holder_count--;
    }
}

bool budget_hold(budget_account_t *account, size_t bytes)
{
    budget_t *self = account->budget;
    if (!self || account->bytes == bytes)
        return true;
    enter_or_leave(account, bytes);
    self->held_bytes += bytes - account->bytes;
    account->bytes = bytes;
    account->changed = self->ticks;
    if (bytes == 0 || self->held_bytes <= self->limit_bytes || !is_greedy(account))
        return true;
    self->given_up++;
    return false;
}

static size_t free_below(const budget_t *self, size_t limit_bytes)
{
    return self->held_bytes < limit_bytes ? limit_bytes - self->held_bytes : 0;
}

bool budget_short(const budget_t *self, size_t bytes)
{
    return self && bytes > free_below(self, self->limit_bytes / 4 * 3);
}

bool budget_admits(budget_account_t *account, size_t bytes)
{
    budget_t *self = account->budget;
    if (!self)
        return true;
    size_t wanted = account->bytes + bytes;
    size_t share = free_below(self, self->limit_bytes / 4 * 3) / FREE_PARTS;
    if (wanted <= share || (wanted <= BUDGET_LITTLE && bytes <= free_below(self, self->limit_bytes)))
        return true;
    self->refused++;
    return false;
}

bool budget_admits_begun(budget_account_t *account, size_t bytes)
{
    budget_t *self = account->budget;
    bool little = account->bytes + bytes <= BUDGET_LITTLE && self && bytes <= free_below(self, self->limit_bytes);
    if (little || !budget_short(self, bytes))
        return true;
    self->refused++;
    return false;
}

/* The one that holds most, of those that have not taken anything for long. */
static budget_account_t *find_greediest(const budget_t *self)
{
    budget_account_t *greediest = NULL;
    LIST_EACH(item, &self->holders)
    {
        budget_account_t *account = LIST_OWNER(item, budget_account_t, in_budget);
        if (self->ticks - account->changed >= BUDGET_PATIENCE && (!greediest || account->bytes > greediest->bytes))
            greediest = account;
    }
    return greediest;
}

void budget_tick(budget_t *self)
{
    bool pressed = self->refused > self->refused_before;
    self->refused_before = self->refused;
    self->ticks++;
    budget_account_t *account;
    while (pressed && self->held_bytes > self->limit_bytes / 4 && (account = find_greediest(self)) && is_greedy(account)) {
        self->given_up++;
        account->changed = self->ticks; /* it is asked once */
        account->give_up(account->owner);
    }
}
