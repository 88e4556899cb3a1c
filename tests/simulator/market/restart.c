#include "tests/simulator/market/restart.h"

#include <stdio.h>
#include <stdlib.h>

/* What stands between the line's first members and its last one, `at`. */
static void restore(sim_market_t *market, const char *line, const char *head, bool lost)
{
    const char *end = strstr(line, ",\"at\":");
    if (end && strncmp(line, head, strlen(head)) == 0)
        market_restore(market, line + strlen(head), (size_t)(end - line) - strlen(head), lost);
}

static void read_file(sim_market_t *market, const char *path)
{
    char *line = NULL;
    size_t capacity = 0;
    FILE *ledger = fopen(path, "re");
    if (!ledger)
        return;
    while (getline(&line, &capacity, ledger) != -1) {
        restore(market, line, "{\"event\":\"made\",", false);
        restore(market, line, "{\"event\":\"lost\",", true);
    }
    free(line);
    fclose(ledger);
}

void restart_read(sim_market_t *market, const char *path)
{
    char *older = NULL;
    if (asprintf(&older, "%s.1", path) == -1)
        return;
    read_file(market, older);
    read_file(market, path);
    free(older);
}
