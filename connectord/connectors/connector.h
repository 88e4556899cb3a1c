/* What a connector must do: speak one exchange's protocol (or play a recording) over one connection at a time.
 *
 * Adding one: write a file in connectord/exchanges that defines connector_NAME, add NAME to the table in connector.c and a backend to
 * tests/contract/connector_backends.h, and run `make test CONTRACT=connector`. What speaks WebSocket stands on exchange_session.h.
 * Settings that no other connector has are rows of its file's `static const schema_key_t settings[]`, from where the build takes
 * them into the configuration's schema. The source (source.h) above it does what is the same for every exchange: when to
 * connect, backoff, which symbols, counting, status.
 */
#pragma once

#include "common/http/http_handler.h"
#include "common/loop/loop.h"
#include "connectord/connectors/memo.h"
#include "connectord/connectors/past.h"
#include "connectord/connectors/source_config.h"
#include "connectord/recording/recorded_line.h"
#include "connectord/websocket/loss.h"
#include "connectord/websocket/web.h"
#include "proto/cursor.h"
#include "proto/trade.h"

enum { CONNECTOR_ERROR_MAX = 1024 };

/* What has become of a trade whose sender waits to hear it. */
typedef enum {
    RECEIPT_TAKEN,      /* it is journaled, or will be: on_settle tells */
    RECEIPT_DUPLICATE,  /* the same, of one that has come before */
    RECEIPT_UNKNOWN,    /* the source does not offer its subject */
    RECEIPT_IMPOSSIBLE, /* there is no such trade: it was counted as malformed */
    RECEIPT_REFUSED     /* the journal takes none now: it may be offered again */
} receipt_t;

/* What a connector calls on its source. Between connect and the on_lost or disconnect that ends it, and never after. Slices are
 * valid during the call. */
typedef struct {
    void (*on_connected)(void *arg); /* once, before anything else */
    /* A subscribe or an unsubscribe is confirmed, or the exchange ended the subscription. */
    void (*on_confirmed)(void *arg, text_t symbol, bool subscribed);
    /* A subscribe was refused; symbol is empty if the exchange names none. */
    void (*on_rejected)(void *arg, text_t symbol, text_t reason);
    /* Valid (trade_valid, which sets timestamp_ns) except for cursor and source, which are not set. memo: the symbol's; NULL where none is kept. */
    void (*on_trade)(void *arg, const trade_t *trade, memo_t *memo);
    /* The same of one from before the subscription, as exchanges repeat them when it begins: it is known, or was missed. */
    void (*on_former)(void *arg, const trade_t *trade, memo_t *memo);
    /* The exchange says that the symbol's last trade has this number (past.h): what is below has come, or was lost on the way. */
    void (*on_tail)(void *arg, text_t symbol, uint64_t last_id);
    /* The exchange's numbering has a gap, or (found < expected) has restarted. */
    void (*on_gap)(void *arg, uint64_t expected, uint64_t found);
    void (*on_malformed)(void *arg, const char *reason, text_t sample); /* an invalid message: counted, logged, left out */
    void (*on_lost)(void *arg, const loss_t *loss);                     /* the connection is gone or could not be made */
    /* on_trade, by a connector whose senders are answered (post). */
    receipt_t (*on_offer)(void *arg, const trade_t *trade);
    /* Makes safe what was taken, and tells where the subject's stream (topic.h) ends now. False: the journal is stuck, and what was taken may be lost if
     * the process ends: it is to be offered again. */
    bool (*on_settle)(void *arg, text_t subject, cursor_t *end);
    /* A message as the exchange sent it, before anything comes of it; received_ns: when, since 1970. For recordings (recorder.h): what is told here is
     * what connector replay is given of them. */
    void (*on_received)(void *arg, text_t message, int64_t received_ns);
    /* What a replay has to know of the messages from here on: by what they call a subscription (RECORDED_NAME), or which question they answer
     * (RECORDED_ASKED, and RECORDED_ANSWERED when all its pages are there, whose new records are given on then). The mark's line is not heeded. */
    void (*on_mark)(void *arg, const recorded_line_t *mark);
} connector_events_t;

typedef struct {
    const char *name;             /* as in the configuration */
    const schema_key_t *settings; /* its own; NULL: none */
    size_t setting_count;
    bool
        misses; /* what is traded while it is not connected does not come by itself: what is known to be complete is told (coverage.md) */
    bool whole;          /* each connection brings all there is from the beginning: nothing is missed between two */
    const past_t *past;  /* what can be asked about the past; NULL: nothing */
    uint32_t lives_ms;   /* the exchange ends a connection after so long; 0: it lasts as long as it likes */
    const char *repeats; /* of its settings, the flag with which that comes over and over; NULL: none */

    /* Is what the settings lead to, a file, as it has to be? False with `error`: the setting's name, what was expected and
     * what was found. */
    bool (*check)(const source_config_t *config, char error[static CONNECTOR_ERROR_MAX]);

    /* Nothing is sent yet. `config` and `events` outlive the connector. NULL, with a log line, when it can't use the settings
     * (no file, an invalid URL). */
    void *(*open)(loop_t *loop, web_t *web, const source_config_t *config, const connector_events_t *events, void *arg);

    /* Open a connection: on_connected or on_lost follows, from the loop, never from within. Only when there is none. */
    void (*connect)(void *self);

    /* Close it, cleanly if the protocol can; no callback comes after it. Fine when there is none. */
    void (*disconnect)(void *self);

    /* Ask for a symbol's trades, or no more of them; the symbol is valid during the call. Only while connected. on_confirmed or
     * on_rejected follows, from the loop, as long as the exchange answers. Each connection begins with no subscription. The
     * configuration's symbols may become others at any time. To subscribe once more to what was refused, not answered for long
     * or dropped asks the exchange once more; to what is subscribed already is confirmed. When that is to be is the source's
     * affair: a connector asks for nothing again by itself (but for what a throttle swallowed). */
    void (*subscribe)(void *self, text_t symbol);
    void (*unsubscribe)(void *self, text_t symbol);

    /* NULL: it takes none. A request of HTTP for /push/<the source's name>: it is answered, now or later; by the time of disconnect
     * at the latest. At any time. What is posted is offered whether or not its symbol is subscribed to: nobody says it twice. */
    void (*post)(void *self, http_connection_t *from, const http_request_t *request);

    /* disconnect, and free. Takes NULL. */
    void (*close)(void *self);
} connector_t;

/* The table. NULL for a name that is not in it. */
const connector_t *connector_find(const char *name);

/* Every connector, by number: 0, 1, 2 …; NULL at the end. */
const connector_t *connector_at(size_t number);

/* The same of every connector's own settings. */
const schema_key_t *connector_setting_at(size_t number);

/* Does a connection bring what it has over and over? */
bool connector_repeats(const connector_t *self, const source_config_t *config);

/* For connectors without such a file: true. */
bool connector_needs_no_check(const source_config_t *config, char error[static CONNECTOR_ERROR_MAX]);

/* For connectors that speak over a WebSocket: is the URL one of it, or empty? */
bool connector_check_websocket(const source_config_t *config, char error[static CONNECTOR_ERROR_MAX]);

/* The names of all connectors, for messages: "blockchain, replay". Cut at `size`, which is at least 1. */
void connector_names(char *names, size_t size);
