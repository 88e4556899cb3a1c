/* A client's question that history answers: sent on, and its answer made into one for the client. */
#pragma once

#include "gatewayd/client.h"
#include "gatewayd/question.h"

/* history_request: as in history.md, about `symbol`; empty: about none. Answers with what history says, behind {channel, symbol, staleness}
 * where there is a symbol, or with an error, later or now. recent: what is asked for, where it is the last trades; else NULL. count: how many trades, or as long things, it may bring: there
 * must be room for them (budget.h). */
void query_start(client_t *client, rpc_request_t *request, text_t symbol, text_t history_request, const question_t *recent,
                 uint64_t count);

/* Answers the question for the last trades from the rings. False when they can't tell: history is to be asked. */
bool query_answer_recent(client_t *client, rpc_request_t *request, const question_t *recent);

/* The same as query_start with a clear, which every history does. */
void query_clear(client_t *client, rpc_request_t *request, text_t history_request);

/* Ends all that the client has asked, with an error. */
void query_cancel_all(client_t *client);
