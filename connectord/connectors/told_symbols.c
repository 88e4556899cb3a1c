#include "connectord/connectors/told_symbols.h"

#include "common/array.h"

#include <stdlib.h>

bool told_symbols_init(told_symbols_t *self)
{
    *self = (told_symbols_t){.by_symbol = table_new(), .by_name = table_new()};
    return self->by_symbol && self->by_name;
}

static void drop_name(told_symbols_t *self, const told_symbol_t *symbol)
{
    if (told_symbols_named(self, KEPT_TEXT(&symbol->name)) == symbol)
        table_remove(self->by_name, KEPT_TEXT(&symbol->name));
}

void told_symbols_clear(told_symbols_t *self)
{
    while (self->count > 0) {
        told_symbol_t *symbol = self->symbols[--self->count];
        table_remove(self->by_symbol, symbol->symbol);
        drop_name(self, symbol);
        free(symbol);
    }
    self->next = self->known = 0;
}

void told_symbols_release(told_symbols_t *self)
{
    if (self->by_symbol && self->by_name)
        told_symbols_clear(self);
    table_destroy(&self->by_symbol);
    table_destroy(&self->by_name);
    free(self->symbols);
    self->symbols = NULL;
}

/* NULL when memory runs out. */
static told_symbol_t *add(told_symbols_t *self, text_t symbol)
{
    bool room = ARRAY_RESERVE(&self->symbols, &self->room, self->count + 1, ARRAY_UNBOUNDED);
    told_symbol_t *added = room ? calloc(1, sizeof *added) : NULL;
    if (!added)
        return NULL;
    memcpy(added->text, symbol.at, symbol.length);
    added->symbol = (text_t){added->text, symbol.length};
    if (!table_put(self->by_symbol, added->symbol, added)) {
        free(added);
        return NULL;
    }
    return self->symbols[self->count++] = added;
}

void told_symbols_want(told_symbols_t *self, text_t symbol, bool wanted)
{
    told_symbol_t *told = told_symbols_find(self, symbol);
    if (!told && !(wanted && (told = add(self, symbol))))
        return;
    bool again = wanted && told->wanted;
    told->wanted = wanted;
    told->parked = false;
    if (again && told->waiting)
        told->told = told->waiting = false;
    bool known = wanted && told->told && !told->waiting;
    self->known += known && !told->known;
    told->known |= known;
}

told_symbol_t *told_symbols_find(const told_symbols_t *self, text_t symbol)
{
    return table_get(self->by_symbol, symbol);
}

bool told_symbols_name(told_symbols_t *self, told_symbol_t *symbol, text_t name)
{
    drop_name(self, symbol);
    KEEP_TEXT(&symbol->name, name);
    return table_put(self->by_name, name, symbol);
}

told_symbol_t *told_symbols_named(const told_symbols_t *self, text_t name)
{
    return table_get(self->by_name, name);
}

told_symbol_t *told_symbols_only_waiting(const told_symbols_t *self)
{
    told_symbol_t *only = NULL;
    for (size_t i = 0; i < self->count; i++) {
        if (!self->symbols[i]->waiting)
            continue;
        if (only)
            return NULL;
        only = self->symbols[i];
    }
    return only;
}

told_symbol_t *told_symbols_next(told_symbols_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        size_t number = (self->next + i) % self->count;
        if (told_symbol_is_due(self->symbols[number])) {
            self->next = number;
            return self->symbols[number];
        }
    }
    return NULL;
}

size_t told_symbols_batch(told_symbols_t *self, told_symbol_t *first, told_symbol_t *batch[], size_t most)
{
    size_t count = 0;
    batch[count++] = first;
    for (size_t i = 0; i < self->count && count < most && !first->alone; i++) {
        told_symbol_t *other = self->symbols[(self->next + i) % self->count];
        if (other != first && told_symbol_is_due(other) && !other->alone && other->wanted == first->wanted)
            batch[count++] = other;
    }
    return count;
}

told_symbol_t *told_symbols_waiting(const told_symbols_t *self, uint64_t request, const told_symbol_t *after)
{
    size_t i = 0;
    while (after && i < self->count && self->symbols[i++] != after)
        ;
    while (i < self->count && !(self->symbols[i]->waiting && self->symbols[i]->request == request))
        i++;
    return i < self->count ? self->symbols[i] : NULL;
}

told_symbol_t *told_symbols_take_known(told_symbols_t *self)
{
    for (size_t i = 0; i < self->count && self->known > 0; i++) {
        told_symbol_t *told = self->symbols[i];
        if (!told->known)
            continue;
        told->known = false;
        self->known--;
        if (told->wanted && told->told && !told->waiting)
            return told;
    }
    return NULL;
}

void told_symbols_unheard(told_symbols_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        told_symbol_unheard(self->symbols[i]);
}

bool told_symbol_is_due(const told_symbol_t *self)
{
    return self->wanted != self->told && !self->waiting && !self->parked;
}

void told_symbol_sent(told_symbol_t *self)
{
    self->told = self->wanted;
    self->waiting = true;
    self->open |= self->wanted;
}

void told_symbol_confirmed(told_symbol_t *self, bool subscribed)
{
    bool asked = self->waiting && self->told == subscribed;
    self->told = self->open = subscribed;
    self->waiting = false;
    self->parked = !subscribed && !asked; /* an end that was not asked for is not mended here */
}

void told_symbol_refused(told_symbol_t *self)
{
    self->told = self->waiting = self->open = false;
    self->parked = true;
}

void told_symbol_unheard(told_symbol_t *self)
{
    if (self->waiting)
        self->told = !self->told;
    self->waiting = false;
}
