#include "tests/simulator/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulator/clock.h"
#include "tests/simulator/exchanges/personality.h"
#include "tests/simulator/player.h"
#include "tests/simulator/symbols.h"

#define VERSION "1.0"

enum { EXIT_USAGE = 2, MS_MAX = 86400000, STREAMS_MAX = 1024, LEDGER_BYTES_MIN = 65536 };

#define MS_EXPECTED  "1 to 86400000"
#define FIRST_ID_MAX UINT64_C(1000000000000000)

typedef struct {
    const char *name;
    const char *value; /* what follows it; NULL: nothing */
    const char *help;
    const char *expected;                          /* for the message when the value is wrong */
    bool (*set)(sim_options_t *self, char *value); /* false: wrong */
    bool ends;                                     /* the program ends behind it */
} option_t;

static bool set_listen(sim_options_t *self, char *value)
{
    char *end, *colon = strrchr(value, ':');
    if (!colon || colon == value || (size_t)(colon - value) >= sizeof self->host || colon[1] < '0' || colon[1] > '9')
        return false;
    const long port = strtol(colon + 1, &end, 10);
    if (*end != '\0' || port > 65535)
        return false;
    snprintf(self->host, sizeof self->host, "%.*s", (int)(colon - value), value);
    self->port = (int)port;
    return true;
}

static bool set_symbols(sim_options_t *self, char *value)
{
    symbols_t seen = {0};
    char *rest = strdup(value);
    bool ok = rest != NULL;
    size_t names = 0;
    for (char *at = rest, *name; ok && (name = strsep(&at, ",")); names++)
        ok = symbol_valid(name) && symbols_add(&seen, name) == names; /* a symbol twice is in an earlier place */
    symbols_release(&seen);
    free(rest);
    self->symbols = value;
    return ok;
}

static bool set_file(sim_options_t *self, char *value)
{
    self->file = value;
    return *value != '\0';
}

static bool set_loop(sim_options_t *self, char *value)
{
    (void)value;
    return self->loop = true;
}

static bool set_rate(sim_options_t *self, char *value)
{
    return player_rate_parse(value, &self->rate);
}

static bool set_paused(sim_options_t *self, char *value)
{
    (void)value;
    return self->paused = true;
}

/* A whole number of that range. */
static bool read_whole(const char *value, uint64_t least, uint64_t most, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(value, &end, 10);
    return *value >= '0' && *value <= '9' && *end == '\0' && errno == 0 && *number >= least && *number <= most;
}

static bool set_seed(sim_options_t *self, char *value)
{
    return read_whole(value, 0, UINT64_MAX, &self->seed);
}

static bool set_path(sim_options_t *self, char *value)
{
    return self->on_path = read_whole(value, 0, UINT64_MAX, &self->path);
}

static bool set_ledger(sim_options_t *self, char *value)
{
    self->ledger = value;
    return *value != '\0';
}

static bool set_ledger_bytes(sim_options_t *self, char *value)
{
    return read_whole(value, LEDGER_BYTES_MIN, INT64_MAX, &self->ledger_bytes);
}

static bool set_token(sim_options_t *self, char *value)
{
    self->token = value;
    return *value != '\0';
}

static bool set_tls(sim_options_t *self, char *value)
{
    char *comma = strchr(value, ',');
    if (!comma || comma == value || comma[1] == '\0')
        return false;
    *comma = '\0';
    self->certificate = value;
    self->certificate_key = comma + 1;
    return true;
}

static bool set_heartbeat(sim_options_t *self, char *value)
{
    char *end;
    self->heartbeat_ms = strtol(value, &end, 10);
    return *value >= '0' && *value <= '9' && *end == '\0' && self->heartbeat_ms > 0 && self->heartbeat_ms <= 3600000;
}

static bool read_ms(const char *value, int64_t *ms)
{
    uint64_t number;
    if (!read_whole(value, 1, MS_MAX, &number))
        return false;
    *ms = (int64_t)number;
    return true;
}

static bool set_exchange(sim_options_t *self, char *value)
{
    return (self->personality = personality_find(value));
}

static bool set_first_id(sim_options_t *self, char *value)
{
    return read_whole(value, 1, FIRST_ID_MAX, &self->first_id);
}

static bool set_restamp(sim_options_t *self, char *value)
{
    (void)value;
    return self->restamp = true;
}

static bool set_power_law(sim_options_t *self, char *value)
{
    (void)value;
    return self->power_law = true;
}

static bool set_streams_max(sim_options_t *self, char *value)
{
    return read_whole(value, 1, STREAMS_MAX, &self->streams_max);
}

static bool set_ping(sim_options_t *self, char *value)
{
    return read_ms(value, &self->ping_ms);
}

static bool set_pong(sim_options_t *self, char *value)
{
    return read_ms(value, &self->pong_ms);
}

static bool set_cut(sim_options_t *self, char *value)
{
    return read_ms(value, &self->cut_ms);
}

static bool set_any_origin(sim_options_t *self, char *value)
{
    (void)value;
    return self->any_origin = true;
}

static bool show_version(sim_options_t *self, char *value)
{
    (void)self;
    (void)value;
    return puts("exchange-simulator " VERSION) >= 0;
}

static bool show_help(sim_options_t *self, char *value);

