#include "common/websocket/message_reader.h"

#include "common/websocket/pack.h"

#include <stdlib.h>

struct message_parts {
    buffer_t bytes; /* as they came */
    size_t checked; /* of text: bytes that are well-formed characters */
};

static const message_fault_t too_long = {1009, "the message is too long"};
static const message_fault_t not_text = {1007, "expected UTF-8"};
static const message_fault_t not_packed = {1007, "invalid compressed data"};

static bool keep(message_reader_t *self, text_t bytes, size_t limit)
{
    if (!self->parts) {
        self->parts = malloc(sizeof *self->parts);
        if (!self->parts)
            return false;
        *self->parts = (struct message_parts){.bytes = buffer_new(limit)};
    }
    buffer_append(&self->parts->bytes, bytes);
    return buffer_ok(&self->parts->bytes);
}

/* The last character may be cut in two where more is to come. */
static bool check(text_t text, size_t *checked, bool more)
{
    *checked += text_utf8_prefix((text_t){text.at + *checked, text.length - *checked});
    text_t rest = {text.at + *checked, text.length - *checked};
    return rest.length == 0 || (more && text_utf8_begins(rest));
}

/* Its memory becomes the message's. */
static void finish(message_reader_t *self, ws_message_t *message)
{
    message->memory = buffer_take(&self->parts->bytes);
    message->text = buffer_text(&message->memory);
    message_reader_release(self);
}

static const message_fault_t *inflate_message(ws_message_t *message, size_t limit)
{
    buffer_t inflated = buffer_new(limit);
    unpack_t result = unpack_message(message->text, &inflated);
    buffer_release(&message->memory);
    message->memory = inflated;
    message->text = buffer_text(&message->memory);
    if (result != UNPACK_DONE)
        return result == UNPACK_TOO_LONG ? &too_long : &not_packed;
    return message->binary || text_is_utf8(message->text) ? NULL : &not_text;
}

/* What is wrong, or NULL; *whole: the message is. */
static const message_fault_t *take(message_reader_t *self, const frame_t *piece, size_t limit, ws_message_t *message,
                                   bool *whole)
{
    bool checks = !piece->binary && !piece->packed;
    size_t before = self->parts ? self->parts->bytes.length : 0, all = 0;
    *whole = piece->last;
    if (piece->bytes.length > limit - before || piece->more > limit - before - piece->bytes.length)
        return &too_long;
    if (piece->last && !self->parts) {
        message->text = piece->bytes;
        return checks && !check(piece->bytes, &all, false) ? &not_text : NULL;
    }
    if (!keep(self, piece->bytes, limit))
        return &too_long;
    if (checks && !check(buffer_text(&self->parts->bytes), &self->parts->checked, !piece->last))
        return &not_text;
    if (piece->last)
        finish(self, message);
    return NULL;
}

message_found_t message_reader_take(message_reader_t *self, const frame_t *piece, size_t limit, ws_message_t *message,
                                    message_fault_t *fault)
{
    bool whole;
    *message = (ws_message_t){.binary = piece->binary, .memory = buffer_new(limit)};
    const message_fault_t *wrong = take(self, piece, limit, message, &whole);
    if (!wrong && whole && piece->packed)
        wrong = inflate_message(message, limit);
    if (!wrong)
        return whole ? MESSAGE_WHOLE : MESSAGE_MORE;
    *fault = *wrong;
    buffer_release(&message->memory);
    message_reader_release(self);
    return MESSAGE_BROKEN;
}

size_t message_reader_held(const message_reader_t *self)
{
    return self->parts ? self->parts->bytes.capacity : 0;
}

void message_reader_release(message_reader_t *self)
{
    if (!self->parts)
        return;
    buffer_release(&self->parts->bytes);
    free(self->parts);
    self->parts = NULL;
}
