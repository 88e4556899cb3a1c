/* Trades that are imported, a line each: no more are stored than were read, and what is wrong is said. */
#include "cached/archive/importer.h"
#include "cached/stores/kinds.h"
#include "tests/fuzz/fuzz.h"

static void import(uint8_t *data, size_t size, bool later)
{
    char error[STORE_ERROR_MAX] = "";
    import_counts_t counts;
    FILE *in = fmemopen(data, size, "r");
    require(in != NULL);
    bool good = import_trades(in, store_kind("memory:"), "memory:", later, &counts, error);
    require(counts.stored + counts.later <= counts.read && (!later || counts.later == 0));
    require(good == (error[0] == '\0') && strnlen(error, sizeof error) < sizeof error);
    fclose(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t *copy = malloc(size);
    require(copy != NULL);
    memcpy(copy, data, size);
    import(copy, size, false);
    import(copy, size, true);
    free(copy);
    return 0;
}
