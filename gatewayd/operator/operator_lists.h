/* What is listed for operators, page by page, as JSON. It is made by client_list.h and subscription_list.h, and handed to who answers (operator_call.h) as a table, so
 * that it knows nothing of clients.
 *
 *     {"version":"v1","total":2,"clients":[{"id":7,"address":"192.0.2.7","transport":"websocket", …}],"next":"Nw"}
 *     {"version":"v1","subscriptions":[{"channel":"trades","symbol":"BTC-USD","source":"kraken","clients":12}, …],"next":"…"}
 *     {"version":"v1","client":7,"subscriptions":[{"channel":"trades","symbol":"BTC-USD","streams":[{"source":"kraken","behind":0}]}, …]}
 */
#pragma once

#include "common/json/json_write.h"
#include "gatewayd/clients/hub.h"

enum {
    OPERATOR_PAGE_MAX = 1000, /* clients or subjects of a page */
    OPERATOR_PAGE_DEFAULT = 100
};

/* A page of clients, made in pieces: there may be thousands, each with hundreds of streams, and live trades go on between two pieces. */
typedef struct {
    const hub_t *hub;
    json_writer_t json;
    uint64_t after; /* the id of the last one that is in it, or before it */
    size_t left;    /* clients that it may still have */
} client_list_t;

typedef enum { SUBSCRIPTION_LIST_PRINTED, SUBSCRIPTION_LIST_NO_CLIENT, SUBSCRIPTION_LIST_NO_MEMORY } subscription_list_t;

/* count: 1 to OPERATOR_PAGE_MAX. hub, out: outlive the page. */
typedef struct {
    /* Clients with ids greater than `after`, in their order. Then the next piece; false: that was the last one, and the page is complete. */
    void (*clients_begin)(client_list_t *page, const hub_t *hub, uint64_t after, size_t count, buffer_t *out);
    bool (*clients_step)(client_list_t *page);

    /* Streams, in the order of their subjects (topic.h), of those behind `after`, if it is not empty: so pages go on where the one before ended, whoever comes
     * or goes meanwhile. */
    subscription_list_t (*streams)(const hub_t *hub, text_t after, size_t count, buffer_t *out);

    /* The same of the client of this id. */
    subscription_list_t (*streams_of)(const hub_t *hub, uint64_t client, text_t after, size_t count, buffer_t *out);
} operator_lists_t;
