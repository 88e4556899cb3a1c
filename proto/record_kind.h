/* The kinds of records: the table that record.h works by. Adding one: write its encoding, add a row to record_kind.c and examples to
 * tests/contract/test_record_kind.c.
 */
#pragma once

#include "proto/trade.h"

typedef struct {
    const char *name; /* for messages: "trades", "json" */
    size_t max;       /* bytes of the encoding, at most */

    /* Is the record of this kind? */
    bool (*has)(const trade_t *record);

    /* Of those that are: is every field as it has to be? Sets timestamp_ns, or *wrong to the first offending member's name. */
    bool (*valid)(trade_t *record, const char **wrong);

    /* Prints a valid one into room for `max` bytes, and returns the length. */
    size_t (*print)(char *out, const trade_t *record);

    /* Reads exactly what `print` prints. False for anything else, soon where it is another kind's. */
    bool (*parse)(text_t json, trade_t *record);
} record_kind_t;

/* Number 0, 1, 2 …; NULL at the end. The first one is trades. */
const record_kind_t *record_kind_at(size_t number);
