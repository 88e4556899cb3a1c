/* What a source (source.h) tells whoever has it. */
#pragma once

#include "connectord/connectors/connector.h"
#include "proto/status.h"

typedef struct source source_t;

typedef struct {
    /* A valid trade except for its cursor, which the receiver assigns. Slices are valid during the call. Returns false when it was a
     * duplicate (the source counts). memo: connector.h. */
    bool (*on_trade)(void *arg, source_t *source, trade_t *trade, memo_t *memo);
    /* The same of one from before the subscription (connector.h, on_former); and what the exchange says of its last trade (on_tail). */
    bool (*on_former)(void *arg, source_t *source, trade_t *trade, memo_t *memo);
    void (*on_tail)(void *arg, source_t *source, text_t symbol, uint64_t last_id);
    /* The same of one whose sender waits to hear what has become of it (connector.h), and where the subject's stream ends. */
    receipt_t (*on_offer)(void *arg, source_t *source, trade_t *trade);
    bool (*on_settle)(void *arg, text_t subject, cursor_t *end);
    /* The symbol is subscribed now, or no longer: source_has. */
    void (*on_symbol)(void *arg, source_t *source, text_t symbol);
    /* Connected, lost, restored, a gap; as a heartbeat: the breaker, a stale stream or a failing subscription changed: tell the bus
     * now. */
    void (*on_status)(void *arg, source_t *source, status_event_t event);
    /* The symbol starves. May it be unsubscribed for a moment, and subscribed again; or (if empty) may the connection be ended? */
    bool (*may_leave)(void *arg, const source_t *source, text_t symbol);
    /* For recordings, as in connector.h. */
    void (*on_received)(void *arg, text_t message, int64_t received_ns);
    void (*on_mark)(void *arg, const recorded_line_t *mark);
} source_events_t;
