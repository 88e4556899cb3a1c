/* A price as it was written, small enough to keep thousands: a text of up to 15 characters is inside, a longer one on
 * the heap. */
#pragma once

#include "common/text.h"

enum { PRICE_INSIDE = 15 };

typedef struct {
    uint8_t length;
    char inside[PRICE_INSIDE]; /* or, where length is greater, the bytes of a pointer to the text */
} price_t;                     /* all zero: an empty text */

/* Sets it. text: at most 255 bytes. False, and unchanged, when memory runs out. */
bool price_set(price_t *self, text_t text);

/* Valid until the price changes or moves. */
text_t price_text(const price_t *self);

/* It is empty then. */
void price_release(price_t *self);
