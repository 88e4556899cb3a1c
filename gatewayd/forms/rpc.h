/* JSON-RPC 2.0 (https://www.jsonrpc.org/specification) with one peer: framing, ids, batches, errors. Knows no transport and no
 * method; differences between dialects are in dialect.h.
 *
 *     message ─▶ rpc_receive ─▶ on_request ─▶ reply_result or reply_error (reply.h), now or later ─▶ on_answer ─▶ message
 *
 * An id comes back exactly as it was sent. The replies of a batch are sent together when the last one is there; if they exceed
 * REPLY_MAX together, one error is the reply, and the rest of the batch is abandoned (reply_wanted). Requests
 * without an id (notifications) are carried out without a reply.
 */
#pragma once

#include "common/buffer.h"
#include "gatewayd/forms/dialect.h"
#include "gatewayd/forms/reply.h"
#include "gatewayd/forms/rpc_counts.h"

enum {
    RPC_BATCH_MAX = 100,  /* requests in a batch */
    RPC_OPEN_MAX = 1000,  /* requests of one peer that are not answered yet */
    RPC_ANSWER_ROOM = 16, /* writable bytes in front of an answer: for the header of a frame */
};

typedef struct rpc rpc_t;

typedef struct rpc_events {
    /* Carry it out and answer exactly once. `method` is a raw JSON string; `params` is a JSON object, empty
     * where absent. Both are valid during the call, the reply until it is used. */
    void (*on_request)(void *arg, reply_t *reply, text_t method, text_t params);
    /* A message for the peer; valid during the call. In front of it are RPC_ANSWER_ROOM bytes that may be written to. `owner`: the buffer that ends
     * with it, which may be taken over (buffer_take): of a batch, which may be long; else NULL. */
    void (*on_answer)(void *arg, text_t json, buffer_t *owner);
    /* May it ask one thing more? 0; or the ms after which it may: until then it is answered RPC_TOO_MANY. NULL: it may. */
    uint64_t (*limited)(void *arg);
    /* May this many bytes wait for the peer? Otherwise the answer is RPC_UNAVAILABLE. NULL: yes. */
    bool (*admits)(void *arg, size_t bytes);
} rpc_events_t;

/* NULL when memory runs out. `events` and `counts` are kept, not copied. dialect: of the answers. */
rpc_t *rpc_new(const rpc_events_t *events, void *arg, rpc_counts_t *counts, dialect_t dialect);

/* Forgets unanswered requests: nobody may still be working on one. */
void rpc_destroy(rpc_t **self);

void rpc_receive(rpc_t *self, text_t message);

/* For something that is not a message: an error with id null. */
void rpc_refuse(rpc_t *self, int code, const char *message);

/* Valid, and kept up to date, for as long as `self` is. */
const rpc_batches_t *rpc_batches(const rpc_t *self);
