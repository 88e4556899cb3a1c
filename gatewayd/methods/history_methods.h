/* The methods that ask for what has been: each is one question to history, but for clear, which goes to each of several. */
#pragma once

#include "gatewayd/clients/client.h"

void history_methods_recent(client_t *client, rpc_request_t *request, text_t params);
void history_methods_since(client_t *client, rpc_request_t *request, text_t params);
void history_methods_range(client_t *client, rpc_request_t *request, text_t params);
void history_methods_candles(client_t *client, rpc_request_t *request, text_t params);
void history_methods_stats(client_t *client, rpc_request_t *request, text_t params);
void history_methods_clear(client_t *client, rpc_request_t *request, text_t params);
