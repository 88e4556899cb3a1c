/* What a connector must be able to do: speak one exchange's protocol (or play a recording) over one connection at a time.
 *
 * Adding one: write connectord/connectors/NAME.c that defines a connector_t, add it to connectors[] in connector.c, and run
 * `make test CONTRACT=connector`. The source (source.h) above it does what is the same for every exchange: when to connect, backoff,
 * which symbols, counting, status.
 */
#pragma once

#include "common/backoff.h"
#include "common/config.h"
#include "common/loop.h"
#include "common/web.h"
#include "connectord/breaker.h"
#include "connectord/pulse.h"
#include "proto/trade.h"

/* A source's settings: connectord.sources.N of the configuration. Strings are the configuration's. */
typedef struct {
    text_t name;
    const char *connector;
    const char *url;   /* ws:// or wss:// (blockchain) */
    const char *token; /* empty: none. Never logged */
    const char *ca;    /* file of CA certificates for wss://; empty: the system's */
    const char *file;  /* the recording (replay) */
    double speed;      /* 1: at the recorded pace, N: N times faster, 0: as fast as it goes (replay) */
    bool loop;         /* begin again at the end (replay) */
    text_t *symbols;   /* what the source offers; owned by the source_config_t */
    size_t symbol_count;
    bool demand;                  /* subscribe upstream only what somebody on the bus wants */
    uint32_t grace_ms;            /* how long a symbol is kept after the last one left */
    uint32_t silence_ms;          /* without any message for so long, a link is dead */
    uint32_t messages_per_minute; /* never send more */
    uint32_t dedup_window;        /* trade ids remembered per stream */
    uint32_t lines;               /* connections to the exchange at one time (lines.h) */
    uint32_t rotate_ms;           /* each line is renewed so often; 0: never */
    uint32_t settle_ms;           /* connected for so long, a line is relied upon while another is renewed */
    text_t group;                 /* of sources that stand in for one another (groups.h); empty: none */
    backoff_config_t backoff;
    breaker_config_t breaker;
    pulse_config_t starvation;
} source_config_t;

/* Reads connectord.sources.<number>. Returns false when memory runs out. */
bool source_config_read(source_config_t *self, const config_t *config, size_t number);

/* The same settings once more, with symbols of its own. Returns false when memory runs out. */
bool source_config_copy(source_config_t *self, const source_config_t *other);

void source_config_release(source_config_t *self);

/* What a connector calls on its source. Between connect and the on_lost or disconnect that ends it, and never after. Slices are valid
 * during the call. */
typedef struct {
    void (*on_connected)(void *arg);                                 /* once, before anything else */
    void (*on_confirmed)(void *arg, text_t symbol, bool subscribed); /* the exchange confirmed a subscribe or an unsubscribe */
    void (*on_rejected)(void *arg, text_t symbol, text_t reason);    /* symbol is empty where the exchange names none */
    void (*on_trade)(void *arg, const trade_t *trade); /* valid (trade_valid) but for cursor and source, which are not set */
    void (*on_gap)(void *arg, uint64_t expected, uint64_t found);       /* the exchange's numbering has a hole */
    void (*on_malformed)(void *arg, const char *reason, text_t sample); /* a message that is none: counted, logged, left out */
    void (*on_lost)(void *arg, const char *reason);                     /* the connection is gone or could not be made */
} connector_events_t;

typedef struct {
    const char *name; /* as in the configuration */

    /* Nothing is sent yet. `config` and `events` outlive the connector. NULL, with a log line, when the settings are of no use to
     * it (no file, a URL that is none). */
    void *(*open)(loop_t *loop, web_t *web, const source_config_t *config, const connector_events_t *events, void *arg);

    /* Begin one connection: on_connected or on_lost follows, from the loop, never from within. Only when there is none. */
    void (*connect)(void *self);

    /* End it, politely where the protocol has a way; no callback comes after it. Fine when there is none. */
    void (*disconnect)(void *self);

    /* Ask for a symbol's trades, or no more of them. Only while connected. on_confirmed or on_rejected follows. Each connection
     * begins with no subscription. */
    void (*subscribe)(void *self, text_t symbol);
    void (*unsubscribe)(void *self, text_t symbol);

    /* disconnect, and free. Takes NULL. */
    void (*close)(void *self);
} connector_t;

/* The table. NULL for a name that is not in it. */
const connector_t *connector_find(const char *name);

/* The names of all connectors, for messages: "blockchain, replay". */
const char *connector_names(void);
