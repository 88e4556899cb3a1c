/* connectord's end of the bus: an XPUB socket (proto/bus.md).
 *
 * It may drop messages: a subscriber that lags by more than the queue sees the gap by seq and asks the replay socket.
 */
#pragma once

#include "common/loop/loop.h"
#include "connectord/publish/demand.h"
#include "proto/status.h"

typedef struct publisher publisher_t;

/* Somebody subscribed to statuses, and has not received any yet. From the loop. */
typedef void publisher_subscriber_fn(void *arg);

/* queue_limit: messages that may wait for one subscriber. The bus's subscriptions go to `demand`, from the loop. NULL with a log line. */
publisher_t *publisher_new(loop_t *loop, const char *endpoint, int queue_limit, demand_t *demand,
                           publisher_subscriber_fn *subscriber, void *arg);

/* Two frames: the topic and the object. */
void publisher_trade(publisher_t *self, text_t topic, text_t json);

/* On topic `status.<source>`. */
void publisher_status(publisher_t *self, const status_t *status);

void publisher_destroy(publisher_t **self);
