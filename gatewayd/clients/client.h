/* One client: what is said with it (conversation.h), what it reads (readers.h), and what goes out to it next: first what waits,
 * then, for each stream in turn, a run of the ring's frames, which all clients share.
 */
#pragma once

#include "gatewayd/clients/conversation.h"
#include "gatewayd/clients/readers.h"

typedef struct client {
    readers_t readers; /* the first member: what each trade touches stands in front */
    conversation_t talk;
} client_t;

/* link, link_arg: stay valid until client_destroy. NULL when memory runs out. */
client_t *client_new(hub_t *hub, const client_link_t *link, void *link_arg);
void client_destroy(client_t **self);

/* A text message came; or an unreadable one. */
void client_receive(client_t *self, text_t message);
void client_refuse(client_t *self, int code, const char *message);

/* The same in other words: methods are called for it in between, and what they cause goes out behind. */
void client_cork(client_t *self);
void client_uncork(client_t *self);

/* Sends what there is for as long as the link takes it; for a client that is behind, when its turn comes (pace.h). */
void client_pump(client_t *self);

/* Is there nothing to be sent now? */
bool client_idle(const client_t *self);

/* rpc_events_t.on_answer and .admits of a client. */
void client_on_answer(void *client, text_t json, buffer_t *owner);
bool client_admits(void *client, size_t bytes);

/* Behind an answer: what was held for it goes on. */
void client_release(client_t *self);
