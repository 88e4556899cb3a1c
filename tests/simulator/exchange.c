#include "tests/simulator/exchange.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "tests/simulator/clock.h"
#include "tests/simulator/market/restart.h"
#include "tests/simulator/sensors.h"

enum {
    HIGH_WATER_BYTES = 1024 * 1024, /* with more than this waiting, trades are not made "as fast as taken" */
    LEDGER_FLUSH_MS = 20,
    CLOSE_GOING_AWAY = 1001,
};

struct sim_exchange {
    const sim_options_t *options;
    sim_source_t *source;
    ledger_t *ledger;
    sim_market_t *market; /* NULL: trades are not counted */
    sim_rest_fault_t rest_fault;
    uint64_t rest_requests;
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
    int64_t shut_down_ns; /* 0: it does not shut down */
};

/* Remembers the runs before. */
static bool open_market(sim_exchange_t *self, const sim_options_t *options, const symbols_t *symbols)
{
    if (!options->personality->counts)
        return true;
    self->market = market_new(symbols, options->first_id);
    if (self->market && options->ledger)
        restart_read(self->market, options->ledger);
    return self->market;
}

sim_exchange_t *exchange_new(const sim_options_t *options, sim_source_t *source, ledger_t *ledger)
{
    sim_exchange_t *self = calloc(1, sizeof *self);
    if (self)
        self->denials = calloc(source->symbols.count + 1, sizeof *self->denials);
    if (!self || !self->denials || !open_market(self, options, &source->symbols)) {
        exchange_destroy(&self);
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
    market_destroy(&(*self)->market);
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
    sim_connection_t *connection =
        connection_new(self->options->personality, self->last_id + 1, self->source->symbols.count, socket, self->ledger);
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
        if (connection_subscriptions(connection) == 0)
            continue;
        if (!connection_frozen(connection) && outbox_length(connection_outbox(connection)) > HIGH_WATER_BYTES)
            return false;
        subscribed = true;
    }
    return subscribed;
}

/* Gives it its id and writes it down. False when nobody is to be sent it. */
static bool enter_in_market(sim_exchange_t *self, sim_trade_t *trade, int64_t now_ns)
{
    char members[TRADE_TEXT_BYTES + 1];
    const bool lost = market_take_loss(self->market, trade->symbol);
    if (!market_number(self->market, trade, now_ns, lost))
        return false;
    memcpy(members, trade->text, trade->length);
    members[trade->length] = '\0';
    ledger_event(self->ledger, lost ? "lost" : "made", 0, members);
    return !lost;
}

static void make_trade(sim_exchange_t *self)
{
    sim_trade_t trade;
    const int64_t now_ns = clock_real_ns();
    self->source->ops->next(self->source, exchange_take_trade_ids(self, 1), now_ns, &trade);
    self->made++;
    player_made(&self->player);
    if (self->market && !enter_in_market(self, &trade, self->options->restamp ? now_ns : 0))
        return;
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

/* What each connection's exchange does on a clock, and the ends of connections that are due. */
static void attend_connections(sim_exchange_t *self, int64_t now_ns)
{
    const int64_t cut_ns = self->options->cut_ms * NS_PER_MS;
    const bool down = self->shut_down_ns > 0 && now_ns >= self->shut_down_ns;
    for (size_t i = 0; i < self->count; i++) {
        self->options->personality->protocol->turn(self, self->connections[i], now_ns);
        if (down || (cut_ns > 0 && now_ns - connection_opened_ns(self->connections[i]) >= cut_ns))
            connection_close(self->connections[i], CLOSE_GOING_AWAY);
    }
    if (down)
        self->shut_down_ns = 0;
}

void exchange_turn(sim_exchange_t *self)
{
    const int64_t now_ns = clock_mono_ns();
    for (size_t i = 0; i < self->count; i++) {
        connection_thaw(self->connections[i], now_ns);
        connection_heartbeat(self->connections[i], now_ns, self->options->heartbeat_ms * NS_PER_MS);
    }
    make_trades(self, now_ns);
    attend_connections(self, now_ns);
    sensors_turn(&self->sensors, now_ns, self->connections, self->count);
    /* Trades with ids are written down before anybody is sent them: who is killed must not use an id again. */
    if (self->market || now_ns >= self->ledger_due_ns) {
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

void exchange_shut_down(sim_exchange_t *self, int64_t ns)
{
    for (size_t i = 0; i < self->count; i++)
        self->options->personality->manners->shutting_down(self->connections[i]);
    self->shut_down_ns = clock_mono_ns() + ns;
}

bool exchange_make_odd(sim_exchange_t *self, size_t symbol, const char *price, sim_trade_t *trade)
{
    const int64_t now_ns = exchange_now_ns(self);
    char timestamp_text[32];
    text_writer_t text = writer_on(trade->text, sizeof trade->text),
                  timestamp = writer_on(timestamp_text, sizeof timestamp_text);
    writer_timestamp(&timestamp, now_ns);
    trade_write(&text, &(trade_fields_t){.symbol = self->source->symbols.names[symbol],
                                         .timestamp = writer_string(&timestamp),
                                         .side = "buy",
                                         .qty = "0.25",
                                         .price = price,
                                         .trade_id = "0"});
    trade->symbol = symbol;
    trade->length = writer_length(&text);
    self->made++;
    return enter_in_market(self, trade, 0);
}

int64_t exchange_now_ns(const sim_exchange_t *self)
{
    const bool of_file = self->options->file && !self->options->restamp && self->market && market_time(self->market) > 0;
    return of_file ? market_time(self->market) : clock_real_ns();
}

const sim_personality_t *exchange_personality(const sim_exchange_t *self)
{
    return self->options->personality;
}

sim_market_t *exchange_market(sim_exchange_t *self)
{
    return self->market;
}

sim_rest_fault_t *exchange_rest_fault(sim_exchange_t *self)
{
    return &self->rest_fault;
}

void exchange_count_rest(sim_exchange_t *self)
{
    self->rest_requests++;
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

/* Of the symbols that have trades. */
static void status_of_market(const sim_exchange_t *self, FILE *out)
{
    const char *comma = "";
    fprintf(out, ",\"exchange\":\"%s\",\"rest\":%" PRIu64 ",\"last_ids\":{", self->options->personality->name,
            self->rest_requests);
    for (size_t symbol = 0; symbol < self->source->symbols.count; symbol++) {
        if (market_last(self->market, symbol) == 0)
            continue;
        fprintf(out, "%s\"%s\":%" PRIu64, comma, self->source->symbols.names[symbol], market_last(self->market, symbol));
        comma = ",";
    }
    fputs("}", out);
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
    fprintf(out, "},\"seed\":%" PRIu64, self->options->seed);
    if (self->market)
        status_of_market(self, out);
    fputs("}\n", out);
}
