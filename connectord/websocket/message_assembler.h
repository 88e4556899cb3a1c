/* Whole messages from the pieces in which a WebSocket brings them. Most come in one, and are passed on in place. */
#pragma once

#include "common/buffer.h"

enum { MESSAGE_ASSEMBLER_MESSAGE_MAX = 1 << 20, MESSAGE_ASSEMBLER_SAMPLE_MAX = 200 };

typedef struct {
    buffer_t message;       /* the pieces of one that came in several */
    const char *unreadable; /* why the current message is left out, or NULL */
    bool ended;             /* it was handed out, and goes with the next piece */
} message_assembler_t;

message_assembler_t message_assembler_new(void);
void message_assembler_release(message_assembler_t *self);

/* Drops what has arrived of a message. */
void message_assembler_clear(message_assembler_t *self);

typedef enum {
    MESSAGE_ASSEMBLER_MORE,      /* pieces are to come */
    MESSAGE_ASSEMBLER_MESSAGE,   /* *message is whole */
    MESSAGE_ASSEMBLER_UNREADABLE /* it was left out, as it is binary or too large: *message is its start, *reason why */
} assembled_t;

/* *message may lie in `piece`, and is valid until the next call. */
assembled_t message_assembler_take(message_assembler_t *self, text_t piece, bool binary, bool last, text_t *message,
                                   const char **reason);
