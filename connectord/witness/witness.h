/* Asks an exchange for its own candles, as witnesses of what the journal has of one source's symbols (coverage.md): of each symbol in turn, some time after its minutes
 * have ended, as its host allows (rest_hosts.h), and after whatever is missing has been asked for.
 *
 *     waiting ──every_ms are over──▶ asking ──candles──▶ reading the journal, a few trades a turn ──▶ telling ──▶ waiting
 *
 * One symbol at a time, so that memory and the loop's time are bounded however many there are. How late it is, is told by the trades: a minute has ended when the
 * source's newest trade, and the clock, are delay_ms beyond it.
 */
#pragma once

#include "connectord/backfill/rest_hosts.h"
#include "connectord/journal/journal.h"
#include "connectord/witness/verdicts.h"

typedef struct witness witness_t;

/* A symbol; a part of whatever its trades belong to. */
typedef struct {
    text_t symbol;
    const journal_stream_t *trades, *coverage;
    void *arg;
    size_t number;  /* among those of the witness, plus one; 0: it was not added */
    int64_t due_ns; /* of clock_mono_ns */
    bool goes_on;   /* its round has not ended */
    verdicts_t verdicts;
} witnessed_t;

typedef struct {
    const past_t *past;
    const char *url; /* empty: the exchange's own */
    const char *ca;
    text_t source;                /* its name */
    uint32_t requests_per_minute; /* 0: as many as the exchange takes */
    uint32_t every_ms;            /* 1 or more: a symbol is compared so often */
    uint32_t delay_ms;            /* so long after a minute's end */
    uint32_t hold_ms;             /* so long trades may have been held before they were journaled */
} witness_config_t;

typedef struct {
    /* Up to when the symbol's trades are in the journal as far as they can be had; INT64_MAX: what comes is; 0: not now. */
    int64_t (*ready_ns)(void *arg);

    /* A record of its coverage is to be written; its cursor is not set. */
    verdicts_tell_fn *tell;
} witness_events_t;

typedef struct {
    uint64_t requests, failures; /* questions; those that were not answered, or not with what was asked for */
    verdicts_counts_t minutes;
} witness_counts_t;

/* The strings of `config`, and `events`, are kept, not copied. NULL when memory runs out. */
witness_t *witness_new(loop_t *loop, rest_hosts_t *hosts, journal_t *journal, const witness_config_t *config,
                       const witness_events_t *events);

/* Every symbol must have been removed. */
void witness_destroy(witness_t **self);

/* symbol, trades, coverage and arg are set, all else is zero. False without memory. */
bool witness_add(witness_t *self, witnessed_t *symbol);

/* One that was not added may be removed. */
void witness_remove(witness_t *self, witnessed_t *symbol);

/* What the symbol's coverage says now is where to go on, as at the start. */
void witness_forget(witness_t *self, witnessed_t *symbol);

const witness_counts_t *witness_counts(const witness_t *self);
