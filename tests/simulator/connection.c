#include "tests/simulator/connection.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/simulator/clock.h"
#include "tests/simulator/recent.h"
#include "tests/simulator/symbols.h"
#include "tests/simulator/throttle.h"

enum { HEARTBEAT_BYTES = 160, FRAGMENTS = 4 };

struct sim_connection {
    const sim_personality_t *personality;
    void *state; /* the personality's */
    uint64_t id;
    int64_t opened_ns;
    void *socket;
    ledger_t *ledger;
    connection_phase_t phase;
    uint16_t close_code;
    bool frozen;
    int64_t frozen_until_ns;
    uint64_t seqnum; /* of the next message */
    uint64_t frames;
    uint64_t skips;           /* trades to be skipped */
    int64_t heartbeat_due_ns; /* 0: not subscribed */
    outbox_t *outbox;
    sim_recent_t *recent;
    throttle_t throttle;
    unsigned sensors;
    size_t symbols, subscriptions;
    unsigned char *muted; /* connection_mute_t, by symbol */
    bool subscribed[];    /* by symbol */
};

sim_connection_t *connection_new(const sim_personality_t *personality, uint64_t id, size_t symbols, void *socket,
                                 ledger_t *ledger)
{
    sim_connection_t *self = calloc(1, sizeof *self + symbols * sizeof self->subscribed[0]);
    if (!self)
        return NULL;
    self->personality = personality;
    self->id = id;
    self->opened_ns = clock_mono_ns();
    self->symbols = symbols;
    self->socket = socket;
    self->ledger = ledger;
    self->outbox = outbox_new(personality->outbox_bytes);
    self->recent = recent_new(CONNECTION_REPEAT_MAX);
    self->muted = calloc(symbols + 1, sizeof *self->muted);
    if (!self->outbox || !self->recent || !self->muted) {
        connection_destroy(&self);
        return NULL;
    }
    ledger_event(ledger, "open", id, NULL);
    return self;
}

void connection_destroy(sim_connection_t **self)
{
    if (!*self)
        return;
    ledger_event((*self)->ledger, "close", (*self)->id, NULL);
    outbox_destroy(&(*self)->outbox);
    recent_destroy(&(*self)->recent);
    free((*self)->muted);
    free((*self)->state);
    free(*self);
    *self = NULL;
}

uint64_t connection_id(const sim_connection_t *self)
{
    return self->id;
}

void *connection_socket(const sim_connection_t *self)
{
    return self->socket;
}

uint64_t connection_frames(const sim_connection_t *self)
{
    return self->frames;
}

const sim_personality_t *connection_personality(const sim_connection_t *self)
{
    return self->personality;
}

int64_t connection_opened_ns(const sim_connection_t *self)
{
    return self->opened_ns;
}

void connection_set_state(sim_connection_t *self, void *state)
{
    free(self->state);
    self->state = state;
}

void *connection_state(const sim_connection_t *self)
{
    return self->state;
}

/* --- phases ------------------------------------------------------------------------------------------------------ */

connection_phase_t connection_phase(const sim_connection_t *self)
{
    return self->phase;
}

uint16_t connection_close_code(const sim_connection_t *self)
{
    return self->close_code;
}

void connection_close(sim_connection_t *self, uint16_t code)
{
    if (self->phase != CONNECTION_OPEN)
        return;
    self->phase = CONNECTION_CLOSING;
    self->close_code = code;
}

void connection_closed(sim_connection_t *self)
{
    self->phase = CONNECTION_CLOSED;
}

void connection_reset(sim_connection_t *self)
{
    self->phase = CONNECTION_RESET;
    outbox_clear(self->outbox);
}

void connection_freeze(sim_connection_t *self, int64_t until_ns)
{
    self->frozen = true;
    self->frozen_until_ns = until_ns;
}

bool connection_frozen(const sim_connection_t *self)
{
    return self->frozen;
}

void connection_thaw(sim_connection_t *self, int64_t now_ns)
{
    if (self->frozen && now_ns >= self->frozen_until_ns)
        self->frozen = false;
}

/* --- sending ----------------------------------------------------------------------------------------------------- */

bool connection_takes_messages(const sim_connection_t *self)
{
    return self->phase == CONNECTION_OPEN && !self->frozen;
}

uint64_t connection_seqnum(const sim_connection_t *self)
{
    return self->seqnum;
}

uint64_t connection_take_seqnum(sim_connection_t *self)
{
    return self->seqnum++;
}

bool connection_send(sim_connection_t *self, outbox_frame_t frame, const char *payload, size_t length)
{
    if (!connection_takes_messages(self))
        return false;
    char *place = outbox_append(self->outbox, frame, length);
    if (!place) {
        ledger_event(self->ledger, "overflow", self->id, NULL);
        connection_reset(self);
        return false;
    }
    memcpy(place, payload, length);
    self->frames++;
    return true;
}

