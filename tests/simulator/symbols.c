#include "tests/simulator/symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool symbol_valid(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const size_t base = strspn(name, allowed);
    if (base == 0 || name[base] != '-')
        return false;
    const size_t quote = strspn(name + base + 1, allowed);
    return quote > 0 && name[base + 1 + quote] == '\0' && base + 1 + quote < SYMBOL_BYTES;
}

size_t symbols_find(const symbols_t *self, const char *name)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(self->names[i], name) == 0)
            return i;
    return SYMBOL_NONE;
}

size_t symbols_add(symbols_t *self, const char *name)
{
    const size_t found = symbols_find(self, name);
    if (found != SYMBOL_NONE)
        return found;
    if (self->count == SYMBOLS_MAX)
        return SYMBOL_NONE;
    char(*names)[SYMBOL_BYTES] = realloc(self->names, (self->count + 1) * sizeof *names);
    if (!names)
        return SYMBOL_NONE;
    self->names = names;
    snprintf(names[self->count], SYMBOL_BYTES, "%s", name);
    return self->count++;
}

void symbols_release(symbols_t *self)
{
    free(self->names);
    *self = (symbols_t){0};
}
