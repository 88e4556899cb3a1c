/* The methods that query history: each is one query, except clear, which goes to every server. */
#pragma once

#include "gatewayd/clients/client.h"

void history_methods_recent(client_t *client, reply_t *reply, text_t params);
void history_methods_since(client_t *client, reply_t *reply, text_t params);
void history_methods_range(client_t *client, reply_t *reply, text_t params);
void history_methods_candles(client_t *client, reply_t *reply, text_t params);
void history_methods_stats(client_t *client, reply_t *reply, text_t params);
void history_methods_clear(client_t *client, reply_t *reply, text_t params);
