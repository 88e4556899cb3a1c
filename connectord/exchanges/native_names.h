/* How an exchange spells the symbols that it was asked for: made when they are subscribed, so that nobody need guess from BTCUSDT where its hyphen was. */
#pragma once

#include "common/table.h"
#include "proto/topic.h"

typedef struct {
    table_t *by_name; /* the symbols, as kept_subject_t */
} native_names_t;

/* False when memory runs out. native_names_release takes what native_names_init could not finish, and zeroes. */
bool native_names_init(native_names_t *self);
void native_names_release(native_names_t *self);

/* The symbol that goes by that name; empty if none does. Valid until it is put again. */
text_t native_names_symbol(const native_names_t *self, text_t name);

/* From now on it is this one. False when memory runs out. */
bool native_names_put(native_names_t *self, text_t name, text_t symbol);
