/* The symbols on offer, in a fixed order. A symbol is known by its place in it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { SYMBOL_BYTES = 24 /* the NUL included */, SYMBOLS_MAX = 4096 };

#define SYMBOL_NONE ((size_t)-1)

typedef struct {
    char (*names)[SYMBOL_BYTES];
    size_t count;
} symbols_t;

/* BASE-QUOTE in capitals and digits, short enough. */
bool symbol_valid(const char *name);

/* SYMBOL_NONE where there is none of that name. */
size_t symbols_find(const symbols_t *self, const char *name);

/* The place of the name, which is added if need be; SYMBOL_NONE when there are SYMBOLS_MAX or memory runs out. */
size_t symbols_add(symbols_t *self, const char *name);

void symbols_release(symbols_t *self);
