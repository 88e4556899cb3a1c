/* How to speak with a source over a WebSocket, by configuration: what is said to subscribe, and what its replies look like.
 *
 *     "websocket": {"native": "${base}-${quote}",
 *                   "subscribe": "… ${native} …", "unsubscribe": "… ${native} …",
 *                   "sequence": "/seqnum",
 *                   "ping": {"text": "ping", "every_ms": 20000},
 *                   "confirmed": {"where": {"/event": "subscribe"}, "symbol": "/arg/instId"},
 *                   "ended":     {"where": {"/event": "unsubscribe"}, "symbol": "/arg/instId"},
 *                   "refused":   {"where": {"/event": "error"}, "symbol": "/arg/instId", "reason": "/msg"}}
 *
 * A reply is read as a record is (mapping.h): `where`, `each` and the pointers mean the same. `id` in `confirmed` is the number or name by which a source calls
 * the subscription from then on.
 */
#pragma once

#include "connectord/mapping/mapping.h"
#include "connectord/mapping/spelling.h"

enum { PROTOCOL_PING_MIN_MS = 1000, PROTOCOL_PING_MAX_MS = 3600000 };

typedef struct protocol protocol_t;

typedef enum { PROTOCOL_CONFIRMED, PROTOCOL_ENDED, PROTOCOL_REFUSED } protocol_reply_t;

/* What a reply says; the slices are valid during the call. native: as the source spells the symbol, empty where it names none. id: of a confirmation; reason: of
 * a refusal; each empty where absent. */
typedef void protocol_reply_fn(void *arg, protocol_reply_t reply, text_t native, text_t id, text_t reason);

/* Compiles the JSON, which is copied. NULL with `error`: the key's path, what was expected, what was found; or memory runs out. */
protocol_t *protocol_new(text_t json, char error[static MAPPING_ERROR_MAX]);
void protocol_destroy(protocol_t **self);

/* Does the source confirm a subscription, and its end? If not it is taken for done when it has been asked for. */
bool protocol_confirms(const protocol_t *self, bool subscribe);

/* Can it be unsubscribed from? If not the source goes on sending, and its trades are ignored. */
bool protocol_unsubscribes(const protocol_t *self);

/* Appends what is said for a subject that was spelled (protocol_spelling). */
void protocol_print(const protocol_t *self, bool subscribe, text_t subject, text_t token, buffer_t *out);

/* What is said to keep the connection, and how often; an empty text: nothing. */
text_t protocol_ping(const protocol_t *self, uint32_t *every_ms);

typedef enum {
    PROTOCOL_UNNUMBERED, /* the definition has no "sequence" */
    PROTOCOL_NUMBERED,
    PROTOCOL_UNREADABLE /* there should be a number */
} protocol_numbering_t;

/* The number of a message, of those by which the source counts all that it sends over a connection. */
protocol_numbering_t protocol_number(const protocol_t *self, text_t message, uint64_t *number);

/* The source's names of the symbols. */
spelling_t *protocol_spelling(protocol_t *self);

/* Calls `told` for each reply in a message; most messages have none. */
void protocol_read(protocol_t *self, text_t message, protocol_reply_fn *told, void *arg);
