/* The command line. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/simulator/exchanges/personality.h"

typedef struct {
    const sim_personality_t *personality;
    char host[64];
    int port;            /* 0: any free one */
    const char *symbols; /* NULL: a handful of common ones */
    const char *file;    /* NULL: a random walk */
    bool loop;
    double rate; /* trades a second; INFINITY: as fast as the connections take them */
    bool paused;
    uint64_t seed;
    bool on_path;
    uint64_t path;           /* which the random walk's prices keep near */
    const char *ledger;      /* NULL: none */
    uint64_t ledger_bytes;   /* after which it goes on in another file; 0: never */
    const char *token;       /* NULL: none is asked for */
    const char *certificate; /* NULL: no TLS */
    const char *certificate_key;
    int64_t heartbeat_ms;
    bool any_origin;
    uint64_t first_id; /* of each symbol's trades, where they are counted */
    bool restamp;      /* a file's trades get the clock's time, where they are counted */
    bool power_law;    /* of the random walk's symbols, the k-th has a weight of 1/k */
    uint64_t streams_max;
    int64_t ping_ms, pong_ms;
    int64_t cut_ms; /* 0: never */
    int exit_code;  /* what to exit with when parsing said so */
} sim_options_t;

/* False when the program is to end here: --help or --version was asked for, or an option is wrong, which stderr tells. */
bool options_parse(sim_options_t *self, int argc, char **argv);
