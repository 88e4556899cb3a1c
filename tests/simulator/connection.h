/* One client's connection as the exchange sees it: its sequence numbers, its subscriptions, its faults, and what is still to be
 * sent to it. It knows no socket: whoever owns that takes runs of frames from here and does what the phase says.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/simulator/exchanges/personality.h"
#include "tests/simulator/ledger.h"
#include "tests/simulator/outbox.h"
#include "tests/simulator/trade.h"

typedef enum {
    CONNECTION_OPEN,
    CONNECTION_CLOSING, /* what waits is sent, then a close frame */
    CONNECTION_CLOSED,  /* the close frame is on its way; nothing may follow it */
    CONNECTION_RESET,   /* to be cut off at once */
} connection_phase_t;

enum { CONNECTION_REPEAT_MAX = 1000 };

/* personality: whose API it speaks. symbols: how many there are on offer. socket: whatever the owner of the socket wants to find again.
 * ledger: may be NULL. Opening and closing go to the ledger. NULL when memory runs out. */
sim_connection_t *connection_new(const sim_personality_t *personality, uint64_t id, size_t symbols, void *socket,
                                 ledger_t *ledger);
void connection_destroy(sim_connection_t **self);

uint64_t connection_id(const sim_connection_t *self);
void *connection_socket(const sim_connection_t *self);
uint64_t connection_frames(const sim_connection_t *self); /* handed to it so far */
const sim_personality_t *connection_personality(const sim_connection_t *self);
int64_t connection_opened_ns(const sim_connection_t *self); /* monotonic */

/* What its personality keeps of it: of free's kind of memory, and owned by the connection from then on. NULL: nothing. */
void connection_set_state(sim_connection_t *self, void *state);
void *connection_state(const sim_connection_t *self);

/* --- phases ----------------------------------------------------------------- */

connection_phase_t connection_phase(const sim_connection_t *self);
uint16_t connection_close_code(const sim_connection_t *self);
void connection_close(sim_connection_t *self, uint16_t code);
void connection_closed(sim_connection_t *self);
void connection_reset(sim_connection_t *self);

/* Until then it neither sends nor listens; what would be sent is lost. */
void connection_freeze(sim_connection_t *self, int64_t until_ns);
bool connection_frozen(const sim_connection_t *self);
void connection_thaw(sim_connection_t *self, int64_t now_ns); /* if it is time */

/* --- sending ---------------------------------------------------------------- */

/* Open and not frozen. */
bool connection_takes_messages(const sim_connection_t *self);

/* The number of the next message, and that it is taken. */
uint64_t connection_seqnum(const sim_connection_t *self);
uint64_t connection_take_seqnum(sim_connection_t *self);

/* One frame. False when it was not taken: the connection is not open, is frozen, or overflowed and is reset, which the ledger
 * tells. */
bool connection_send(sim_connection_t *self, outbox_frame_t frame, const char *payload, size_t length);

/* One text message in several fragments. */
bool connection_send_fragments(sim_connection_t *self, const char *payload, size_t length);

/* A trade, if it is subscribed to its symbol; it goes to the ledger too. */
void connection_trade(sim_connection_t *self, const sim_trade_t *trade);

/* The heartbeat, if it is subscribed to it and it is time. */
void connection_heartbeat(sim_connection_t *self, int64_t now_ns, int64_t interval_ns);

/* The next trades get their numbers, but are not sent. */
void connection_skip(sim_connection_t *self, uint64_t count);

/* The last trades once more, with new numbers. count: at most CONNECTION_REPEAT_MAX. */
void connection_repeat(sim_connection_t *self, uint64_t count);

/* The next message has this number. */
void connection_renumber(sim_connection_t *self, uint64_t seqnum);

/* A symbol's trades are lost to it and take no number, while all else goes on: until it subscribes again, or to its end. */
typedef enum { CONNECTION_MUTE_NOT, CONNECTION_MUTE_UNTIL_SUBSCRIBED, CONNECTION_MUTE_FOR_GOOD } connection_mute_t;
void connection_mute(sim_connection_t *self, size_t symbol, connection_mute_t mute);

/* What waits to be sent, for the owner of the socket. */
outbox_t *connection_outbox(sim_connection_t *self);

/* --- subscriptions ---------------------------------------------------------- */

/* A symbol, or the heartbeat. */
#define CONNECTION_HEARTBEAT ((size_t)-2)

bool connection_subscribed(const sim_connection_t *self, size_t what);
void connection_subscribe(sim_connection_t *self, size_t what, int64_t now_ns, int64_t interval_ns);
void connection_unsubscribe(sim_connection_t *self, size_t what);

/* The sensors (sensors.h) whose readings it gets, a bit each, beside those that it gets already. */
void connection_want_sensors(sim_connection_t *self, unsigned sensors);
unsigned connection_wants_sensors(const sim_connection_t *self);

/* How many symbols it is subscribed to. */
size_t connection_subscriptions(const sim_connection_t *self);

/* The first symbol subscribed to; SYMBOL_NONE where there is none. */
size_t connection_first_symbol(const sim_connection_t *self);

/* Whether a client message that arrives now is within the limit. */
bool connection_admits(sim_connection_t *self, int64_t now_ns);
