/* A client's JSON-RPC: its messages become calls of methods, and their replies messages to it. */
#pragma once

#include "gatewayd/clients/conversation.h"

typedef struct rpc_session rpc_session_t;

/* talk: the client's. NULL when memory runs out. */
rpc_session_t *rpc_session_new(conversation_t *talk);

/* After the client: what is under way for it ends with errors. */
void rpc_session_destroy(rpc_session_t **self);

/* A text message came; or something that can't be read, for which the error has the id null. */
void rpc_session_receive(rpc_session_t *self, text_t message);
void rpc_session_refuse(rpc_session_t *self, int code, const char *message);
