/* Whole messages from the pieces in which a WebSocket brings them. Most come in one, and are handed on where they lie. */
#pragma once

#include "common/buffer.h"

enum { JOINER_MESSAGE_MAX = 1 << 20, JOINER_SAMPLE_MAX = 200 };

typedef struct {
    buffer_t message;       /* the pieces of one that did not come in one */
    const char *unreadable; /* why the message that is coming is left out, or NULL */
    bool ended;             /* it was handed out, and goes with the next piece */
} joiner_t;

joiner_t joiner_new(void);
void joiner_release(joiner_t *self);

/* What has come of a message is dropped. */
void joiner_clear(joiner_t *self);

typedef enum {
    JOINER_MORE,      /* pieces are to come */
    JOINER_MESSAGE,   /* *message is whole */
    JOINER_UNREADABLE /* it was left out, as it is binary or too large: *message is how it begins, *reason why */
} joined_t;

/* *message may lie in `piece`, and is valid until the next call. */
joined_t joiner_take(joiner_t *self, text_t piece, bool binary, bool last, text_t *message, const char **reason);
