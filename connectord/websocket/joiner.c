#include "connectord/websocket/joiner.h"

enum { KEPT_MAX = 65536 /* bytes of memory that are kept for the next one: large ones are rare */ };

joiner_t joiner_new(void)
{
    return (joiner_t){.message = buffer_new(JOINER_MESSAGE_MAX)};
}

void joiner_release(joiner_t *self)
{
    buffer_release(&self->message);
}

/* Not released: whoever calls may still be reading it. */
void joiner_clear(joiner_t *self)
{
    buffer_clear(&self->message);
    self->unreadable = NULL;
}

static joined_t finish(joiner_t *self, text_t whole, text_t *message, const char **reason)
{
    *message = whole;
    *reason = self->unreadable;
    self->unreadable = NULL;
    if (!*reason)
        return JOINER_MESSAGE;
    if (message->length > JOINER_SAMPLE_MAX)
        message->length = JOINER_SAMPLE_MAX;
    return JOINER_UNREADABLE;
}

/* Of what is left out the first piece is kept as a sample. */
joined_t joiner_take(joiner_t *self, text_t piece, bool binary, bool last, text_t *message, const char **reason)
{
    if (self->ended) {
        self->ended = false;
        if (self->message.capacity > KEPT_MAX)
            buffer_release(&self->message);
        buffer_clear(&self->message);
    }
    if (binary)
        self->unreadable = "expected a text message, found a binary one";
    else if (self->message.length + piece.length > JOINER_MESSAGE_MAX)
        self->unreadable = "message over 1 MiB";
    if (last && self->message.length == 0)
        return finish(self, piece, message, reason);
    if (!self->unreadable || self->message.length == 0)
        buffer_append(&self->message, piece);
    if (!buffer_ok(&self->message))
        self->unreadable = "no memory for the message";
    if (!last)
        return JOINER_MORE;
    self->ended = true;
    return finish(self, buffer_text(&self->message), message, reason);
}
