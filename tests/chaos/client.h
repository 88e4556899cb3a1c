/* A client that subscribes, checks that each trade comes once and in order, and comes back with its cursors when its connection ends.
 *
 *     DOWN ──client_tick──▶ CONNECTING ──writable──▶ SHAKING ──101──▶ OPEN
 *       ▲                        │                      │              │
 *       └────────────────────────┴── anything wrong ────┴──────────────┘
 *
 * A trades.gap is no loss as yet: the client ends the connection and comes back with its cursors, as anyone may who wants every trade.
 *
 * It is driven from outside: poll `fd` for what client_wants says.
 */
#pragma once

#include "tests/chaos/record.h"

#include <netinet/in.h>

enum { CLIENT_GATEWAYS_MAX = 8, CLIENT_RETRY_MS = 50 };

/* What a client does. */
typedef enum {
    CLIENT_STAYS,  /* comes back to the gateway that it was at */
    CLIENT_ROAMS,  /* comes back to another one each time */
    CLIENT_SLEEPS, /* subscribes and never reads again */
} client_kind_t;

typedef enum { CLIENT_DOWN, CLIENT_CONNECTING, CLIENT_SHAKING, CLIENT_OPEN } client_state_t;

/* Where the client is in a stream. */
typedef struct {
    uint64_t epoch, first, last; /* first: of the first trade that it was to get */
    bool begun;
    bool fetching; /* a gap was told behind fetched_from, and what it leaves out was asked for again */
    uint64_t fetched_from;
} client_place_t;

typedef struct {
    uint64_t trades, bytes, connects, resumes, refused; /* refused: connections and requests to be tried again */
    uint64_t refetched; /* gaps that were told to one who was slow, and what they leave out fetched */
    uint64_t holes, doubles, epochs, gaps, unrecovered; /* what must not be: all are 0 when nothing is lost; gaps: for good */
    uint64_t errors, junk;                              /* answers and frames that nobody should send */
} client_counts_t;

typedef struct {
    client_kind_t kind;
    client_state_t state;
    const struct sockaddr_in *gateways;
    size_t gateway_count, gateway;
    storm_record_t *record;
    client_place_t places[RECORD_SYMBOLS_MAX];
    client_counts_t counts;
    int fd; /* -1 when DOWN */
    int64_t retry_ns;
    char *input; /* what came and is not a whole frame yet; owned */
    size_t length;
} storm_client_t;

/* The gateways and the record are shared, and outlive the client. False when no memory is left. */
bool client_init(storm_client_t *self, client_kind_t kind, storm_record_t *record, const struct sockaddr_in *gateways,
                 size_t count, size_t first);

/* Connects when it is time to. True when `fd` is a new one. */
bool client_tick(storm_client_t *self, int64_t now_ns);

/* EPOLLIN, EPOLLOUT, both or neither. */
uint32_t client_wants(const storm_client_t *self);

/* `fd` is readable, or writable, or has failed. It may be closed, and -1, afterwards. */
void client_event(storm_client_t *self, uint32_t events, int64_t now_ns);

void client_release(storm_client_t *self);
