#include "common/websocket/frame_reader.h"

#include <stdlib.h>

enum {
    FIN = 0x80,
    RESERVED = 0x70,
    RSV1 = 0x40,
    OPCODE = 0x0f,
    MASKED = 0x80,
    CONTINUATION = 0,
    TEXT_MESSAGE = 1,
    BINARY_MESSAGE = 2,
    CONTROL = 8, /* this opcode and those beyond it */
    CLOSE = 8,
    PING = 9,
    PONG = 10,
    MASK_BYTES = 4
};

static size_t length_bytes(const unsigned char *head)
{
    unsigned length = head[1] & 0x7f;
    return length == 126 ? 2 : length == 127 ? 8 : 0;
}

static size_t head_bytes(const unsigned char *head)
{
    return 2 + length_bytes(head) + (head[1] & MASKED ? MASK_BYTES : 0);
}

static uint64_t payload_bytes(const unsigned char *head)
{
    size_t bytes = length_bytes(head);
    if (bytes == 0)
        return head[1] & 0x7f;
    uint64_t length = 0;
    for (size_t i = 2; i < 2 + bytes; i++)
        length = length << 8 | head[i];
    return length;
}

static bool is_minimal(const unsigned char *head)
{
    size_t bytes = length_bytes(head);
    return bytes == 0 || payload_bytes(head) > (bytes == 2 ? 125 : UINT16_MAX);
}

/* RSV1 says that a message is compressed, in its first frame. */
static bool may_have(const frame_reader_t *self, unsigned reserved, unsigned opcode)
{
    return reserved == 0 || (reserved == RSV1 && self->deflates && (opcode == TEXT_MESSAGE || opcode == BINARY_MESSAGE));
}

/* What is wrong with a head, or NULL. */
static const char *judge(const frame_reader_t *self)
{
    unsigned opcode = self->head[0] & OPCODE;
    bool fin = self->head[0] & FIN, masked = self->head[1] & MASKED;
    if (!may_have(self, self->head[0] & RESERVED, opcode))
        return "a frame with reserved bits";
    if (masked != self->from_client)
        return masked ? "a masked frame from a server" : "an unmasked frame from a client";
    if (payload_bytes(self->head) > INT64_MAX)
        return "a frame of more than 2^63 bytes";
    if (!is_minimal(self->head))
        return "a length in more bytes than it needs";
    if (opcode >= CONTROL && (!fin || payload_bytes(self->head) > FRAME_CONTROL_MAX))
        return "a control frame that is too long or fragmented";
    if (opcode > PONG || (opcode > BINARY_MESSAGE && opcode < CONTROL))
        return "a frame with an unknown opcode";
    if (opcode == CONTINUATION && !self->in_message)
        return "a continuation without a message";
    if ((opcode == TEXT_MESSAGE || opcode == BINARY_MESSAGE) && self->in_message)
        return "a message inside a fragmented one";
    return NULL;
}

/* Reads on in the head. False as long as it is not whole. */
static bool take_head(frame_reader_t *self, text_t *input)
{
    while (self->head_length < 2 || self->head_length < head_bytes(self->head)) {
        if (input->length == 0)
            return false;
        self->head[self->head_length++] = (unsigned char)*input->at;
        *input = (text_t){input->at + 1, input->length - 1};
    }
    return true;
}

static void begin_frame(frame_reader_t *self)
{
    unsigned opcode = self->head[0] & OPCODE;
    self->in_frame = true;
    self->left = payload_bytes(self->head);
    self->turn = 0;
    self->control_length = 0;
    if (opcode == TEXT_MESSAGE || opcode == BINARY_MESSAGE) {
        self->in_message = true;
        self->binary = opcode == BINARY_MESSAGE;
        self->packed = self->head[0] & RSV1;
    }
}

static void end_frame(frame_reader_t *self)
{
    self->in_frame = false;
    self->head_length = 0;
}

/* Eight bytes at a time: clients may send much. */
static void unmask(frame_reader_t *self, char *bytes, size_t length)
{
    const unsigned char *mask = self->head + head_bytes(self->head) - MASK_BYTES;
    unsigned char turned[8];
    uint64_t eight, word;
    for (size_t i = 0; i < sizeof turned; i++)
        turned[i] = mask[(self->turn + i) % MASK_BYTES];
    memcpy(&eight, turned, sizeof eight);
    size_t at = 0;
    for (; at + sizeof word <= length; at += sizeof word) {
        memcpy(&word, bytes + at, sizeof word);
        word ^= eight;
        memcpy(bytes + at, &word, sizeof word);
    }
    for (; at < length; at++)
        bytes[at] = (char)((unsigned char)bytes[at] ^ turned[at % sizeof turned]);
    self->turn = (uint8_t)((self->turn + length) % MASK_BYTES);
}

