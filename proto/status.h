/* The state of a source, on topic `status.<source>`, on every change and every second (bus.md). */
#pragma once

#include "common/buffer.h"
#include "common/json/json.h"
#include "proto/cursor.h"
#include "proto/status_upstream.h"

typedef enum {
    STATUS_HEARTBEAT,
    STATUS_CONNECTED,
    STATUS_LOST,
    STATUS_RESTORED,
    STATUS_GAP,
    STATUS_WITHDRAWN /* the source is no longer configured: its last status */
} status_event_t;

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
    uint64_t unjournaled;                                     /* trades that were lost because the journal took none */
    uint64_t id_conflicts, future;                            /* trades among them: with another one's id; of the future */
    text_t breaker;                                           /* "closed", "open" or "half_open"; empty is closed */
    uint32_t health;                                          /* 0 (unusable) to 100 */
    text_t stale;   /* raw JSON object {"BTC-USD":31.500,…}: streams that should have had a trade by now, and the seconds
                     * since the last one */
    text_t failing; /* raw JSON object {"ETH-USD":"reason",…}: wanted symbols whose subscription fails; empty is {} */
    text_t
        holes; /* raw JSON object {"BTC-USD":{"count":2,…},…}: what is missing upstream and could not be had since connectord's start; empty is {} */
    text_t
        backfill; /* raw JSON object {"BTC-USD":{"missing":120,"late":false},…}: what is being asked for afterwards now; empty is {} */
    uint64_t retries,
        resubscribes;    /* subscriptions tried again, streams subscribed again as they starved: connectord's own metrics,
                                     * not on the bus */
    bool missed_known;   /* is it known how many trades were missed … */
    uint64_t missed;     /* … when the link was lost last? Of a source that is connected */
    uint64_t refused;    /* failed attempts to connect, and … */
    uint32_t backoff_ms; /* … the wait before the next one, 0: none: connectord's own metrics, not on the bus */
    uint32_t lines, lines_connected; /* the source's lines, and how many are connected; 0 lines is 1 */
    uint64_t saved;                  /* trades received while not all lines were connected */
    text_t group;                    /* of sources that stand in for one another; empty: none */
    bool active;                     /* are its trades published? Of a source in a group */
    uint64_t run;                    /* identifies the process that sent it: differs after each start; 0: unknown */
    uint64_t former_epoch;           /* the one that this process had before the current epoch; 0: none */
    text_t former; /* raw JSON object {"BTC-USD":940,…}: (former_epoch, 940 + n) is (epoch, n); 0 for symbols not in it */
    text_t
        channels; /* raw JSON object {"readings":"latest","events":"log"}: the channels beside trades that the source offers, and what who is behind
                      * gets of them: the newest record of each key, or all; empty is {} */
    text_t symbols; /* raw JSON object {"BTC-USD":42,…}: every symbol that the source offers, and its stream's last seq (0:
                        * no trade yet) */
} status_t;

void status_print(buffer_t *out, const status_t *status);

/* Slices point into json. `reason` is raw JSON string content. False for anything that is not a status object. */
bool status_parse(text_t json, status_t *status);

/* Walks the symbols of a status that was parsed, or its `former`:
 *
 *     json_walk_t walk = json_walk(status.symbols);
 *     while (status_next_symbol(&walk, &symbol, &last_seq)) …
 */
bool status_next_symbol(json_walk_t *walk, text_t *symbol, uint64_t *last_seq);

/* Walks the stale streams in the same way; silence_ms: since the last trade. And appends one, the object's braces being the caller's. */
bool status_next_stale(json_walk_t *walk, text_t *symbol, int64_t *silence_ms);
void status_put_stale(buffer_t *out, text_t symbol, int64_t silence_ms);

/* The same for failing subscriptions: reason is raw JSON string content when it is walked, and any text when it is put. */
bool status_next_failing(json_walk_t *walk, text_t *symbol, text_t *reason);
void status_put_failing(buffer_t *out, text_t symbol, text_t reason);

/* The same for its channels. */
bool status_next_channel(json_walk_t *walk, text_t *channel, bool *latest);
