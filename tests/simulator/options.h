/* The command line. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    char host[64];
    int port;            /* 0: any free one */
    const char *symbols; /* NULL: a handful of common ones */
    const char *file;    /* NULL: a random walk */
    bool loop;
    double rate; /* trades a second; INFINITY: as fast as the connections take them */
    bool paused;
    uint64_t seed;
    const char *ledger;      /* NULL: none */
    const char *token;       /* NULL: none is asked for */
    const char *certificate; /* NULL: no TLS */
    const char *certificate_key;
    int64_t heartbeat_ms;
    bool any_origin;
    int exit_code; /* what to exit with when parsing said so */
} sim_options_t;

/* False when the program is to end here: --help or --version was asked for, or an option is wrong, which stderr tells. */
bool options_parse(sim_options_t *self, int argc, char **argv);
