#include "connectord/subscriptions/symbol_subscription.h"

#include "common/clock.h"

#include <string.h>

enum { STATES = SUBSCRIPTION_LEAVING + 1, EVENTS = SUBSCRIPTION_LOST + 1 };

#define IDLE    SUBSCRIPTION_IDLE
#define ASKED   SUBSCRIPTION_ASKED
#define TAKEN   SUBSCRIPTION_TAKEN
#define FAILED  SUBSCRIPTION_FAILED
#define LEAVING SUBSCRIPTION_LEAVING

/* What is not listed is ignored, and the state stays. An unsubscribe's confirmation may come in any state but the one that it began. */
static const struct {
    symbol_subscription_action_t action;
    symbol_subscription_state_t next;
} transitions[STATES][EVENTS] = {
    [IDLE] = {[SUBSCRIPTION_WANT] = {SUBSCRIPTION_SUBSCRIBE, ASKED}},
    [ASKED] = {[SUBSCRIPTION_UNWANT] = {SUBSCRIPTION_UNSUBSCRIBE, IDLE},
               [SUBSCRIPTION_CONFIRMED] = {SUBSCRIPTION_WAIT, TAKEN},
               [SUBSCRIPTION_REJECTED] = {SUBSCRIPTION_WAIT, FAILED},
               [SUBSCRIPTION_DUE] = {SUBSCRIPTION_WAIT, FAILED},
               [SUBSCRIPTION_LOST] = {SUBSCRIPTION_WAIT, IDLE}},
    [TAKEN] = {[SUBSCRIPTION_UNWANT] = {SUBSCRIPTION_UNSUBSCRIBE, IDLE},
               [SUBSCRIPTION_ENDED] = {SUBSCRIPTION_WAIT, FAILED},
               [SUBSCRIPTION_RENEW] = {SUBSCRIPTION_UNSUBSCRIBE, LEAVING},
               [SUBSCRIPTION_LOST] = {SUBSCRIPTION_WAIT, IDLE}},
    [FAILED] = {[SUBSCRIPTION_UNWANT] = {SUBSCRIPTION_UNSUBSCRIBE, IDLE},
                [SUBSCRIPTION_CONFIRMED] = {SUBSCRIPTION_WAIT, TAKEN}, /* late */
                [SUBSCRIPTION_DUE] = {SUBSCRIPTION_SUBSCRIBE, ASKED},
                [SUBSCRIPTION_LOST] = {SUBSCRIPTION_WAIT, IDLE}},
    [LEAVING] = {[SUBSCRIPTION_UNWANT] = {SUBSCRIPTION_WAIT, IDLE},
                 [SUBSCRIPTION_ENDED] = {SUBSCRIPTION_SUBSCRIBE, ASKED},
                 [SUBSCRIPTION_REJECTED] = {SUBSCRIPTION_SUBSCRIBE, ASKED}, /* there was nothing to be unsubscribed */
                 [SUBSCRIPTION_DUE] = {SUBSCRIPTION_SUBSCRIBE, ASKED},
                 [SUBSCRIPTION_LOST] = {SUBSCRIPTION_WAIT, IDLE}},
};

/* Cut where a character begins. */
static void keep_reason(symbol_subscription_t *self, text_t why)
{
    size_t length = 0, step;
    while (length < why.length && (step = text_utf8_char((text_t){why.at + length, why.length - length})) > 0 &&
           length + step <= SUBSCRIPTION_REASON_MAX)
        length += step;
    if (length == 0) {
        why = TEXT("rejected");
        length = why.length;
    }
    memcpy(self->reason, why.at, length);
    self->reason_length = length;
}

static void fail(symbol_subscription_t *self, symbol_subscription_event_t event, bool held,
                 const symbol_subscription_moment_t *moment)
{
    text_t why = event == SUBSCRIPTION_ENDED ? TEXT("unsubscribed by the exchange") : moment->why;
    if (event == SUBSCRIPTION_DUE)
        why = TEXT("the exchange does not answer");
    keep_reason(self, why);
    uint32_t delay_ms = held ? 0 : backoff_next(&self->backoff);
    self->due_ns = moment->now_ns + delay_ms * NS_PER_MS;
}

symbol_subscription_action_t symbol_subscription_event(symbol_subscription_t *self, symbol_subscription_event_t event,
                                                       const symbol_subscription_moment_t *moment)
{
    symbol_subscription_state_t was = self->state;
    symbol_subscription_action_t action = transitions[was][event].action;
    if (action == SUBSCRIPTION_IGNORE)
        return action;
    self->state = transitions[was][event].next;
    self->due_ns = 0;
    bool held = was == TAKEN && moment->now_ns - self->taken_ns >= SUBSCRIPTION_GOOD_MS * NS_PER_MS;
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
