/* A client's question that history answers: sent on, and its answer made into one for the client. */
#pragma once

#include "gatewayd/client.h"

/* request: as in history.md, about `symbol`. Answers {channel, symbol, staleness, and what history found}, or with an error, later or now. */
void query_start(client_t *client, rpc_request_t *request, text_t symbol, text_t history_request);

/* Ends all that the client has asked, with an error. */
void query_cancel_all(client_t *client);
