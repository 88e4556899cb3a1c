#include "connectord/connectors/exchange_spread.h"

#include "common/array.h"
#include "common/clock.h"
#include "common/log.h"

#include <stdlib.h>

typedef enum {
    SPREAD_CLOSED,
    SPREAD_DUE, /* to be opened as soon as it may be */
    SPREAD_OPENING,
    SPREAD_OPEN
} spread_state_t;

struct spread_session {
    exchange_session_t session; /* it begins with it: exchange_spread_of */
    exchange_spread_t *spread;
    spread_state_t state;
    size_t symbols; /* that have their place here */
};

typedef struct spread_place {
    char text[SUBJECT_MAX];
    text_t symbol;
    spread_session_t *session; /* NULL: none, since it is not subscribed */
    bool wanted;
} spread_place_t;

/* --- opening --- */

/* Opens what is due, as far as it may be now. */
static void dial(void *arg)
{
    exchange_spread_t *self = arg;
    int64_t now_ns = clock_mono_ns();
    for (size_t i = 0; i < self->count; i++) {
        if (self->sessions[i]->state != SPREAD_DUE)
            continue;
        if (!limiter_take(&self->dials, now_ns)) {
            loop_timer_start(self->dialer, limiter_wait_ms(&self->dials, now_ns), 0);
            return;
        }
        self->sessions[i]->state = SPREAD_OPENING;
        exchange_session_connect(&self->sessions[i]->session);
    }
}

static void close_all(exchange_spread_t *self)
{
    loop_timer_stop(self->dialer);
    self->connected = false;
    for (size_t i = 0; i < self->count; i++) {
        exchange_session_disconnect(&self->sessions[i]->session);
        self->sessions[i]->state = SPREAD_CLOSED;
        self->sessions[i]->symbols = 0;
    }
    while (self->place_count > 0) {
        spread_place_t *place = self->places[--self->place_count];
        table_remove(self->by_symbol, place->symbol);
        free(place);
    }
}

/* --- what a session tells --- */

/* Once the source knows, each session that opens is told what has waited for it. */
static void on_connected(void *arg)
{
    spread_session_t *session = arg;
    exchange_spread_t *self = session->spread;
    session->state = SPREAD_OPEN;
    if (!self->connected) {
        self->connected = true;
        self->events->on_connected(self->arg);
        return;
    }
    for (size_t i = 0; i < self->place_count; i++)
        if (self->places[i]->session == session)
            exchange_session_subscribe(&session->session, self->places[i]->symbol);
}

static void leave(spread_place_t *place)
{
    place->session->symbols--;
    place->session = NULL;
}

static void leave_unwanted(const spread_session_t *session, text_t symbol)
{
    spread_place_t *place = table_get(session->spread->by_symbol, symbol);
    if (place && place->session == session && !place->wanted)
        leave(place);
}

static void on_confirmed(void *arg, text_t symbol, bool subscribed)
{
    const spread_session_t *session = arg;
    if (!subscribed)
        leave_unwanted(session, symbol);
    session->spread->events->on_confirmed(session->spread->arg, symbol, subscribed);
}

static void on_rejected(void *arg, text_t symbol, text_t reason)
{
    const spread_session_t *session = arg;
    leave_unwanted(session, symbol);
    session->spread->events->on_rejected(session->spread->arg, symbol, reason);
}

static void on_trade(void *arg, const trade_t *trade, memo_t *memo)
{
    const spread_session_t *session = arg;
    session->spread->events->on_trade(session->spread->arg, trade, memo);
}

static void on_former(void *arg, const trade_t *trade, memo_t *memo)
{
    const spread_session_t *session = arg;
    session->spread->events->on_former(session->spread->arg, trade, memo);
}

static void on_tail(void *arg, text_t symbol, uint64_t last_id)
{
    const spread_session_t *session = arg;
    session->spread->events->on_tail(session->spread->arg, symbol, last_id);
}

static void on_gap(void *arg, uint64_t expected, uint64_t found)
{
    const spread_session_t *session = arg;
    session->spread->events->on_gap(session->spread->arg, expected, found);
}

static void on_malformed(void *arg, const char *reason, text_t sample)
{
    const spread_session_t *session = arg;
    session->spread->events->on_malformed(session->spread->arg, reason, sample);
}

static void on_lost(void *arg, const loss_t *loss)
{
    const spread_session_t *session = arg;
    close_all(session->spread);
    session->spread->events->on_lost(session->spread->arg, loss);
}

static void on_received(void *arg, text_t message, int64_t received_ns)
{
    const spread_session_t *session = arg;
    session->spread->events->on_received(session->spread->arg, message, received_ns);
}

static const connector_events_t session_events = {.on_connected = on_connected,
                                                  .on_confirmed = on_confirmed,
                                                  .on_rejected = on_rejected,
                                                  .on_trade = on_trade,
                                                  .on_former = on_former,
                                                  .on_tail = on_tail,
                                                  .on_gap = on_gap,
                                                  .on_malformed = on_malformed,
                                                  .on_lost = on_lost,
                                                  .on_received = on_received};

/* --- places --- */

