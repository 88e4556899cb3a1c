#include "gatewayd/forms/reply.h"

#include "proto/topic.h"

#include <stdarg.h>
#include <stdio.h>

void reply_error(reply_t *self, int code, const char *format, ...)
{
    char message[REPLY_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    self->kind->error(self, code, NULL, (text_t){message, length < 0 ? 0 : strnlen(message, sizeof message - 1)});
}

void reply_refuse(reply_t *self, int code, const char *reason, const char *message)
{
    self->kind->error(self, code, reason, text_of(message));
}

void reply_crowded(reply_t *self)
{
    reply_error(self, RPC_UNAVAILABLE, "Too many bytes wait for clients: read what has arrived, and ask again");
}

/* The words of the server that this one came after. */
void reply_refuse_channel(reply_t *self)
{
    reply_error(self, RPC_INVALID_PARAMS, "Only 'trades' channel is supported");
}

void reply_refuse_subject(reply_t *self, text_t subject, bool offers_channel)
{
    text_t channel, key;
    subject_split(subject, &channel, &key);
    if (offers_channel)
        reply_error(self, RPC_INVALID_PARAMS, "Invalid symbol: %.*s", TEXT_ARG(key));
    else
        reply_refuse_channel(self);
}
