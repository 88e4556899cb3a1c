/* What a client says, and what it hears, before, above and within WebSocket frames: gatewayd's JSON-RPC (in batches, and compressed, too), MQTT 3.1.1, NATS, and plain texts
 * (everything that comes is an update). */
#pragma once

#include "common/buffer.h"

/* What was heard. */
typedef struct {
    void (*on_update)(void *arg, const char *text, size_t length);
    void (*on_subscribed)(void *arg); /* an answer to a subscription */
    void (*on_gap)(void *arg);        /* the server says that it left something out */
    void (*say)(void *arg, const char *bytes, size_t length);
} protocol_events_t;

typedef struct {
    unsigned first, count, of; /* symbols first, first + 1 …, modulo `of` */
    uint64_t since;            /* the seq behind which to resume; 0: not to resume */
} protocol_subscription_t;

typedef struct {
    const char *name;
    const char *handshake; /* the HTTP request */
    int opcode;            /* of the frames sent */
    bool stream;           /* messages may begin and end anywhere in a frame; otherwise a frame is a message */
    bool answers;          /* each symbol has an answer of its own; otherwise there is one for all */

    /* Says everything that is said at the beginning. */
    void (*greet)(const protocol_subscription_t *subscription, const protocol_events_t *events, void *arg);

    /* Takes the messages that are whole; returns their bytes. */
    size_t (*take)(const char *bytes, size_t length, const protocol_events_t *events, void *arg);
} bench_protocol_t;

/* NULL when there is none of that name. */
const bench_protocol_t *protocol_find(const char *name);

/* Both append to `out`; they never fail within its limit. */
void protocol_mqtt_connect(buffer_t *out, const char *client);
void protocol_mqtt_publish(buffer_t *out, text_t topic, text_t payload);
