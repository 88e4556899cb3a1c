/* A source and its streams: trades from the exchange go through the duplicate check into the journal and, with a cursor, out
 * on the bus; demand on the bus goes to the exchange.
 *
 * A source that stands by in a failover group stays connected and subscribed; its trades are counted, and dropped.
 */
#pragma once

#include "connectord/sources/feed_shared.h"
#include "connectord/witness/witness.h"

/* A source with these settings, which are moved from. Its symbols are offered to `demand`, which then calls the feed by
 * feed_demand_events. NULL with a log line. */
feed_t *feed_new(const feed_shared_t *shared, source_config_t *settings);

/* Its settings. */
const source_config_t *feed_config(const feed_t *self);

/* Offers other symbols from now on, those of `settings`, which are moved from; the connection and the other streams continue. Removed ones
 * stay in the journal. False with a log line when it could not be done completely; it can be retried. */
bool feed_change_symbols(feed_t *self, source_config_t *settings);

/* As redundant_lines_record. */
void feed_record(feed_t *self, const source_config_t *settings);

/* Makes the source the least preferred of its group, if it has one. */
void feed_move_last(feed_t *self);

/* For demand_new and groups_new. */
extern const demand_events_t feed_demand_events;
groups_changed_fn feed_role_changed;

void feed_start(feed_t *self);

/* A request for /push/<the source's name>; false: its connector takes none. */
bool feed_post(feed_t *self, http_connection_t *from, const http_request_t *request);

/* Learns the last trades of one more stream from the journal: a step towards what otherwise happens when a stream has a trade. False when
 * nothing is left to learn. */
bool feed_remember(feed_t *self);

void feed_heartbeat(feed_t *self);

/* The source's status as it is now. The slices are valid until the feed's next event. */
status_t feed_status(feed_t *self, status_event_t event);

/* What came of comparing it with the exchange's candles; NULL: it is not compared. */
const witness_counts_t *feed_witness_counts(const feed_t *self);

/* What was asked for since the start: of a source that can't be asked all is 0. */
typedef struct {
    text_t source;
    uint64_t requests, failures, trades, contradictions, malformed; /* past_asker.h */
    uint64_t late, given_up; /* trades: published behind later ones; that could not be had */
    uint64_t missing;        /* now */
} feed_asked_t;
feed_asked_t feed_asked(const feed_t *self);

/* The journal has been full for too long: what waits for it is lost, and the link is closed. */
void feed_lose(feed_t *self);

/* Closes the links; nothing comes from the source after that. */
void feed_stop(feed_t *self);

/* feed_stop, and leaves its group. `event` is its last status: lost, or withdrawn. */
void feed_withdraw(feed_t *self, status_event_t event);
void feed_destroy(feed_t **self);
