/* Asks an exchange for what is missing of one source's symbols (backfill.h): when each is due, as its host allows (rest_hosts.h), and gives its answers to
 * them. Symbols whose live trades are held come first.
 */
#pragma once

#include "connectord/backfill/backfill.h"
#include "connectord/backfill/rest_hosts.h"

typedef struct past_asker past_asker_t;

/* A symbol; a part of whatever the trades go to. */
typedef struct asked_symbol {
    past_asker_t *asker;
    backfill_t backfill;
    text_t symbol;
    http_transfer_t *transfer; /* a question under way */
    size_t number;             /* among those that the asker looks after, plus one; 0: it need not */
} asked_symbol_t;

typedef struct {
    const past_t *past;
    const char *url; /* empty: the exchange's own */
    const char *ca;
    text_t source;                /* its name */
    uint32_t requests_per_minute; /* 0: as many as the exchange takes */
} past_asker_config_t;

typedef struct {
    uint64_t requests, failures; /* questions; those that were not answered, or not with what was asked for */
    uint64_t trades;             /* that were asked for, and came */
    uint64_t contradictions;     /* trades of answers that differ from what the feed said of that id: the feed's stays */
    uint64_t malformed;          /* answers with records that were left out */
} past_asker_counts_t;

/* A trade of an answer whose id is known: does it say the same as the one that was published? `held`: not published yet (NULL: it is). */
typedef bool past_asker_agrees_fn(asked_symbol_t *symbol, const trade_t *trade, const trade_t *held);

/* The strings of `config` are kept, not copied. NULL when memory runs out. */
past_asker_t *past_asker_new(loop_t *loop, rest_hosts_t *hosts, const past_asker_config_t *config,
                             past_asker_agrees_fn *agrees);

/* Every symbol must have left. */
void past_asker_destroy(past_asker_t **self);

/* The symbol's backfill has been told something: looks after it as long as it has to. */
void past_asker_look_after(asked_symbol_t *symbol);

/* The symbol goes: what is under way is cancelled. */
void past_asker_leave(asked_symbol_t *symbol);

const past_asker_counts_t *past_asker_counts(const past_asker_t *self);