static text_t take(frame_reader_t *self, text_t *input)
{
    size_t length = self->left < input->length ? (size_t)self->left : input->length;
    text_t taken = {input->at, length};
    *input = (text_t){input->at + length, input->length - length};
    self->left -= length;
    if (self->from_client && length > 0)
        unmask(self, (char *)(uintptr_t)taken.at, length);
    return taken;
}

/* All of it, where it lies; or the part that has come, behind those before. */
static frame_found_t take_control(frame_reader_t *self, text_t *input, frame_t *frame, const char **wrong)
{
    static const frame_kind_t kinds[] = {FRAME_CLOSE, FRAME_PING, FRAME_PONG};
    text_t payload = take(self, input);
    if (self->control_length > 0 || self->left > 0) {
        if (!self->control && !(self->control = malloc(FRAME_CONTROL_MAX))) {
            *wrong = "a frame that there is no memory for";
            return FRAME_BROKEN;
        }
        if (payload.length > 0)
            memcpy(self->control + self->control_length, payload.at, payload.length);
        self->control_length = (uint8_t)(self->control_length + payload.length);
        payload = (text_t){(const char *)self->control, self->control_length};
    }
    if (self->left > 0)
        return FRAME_NONE;
    *frame = (frame_t){.kind = kinds[(self->head[0] & OPCODE) - CLOSE], .bytes = payload};
    end_frame(self);
    return FRAME_FOUND;
}

static frame_found_t take_piece(frame_reader_t *self, text_t *input, frame_t *frame)
{
    if (self->left > 0 && input->length == 0)
        return FRAME_NONE;
    *frame = (frame_t){.kind = FRAME_PIECE, .binary = self->binary, .packed = self->packed, .bytes = take(self, input)};
    frame->more = self->left;
    if (self->left > 0)
        return FRAME_FOUND;
    frame->last = self->head[0] & FIN;
    self->in_message = !frame->last;
    end_frame(self);
    return FRAME_FOUND;
}

frame_found_t frame_reader_next(frame_reader_t *self, text_t *input, frame_t *frame, const char **wrong)
{
    if (!self->in_frame) {
        frame_reader_release(self);
        if (!take_head(self, input))
            return FRAME_NONE;
        if ((*wrong = judge(self)))
            return FRAME_BROKEN;
        begin_frame(self);
    }
    bool control = (self->head[0] & OPCODE) >= CONTROL;
    return control ? take_control(self, input, frame, wrong) : take_piece(self, input, frame);
}

void frame_reader_release(frame_reader_t *self)
{
    free(self->control);
    self->control = NULL;
}

/* Codes that may stand in a close frame: those of RFC 6455 and of the registry, and what frameworks and applications choose. */
static bool is_code(unsigned code)
{
    bool registered = code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
    return registered || (code >= 3000 && code <= 4999);
}

const char *frame_close_read(text_t payload, unsigned *code)
{
    enum { UNTOLD = 1005, PROTOCOL = 1002, INVALID_TEXT = 1007 };
    const unsigned char *at = (const unsigned char *)payload.at;
    *code = UNTOLD;
    if (payload.length == 0)
        return NULL;
    *code = PROTOCOL;
    if (payload.length == 1)
        return "half a code in a close frame";
    unsigned said = (unsigned)at[0] << 8 | at[1];
    if (!is_code(said))
        return "a code that is not allowed in a close frame";
    *code = INVALID_TEXT;
    if (!text_is_utf8((text_t){payload.at + 2, payload.length - 2}))
        return "a reason in a close frame that is not UTF-8";
    *code = said;
    return NULL;
}

size_t frame_seal(unsigned char *out, unsigned opcode, size_t length, uint32_t mask)
{
    unsigned char key[4];
    size_t head = length < 126 ? 2 : 4;
    memcpy(key, &mask, sizeof key);
    out[0] = (unsigned char)(FIN | opcode);
    out[1] = (unsigned char)(MASKED | (length < 126 ? length : 126));
    if (head == 4) {
        out[2] = (unsigned char)(length >> 8);
        out[3] = (unsigned char)length;
    }
    memcpy(out + head, key, sizeof key);
    unsigned char *to = out + head + sizeof key;
    const unsigned char *from = out + FRAME_OUT_HEAD_MAX;
    for (size_t i = 0; i < length; i++)
        to[i] = from[i] ^ key[i & 3];
    return head + sizeof key + length;
}