/* NULL when memory runs out, or the settings are unusable. */
static spread_session_t *add_session(exchange_spread_t *self)
{
    bool room = ARRAY_RESERVE(&self->sessions, &self->room, self->count + 1, ARRAY_UNBOUNDED);
    spread_session_t *added = room ? calloc(1, sizeof *added) : NULL;
    if (!added)
        return NULL;
    self->sessions[self->count++] = added;
    added->spread = self;
    if (exchange_session_open(&added->session, self->protocol, self->loop, self->web, self->config, &session_events, added))
        return added;
    exchange_session_release(&added->session);
    free(self->sessions[--self->count]);
    return NULL;
}

/* The first one with room for another symbol, or a new one. */
static spread_session_t *session_with_room(exchange_spread_t *self)
{
    size_t most = self->protocol->symbols > 0 ? self->protocol->symbols : SIZE_MAX;
    size_t i = 0;
    while (i < self->count && self->sessions[i]->symbols >= most)
        i++;
    spread_session_t *session = i < self->count ? self->sessions[i] : add_session(self);
    if (!session)
        log_error("spread: no further connection: out of memory", LOG_SLICE("source", self->config->name));
    else if (session->state == SPREAD_CLOSED)
        session->state = SPREAD_DUE;
    return session;
}

static spread_place_t *add_place(exchange_spread_t *self, text_t symbol)
{
    bool room = ARRAY_RESERVE(&self->places, &self->place_room, self->place_count + 1, ARRAY_UNBOUNDED);
    spread_place_t *added = room ? calloc(1, sizeof *added) : NULL;
    if (!added)
        return NULL;
    memcpy(added->text, symbol.at, symbol.length);
    added->symbol = (text_t){added->text, symbol.length};
    if (!table_put(self->by_symbol, added->symbol, added)) {
        free(added);
        return NULL;
    }
    return self->places[self->place_count++] = added;
}

void exchange_spread_subscribe(void *arg, text_t symbol)
{
    exchange_spread_t *self = arg;
    spread_place_t *place = table_get(self->by_symbol, symbol);
    if (!place && !(place = add_place(self, symbol)))
        return;
    place->wanted = true;
    if (!place->session) {
        if (!(place->session = session_with_room(self)))
            return;
        place->session->symbols++;
    }
    if (place->session->state == SPREAD_OPEN)
        exchange_session_subscribe(&place->session->session, symbol);
    else
        dial(self);
}

/* What the exchange was not told of needs no confirmation to be over. */
void exchange_spread_unsubscribe(void *arg, text_t symbol)
{
    const exchange_spread_t *self = arg;
    spread_place_t *place = table_get(self->by_symbol, symbol);
    if (!place || !place->session)
        return;
    place->wanted = false;
    if (place->session->state == SPREAD_OPEN)
        exchange_session_unsubscribe(&place->session->session, symbol);
    const told_symbol_t *told = exchange_spread_find(self, symbol);
    if (!told || (!told->told && !told->waiting))
        leave(place);
}

/* --- the connection --- */

bool exchange_spread_open(exchange_spread_t *self, const exchange_protocol_t *protocol, loop_t *loop, web_t *web,
                          const source_config_t *config, const connector_events_t *events, void *arg)
{
    *self = (exchange_spread_t){.protocol = protocol, .loop = loop, .web = web, .config = config, .events = events, .arg = arg};
    self->dials = limiter_new_within(SPREAD_DIALS, 1000, clock_mono_ns());
    return (self->dialer = loop_timer_new(loop, dial, self)) && (self->by_symbol = table_new()) && add_session(self);
}

void exchange_spread_release(exchange_spread_t *self)
{
    if (self->by_symbol)
        close_all(self);
    for (size_t i = 0; i < self->count; i++) {
        exchange_session_release(&self->sessions[i]->session);
        free(self->sessions[i]);
    }
    loop_timer_destroy(&self->dialer);
    table_destroy(&self->by_symbol);
    free(self->sessions);
    free(self->places);
    *self = (exchange_spread_t){0};
}

/* The first one is opened at once: how often there is to be one is the source's to say. It counts all the same. */
void exchange_spread_connect(void *arg)
{
    exchange_spread_t *self = arg;
    limiter_take(&self->dials, clock_mono_ns());
    self->sessions[0]->state = SPREAD_OPENING;
    exchange_session_connect(&self->sessions[0]->session);
}

void exchange_spread_disconnect(void *arg)
{
    close_all(arg);
}

exchange_spread_t *exchange_spread_of(exchange_session_t *session)
{
    return ((spread_session_t *)session)->spread;
}

const told_symbol_t *exchange_spread_find(const exchange_spread_t *self, text_t symbol)
{
    const spread_place_t *place = table_get(self->by_symbol, symbol);
    bool open = place && place->session && place->session->state == SPREAD_OPEN;
    return open ? told_symbols_find(&place->session->session.symbols, symbol) : NULL;
}

void exchange_spread_lose(exchange_spread_t *self, const char *reason)
{
    close_all(self);
    self->events->on_lost(self->arg, &(loss_t){.reason = reason});
}
