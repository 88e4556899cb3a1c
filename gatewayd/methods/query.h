/* A client's query that history answers: forwarded, and its answer turned into one for the client. */
#pragma once

#include "gatewayd/clients/caller.h"
#include "gatewayd/forms/recent_query.h"
#include "gatewayd/forms/reply.h"
#include "gatewayd/history/pieces.h"

/* asked: what history is to be asked about `symbol`; empty: about none. It is when it has its turn (turns.h); when too many wait it is refused. Answers
 * with what history says, behind {channel, symbol, staleness} where there is a symbol, or with an error, later or now. recent: what is asked for,
 * where it is the last trades; else NULL. */
void query_start(caller_t *caller, reply_t *reply, text_t symbol, const asked_t *asked, const recent_query_t *recent);

/* Answers the question for the last trades from the rings, where that takes no time. False when it would, or they can't tell: it has its turn. */
bool query_answer_recent(const caller_t *caller, reply_t *reply, const recent_query_t *recent);

/* history_request: a clear, as in history.md. Every history does it, and at once. */
void query_clear(caller_t *caller, reply_t *reply, text_t history_request);
