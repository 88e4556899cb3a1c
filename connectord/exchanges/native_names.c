#include "connectord/exchanges/native_names.h"

#include <stdlib.h>

bool native_names_init(native_names_t *self)
{
    *self = (native_names_t){.by_name = table_new()};
    return self->by_name != NULL;
}

void native_names_release(native_names_t *self)
{
    size_t at = 0;
    for (void *kept; self->by_name && (kept = table_each(self->by_name, &at));)
        free(kept);
    table_destroy(&self->by_name);
}

text_t native_names_symbol(const native_names_t *self, text_t name)
{
    const kept_subject_t *kept = table_get(self->by_name, name);
    return kept ? KEPT_TEXT(kept) : (text_t){0};
}

bool native_names_put(native_names_t *self, text_t name, text_t symbol)
{
    kept_subject_t *kept = table_get(self->by_name, name);
    if (!kept) {
        kept = calloc(1, sizeof *kept);
        if (!kept || !table_put(self->by_name, name, kept)) {
            free(kept);
            return false;
        }
    }
    KEEP_TEXT(kept, symbol);
    return true;
}
