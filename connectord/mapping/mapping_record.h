/* A record as a mapping makes it of a source's JSON. */
#pragma once

#include "connectord/mapping/rule.h"
#include "proto/record.h"

/* What a record is. Valid during the call. */
typedef struct {
    text_t channel; /* "trades", or the rule's */
    text_t key;     /* the symbol, or what it is to another channel */
    trade_t trade;  /* record_valid but for cursor, source and received_ns, which are not set */
    text_t id;      /* empty: it has none */
    text_t timestamp;
    int64_t timestamp_ns;
    uint64_t number;                     /* the source's own, where its rule says how they go on */
    const rule_continuity_t *continuity; /* that; NULL: nothing is known of it, or the number can't be read */
    text_t data;                         /* of another channel: the source's own text without white space */
} mapping_record_t;
