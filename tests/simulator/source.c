#include "tests/simulator/source.h"

void source_destroy(sim_source_t **self)
{
    if (*self) {
        symbols_release(&(*self)->symbols);
        (*self)->ops->destroy(*self);
    }
    *self = NULL;
}
