/* The methods that query history: each is one query, except clear, which goes to every server. */
#pragma once

#include "gatewayd/clients/caller.h"
#include "gatewayd/methods/arguments.h"

void history_methods_recent(caller_t *caller, const arguments_t *arguments, reply_t *reply);
void history_methods_since(caller_t *caller, const arguments_t *arguments, reply_t *reply);
void history_methods_range(caller_t *caller, const arguments_t *arguments, reply_t *reply);
void history_methods_candles(caller_t *caller, const arguments_t *arguments, reply_t *reply);
void history_methods_coverage(caller_t *caller, const arguments_t *arguments, reply_t *reply);
void history_methods_stats(caller_t *caller, const arguments_t *arguments, reply_t *reply);
void history_methods_clear(caller_t *caller, const arguments_t *arguments, reply_t *reply);
