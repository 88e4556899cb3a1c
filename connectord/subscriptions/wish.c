#include "connectord/subscriptions/wish.h"

#include "common/clock.h"

#include <string.h>

enum { STATES = WISH_LEAVING + 1, EVENTS = WISH_LOST + 1 };

#define IDLE    WISH_IDLE
#define ASKED   WISH_ASKED
#define TAKEN   WISH_TAKEN
#define FAILED  WISH_FAILED
#define LEAVING WISH_LEAVING

/* What is not listed is ignored, and the state stays. An unsubscribe's confirmation may come in any state but the one that it began. */
static const struct {
    wish_action_t action;
    wish_state_t next;
} transitions[STATES][EVENTS] = {
    [IDLE] = {[WISH_WANT] = {WISH_SUBSCRIBE, ASKED}},
    [ASKED] = {[WISH_UNWANT] = {WISH_UNSUBSCRIBE, IDLE},
               [WISH_CONFIRMED] = {WISH_WAIT, TAKEN},
               [WISH_REJECTED] = {WISH_WAIT, FAILED},
               [WISH_DUE] = {WISH_WAIT, FAILED},
               [WISH_LOST] = {WISH_WAIT, IDLE}},
    [TAKEN] = {[WISH_UNWANT] = {WISH_UNSUBSCRIBE, IDLE},
               [WISH_ENDED] = {WISH_WAIT, FAILED},
               [WISH_RENEW] = {WISH_UNSUBSCRIBE, LEAVING},
               [WISH_LOST] = {WISH_WAIT, IDLE}},
    [FAILED] = {[WISH_UNWANT] = {WISH_UNSUBSCRIBE, IDLE},
                [WISH_CONFIRMED] = {WISH_WAIT, TAKEN}, /* late */
                [WISH_DUE] = {WISH_SUBSCRIBE, ASKED},
                [WISH_LOST] = {WISH_WAIT, IDLE}},
    [LEAVING] = {[WISH_UNWANT] = {WISH_WAIT, IDLE},
                 [WISH_ENDED] = {WISH_SUBSCRIBE, ASKED},
                 [WISH_REJECTED] = {WISH_SUBSCRIBE, ASKED}, /* there was nothing to be unsubscribed */
                 [WISH_DUE] = {WISH_SUBSCRIBE, ASKED},
                 [WISH_LOST] = {WISH_WAIT, IDLE}},
};

/* Cut where a character begins. */
static void keep_reason(wish_t *self, text_t why)
{
    size_t length = 0, step;
    while (length < why.length && (step = text_utf8_char((text_t){why.at + length, why.length - length})) > 0 &&
           length + step <= WISH_REASON_MAX)
        length += step;
    if (length == 0) {
        why = TEXT("rejected");
        length = why.length;
    }
    memcpy(self->reason, why.at, length);
    self->reason_length = length;
}

static void fail(wish_t *self, wish_event_t event, bool held, const wish_moment_t *moment)
{
    text_t why = event == WISH_ENDED ? TEXT("unsubscribed by the exchange") : moment->why;
    if (event == WISH_DUE)
        why = TEXT("the exchange does not answer");
    keep_reason(self, why);
    uint32_t delay_ms = held ? 0 : backoff_next(&self->backoff);
    self->due_ns = moment->now_ns + delay_ms * NS_PER_MS;
}

wish_action_t wish_event(wish_t *self, wish_event_t event, const wish_moment_t *moment)
{
    wish_state_t was = self->state;
    wish_action_t action = transitions[was][event].action;
    if (action == WISH_IGNORE)
        return action;
    self->state = transitions[was][event].next;
    self->due_ns = 0;
    bool held = was == TAKEN && moment->now_ns - self->taken_ns >= WISH_GOOD_MS * NS_PER_MS;
    if (held)
        backoff_reset(&self->backoff);
    switch (self->state) {
    case ASKED:
    case LEAVING:
        self->due_ns = moment->now_ns + (int64_t)moment->patience_ms * NS_PER_MS;
        break;
    case FAILED:
        fail(self, event, held, moment);
        break;
    case TAKEN:
        self->taken_ns = moment->now_ns;
        self->reason_length = 0;
        break;
    case IDLE:
        self->reason_length = 0;
        break;
    }
    return action;
}
