#include "cached/candles/price.h"

#include <assert.h>
#include <stdlib.h>

static char *outside(const price_t *self)
{
    char *text;
    memcpy(&text, self->inside, sizeof text);
    return text;
}

bool price_set(price_t *self, text_t text)
{
    assert(text.length <= UINT8_MAX);
    char *copy = NULL;
    if (text.length > PRICE_INSIDE) {
        if (!(copy = malloc(text.length)))
            return false;
        memcpy(copy, text.at, text.length);
    }
    price_release(self);
    self->length = (uint8_t)text.length;
    if (copy)
        memcpy(self->inside, &copy, sizeof copy);
    else if (text.length > 0)
        memcpy(self->inside, text.at, text.length);
    return true;
}

text_t price_text(const price_t *self)
{
    return (text_t){self->length > PRICE_INSIDE ? outside(self) : self->inside, self->length};
}

void price_release(price_t *self)
{
    if (self->length > PRICE_INSIDE)
        free(outside(self));
    self->length = 0;
}
