/* Which of a host's addresses is tried when, in the manner of RFC 8305 ("Happy Eyeballs"): the next one 250 ms after the one before, or
 * as soon as that has failed, so an address that never answers costs only a quarter of a second.
 *
 * IPv6 and IPv4 take turns, starting with the family that the system prefers; within a family its order stays. The address that was good
 * last goes first, and one that connected but did not work goes last.
 *
 * Knows neither the loop nor sockets. now_ns: of clock_mono_ns.
 */
#pragma once

#include "connectord/websocket/lookup.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    ADDRESS_RACE_MAX = 8, /* addresses tried of one host, each once; others are left out */
    ADDRESS_RACE_STEP_MS = 250,
    ADDRESS_RACE_STAND_MS = 2000 /* for the TLS handshake of one that has connected */
};

typedef struct {
    lookup_address_t addresses[ADDRESS_RACE_MAX]; /* in the order in which they are tried */
    size_t count, begun, failed;
    int64_t begun_ns, due_ns; /* when the last one was started; when the next one is due */
    lookup_address_t good;    /* opened last; empty: none. It stays from race to race, as does the next */
    lookup_address_t poor;    /* connected, but did not work */
} address_race_t;

/* Starts with these addresses, in the system's order: the first is due at once. Duplicates count once. */
void address_race_begin(address_race_t *self, const lookup_address_t *addresses, size_t count, int64_t now_ns);

/* The number of the address to try now, or -1 when none is due. */
int address_race_next(address_race_t *self, int64_t now_ns);

/* One of those started has failed: the next is due. */
void address_race_failed(address_race_t *self, int64_t now_ns);

/* One of those started has connected, but is not usable yet (TLS): the next is due ADDRESS_RACE_STAND_MS after the last was started. */
void address_race_stands(address_race_t *self);

/* When the next is due; INT64_MAX: there are none left. */
int64_t address_race_due_ns(const address_race_t *self);

/* Have all been tried, and failed? */
bool address_race_is_lost(const address_race_t *self);

/* The outcome of one that had connected: it is good, or did not work. */
void address_race_opened(address_race_t *self, size_t number);
void address_race_led_nowhere(address_race_t *self, size_t number);
