/* A WebSocket's opening handshake (RFC 6455, section 4.2): what a client asks for, and the short one that libwebsockets gets in its place. That
 * has a limit of 4 KiB for a head, and ends without an answer what it does not like. Knows no transport.
 */
#pragma once

#include "common/buffer.h"
#include "common/http_request.h"

enum {
    UPGRADE_EXTENSIONS_MAX = 255 /* bytes of the offers; of longer ones nothing is taken */
};

#define UPGRADE_PROTOCOL "jsonrpc" /* the one subprotocol that is agreed on; others are left out of the answer */

/* Can it be answered with 101? False with the status and the reason. `request`: one that asks for a WebSocket. */
bool upgrade_check(const http_request_t *request, http_refusal_t *refusal);

/* Appends the handshake with what matters of it, for this path. */
void upgrade_print(const http_request_t *request, const char *path, buffer_t *out);
