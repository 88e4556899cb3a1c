/* The ledger: what the simulator did, an NDJSON line an event, so that a test can compare what arrived with what was sent.
 *
 * Lines are gathered in memory and written in whole lines. A NULL ledger takes everything and writes nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/simulator/trade.h"

typedef struct ledger ledger_t;

/* Appends to the file if there is one, behind its last whole line. bytes_max: once it is that long it is renamed PATH.1, in place of one of
 * that name, and a new one begins; 0: never. Says on stderr why it could not, then returns NULL. */
ledger_t *ledger_open(const char *path, uint64_t bytes_max);
void ledger_close(ledger_t **self);

/* {"event":"trade","conn":1,"seqnum":7,"symbol": ... ,"trade_id":"…","at":…} */
void ledger_trade(ledger_t *self, const char *event, uint64_t connection, uint64_t seqnum, const sim_trade_t *trade);

/* Any other event. connection: 0 where the event is not of one. details: more members in the manner of
 * "\"kind\":\"skip\",\"n\":1", at most LEDGER_DETAILS_MAX bytes, or NULL. */
enum { LEDGER_DETAILS_MAX = 2048 };
void ledger_event(ledger_t *self, const char *event, uint64_t connection, const char *details);

/* Writes what is gathered. Once a write failed (said on stderr) nothing more is written. */
void ledger_flush(ledger_t *self);

/* A descriptor to read from, at first byte 0, and how many bytes it holds by now; -1 without a ledger. The caller closes it. */
int ledger_read(ledger_t *self, size_t *length);
