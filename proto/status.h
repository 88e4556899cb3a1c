/* What connectord says of a source, on topic `status.<source>`, on every change and every second (bus.md). */
#pragma once

#include "common/buffer.h"
#include "common/json.h"
#include "proto/cursor.h"

typedef enum { STATUS_HEARTBEAT, STATUS_CONNECTED, STATUS_LOST, STATUS_RESTORED, STATUS_GAP } status_event_t;

typedef struct {
    status_event_t event; /* why this was sent */
    text_t source;
    bool connected;                                           /* is there a link to the exchange now? */
    int64_t since_ns;                                         /* since when it has been so, ns since 1970 */
    int64_t time_ns;                                          /* when this was sent */
    text_t reason;                                            /* why the link was lost, or what the gap was; empty otherwise */
    bool demand;                                              /* "subscribe":"demand" rather than "always" */
    uint64_t epoch;                                           /* the journal's */
    uint64_t trades, duplicates, malformed, gaps, reconnects; /* since connectord's start */
    text_t symbols; /* raw JSON object {"BTC-USD":42,…}: every symbol that the source offers, and its stream's last seq (0:
                        * no trade yet) */
} status_t;

void status_print(buffer_t *out, const status_t *status);

/* Slices point into json. `reason` is raw JSON string content. False for anything that is not a status object. */
bool status_parse(text_t json, status_t *status);

/* Walks the symbols of a status that was parsed:
 *
 *     json_walk_t walk = json_walk(status.symbols);
 *     while (status_next_symbol(&walk, &symbol, &last_seq)) …
 */
bool status_next_symbol(json_walk_t *walk, text_t *symbol, uint64_t *last_seq);
