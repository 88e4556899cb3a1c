/* A WebSocket's opening handshake, the server's part (RFC 6455, section 4.2), with permessage-deflate (RFC 7692). Knows no transport. */
#pragma once

#include "common/buffer.h"
#include "common/http/http_request.h"

enum {
    UPGRADE_EXTENSIONS_MAX = 1024 /* bytes of the extension offers; longer ones are ignored */
};

#define UPGRADE_PROTOCOL "jsonrpc" /* the only supported subprotocol; others are omitted from the response */

/* Can it be answered with 101? False with the status and the reason. `request`: one that asks for a WebSocket. */
bool upgrade_check(const http_request_t *request, http_refusal_t *refusal);

/* Appends the 101 response to a checked request. may_deflate: permessage-deflate may be agreed on. Returns whether it is. */
bool upgrade_answer(const http_request_t *request, bool may_deflate, buffer_t *out);
