#include "tests/simulator/exchange.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "tests/simulator/clock.h"
#include "tests/simulator/sensors.h"

enum {
    HIGH_WATER_BYTES = 1024 * 1024, /* with more than this waiting, trades are not made "as fast as taken" */
    LEDGER_FLUSH_MS = 20,
};

struct sim_exchange {
    const sim_options_t *options;
    sim_source_t *source;
    ledger_t *ledger;
    player_t player;
    random_t random;
    sensors_t sensors;
    denial_t *denials;              /* by symbol */
    sim_connection_t **connections; /* in the order of their ids */
    size_t count;
    uint64_t last_id;
    uint64_t next_trade_id;
    uint64_t made;          /* trades */
    uint64_t closed_frames; /* frames handed to connections that are gone */
    int64_t refuse_until_ns;
    uint64_t answers; /* handshakes to be answered so */
    char answer_status[EXCHANGE_STATUS_BYTES], answer_headers[EXCHANGE_HEADERS_BYTES];
    int64_t ledger_due_ns;
};

sim_exchange_t *exchange_new(const sim_options_t *options, sim_source_t *source, ledger_t *ledger)
{
    sim_exchange_t *self = calloc(1, sizeof *self);
    if (self)
        self->denials = calloc(source->symbols.count + 1, sizeof *self->denials);
    if (!self || !self->denials) {
        free(self);
        return NULL;
    }
    self->options = options;
    self->source = source;
    self->ledger = ledger;
    self->random.state = ~options->seed;
    self->sensors = sensors_new(options->seed);
    self->player = player_new(options->rate);
    if (!options->paused)
        player_play(&self->player, PLAYER_ENDLESS, clock_mono_ns());
    /* Ids begin with the clock's µs, so that they stay unique when the simulator starts again, up to a million a second. */
    self->next_trade_id = (uint64_t)(clock_real_ns() / NS_PER_US);
    char seed[64];
    snprintf(seed, sizeof seed, "\"seed\":%" PRIu64, options->seed);
    ledger_event(ledger, "start", 0, seed);
    return self;
}

void exchange_destroy(sim_exchange_t **self)
{
    if (!*self)
        return;
    for (size_t i = 0; i < (*self)->count; i++)
        connection_destroy(&(*self)->connections[i]);
    free((*self)->connections);
    free((*self)->denials);
    free(*self);
    *self = NULL;
}

sim_connection_t *exchange_connect(sim_exchange_t *self, void *socket)
{
    sim_connection_t **connections = realloc(self->connections, (self->count + 1) * sizeof(sim_connection_t *));
    if (!connections)
        return NULL;
    self->connections = connections;
    sim_connection_t *connection = connection_new(self->last_id + 1, self->source->symbols.count, socket, self->ledger);
    if (connection) {
        self->last_id++;
        self->connections[self->count++] = connection;
    }
    return connection;
}

void exchange_disconnect(sim_exchange_t *self, sim_connection_t *connection)
{
    size_t i = 0;
    while (self->connections[i] != connection)
        i++;
    self->count--;
    memmove(&self->connections[i], &self->connections[i + 1], (self->count - i) * sizeof(sim_connection_t *));
    self->closed_frames += connection_frames(connection);
    connection_destroy(&connection);
}

/* --- trades ------------------------------------------------------------------------------------------------------ */

/* Whether trades can go out at all, and none waits long: what "as fast as taken" goes by. */
static bool connections_take_more(const sim_exchange_t *self)
{
    bool subscribed = false;
    for (size_t i = 0; i < self->count; i++) {
        sim_connection_t *connection = self->connections[i];
        if (connection_first_symbol(connection) == SYMBOL_NONE)
            continue;
        if (!connection_frozen(connection) && outbox_length(connection_outbox(connection)) > HIGH_WATER_BYTES)
            return false;
        subscribed = true;
    }
    return subscribed;
}

static void make_trade(sim_exchange_t *self)
{
    sim_trade_t trade;
    self->source->ops->next(self->source, exchange_take_trade_ids(self, 1), clock_real_ns(), &trade);
    self->made++;
    player_made(&self->player);
    for (size_t i = 0; i < self->count; i++)
        connection_trade(self->connections[i], &trade);
}

