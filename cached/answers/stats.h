/* What is known of a symbol's streams, as the answer to stats. */
#pragma once

#include "cached/archive/write_behind.h"
#include "cached/streams/catalog.h"
#include "cached/streams/retention.h"
#include "common/bus/follower.h"
#include "common/json/json_write.h"

typedef struct {
    const write_behind_t *write_behind; /* NULL: there is no store */
    const follower_t *follower;         /* NULL: nothing is followed yet */
    const retention_t *memory, *store;  /* what they keep; NULL: that is not known */
} stats_t;

/* Puts an object for each stream into the array that has been opened.
 *
 *     {"topic":…,"symbol":…,"source":…,"trades":2,"first":"7-1","firstTimestamp":…,"last":"7-2","lastTimestamp":…,"bytes":20480,
 *      "stored":2,"retention":{"trades":10000,"ms":86400000},"duplicates":0,"gaps":{"seen":0,"repaired":0,"lost":0}}
 */
void stats_print(const stats_t *self, const catalog_symbol_t *symbol, json_writer_t *json);
