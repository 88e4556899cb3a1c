#include "cached/archive/trade_batch.h"

#include <stdlib.h>

trade_batch_t *trade_batch_new(void)
{
    trade_batch_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->trades = calloc(TRADE_BATCH_TRADES, sizeof *self->trades);
    self->texts = malloc(TRADE_BATCH_BYTES);
    if (!self->trades || !self->texts)
        trade_batch_destroy(&self);
    return self;
}

void trade_batch_destroy(trade_batch_t **self_p)
{
    trade_batch_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    free(self->trades);
    free(self->texts);
    free(self);
}

void trade_batch_clear(trade_batch_t *self)
{
    self->count = 0;
    self->length = 0;
}

static text_t copy(trade_batch_t *self, text_t text)
{
    text_t copied = {self->texts + self->length, text.length};
    memcpy(self->texts + self->length, text.at, text.length);
    self->length += text.length;
    return copied;
}

/* Trades of one stream mostly stand together: they share the copy of its topic. */
static bool same_topic(const trade_batch_t *self, text_t topic)
{
    return self->count > 0 && text_equal(self->trades[self->count - 1].topic, topic);
}

bool trade_batch_add(trade_batch_t *self, const store_trade_t *trade)
{
    if (self->count == TRADE_BATCH_TRADES || self->length + trade->topic.length + trade->json.length > TRADE_BATCH_BYTES)
        return false;
    store_trade_t *added = &self->trades[self->count];
    *added = *trade;
    added->topic = same_topic(self, trade->topic) ? added[-1].topic : copy(self, trade->topic);
    added->json = copy(self, trade->json);
    self->count++;
    return true;
}
