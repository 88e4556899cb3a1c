#include "cached/stores/store_handle.h"

void store_handle_close(store_handle_t *self)
{
    if (self->store)
        self->kind->close(self->store);
    self->store = NULL;
}

store_result_t store_handle_use(store_handle_t *self, store_job_fn *job, void *arg, char *error)
{
    store_result_t result = self->store ? STORE_OK : self->kind->open(self->url, &self->store, error);
    if (result == STORE_OK)
        result = job(arg, self->kind, self->store, error);
    if (result != STORE_OK)
        store_handle_close(self);
    return result;
}
