/* JSON-RPC 2.0 (https://www.jsonrpc.org/specification) with one peer: framing, ids, batches, errors. Knows no transport and no
 * method; what a dialect says in its own way dialect.h knows.
 *
 *     message ─▶ rpc_receive ─▶ on_request ─▶ rpc_result or rpc_error, now or later ─▶ on_answer ─▶ message
 *
 * An id comes back as the text it was sent as. The answers of a batch go out together when the last one is there; where they are more than
 * RPC_ANSWER_MAX together, one error is the answer, and what of the batch was not carried out yet is left (rpc_wanted). Requests
 * without an id (notifications) are carried out and not answered.
 */
#pragma once

#include "gatewayd/forms/dialect.h"
#include "gatewayd/forms/rpc_code.h"
#include "gatewayd/forms/rpc_counts.h"

enum {
    RPC_BATCH_MAX = 100,       /* requests in a batch */
    RPC_OPEN_MAX = 1000,       /* requests of one peer that are not answered yet */
    RPC_ANSWER_MAX = 16 << 20, /* bytes of an answer, and of a batch of them */
    RPC_MESSAGE_MAX = 512,     /* bytes of an error's message */
    RPC_ANSWER_ROOM = 16,      /* writable bytes in front of an answer: for the header of a frame */
    RPC_RESULT_ROOM = 512,     /* writable bytes in front of a result that is placed */
};

typedef struct rpc rpc_t;

/* One request that waits for its answer. */
typedef struct rpc_request rpc_request_t;

typedef struct rpc_events {
    /* Carry it out and answer exactly once. `method` is a raw JSON string; `params` is a JSON object, empty
     * where absent. Both are valid during the call, the request until it is answered. */
    void (*on_request)(void *arg, rpc_request_t *request, text_t method, text_t params);
    /* A message for the peer; valid during the call. In front of it are RPC_ANSWER_ROOM bytes that may be written to. */
    void (*on_answer)(void *arg, text_t json);
    /* May so many bytes wait for the peer? Else the answer is RPC_UNAVAILABLE. NULL: yes. */
    bool (*admits)(void *arg, size_t bytes);
} rpc_events_t;

/* NULL when memory runs out. `events` and `counts` are kept, not copied. dialect: of the answers. */
rpc_t *rpc_new(const rpc_events_t *events, void *arg, rpc_counts_t *counts, dialect_t dialect);

/* Forgets what is not answered yet: whoever works on a request must have let go of it. */
void rpc_destroy(rpc_t **self);

void rpc_receive(rpc_t *self, text_t message);

/* For what is no message at all: an error with id null. */
void rpc_refuse(rpc_t *self, int code, const char *message);

/* Batches that are not answered yet, and the bytes of those of their answers that are there. */
size_t rpc_batches(const rpc_t *self);
size_t rpc_batch_bytes(const rpc_t *self);

/* Is the answer still of use? Not when its batch is over its limit: whoever works on the request ends it then by an error, which goes nowhere. */
bool rpc_wanted(const rpc_request_t *request);

/* Answers, which ends the request. `result` is JSON; the message is made JSON here, and cut at RPC_MESSAGE_MAX. */
void rpc_result(rpc_request_t *request, text_t result);

/* The same with a list that was asked for and what is around it. */
void rpc_result_list(rpc_request_t *request, const dialect_list_t *list);

/* The same as rpc_result for what is in its dialect's form already and a '}' follows, with RPC_RESULT_ROOM writable bytes in front: where it goes
 * out alone, nothing of it is copied. */
void rpc_result_placed(rpc_request_t *request, char *result, size_t length);

/* The same for what there is no room for: too much waits to be read. */
void rpc_crowded(rpc_request_t *request);

void rpc_error(rpc_request_t *request, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
