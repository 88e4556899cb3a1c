/* How the JSON messages of a source become records, by configuration alone (proto/mapping.md has every key):
 *
 *     {"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"tradeId":"1","px":"30105.5","sz":"0.01","side":"buy","ts":"1652459225303"}]}
 *
 *     "mapping": {"where": {"/arg/channel": "trades"}, "each": "/data", "symbol": "/instId", "id": "/tradeId", "timestamp": "/ts", "unit": "ms",
 *                 "price": "/px", "qty": "/sz", "side": {"at": "/side", "buy": "buy", "sell": "sell"}}
 *
 * A mapping is one such rule or an array of them; a message is for the first one whose `where` it meets. Compiled once; a message is read without an
 * allocation, in one pass and one more for each record. Digits are copied, never computed with. What a message lacks, or has twice or of another
 * type, is named by its pointer, and costs that record alone.
 */
#pragma once

#include "connectord/mapping/mapping_record.h"

enum {
    MAPPING_ERROR_MAX = 512,
    MAPPING_RECORDS_MAX = 100000 /* of a message */
};

typedef struct mapping mapping_t;

typedef struct {
    void (*record)(void *arg, const mapping_record_t *record);
    /* A record, or a whole message, was left out. `reason` names the key, its pointer, what was expected and what was found; `sample` is the JSON. */
    void (*fault)(void *arg, const char *reason, text_t sample);
    /* Which symbol or key of the channel is meant by the source's own spelling, which stands in none of the mapping's tables. False: one that is not
     * wanted, and the record is ignored. */
    bool (*key)(void *arg, text_t channel, text_t native, text_t *key);
} mapping_events_t;

typedef struct {
    uint64_t records;
    uint64_t other_messages; /* that no rule is for */
    uint64_t unwanted;       /* records whose key is not wanted, or whose side is to be ignored */
    uint64_t faults;
} mapping_counts_t;

/* Compiles the JSON of a mapping, which is copied. NULL, with the key's path, what was expected and what was found in `error`, when it can't be used.
 * mapping_load (mapping_test.h) runs its tests, too. */
mapping_t *mapping_new(text_t json, char error[static MAPPING_ERROR_MAX]);
void mapping_destroy(mapping_t **self);

/* What it reads are replies (protocol.h), whose key and data may be any text or value, rather than records. */
void mapping_take_anything(mapping_t *self);

/* Reads a message. received_ns: now, ns since 1970, for records without a time of their own. No event is NULL. */
void mapping_run(mapping_t *self, text_t message, int64_t received_ns, const mapping_events_t *events, void *arg);

/* What has become of all messages. */
const mapping_counts_t *mapping_counts(const mapping_t *self);
