#include "connectord/websocket/message_assembler.h"

enum { KEPT_MAX = 65536 /* bytes of memory that are kept for the next one: large ones are rare */ };

message_assembler_t message_assembler_new(void)
{
    return (message_assembler_t){.message = buffer_new(MESSAGE_ASSEMBLER_MESSAGE_MAX)};
}

void message_assembler_release(message_assembler_t *self)
{
    buffer_release(&self->message);
}

/* Not released: whoever calls may still be reading it. */
void message_assembler_clear(message_assembler_t *self)
{
    buffer_clear(&self->message);
    self->unreadable = NULL;
}

static assembled_t finish(message_assembler_t *self, text_t whole, text_t *message, const char **reason)
{
    *message = whole;
    *reason = self->unreadable;
    self->unreadable = NULL;
    if (!*reason)
        return MESSAGE_ASSEMBLER_MESSAGE;
    if (message->length > MESSAGE_ASSEMBLER_SAMPLE_MAX)
        message->length = MESSAGE_ASSEMBLER_SAMPLE_MAX;
    return MESSAGE_ASSEMBLER_UNREADABLE;
}

/* Of what is left out the first piece is kept as a sample. */
assembled_t message_assembler_take(message_assembler_t *self, text_t piece, bool binary, bool last, text_t *message,
                                   const char **reason)
{
    if (self->ended) {
        self->ended = false;
        if (self->message.capacity > KEPT_MAX)
            buffer_release(&self->message);
        buffer_clear(&self->message);
    }
    if (binary)
        self->unreadable = "expected a text message, found a binary one";
    else if (self->message.length + piece.length > MESSAGE_ASSEMBLER_MESSAGE_MAX)
        self->unreadable = "message over 1 MiB";
    if (last && self->message.length == 0)
        return finish(self, piece, message, reason);
    if (!self->unreadable || self->message.length == 0)
        buffer_append(&self->message, piece);
    if (!buffer_ok(&self->message))
        self->unreadable = "no memory for the message";
    if (!last)
        return MESSAGE_ASSEMBLER_MORE;
    self->ended = true;
    return finish(self, buffer_text(&self->message), message, reason);
}
