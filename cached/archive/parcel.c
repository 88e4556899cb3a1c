#include "cached/archive/parcel.h"

#include <stdlib.h>

parcel_t *parcel_new(void)
{
    parcel_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->trades = calloc(PARCEL_TRADES, sizeof *self->trades);
    self->texts = malloc(PARCEL_BYTES);
    if (!self->trades || !self->texts)
        parcel_destroy(&self);
    return self;
}

void parcel_destroy(parcel_t **self_p)
{
    parcel_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    free(self->trades);
    free(self->texts);
    free(self);
}

void parcel_clear(parcel_t *self)
{
    self->count = 0;
    self->length = 0;
}

static text_t copy(parcel_t *self, text_t text)
{
    text_t copied = {self->texts + self->length, text.length};
    memcpy(self->texts + self->length, text.at, text.length);
    self->length += text.length;
    return copied;
}

/* Trades of one stream mostly stand together: they share the copy of its topic. */
static bool same_topic(const parcel_t *self, text_t topic)
{
    return self->count > 0 && text_equal(self->trades[self->count - 1].topic, topic);
}

bool parcel_add(parcel_t *self, const store_trade_t *trade)
{
    if (self->count == PARCEL_TRADES || self->length + trade->topic.length + trade->json.length > PARCEL_BYTES)
        return false;
    store_trade_t *added = &self->trades[self->count];
    *added = *trade;
    added->topic = same_topic(self, trade->topic) ? added[-1].topic : copy(self, trade->topic);
    added->json = copy(self, trade->json);
    self->count++;
    return true;
}
