/* One call of the operator's API: what is asked for is looked up or carried out here, and what is to be answered said. Knows no transport, and not who asks: who
 * calls it may. */
#pragma once

#include "gatewayd/operator/operator_call_state.h"

/* drain: lets nobody in from now on, and sends all clients away; from the loop, soon. hub, lists: outlive it. NULL when memory runs out. */
operator_calls_t *operator_calls_new(loop_t *loop, hub_t *hub, const operator_lists_t *lists, void (*drain)(void *arg),
                                     void *arg);

/* There must be no call left; the loop must run once more. */
void operator_calls_destroy(operator_calls_t **self);

/* What connectord and cached want to be told by who changes something; empty: nobody here knows it. The texts are copied. False when memory runs out: then
 * none is known. */
bool operator_calls_set_tokens(operator_calls_t *self, const char *connectord, const char *cached);

/* target, method: operator_takes; query: decoded. True: it is answered. Else `ready` is called once, from the loop. What is given need not stay. */
bool operator_call_start(operator_call_t *self, operator_calls_t *calls, const operator_target_t *target, text_t method,
                         const rest_query_t *query, void (*ready)(void *arg), void *arg);

/* `ready` will not be called; what was ordered is still carried out. Fine for a zeroed one. */
void operator_call_release(operator_call_t *self);