static const option_t options[] = {
    {"--listen", "HOST:PORT", "where to listen; port 0: any free one (127.0.0.1:5000)", "HOST:PORT", .set = set_listen},
    {"--symbols", "A-B,C-D", "symbols of the random walk (a handful of common ones)", "different symbols like BTC-USD,ETH-USD",
     .set = set_symbols},
    {"--file", "FILE", "recorded trades instead of a random walk: NDJSON of updated frames", "a file name", .set = set_file},
    {"--loop", NULL, "start the file again at its end, with -2, -3, ... behind each trade_id", NULL, .set = set_loop},
    {"--rate", "N", "trades a second over all symbols, or max: as fast as taken (100)", PLAYER_RATE_EXPECTED, .set = set_rate},
    {"--paused", NULL, "make no trade before POST /control/play", NULL, .set = set_paused},
    {"--seed", "N", "of the random walk (from the clock)", "a whole number below 2^64", .set = set_seed},
    {"--path", "N", "random walks on the same path have prices near each other", "a whole number below 2^64", .set = set_path},
    {"--ledger", "FILE", "append what happens to it, a JSON line an event", "a file name", .set = set_ledger},
    {"--ledger-bytes", "N", "of the ledger, then it becomes FILE.1 and a new one begins (no limit)", "65536 or more",
     .set = set_ledger_bytes},
    {"--token", "T", "subscribing to trades takes this token", "a token", .set = set_token},
    {"--tls", "CERT.pem,KEY.pem", "serve wss and https", "two file names with a comma between", .set = set_tls},
    {"--heartbeat-ms", "N", "interval of the heartbeat channel (5000)", "1 to 3600000", .set = set_heartbeat},
    {"--exchange", "NAME", "whose API: " PERSONALITY_NAMES " (blockchain)", PERSONALITY_NAMES, .set = set_exchange},
    {"--first-id", "N", "of each symbol's trades, where ids count up (1000001)", "1 to 1000000000000000", .set = set_first_id},
    {"--restamp", NULL, "a file's trades get the clock's time, where ids count up", NULL, .set = set_restamp},
    {"--power-law", NULL, "of the random walk's symbols, give the k-th a weight of 1/k", NULL, .set = set_power_law},
    {"--streams-max", "N", "Binance: streams of a connection (1024)", "1 to 1024", .set = set_streams_max},
    {"--ping-ms", "N", "Binance: interval of its pings (20000)", MS_EXPECTED, .set = set_ping},
    {"--pong-ms", "N", "Binance: how long it waits for a pong (60000)", MS_EXPECTED, .set = set_pong},
    {"--cut-ms", "N", "end each connection after so long (never)", MS_EXPECTED, .set = set_cut},
    {"--any-origin", NULL, "accept any Origin header, and none", NULL, .set = set_any_origin},
    {"--help", NULL, "show this", NULL, .set = show_help, .ends = true},
    {"--version", NULL, "show the version", NULL, .set = show_version, .ends = true},
};

static bool show_help(sim_options_t *self, char *value)
{
    (void)self;
    (void)value;
    puts("usage: exchange-simulator [OPTION]...\n\n"
         "Speaks the API of an exchange on ws://HOST:PORT/ws, and can be told over HTTP to misbehave.\n");
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        printf("  %-14s %-17s %s\n", options[i].name, options[i].value ? options[i].value : "", options[i].help);
    return true;
}

static const option_t *option_find(const char *name)
{
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    return NULL;
}

static bool usage_error(sim_options_t *self, const char *name, const char *expected, const char *found)
{
    fprintf(stderr, "exchange-simulator: %s: expected %s, found %s%s%s\n", name, expected, found ? "\"" : "",
            found ? found : "nothing", found ? "\"" : "");
    self->exit_code = EXIT_USAGE;
    return false;
}

/* Options that do not go together. */
static bool options_agree(sim_options_t *self)
{
    if (self->file && self->symbols)
        return usage_error(self, "--symbols", "no --file beside it, whose symbols are offered", self->symbols);
    if (self->loop && !self->file)
        return usage_error(self, "--loop", "--file FILE beside it", NULL);
    return true;
}

bool options_parse(sim_options_t *self, int argc, char **argv)
{
    *self = (sim_options_t){.host = "127.0.0.1",
                            .port = 5000,
                            .rate = 100,
                            .seed = (uint64_t)clock_real_ns(),
                            .heartbeat_ms = 5000,
                            .personality = personality_find("blockchain"),
                            .first_id = 1000001,
                            .streams_max = STREAMS_MAX,
                            .ping_ms = 20000,
                            .pong_ms = 60000,
                            .exit_code = EXIT_SUCCESS};
    for (int i = 1; i < argc; i++) {
        char *value = argv[i]; /* what is behind "=", or the next argument */
        const char *name = strsep(&value, "=");
        const option_t *option = option_find(name);
        if (!option)
            return usage_error(self, name, "one of the options that --help shows", name);
        if (!option->value && value)
            return usage_error(self, name, "no value", value);
        if (option->value && !value && !(value = argv[++i]))
            return usage_error(self, name, option->expected, NULL);
        const char *found = value ? strdupa(value) : NULL; /* set may cut the value */
        if (!option->set(self, value))
            return usage_error(self, name, option->expected, found);
        if (option->ends)
            return false;
    }
    return options_agree(self);
}
