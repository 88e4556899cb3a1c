#include "connectord/lines/connection.h"

#include "common/clock.h"

enum { STATES = CONNECTION_WAITING + 1, EVENTS = CONNECTION_STOP + 1 };

#define IDLE       CONNECTION_IDLE
#define CONNECTING CONNECTION_CONNECTING
#define CONNECTED  CONNECTION_CONNECTED
#define WAITING    CONNECTION_WAITING

/* What is not listed is ignored, and the state stays. */
static const struct {
    connection_action_t action;
    connection_state_t next;
} transitions[STATES][EVENTS] = {
    [IDLE] = {[CONNECTION_START] = {CONNECTION_CONNECT, CONNECTING}},
    [CONNECTING] = {[CONNECTION_MADE] = {CONNECTION_GREET, CONNECTED},
                    [CONNECTION_LOST] = {CONNECTION_WAIT, WAITING},
                    [CONNECTION_STOP] = {CONNECTION_DISCONNECT, IDLE}},
    [CONNECTED] = {[CONNECTION_LOST] = {CONNECTION_WAIT, WAITING},
                   [CONNECTION_GAP] = {CONNECTION_DROP, WAITING},
                   [CONNECTION_STOP] = {CONNECTION_DISCONNECT, IDLE}},
    [WAITING] = {[CONNECTION_DUE] = {CONNECTION_CONNECT, CONNECTING}, [CONNECTION_STOP] = {CONNECTION_DISCONNECT, IDLE}},
};

connection_t connection_new(backoff_config_t backoff, breaker_config_t breaker, uint64_t seed)
{
    return (connection_t){.state = CONNECTION_IDLE, .backoff = backoff_new(backoff, seed), .breaker = breaker_new(breaker)};
}

static void begin(connection_t *self, int64_t now_ns, connection_step_t *step)
{
    step->news = self->told_lost ? CONNECTION_TELL_RESTORED : CONNECTION_TELL_CONNECTED;
    self->told_lost = false;
    self->carried = false;
    self->made_ns = now_ns;
    self->connected++;
}

static bool held(const connection_t *self, int64_t now_ns)
{
    return now_ns - self->made_ns >= self->breaker.config.healthy_ms * NS_PER_MS;
}

static uint32_t longer(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t wait_ms(connection_t *self, int64_t now_ns)
{
    uint32_t backoff_ms = self->kind == LOSS_REFUSED ? backoff_longest(&self->backoff) : backoff_next(&self->backoff);
    return longer(backoff_ms, longer(breaker_wait_ms(&self->breaker, now_ns), self->retry_after_ms));
}

/* Of tries that fail one after the other only the first is news. */
static void end(connection_t *self, connection_event_t event, bool was_connected, int64_t now_ns, connection_step_t *step)
{
    if (was_connected && self->carried && now_ns - self->made_ns >= CONNECTION_GOOD_MS * NS_PER_MS) {
        backoff_reset(&self->backoff);
        self->gap_forgiven = false;
    }
    bool at_once = event == CONNECTION_GAP && !self->gap_forgiven;
    self->gap_forgiven |= at_once;
    if (was_connected && held(self, now_ns))
        breaker_event(&self->breaker, BREAKER_HELD, now_ns);
    else if (!at_once && self->kind != LOSS_LOOKUP)
        breaker_event(&self->breaker, BREAKER_FAILED, now_ns);
    step->delay_ms = self->delay_ms = at_once ? 0 : wait_ms(self, now_ns);
    self->refused += !was_connected;
    step->news = self->told_lost ? CONNECTION_TELL_NOTHING : CONNECTION_TELL_LOST;
    self->told_lost = true;
}

connection_step_t connection_event(connection_t *self, connection_event_t event, int64_t now_ns)
{
    connection_state_t was = self->state;
    connection_step_t step = {.action = transitions[was][event].action};
    if (step.action == CONNECTION_IGNORE)
        return step;
    self->state = transitions[was][event].next;
    if (step.action == CONNECTION_CONNECT)
        breaker_event(&self->breaker, BREAKER_TRY, now_ns);
    if (self->state == CONNECTED)
        begin(self, now_ns, &step);
    else if (self->state == WAITING)
        end(self, event, was == CONNECTED, now_ns, &step);
    connection_heed(self, &(loss_t){.kind = LOSS_USUAL});
    return step;
}

void connection_heed(connection_t *self, const loss_t *loss)
{
    self->kind = loss->kind;
    self->retry_after_ms = loss->retry_after_ms;
}

void connection_carried(connection_t *self)
{
    self->carried = true;
}

bool connection_check(connection_t *self, int64_t now_ns)
{
    return self->state == CONNECTED && held(self, now_ns) && breaker_event(&self->breaker, BREAKER_HELD, now_ns);
}

void connection_describe(const connection_t *self, status_t *status)
{
    status->connected = self->state == CONNECTION_CONNECTED;
    status->refused = self->refused;
    status->reconnects = self->connected > 1 ? self->connected - 1 : 0;
    status->backoff_ms = self->state == CONNECTION_WAITING ? self->delay_ms : 0;
    status->breaker = text_of(breaker_name(self->breaker.state));
}
