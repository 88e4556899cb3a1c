/* store-import: reads exported trades into a store. scripts/import is what people call. */
#include <stdlib.h>

#include "cached/archive/importer.h"
#include "cached/stores/kinds.h"

enum { EXIT_USAGE = 2 };

int main(int argc, char **argv)
{
    char error[STORE_ERROR_MAX];
    import_counts_t counts;
    bool later = argc == 2 && strcmp(argv[1], "--later") == 0;
    const char *url =
        argc == 1 || later ? getenv("STORE_URL") : NULL; /* no argument: it may hold a password, and ps shows those */
    const store_kind_t *kind = url ? store_kind(url) : NULL;
    if (!kind || strcmp(kind->scheme, "memory") == 0) {
        fprintf(
            stderr,
            "usage: STORE_URL=STORE store-import [--later] < FILE\n"
            "STORE: sqlite:///PATH, postgres://… or redis://…; FILE: trades, one per line, as scripts/export writes them\n"
            "--later: also trades after a stream's last one in the store, with others missing in between: no cached may ever "
            "write to it\n");
        return EXIT_USAGE;
    }
    bool good = import_trades(stdin, kind, url, later, &counts, error);
    if (!good)
        fprintf(stderr, "store-import: %s\n", error);
    printf("%llu %llu %llu\n", (unsigned long long)counts.read, (unsigned long long)counts.stored,
           (unsigned long long)counts.later);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
