/* store-import: reads exported trades into a store. scripts/import is what people call. */
#include <stdlib.h>

#include "cached/importer.h"

enum { EXIT_USAGE = 2 };

int main(int argc, char **argv)
{
    (void)argv;
    char error[STORE_ERROR_MAX];
    import_counts_t counts;
    const char *url = argc == 1 ? getenv("STORE_URL") : NULL; /* no argument: it may hold a password, and ps shows those */
    const store_kind_t *kind = url ? store_kind(url) : NULL;
    if (!kind || strcmp(kind->scheme, "memory") == 0) {
        fprintf(stderr,
                "usage: STORE_URL=STORE store-import < FILE\n"
                "STORE: sqlite:///PATH, postgres://… or redis://…; FILE: trades, a line each, as scripts/export writes them\n");
        return EXIT_USAGE;
    }
    bool good = import_trades(stdin, kind, url, &counts, error);
    if (!good)
        fprintf(stderr, "store-import: %s\n", error);
    printf("%llu %llu\n", (unsigned long long)counts.read, (unsigned long long)counts.stored);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
