/* A client's query that history answers: forwarded, and its answer turned into one for the client. */
#pragma once

#include "gatewayd/clients/client.h"
#include "gatewayd/forms/recent_query.h"
#include "gatewayd/methods/pieces.h"

/* asked: the query about `symbol`; empty: about none. It is sent when it has its turn (turns.h), and refused when too many wait. Answers
 * with history's answer, after {channel, symbol, staleness} if there is a symbol, or with an error, later or now. recent: the query,
 * if it is for the last trades; else NULL. */
void query_start(client_t *client, rpc_request_t *request, text_t symbol, const asked_t *asked, const recent_query_t *recent);

/* Answers a query for the last trades from the rings, if that is quick. False if not, or if they can't tell: then it gets its turn. */
bool query_answer_recent(client_t *client, rpc_request_t *request, const recent_query_t *recent);

/* history_request: a clear, as in history.md. Every server does it, at once. */
void query_clear(client_t *client, rpc_request_t *request, text_t history_request);

/* Ends all queries of the client, with an error. */
void query_cancel_all(client_t *client);
