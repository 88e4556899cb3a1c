/* What the gateway's doors say differently beside how a message stands in a frame (frame.h): how results and errors read. The hub
 * answers as the .NET server did: proto/signalr.md, "Dialect", is the same as a table.
 */
#pragma once

#include "gatewayd/forms/answer_form.h"
#include "gatewayd/forms/frame.h"
#include "gatewayd/forms/reply.h"

answer_form_t dialect_form(dialect_t dialect);

/* Appends a reply's ,"result":… and what goes beside it. */
void dialect_put_list(dialect_t dialect, const reply_list_t *list, buffer_t *out);

/* The error RPC_TOO_MANY, in the same form. */
void dialect_put_too_many(dialect_t dialect, uint64_t retry_ms, buffer_t *out);

/* Appends an answer's ,"error":{…}. code: of rpc_code.h; reason: for programs, a word of lower-case letters, or NULL; message: what was wrong, for
 * people. */
void dialect_put_error(dialect_t dialect, int code, const char *reason, text_t message, buffer_t *out);
