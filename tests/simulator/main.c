/* exchange-simulator: the APIs of exchanges as a server, for tests; see README.md. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/simulator/exchange.h"
#include "tests/simulator/options.h"
#include "tests/simulator/server.h"

static sim_source_t *open_source(const sim_options_t *options)
{
    if (options->file)
        return source_file(options->file, options->loop ? SOURCE_LOOP : SOURCE_ONCE);
    fprintf(stderr, "exchange-simulator: seed %ju\n", (uintmax_t)options->seed);
    return source_random_walk(&(random_walk_options_t){.names = options->symbols,
                                                       .seed = options->seed,
                                                       .weights = options->power_law ? WEIGHTS_POWER_LAW : WEIGHTS_EQUAL,
                                                       .write_qty = options->personality->write_qty,
                                                       .path = options->on_path ? &options->path : NULL});
}

int main(int argc, char **argv)
{
    sim_options_t options;
    if (!options_parse(&options, argc, argv))
        return options.exit_code;
    int rc = EXIT_FAILURE;
    ledger_t *ledger = NULL;
    sim_exchange_t *exchange = NULL;
    sim_server_t *server = NULL;
    sim_source_t *source = open_source(&options);
    if (!source || (options.ledger && !(ledger = ledger_open(options.ledger, options.ledger_bytes))))
        goto done;
    if (!(exchange = exchange_new(&options, source, ledger)) || !(server = server_new(&options, exchange)))
        goto done;
    server_run(server);
    rc = EXIT_SUCCESS;
done:
    server_destroy(&server);
    exchange_destroy(&exchange);
    ledger_close(&ledger);
    source_destroy(&source);
    return rc;
}
