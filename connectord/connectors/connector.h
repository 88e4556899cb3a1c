/* What a connector must do: speak one exchange's protocol (or play a recording) over one connection at a time.
 *
 * To add one, write connectord/connectors/NAME.c that defines a connector_t, add it to connectors[] in connector.c, and run
 * `make test CONTRACT=connector`. The source (source.h) above it does everything common to all exchanges: when to connect, backoff,
 * which symbols, counting, status.
 */
#pragma once

#include "common/loop/loop.h"
#include "connectord/connectors/source_config.h"
#include "connectord/websocket/loss.h"
#include "connectord/websocket/web.h"
#include "proto/trade.h"

/* What a connector calls on its source. Between connect and the on_lost or disconnect that ends it, and never after. Slices are valid
 * during the call. */
typedef struct {
    void (*on_connected)(void *arg); /* once, before anything else */
    /* A subscribe or an unsubscribe is confirmed, or the exchange ended the subscription. */
    void (*on_confirmed)(void *arg, text_t symbol, bool subscribed);
    /* A subscribe was refused; symbol is empty if the exchange names none. */
    void (*on_rejected)(void *arg, text_t symbol, text_t reason);
    /* Valid (trade_valid, which sets timestamp_ns) except for cursor and source, which are not set. */
    void (*on_trade)(void *arg, const trade_t *trade);
    /* The exchange's numbering has a gap, or (found < expected) has restarted. */
    void (*on_gap)(void *arg, uint64_t expected, uint64_t found);
    void (*on_malformed)(void *arg, const char *reason, text_t sample); /* an invalid message: counted, logged, left out */
    void (*on_lost)(void *arg, const loss_t *loss);                     /* the connection is gone or could not be made */
} connector_events_t;

typedef struct {
    const char *name; /* as in the configuration */
    bool whole;       /* each connection replays everything from the start: nothing is missed between two */

    /* Nothing is sent yet. `config` and `events` outlive the connector. NULL, with a log line, when the settings do not suit
     * it (no file, an invalid URL). */
    void *(*open)(loop_t *loop, web_t *web, const source_config_t *config, const connector_events_t *events, void *arg);

    /* Open a connection: on_connected or on_lost follows, from the loop, never from within. Only when there is none. */
    void (*connect)(void *self);

    /* Close it, cleanly if the protocol can; no callback comes after it. Fine when there is none. */
    void (*disconnect)(void *self);

    /* Subscribe to or unsubscribe from a symbol's trades; the symbol is valid during the call. Only while connected. on_confirmed or on_rejected
     * follows, from the loop, if the exchange answers. Each connection starts without subscriptions. The configuration's symbols may
     * change at any time.
     * Subscribing again to what was refused, unanswered for long or dropped asks the exchange again; to what is subscribed
     * already is confirmed. When to do so is up to the source: a connector never asks again on its own (except for what a throttle
     * swallowed). */
    void (*subscribe)(void *self, text_t symbol);
    void (*unsubscribe)(void *self, text_t symbol);

    /* disconnect, and free. Takes NULL. */
    void (*close)(void *self);
} connector_t;

/* The table. NULL for a name that is not in it. */
const connector_t *connector_find(const char *name);

/* The names of all connectors, for messages: "blockchain, replay". */
const char *connector_names(void);
