/* The answer to coverage: what is known of a symbol's trades, source by source, and the oldest trade of each that can be had. */
#pragma once

#include "cached/archive/rebuild.h"
#include "cached/streams/merge.h"
#include "proto/request.h"

typedef struct {
    const request_t *request;
    const catalog_t *catalog;
    const rebuild_t *rebuild; /* rebuilds what only the store has; NULL: nobody does */
    const merge_t *oldest;    /* its heads are at the oldest trade of each stream of trades */
    bool incomplete;          /* of the store not all is known */
    int64_t now_ns;
} answer_coverage_t;

/* Is a `next` of the request, if it has one, a place? Else false, with the answer. */
bool answer_coverage_begin(const request_t *request, buffer_t *answer);

/* Prints it, up to limit_bytes.
 *
 *     {"ok":true,"id":7,"coverage":[{"source":"coinbase","state":"live","from":…,"to":null,"cursor":…},…],
 *      "oldest":{"coinbase":{"cursor":…,"time":…}},"next":"2025-11-10T17:24:00.000000000Z coinbase"}
 */
void answer_coverage(const answer_coverage_t *self, size_t limit_bytes, buffer_t *answer);
