/* One conversation with an exchange over a WebSocket: what connectors share of it. A connector adds its protocol: what is said of a symbol, and what a
 * message means.
 *
 * What the exchange was told of each symbol is told_symbols.h's. What it is to be told is said a message at a time, as the limiter allows: first what has
 * no symbol, then each symbol in its turn. Each connection begins with nothing said.
 *
 * A connector's struct begins with its exchange_session_t: then the functions below that take `void *self` are those of its connector_t, and what
 * exchange_protocol_t's functions are given is the connector.
 */
#pragma once

#include "common/buffer.h"
#include "connectord/connectors/connector.h"
#include "connectord/connectors/limiter.h"
#include "connectord/connectors/told_symbols.h"
#include "connectord/websocket/ws_client.h"

/* All but `origin` are called from the loop; none is NULL. */
typedef struct {
    const char *url;             /* where the exchange is, unless the configuration says so; NULL: it has to */
    const char *origin;          /* the Origin header; empty: none */
    uint32_t messages;           /* the exchange takes so many in any … (0: as many as the configuration allows) */
    uint32_t interval_ms;        /* … such interval */
    uint32_t symbols;            /* … and so many symbols on a connection (exchange_spread.h); 0: any number */
    void (*on_open)(void *self); /* a connection begins, and the source does not know of it yet */
    /* Say that the change's symbol is wanted, or no longer (`wanted`): exchange_session_send, at most once, and told_symbol_sent; or settle it without.
     * Others may be told of with it (told_symbols_batch). Of the session's `first` it has no symbol. */
    void (*tell)(void *self, told_symbol_t *change);
    void (*on_message)(void *self, text_t json);
    void (*on_unreadable)(void *self, const char *reason, text_t sample); /* ws_client.h's */
} exchange_protocol_t;

typedef struct {
    const source_config_t *config;
    const connector_events_t *events; /* the source's, as is `arg` */
    void *arg;
    told_symbols_t symbols;
    told_symbol_t first; /* what is said before all symbols: a channel, a ping */
    buffer_t out;        /* for the message that is being printed; at most WS_CLIENT_SEND_MAX bytes */

    /* Its own. */
    const exchange_protocol_t *protocol;
    ws_client_t *ws_client;
    limiter_t limiter, own; /* the configuration's, and the exchange's */
    loop_timer_t *timer;    /* sends what had to wait */
    loop_timer_t *repeater; /* says `first` over and over */
    bool paused;            /* until the timer fires */
} exchange_session_t;

/* As connector_t's open, into a zeroed session: false with a log line. exchange_session_release after both; it takes one that was not opened, too. */
bool exchange_session_open(exchange_session_t *self, const exchange_protocol_t *protocol, loop_t *loop, web_t *web,
                           const source_config_t *config, const connector_events_t *events, void *arg);
void exchange_session_release(exchange_session_t *self);

/* As in connector_t. */
void exchange_session_connect(void *self);
void exchange_session_disconnect(void *self);
void exchange_session_subscribe(void *self, text_t symbol);
void exchange_session_unsubscribe(void *self, text_t symbol);

/* False once the connection is lost, or the source has disconnected, as it may whenever it is told something. */
bool exchange_session_is_open(const exchange_session_t *self);

/* One message of at most WS_CLIENT_SEND_MAX bytes. Only from within `tell`. */
void exchange_session_send(exchange_session_t *self, text_t message);

/* `first` is to be said: once, and every so many ms as long as the connection lasts. */
void exchange_session_say_first(exchange_session_t *self);
void exchange_session_repeat_first(exchange_session_t *self, uint32_t every_ms);

/* The same, so often that an exchange which answers is not taken for silent, and every most_ms at least; but once a second at most. */
void exchange_session_probe(exchange_session_t *self, uint32_t most_ms);

/* Say nothing for so long, and then again all that was not confirmed. */
void exchange_session_pause(exchange_session_t *self, uint32_t pause_ms);

/* The exchange says that a symbol is subscribed, or no longer: the source is told. */
void exchange_session_confirm(exchange_session_t *self, told_symbol_t *symbol, bool subscribed);

/* The exchange refused the message of that number (told_symbol_t.request). If it told of one symbol, that is parked and the source is told why; if it told of
 * several, each is told of by itself from now on. Who may not unsubscribe is not subscribed: that is confirmed. False: none waits for it. */
bool exchange_session_refuse(exchange_session_t *self, uint64_t request, text_t reason);

/* The exchange refused the message that told of the symbol, which waits for the answer, because of that symbol: it is parked and the source is told why; the
 * others of that message are told of again. Who may not unsubscribe is not subscribed: that is confirmed. */
void exchange_session_refuse_one(exchange_session_t *self, told_symbol_t *symbol, text_t reason);

/* The source is told of an unusable message, unless it has disconnected. */
void exchange_session_report(exchange_session_t *self, const char *reason, text_t sample);
