/* How many trades of a symbol are kept, and for how long: rules for patterns of symbols.
 *
 *     {"*": {"trades": 1000}, "*-USD": {"trades": 10000, "hours": 24}, "BTC-USD": {}}
 *
 * '*' stands for any run of characters. One rule applies to a symbol: its own name if there is one, else the pattern with the most other
 * characters, of those the first. None applies to records of coverage (below).
 */
#pragma once

#include "common/config/config.h"

typedef struct retention retention_t;

typedef struct {
    uint64_t trades; /* 0: any number */
    int64_t age_ns;  /* 0: of any age */
} retention_rule_t;

/* path: of the map in the configuration. NULL when memory runs out. */
retention_t *retention_new(const config_t *config, const char *path);
void retention_destroy(retention_t **self);

enum {
    RETENTION_COVERAGE = 100000 /* records of coverage, of each stream */
};

/* No limits if no pattern matches. Records of coverage, the subject "coverage.BTC-USD", have a rule of their own, lest a limit tears holes into them: none where trades
 * of the symbol have none, else RETENTION_COVERAGE of any age. */
retention_rule_t retention_of(const retention_t *self, text_t symbol);

/* The maximum age for all symbols; 0 if some symbols' trades may be of any age. */
int64_t retention_longest(const retention_t *self);
