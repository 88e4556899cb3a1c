#include "gatewayd/doors/rpc_session.h"

#include "gatewayd/forms/params.h"
#include "gatewayd/forms/rpc.h"

#include <stdlib.h>

struct rpc_session {
    conversation_t *talk;
    rpc_t *rpc;
};

static value_t param(const void *params, const char *name)
{
    const text_t *object = params;
    return (value_t){.text = json_member(*object, name)};
}

/* --- rpc_events_t --- */

static void on_request(void *arg, reply_t *reply, text_t method, text_t params)
{
    rpc_session_t *self = arg;
    param_text_t name;
    if (param_text(method, &name))
        caller_call(&self->talk->caller, param_slice(&name), param, &params, reply);
    else
        reply_error(reply, RPC_METHOD_NOT_FOUND, "Method not found: %.*s", TEXT_ARG(param_found(method)));
}

static void on_answer(void *arg, text_t json, buffer_t *owner)
{
    rpc_session_t *self = arg;
    conversation_answer(self->talk, json, owner);
}

static bool admits(void *arg, size_t bytes)
{
    rpc_session_t *self = arg;
    return caller_admits(&self->talk->caller, bytes);
}

static uint64_t limited(void *arg)
{
    rpc_session_t *self = arg;
    return conversation_limited(self->talk);
}

static const rpc_events_t events = {.on_request = on_request, .on_answer = on_answer, .limited = limited, .admits = admits};

/* --- rpc_session.h --- */

rpc_session_t *rpc_session_new(conversation_t *talk)
{
    rpc_session_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->talk = talk;
    self->rpc = rpc_new(&events, self, &talk->caller.hub->rpc_counts, talk->end.link->dialect);
    if (!self->rpc) {
        free(self);
        return NULL;
    }
    talk->batches = rpc_batches(self->rpc);
    return self;
}

void rpc_session_destroy(rpc_session_t **self_p)
{
    rpc_session_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    rpc_destroy(&self->rpc);
    free(self);
}

void rpc_session_receive(rpc_session_t *self, text_t message)
{
    conversation_cork(self->talk);
    rpc_receive(self->rpc, message);
    conversation_uncork(self->talk);
}

void rpc_session_refuse(rpc_session_t *self, int code, const char *message)
{
    if (conversation_limited(self->talk) == 0)
        rpc_refuse(self->rpc, code, message);
}
