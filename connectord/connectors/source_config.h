/* A source's settings: connectord.sources.N of the configuration. */
#pragma once

#include "common/backoff.h"
#include "common/config/config.h"
#include "common/config/schema.h"
#include "connectord/health/breaker.h"
#include "connectord/health/trade_rate.h"

enum {
    CONNECTOR_SETTINGS_MAX = 16,
    SOURCE_SYMBOLS_MAX = 10000 /* as in the schema */
};

/* What is asked for when trades were missed (backfill.h). */
typedef struct {
    bool enabled;
    const char *url;              /* empty: the exchange's own */
    uint32_t hold_ms;             /* how long later trades are held at most */
    uint32_t patience_ms;         /* how long an exchange that does not answer is asked */
    int64_t age_ms;               /* what was missed longer ago is not asked for */
    uint32_t requests_per_minute; /* 0: as many as the exchange takes */
} source_backfill_t;

/* How what came is compared with the exchange's own candles (witness.h). */
typedef struct {
    bool enabled;
    uint32_t every_ms; /* how often, for each symbol */
    uint32_t delay_ms; /* how long after a minute's end */
} source_witness_t;

/* A setting that one connector alone knows. */
typedef struct {
    const char *name; /* "speed" */
    const char *text; /* of a number NULL */
    double number;    /* of a flag 0 or 1 */
    uint64_t stamp;   /* of the content of the file that it names, where that counts (schema_key_t.reread) */
} connector_setting_t;

typedef struct {
    char *texts; /* owned: what the strings below point to; NULL: they are not owned */
    text_t name;
    const char *connector;
    const char *url;       /* ws://, wss://, http:// or https:// */
    const char *token;     /* empty: none. Never logged */
    const char *ca;        /* file of CA certificates for wss:// and https://; empty: the system's */
    const char *record;    /* file to record to; empty: none. Another one is no other source */
    uint64_t record_bytes; /* of each of its files */
    uint32_t record_files;
    text_t *symbols; /* the subjects that the source offers (topic.h; subject_is_any: every key of a channel); owned, with their
                      * text, in one piece of memory */
    size_t symbol_count;
    text_t latest; /* channels of which the newest record of each key matters, as raw JSON: ["readings"] */
    connector_setting_t settings[CONNECTOR_SETTINGS_MAX]; /* those of every connector */
    size_t setting_count;
    bool demand;                  /* subscribe upstream only what somebody on the bus wants */
    uint32_t grace_ms;            /* how long a symbol is kept after the last one left */
    uint32_t confirm_ms;          /* without an answer for so long a subscribe has failed */
    uint32_t silence_ms;          /* without any message for so long, a link is dead */
    uint32_t messages_per_minute; /* never send more */
    uint32_t dedup_window;        /* trades remembered per stream */
    int64_t future_ms;            /* a trade made this much later than now is counted and logged as one from the future */
    uint32_t lines;               /* simultaneous connections to the exchange (redundant_lines.h) */
    uint32_t rotate_ms;           /* each line is reconnected this often; 0: never */
    uint32_t settle_ms;           /* a line connected for this long is relied upon while another reconnects */
    text_t group;                 /* of sources that stand in for one another (groups.h); empty: none */
    source_backfill_t backfill;
    source_witness_t witness;
    backoff_config_t backoff;
    breaker_config_t breaker;
    trade_rate_config_t starvation;
} source_config_t;

/* The connectors' own settings, by number; NULL at the end (connector_setting_at). */
typedef const schema_key_t *source_setting_fn(size_t number);

/* Reads connectord.sources.<number>. Returns false when memory runs out. */
bool source_config_read(source_config_t *self, const config_t *config, size_t number, source_setting_fn *setting_at);

/* A connector's own setting, which must be there (asserted). */
const connector_setting_t *source_config_setting(const source_config_t *self, const char *name);

/* A copy of the settings, with its own strings and symbols. Returns false when memory runs out. */
bool source_config_copy(source_config_t *self, const source_config_t *other);

/* Are all settings but the symbols and what is recorded the same? Are the symbols, in any order? */
bool source_config_equal(const source_config_t *self, const source_config_t *other);
bool source_config_symbols_equal(const source_config_t *self, const source_config_t *other);

/* Has these symbols, which are copied, instead. False when memory runs out: nothing changed. */
bool source_config_set_symbols(source_config_t *self, const text_t *symbols, size_t count);

/* Swaps the symbols of the two. */
void source_config_swap_symbols(source_config_t *self, source_config_t *other);

void source_config_release(source_config_t *self);
