/* The inside of the operator's calls (operator_call.h), for the files that make it up: operator_call.c has what is looked up, operator_change.c what is changed. */
#pragma once

#include "gatewayd/clients/hub.h"
#include "gatewayd/methods/clear.h"
#include "gatewayd/operator/operator_lists.h"
#include "gatewayd/operator/operator_path.h"
#include "gatewayd/operator/symbol_order.h"
#include "gatewayd/rest/rest_query.h"

enum {
    OPERATOR_DETAIL_MAX = 256,
    OPERATOR_BODY_MAX = 8 << 20 /* bytes: what a connectord or cached may answer */
};

/* What all calls share. */
typedef struct operator_calls operator_calls_t;

struct operator_calls {
    hub_t *hub;
    const operator_lists_t *lists;
    void (*drain)(void *arg);
    void *arg;
    share_t *share;              /* of the loop's time, for lists of clients */
    list_t listing;              /* operator_call_t.in_lists */
    buffer_t connectord, cached; /* tokens */
};

typedef struct {
    operator_calls_t *calls;
    unsigned status;                  /* of HTTP; 0: not yet */
    buffer_t body;                    /* JSON; of a problem (RFC 9457) from 400 on */
    char detail[OPERATOR_DETAIL_MAX]; /* for the audit's line: what came of it, in a few words; may be empty */
    void (*ready)(void *arg);
    void *arg;
    client_list_t list;
    list_t in_lists; /* while `list` is being made */
    symbol_order_t *order;
    clear_t *clear;
} operator_call_t;

/* For people: who asked, and who reads the log. The call is answered then, if its status is not 0. */
void operator_note(operator_call_t *self, const char *text);
void operator_refuse(operator_call_t *self, unsigned status, const char *text);

/* The same, as JSON string content. */
void operator_refuse_as_told(operator_call_t *self, unsigned status, text_t message);

/* A connectord's or cached's answer, as a body: all but what is the protocol's own. */
void operator_put_answer(operator_call_t *self, text_t answer);

/* Has the query only these parameters, which a NULL ends? False: it is answered. */
bool operator_check_names(operator_call_t *self, const rest_query_t *query, const char *const *names);

/* --- operator_change.c --- */

/* What a source offers; PUT, DELETE: or is to offer. */
void operator_order(operator_call_t *self, const operator_target_t *target, text_t method);

void operator_clear(operator_call_t *self, const operator_target_t *target, const rest_query_t *query);
