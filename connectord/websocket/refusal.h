/* An exchange's HTTP response to a WebSocket handshake when it is not 101 (RFC 9110, section 15, and 10.2.3 for Retry-After). */
#pragma once

#include "common/text.h"
#include "connectord/websocket/loss.h"

enum { REFUSAL_RETRY_MAX_MS = 3600000 /* a longer Retry-After is cut */, REFUSAL_REASON_MAX = 160 };

typedef struct {
    unsigned status;    /* 100 to 999 */
    text_t retry_after; /* the headers' values; empty: absent */
    text_t date;
} refusal_t;

/* How long the exchange asks not to be tried, in ms and bounded as above; 0: it does not, or it is unreadable. A point in time
 * counts from the response's own Date, if it has one, so clocks need not agree; else from now_ns (clock_real_ns). */
uint32_t refusal_retry_after_ms(const refusal_t *self, int64_t now_ns);

/* LOSS_REFUSED for 401, 403 and 451, which take a person to change; else LOSS_USUAL. */
loss_kind_t refusal_kind(const refusal_t *self);

/* For people: "the exchange refuses: 429 Too Many Requests (we asked too often), not to be tried for 30 s" */
void refusal_print(const refusal_t *self, int64_t now_ns, char out[static REFUSAL_REASON_MAX]);
