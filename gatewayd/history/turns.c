#include "gatewayd/history/turns.h"

void turns_init(turns_t *self)
{
    *self = (turns_t){0};
    list_init(&self->askers);
    list_init(&self->begun);
}

void asker_init(asker_t *self, bool (*ready)(asker_t *self), bool (*begun)(asker_t *self))
{
    *self = (asker_t){.ready = ready, .begun = begun};
    list_init(&self->in_turns);
    list_init(&self->waiting);
}

static turn_t *first_of(const asker_t *asker)
{
    return list_empty(&asker->waiting) ? NULL : LIST_OWNER(asker->waiting.next, turn_t, in_asker);
}

static bool may_begin(asker_t *asker)
{
    const turn_t *turn = first_of(asker);
    return turn && asker->ready(asker) && (asker->bytes == 0 || asker->bytes + turn->bytes <= TURNS_ASKER_BYTES);
}

/* Who may begin stands in one of the queues, and nobody else. */
static void seat(turns_t *self, asker_t *asker)
{
    bool may = may_begin(asker);
    if (may && !list_linked(&asker->in_turns))
        list_append(asker->begun(asker) ? &self->begun : &self->askers, &asker->in_turns);
    else if (!may)
        list_remove(&asker->in_turns);
}

static void stop_waiting(turns_t *self, turn_t *turn)
{
    list_remove(&turn->in_asker);
    turn->asker->count--;
    self->waiting--;
}

/* The asker whose turn it is; NULL: nobody's. */
static asker_t *next_asker(const turns_t *self)
{
    bool from_line = list_empty(&self->begun) || (self->taken % TURNS_LINE == 0 && !list_empty(&self->askers));
    const list_t *queue = from_line ? &self->askers : &self->begun;
    return list_empty(queue) ? NULL : LIST_OWNER(queue->next, asker_t, in_turns);
}

bool turns_step(turns_t *self)
{
    asker_t *asker = next_asker(self);
    if (!asker)
        return false;
    turn_t *turn = first_of(asker);
    if (self->bytes > 0 && self->bytes + turn->bytes > TURNS_BYTES)
        return false; /* until somebody leaves */
    self->taken++;
    list_remove(&asker->in_turns);
    stop_waiting(self, turn);
    asker->bytes += turn->bytes;
    self->bytes += turn->bytes;
    seat(self, asker); /* behind the others */
    turn->begin(turn);
    return next_asker(self) != NULL;
}

static void run(turns_t *self)
{
    if (self->share) {
        share_wake(self->share);
        return;
    }
    if (self->running)
        return; /* it comes to it */
    self->running = true;
    while (turns_step(self))
        ;
    self->running = false;
}

bool turns_enter(turns_t *self, asker_t *asker, turn_t *turn)
{
    bool full = self->waiting >= (asker->count < TURNS_FEW ? TURNS_WAITING : TURNS_SHARED);
    if (full || asker->count == TURNS_ASKER_WAITING)
        return false;
    turn->asker = asker;
    list_append(&asker->waiting, &turn->in_asker);
    asker->count++;
    self->waiting++;
    seat(self, asker);
    run(self);
    return true;
}

void turns_leave(turns_t *self, turn_t *turn)
{
    asker_t *asker = turn->asker;
    if (!asker)
        return;
    if (list_linked(&turn->in_asker)) {
        stop_waiting(self, turn);
    } else {
        asker->bytes -= turn->bytes;
        self->bytes -= turn->bytes;
    }
    turn->asker = NULL;
    seat(self, asker);
    run(self);
}

void turns_ready(turns_t *self, asker_t *asker)
{
    if (asker->count == 0 || list_linked(&asker->in_turns))
        return;
    seat(self, asker);
    run(self);
}
