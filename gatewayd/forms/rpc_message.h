/* A request of JSON-RPC 2.0 (https://www.jsonrpc.org/specification, section 4) as it came: the members that count, raw. */
#pragma once

#include "common/text.h"

typedef struct {
    text_t id;     /* empty: absent, or none that can be given back */
    text_t method; /* a string */
    text_t params; /* an object or an array; empty: absent or null */
} rpc_message_t;

/* Of valid JSON, into which the slices point. Returns what makes it no request, or NULL. */
const char *rpc_message_read(rpc_message_t *self, text_t json);
