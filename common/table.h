/* A hash table from text to a pointer.
 *
 * Keys are copied; values are the caller's. Open addressing with linear probing at most two thirds full; look-ups allocate nothing.
 */
#pragma once

#include "common/text.h"

typedef struct table table_t;

table_t *table_new(void);
void table_destroy(table_t **self);

/* NULL when there is none. */
void *table_get(const table_t *self, text_t key);

/* Puts a value other than NULL, replacing any previous one. False when memory runs out. */
bool table_put(table_t *self, text_t key, void *value);

/* Takes the entry out and returns its value, or NULL when there was none. */
void *table_remove(table_t *self, text_t key);

size_t table_count(const table_t *self);

/* The value of the first entry at or after *at, and moves *at past it; NULL at the end. Start with 0. The table must not change
 * meanwhile, but values may. */
void *table_each(const table_t *self, size_t *at);
