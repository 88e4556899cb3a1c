/* The subscribes that a stream of events begins with: one for each symbol, and one outcome when all have been answered. */
#pragma once

#include "gatewayd/clients/conversation.h"
#include "gatewayd/forms/reply.h"
#include "gatewayd/rest/sse_format.h"

typedef struct sse_subscribes sse_subscribes_t;

/* One of both, once, unless the client is closed before. */
typedef struct {
    /* The client has its readers, held until it is uncorked. */
    void (*subscribed)(sse_subscribes_t *self);
    /* The first error of a subscribe. code: of rpc_code.h. */
    void (*refused)(sse_subscribes_t *self, int code, const char *reason, text_t message);
} sse_subscribes_events_t;

/* What the query of a stream asks for. */
typedef struct {
    text_t symbols; /* "A,B" */
    text_t source;  /* empty: all */
    text_t mark;    /* "true": with marks (client.md); empty: as if "false" */
} sse_wanted_t;

struct sse_subscribes {
    const sse_subscribes_events_t *events;
    conversation_t *talk;
    reply_t reply; /* of each of them */
    size_t asking; /* those that are not answered, and one for the asking itself; 0: the outcome is told */
    int code;      /* of the first error; 0: there is none */
    const char *reason;
    buffer_t message;
};

/* Subscribes to what is wanted, after what the client has by `format`. `self`, talk, format and events stay valid until the client is gone. The
 * outcome may be told within. */
void sse_subscribes_start(sse_subscribes_t *self, conversation_t *talk, const sse_format_t *format, const sse_wanted_t *wanted,
                          const sse_subscribes_events_t *events);

/* After the client. A zeroed one may be released, too. */
void sse_subscribes_release(sse_subscribes_t *self);
