/* What was found when a symbol was looked up, so that it need not be for each of its trades. It is kept by whoever tells of the symbol, for as long as that one
 * knows it by the same name, and is of no meaning to him: it is zero at first. Who is told has a stamp, greater than 0, and a greater one from when on
 * what he had found may be gone.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t stamp;
    void *found;
} memo_t;

/* NULL: look it up. `self` may be NULL, here and below. */
static inline void *memo_read(const memo_t *self, uint64_t stamp)
{
    return self && self->stamp == stamp ? self->found : NULL;
}

static inline void memo_write(memo_t *self, uint64_t stamp, void *found)
{
    if (self)
        *self = (memo_t){stamp, found};
}
