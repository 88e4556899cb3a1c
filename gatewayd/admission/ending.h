/* The log line of a client whose connection the gateway ends: at info, and only a few of them if many end at once. */
#pragma once

#include "common/text.h"

/* transport: "ws", "signalr", "sse"; code: of RFC 6455, section 7.4.1. */
void ending_log(const char *transport, const char *address, unsigned code, text_t reason);
