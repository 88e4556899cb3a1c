/* The parameters that methods take. Each answers the request with an error itself when it returns false. */
#pragma once

#include "gatewayd/forms/params.h"
#include "gatewayd/forms/reply.h"
#include "proto/interval.h"
#include "proto/request.h"

/* The only one. */
bool argument_channel(reply_t *reply, text_t params, bool required);

/* Required, and valid. */
bool argument_symbol(reply_t *reply, text_t params, param_text_t *symbol);

/* source->length is 0 if it is absent. */
bool argument_source(reply_t *reply, text_t params, param_text_t *source);

/* 1 to REQUEST_COUNT_MAX; *count is unchanged if it is absent. */
bool argument_count(reply_t *reply, text_t params, uint64_t *count);

/* true or false; *flag is unchanged if it is absent. */
bool argument_flag(reply_t *reply, text_t params, const char *name, bool *flag);

/* Raw JSON: a cursor, or an object with one by source; empty if it is absent. */
bool argument_since(reply_t *reply, text_t params, text_t *since);

/* A time in the forms of history.md; *ns is unchanged if it is absent. */
bool argument_time(reply_t *reply, text_t params, const char *name, int64_t *ns);

/* Raw JSON: a string with a cursor; empty if it is absent. */
bool argument_cursor(reply_t *reply, text_t params, const char *name, text_t *cursor);

/* Where a page continues, raw JSON: an object with a cursor by source; empty if it is absent. */
bool argument_next(reply_t *reply, text_t params, text_t *next);

/* Required. */
bool argument_interval(reply_t *reply, text_t params, interval_t *interval);

/* Raw JSON: a string, "" where it is absent. Never logged or repeated. */
bool argument_token(reply_t *reply, text_t params, text_t *token);
