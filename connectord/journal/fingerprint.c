#include "connectord/journal/fingerprint.h"

#include "common/hash.h"
#include "common/numbers/decimal.h"
#include "proto/record.h"

uint64_t fingerprint_timeless(const trade_t *trade)
{
    uint64_t hash = hash_mix((uint64_t)trade->side, decimal_hash(trade->price));
    return hash_mix(hash, decimal_hash(trade->qty));
}

uint64_t fingerprint(const trade_t *trade)
{
    if (!record_is_trade(trade))
        return hash_mix((uint64_t)trade->timestamp_ns, text_hash(trade->data));
    return hash_mix((uint64_t)trade->timestamp_ns, fingerprint_timeless(trade));
}
