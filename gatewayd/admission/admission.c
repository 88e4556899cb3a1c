#include "gatewayd/admission/admission.h"

#include "common/log.h"
#include "gatewayd/admission/peers.h"

#include <stdlib.h>

struct admission {
    const hub_t *hub;
    peers_t *peers;
    size_t clients;
    bool closed;
};

admission_t *admission_new(const hub_t *hub, size_t clients, size_t clients_per_address)
{
    admission_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->hub = hub;
    self->clients = clients;
    self->peers = peers_new(clients_per_address);
    if (!self->peers)
        admission_destroy(&self);
    return self;
}

void admission_destroy(admission_t **self_p)
{
    admission_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    peers_destroy(&self->peers);
    free(self);
}

void admission_limit(admission_t *self, size_t clients, size_t clients_per_address)
{
    self->clients = clients;
    peers_limit(self->peers, clients_per_address);
}

void admission_close(admission_t *self)
{
    self->closed = true;
}

bool admission_closed(const admission_t *self)
{
    return self->closed;
}

unsigned admission_refusal(admission_t *self, text_t address)
{
    static log_limit_t limit;
    if (self->closed)
        return 503;
    if (self->hub->client_count < self->clients && peers_enter(self->peers, address)) {
        peers_leave(self->peers, address);
        return 0;
    }
    log_warn_limited(&limit, "ws: too many clients", LOG_SLICE("address", address),
                     LOG_U64("clients", self->hub->client_count));
    return 503;
}

bool admission_enter(admission_t *self, text_t address, char kept[static ADMISSION_ADDRESS_MAX])
{
    bool admitted = address.length < ADMISSION_ADDRESS_MAX && peers_enter(self->peers, address);
    if (admitted)
        memcpy(kept, address.at, address.length);
    kept[admitted ? address.length : 0] = '\0';
    return admitted;
}

void admission_leave(admission_t *self, const char *address)
{
    peers_leave(self->peers, text_of(address));
}
