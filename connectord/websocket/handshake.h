/* The client's part of a WebSocket's opening handshake (RFC 6455, section 4): no extension, no subprotocol, no redirect. */
#pragma once

#include "common/buffer.h"
#include "connectord/websocket/refusal.h"
#include "connectord/websocket/ws_url.h"

enum { HANDSHAKE_ANSWER_MAX = 16384 /* bytes of a server's answer */, HANDSHAKE_KEY_MAX = 32 };

typedef struct {
    char key[HANDSHAKE_KEY_MAX]; /* in base64, with a NUL */
    buffer_t answer;             /* as much as has arrived */
    refusal_t refusal;           /* of a refused response that is HTTP; status 0: it is not */
} handshake_t;

handshake_t handshake_new(void);
void handshake_release(handshake_t *self);

/* Appends the request, with a new key. False when the system gives no random bytes. */
bool handshake_ask(handshake_t *self, buffer_t *out, const ws_url_t *url, const char *origin);

typedef enum { HANDSHAKE_UNFINISHED, HANDSHAKE_DONE, HANDSHAKE_REFUSED } handshake_result_t;

/* Takes what arrived from the start of *input; after a complete response the rest stays there. Refused: *wrong is what was found,
 * and the refusal says more if that is HTTP; both valid up to the next call. */
handshake_result_t handshake_take(handshake_t *self, text_t *input, text_t *wrong);
