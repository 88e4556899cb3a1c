/* One client: what is said with it (conversation.h), what it reads (readers.h), and what goes out to it next: first what waits,
 * then, for each stream in turn, a run of the ring's frames, which all clients share.
 */
#pragma once

#include "gatewayd/auth/grants.h"
#include "gatewayd/clients/conversation.h"
#include "gatewayd/clients/readers.h"

typedef struct client {
    readers_t readers; /* the first member: what each trade touches stands in front */
    conversation_t talk;
    uint64_t id;          /* 1, 2, 3 … of this gateway, in the order in which they came: that of hub_t.clients */
    int64_t since_ns;     /* when it came: since 1970 */
    uint64_t sent_trades; /* from the rings; a gap counts as the trades it stands for */
    grant_t *grant;       /* what it was granted by its token, its own; NULL: nobody needs one */
} client_t;

/* What it may; NULL: nothing, since nobody knows yet who it is. May change between two turns of the loop. */
static inline const role_t *client_role(const client_t *self)
{
    return caller_role(&self->talk.caller);
}

/* link, link_arg: stay valid until client_destroy. NULL when memory runs out. */
client_t *client_new(hub_t *hub, const client_link_t *link, void *link_arg);
void client_destroy(client_t **self);

/* Sends what there is for as long as the link takes it; for a client that is behind, when its turn comes (pace.h). */
void client_pump(client_t *self);

/* Is there nothing to be sent now? */
bool client_idle(const client_t *self);
