#include "common/proxy/proxies.h"

void proxies_set(proxies_t *self, const char *const *ranges, size_t count, proxies_header_t header)
{
    self->count = 0;
    self->header = header;
    for (size_t i = 0; i < count && self->count < PROXIES_MAX; i++)
        self->count += network_range_read(text_of(ranges[i]), &self->ranges[self->count]);
}

bool proxies_have(const proxies_t *self, const ip_address_t *address)
{
    for (size_t i = 0; self && i < self->count; i++)
        if (network_range_has(&self->ranges[i], address))
            return true;
    return false;
}
