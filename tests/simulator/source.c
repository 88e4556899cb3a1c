#include "tests/simulator/source.h"

void source_destroy(source_t **self)
{
    if (*self) {
        symbols_release(&(*self)->symbols);
        (*self)->ops->destroy(*self);
    }
    *self = NULL;
}
