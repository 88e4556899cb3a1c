/* Many WebSocket clients on one thread, which count what they read and how late it was.
 *
 * A trade is late from the moment at which it should have been sent, by the plan: a publisher or a server that stalls is not excused for
 * what it sent too late because of that. Sleepers subscribe, and never read then.
 */
#pragma once

#include "tests/bench/latency.h"
#include "tests/bench/link.h"
#include "tests/bench/protocol.h"
#include "tests/bench/schedule.h"
#include "tests/bench/stream.h"

typedef struct {
    const bench_protocol_t *protocol;
    struct sockaddr_in address;
    bench_tls_t *tls;           /* NULL: without; not owned */
    unsigned clients, sleepers; /* all; the last ones of them */
    unsigned symbols, each;     /* symbols of all, and of one client */
    const schedule_t *schedule; /* of their trades; not owned */
} crowd_config_t;

typedef struct {
    uint64_t frames, bytes, lost, disorder, gaps, ended; /* lost: numbers that were left out */
} crowd_counts_t;

/* Lateness, of the trades that were due from … until (CLOCK_MONOTONIC). */
typedef struct {
    latency_t latency;
    int64_t from_ns, until_ns;
} crowd_window_t;

/* Trade number k of all symbols, counted from 0, is due at start_ns + k * interval_ns. */
typedef struct {
    int64_t start_ns;
    double interval_ns;
    crowd_window_t calm, storm; /* whoever notes may change them between turns */
} crowd_notes_t;

typedef struct crowd crowd_t;

crowd_t *crowd_new(const crowd_config_t *config);

/* Connects them all, one by one, and reads meanwhile. False when a connection fails. */
bool crowd_connect(crowd_t *self);

/* Connects them all at once, before anything is read, each to resume behind `since`. False when a connection fails. */
bool crowd_resume(crowd_t *self, uint64_t since);

/* Works for at most so many ms: reads what is there. */
void crowd_turn(crowd_t *self, int timeout_ms);

/* From now on lateness is noted there. */
void crowd_note_into(crowd_t *self, crowd_notes_t *notes);

/* Of the clients that are no sleepers: how many answers to subscriptions are still to come, and … */
uint64_t crowd_unanswered(const crowd_t *self);

/* … how many trades of all symbols each of them has had its part of, at least; where symbols have more and less of them, all together: then each
 * symbol is to be had by as many clients as any other, none of whom sleeps. */
uint64_t crowd_progress(const crowd_t *self);

/* Has each come to `seq` with its first symbol? */
bool crowd_all_arrived(const crowd_t *self, uint64_t seq);

const crowd_counts_t *crowd_counts(const crowd_t *self);

void crowd_destroy(crowd_t **self_ref);
