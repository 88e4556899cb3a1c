/* What lies between an HTTP request that becomes a WebSocket and the WebSocket. */
#pragma once

#include "common/text.h"

/* What is spoken on a connection. */
typedef enum {
    WS_RPC,
    WS_RPC_DEFLATE, /* permessage-deflate is agreed on (upgrade.h) */
    WS_SIGNALR,
    WS_SPEECHES
} ws_speech_t;

typedef struct {
    ws_speech_t speech;
    text_t answer;       /* to the handshake, which is to be sent yet */
    text_t behind;       /* what has been read behind the handshake */
    struct grant *grant; /* what its token grants (grants.h); NULL: nobody needs one */
} ws_handshake_t;
