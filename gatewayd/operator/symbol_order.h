/* An order to the connectord that has a source (replay.md: offers, add, remove). Which one that is nobody knows here, so all are asked, and those that have no
 * source of that name say so. To ask twice does no harm: what is done is done.
 */
#pragma once

#include "gatewayd/history/history_client.h"

enum { SYMBOL_ORDER_LIMIT_MS = 5000 /* for a connectord to answer, and for its disk */ };

typedef struct symbol_order symbol_order_t;

/* What came of it. status: of HTTP. 200: `answer` is a connectord's (replay.md); else what is wrong, for people, as JSON string content. Valid during the call.
 *
 *     200  it is so now, wherever the source is           502  a connectord refused the gateway's token, or did it only in part
 *     400  the symbol is invalid                          503  it has no room
 *     404  no connectord has the source                   504  none that could have it answered
 *     409  the source has too many symbols */
typedef void symbol_order_done_fn(void *arg, unsigned status, text_t answer);

/* request: an object, without "id". `done` is called once, from the loop; the order is over then. NULL when nobody can be asked now: `done` will not be called.
 */
symbol_order_t *symbol_order_start(history_client_t *history, text_t request, symbol_order_done_fn *done, void *arg);

/* `done` will not be called; what was sent is still carried out. *self may be NULL. */
void symbol_order_cancel(symbol_order_t **self);