static void make_trades(sim_exchange_t *self, int64_t now_ns)
{
    if (isinf(self->player.rate) && !connections_take_more(self))
        return;
    for (uint64_t due = player_due(&self->player, now_ns); due > 0 && !exchange_finished(self); due--)
        make_trade(self);
    if (exchange_finished(self))
        player_pause(&self->player);
}

void exchange_turn(sim_exchange_t *self)
{
    const int64_t now_ns = clock_mono_ns();
    for (size_t i = 0; i < self->count; i++) {
        connection_thaw(self->connections[i], now_ns);
        connection_heartbeat(self->connections[i], now_ns, self->options->heartbeat_ms * NS_PER_MS);
    }
    make_trades(self, now_ns);
    sensors_turn(&self->sensors, now_ns, self->connections, self->count);
    if (now_ns >= self->ledger_due_ns) {
        ledger_flush(self->ledger);
        self->ledger_due_ns = now_ns + LEDGER_FLUSH_MS * NS_PER_MS;
    }
}

bool exchange_finished(const sim_exchange_t *self)
{
    return self->source->ops->finished(self->source);
}

uint64_t exchange_take_trade_ids(sim_exchange_t *self, uint64_t count)
{
    const uint64_t first = self->next_trade_id;
    self->next_trade_id += count;
    return first;
}

/* --- the rest ---------------------------------------------------------------------------------------------------- */

size_t exchange_connections(const sim_exchange_t *self)
{
    return self->count;
}

sim_connection_t *exchange_connection(const sim_exchange_t *self, size_t i)
{
    return self->connections[i];
}

void exchange_refuse(sim_exchange_t *self, int64_t ns)
{
    self->refuse_until_ns = clock_mono_ns() + ns;
}

bool exchange_refuses(const sim_exchange_t *self)
{
    return clock_mono_ns() < self->refuse_until_ns;
}

void exchange_answer(sim_exchange_t *self, const char *status, const char *headers, uint64_t times)
{
    snprintf(self->answer_status, sizeof self->answer_status, "%s", status);
    snprintf(self->answer_headers, sizeof self->answer_headers, "%s", headers);
    self->answers = times;
}

bool exchange_take_answer(sim_exchange_t *self, const char **status, const char **headers)
{
    *status = self->answer_status;
    *headers = self->answer_headers;
    return self->answers > 0 && self->answers--;
}

denial_t *exchange_denial(sim_exchange_t *self, size_t symbol)
{
    return &self->denials[symbol];
}

const sim_options_t *exchange_options(const sim_exchange_t *self)
{
    return self->options;
}

const symbols_t *exchange_symbols(const sim_exchange_t *self)
{
    return &self->source->symbols;
}

player_t *exchange_player(sim_exchange_t *self)
{
    return &self->player;
}

ledger_t *exchange_ledger(sim_exchange_t *self)
{
    return self->ledger;
}

random_t *exchange_random(sim_exchange_t *self)
{
    return &self->random;
}

static size_t subscribers(const sim_exchange_t *self, size_t symbol)
{
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++)
        count += connection_subscribed(self->connections[i], symbol);
    return count;
}

void exchange_status(const sim_exchange_t *self, FILE *out)
{
    uint64_t frames = self->closed_frames;
    for (size_t i = 0; i < self->count; i++)
        frames += connection_frames(self->connections[i]);
    fprintf(out, "{\"connections\":%zu,\"playing\":%s,\"finished\":%s,", self->count, self->player.playing ? "true" : "false",
            exchange_finished(self) ? "true" : "false");
    fprintf(out, isinf(self->player.rate) ? "\"rate\":\"max\"," : "\"rate\":%.12g,", self->player.rate);
    fprintf(out, "\"sent\":%" PRIu64 ",\"frames\":%" PRIu64 ",\"ids\":[", self->made, frames);
    for (size_t i = 0; i < self->count; i++)
        fprintf(out, "%s%" PRIu64, i ? "," : "", connection_id(self->connections[i]));
    fputs("],\"subscriptions\":{", out);
    const char *comma = "";
    for (size_t symbol = 0; symbol < self->source->symbols.count; symbol++) {
        const size_t count = subscribers(self, symbol);
        if (count > 0) {
            fprintf(out, "%s\"%s\":%zu", comma, self->source->symbols.names[symbol], count);
            comma = ",";
        }
    }
    fprintf(out, "},\"seed\":%" PRIu64 "}\n", self->options->seed);
}
