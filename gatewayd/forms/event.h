/* A notification as a Server-Sent Event (proto/rest.md), whole, and the same for all who want it: what a reader of one stream gets as it is, and of
 * which a reader of several replaces the id.
 *
 *     id: BTC-USD.blockchain=1763941200123456-42
 *     data: {"epoch":1763941200123456,"seq":42, … }
 */
#pragma once

#include "common/buffer.h"

/* Bytes of the event of a notification, at most. */
size_t event_length(text_t params);

/* Writes it; a notification that no event stands for is empty. Returns the length. trades.update and trades.gap have an id: the place behind them. */
size_t event_print(char *out, text_t method, text_t params);

/* Takes the first of several whole events. False when there is none. */
bool event_next(text_t *events, text_t *event);

/* The place in an event's id: <symbol>.<source>=<cursor>, within the event. Empty: it has none. */
text_t event_place(text_t event);
