/* Who is let in as a client, by WebSocket or for a stream of events: how many there are, in all and of one address. */
#pragma once

#include "gatewayd/clients/hub.h"

enum {
    ADMISSION_ADDRESS_MAX = 64, /* of an address as text, with its NUL */
    ADMISSION_SEND_BUFFER =
        1 << 18 /* bytes of a connection in the kernel: a slow client is known as one soon, and costs no more than this */
};

typedef struct admission admission_t;

/* hub: outlives it. NULL when memory runs out. */
admission_t *admission_new(const hub_t *hub, size_t clients, size_t clients_per_address);
void admission_destroy(admission_t **self);

/* How many clients are let in from now on. Who is in stays. */
void admission_limit(admission_t *self, size_t clients, size_t clients_per_address);

/* Lets no new one in: the gateway ends. */
void admission_close(admission_t *self);
bool admission_closed(const admission_t *self);

/* May one from this address become a client? The HTTP status to refuse it with, or 0. */
unsigned admission_refusal(admission_t *self, text_t address);

/* Counts one client more from the address, which is put down for admission_leave. False, and an empty one, when it has as many
 * as it may. */
bool admission_enter(admission_t *self, text_t address, char kept[static ADMISSION_ADDRESS_MAX]);
void admission_leave(admission_t *self, const char *address);