bool connection_send_fragments(sim_connection_t *self, const char *payload, size_t length)
{
    size_t sent = 0;
    for (size_t i = 1; i <= FRAGMENTS; i++) {
        const size_t end = length * i / FRAGMENTS;
        const outbox_frame_t frame = i == 1 ? FRAME_TEXT_BEGIN : i < FRAGMENTS ? FRAME_TEXT_MIDDLE : FRAME_TEXT_END;
        if (!connection_send(self, frame, payload + sent, end - sent))
            return false;
        sent = end;
    }
    return true;
}

static void send_trade(sim_connection_t *self, const char *event, const sim_trade_t *trade)
{
    const uint64_t seqnum = connection_take_seqnum(self);
    if (self->personality->protocol->send_trade(self, seqnum, trade))
        ledger_trade(self->ledger, event, self->id, seqnum, trade);
}

void connection_trade(sim_connection_t *self, const sim_trade_t *trade)
{
    if (!self->subscribed[trade->symbol] || self->muted[trade->symbol] != CONNECTION_MUTE_NOT ||
        !connection_takes_messages(self))
        return;
    if (self->skips > 0) {
        self->skips--;
        ledger_trade(self->ledger, "skipped", self->id, connection_take_seqnum(self), trade);
        return;
    }
    send_trade(self, "trade", trade);
    recent_add(self->recent, trade);
}

void connection_heartbeat(sim_connection_t *self, int64_t now_ns, int64_t interval_ns)
{
    if (self->heartbeat_due_ns == 0 || now_ns < self->heartbeat_due_ns || !connection_takes_messages(self))
        return;
    while (self->heartbeat_due_ns <= now_ns) /* those of a freeze are lost */
        self->heartbeat_due_ns += interval_ns;
    char buffer[HEARTBEAT_BYTES];
    text_writer_t message = writer_on(buffer, sizeof buffer);
    writer_text(&message, "{\"seqnum\":");
    writer_unsigned(&message, connection_take_seqnum(self));
    writer_text(&message, ",\"event\":\"updated\",\"channel\":\"heartbeat\",\"timestamp\":\"");
    writer_timestamp(&message, clock_real_ns());
    writer_text(&message, "\"}");
    connection_send(self, FRAME_TEXT, message.start, writer_length(&message));
}

void connection_skip(sim_connection_t *self, uint64_t count)
{
    self->skips += count;
}

void connection_repeat(sim_connection_t *self, uint64_t count)
{
    const size_t kept = recent_count(self->recent);
    for (size_t back = count < kept ? (size_t)count : kept; back-- > 0 && connection_takes_messages(self);)
        send_trade(self, "repeat", recent_at(self->recent, back));
}

void connection_renumber(sim_connection_t *self, uint64_t seqnum)
{
    self->seqnum = seqnum;
}

void connection_mute(sim_connection_t *self, size_t symbol, connection_mute_t mute)
{
    self->muted[symbol] = (unsigned char)mute;
}

outbox_t *connection_outbox(sim_connection_t *self)
{
    return self->outbox;
}

/* --- subscriptions ----------------------------------------------------------------------------------------------- */

bool connection_subscribed(const sim_connection_t *self, size_t what)
{
    return what == CONNECTION_HEARTBEAT ? self->heartbeat_due_ns != 0 : self->subscribed[what];
}

void connection_subscribe(sim_connection_t *self, size_t what, int64_t now_ns, int64_t interval_ns)
{
    if (what == CONNECTION_HEARTBEAT) {
        self->heartbeat_due_ns = now_ns + interval_ns;
        return;
    }
    self->subscriptions += !self->subscribed[what];
    self->subscribed[what] = true;
    if (self->muted[what] == CONNECTION_MUTE_UNTIL_SUBSCRIBED)
        self->muted[what] = CONNECTION_MUTE_NOT;
}

void connection_unsubscribe(sim_connection_t *self, size_t what)
{
    if (what == CONNECTION_HEARTBEAT) {
        self->heartbeat_due_ns = 0;
        return;
    }
    self->subscriptions -= self->subscribed[what];
    self->subscribed[what] = false;
}

size_t connection_subscriptions(const sim_connection_t *self)
{
    return self->subscriptions;
}

size_t connection_first_symbol(const sim_connection_t *self)
{
    for (size_t i = 0; self->subscriptions > 0 && i < self->symbols; i++)
        if (self->subscribed[i])
            return i;
    return SYMBOL_NONE;
}

bool connection_admits(sim_connection_t *self, int64_t now_ns)
{
    return throttle_admit(&self->throttle, now_ns);
}

void connection_want_sensors(sim_connection_t *self, unsigned sensors)
{
    self->sensors |= sensors;
}

unsigned connection_wants_sensors(const sim_connection_t *self)
{
    return self->sensors;
}
