/* Reading a client's parameters: raw JSON in, plain values out. */
#pragma once

#include "common/json/json.h"
#include "proto/topic.h"

/* A text from JSON, without escapes. */
typedef struct {
    size_t length;
    char bytes[256];
} param_text_t;

static inline text_t param_slice(const param_text_t *self)
{
    return (text_t){self->bytes, self->length};
}

/* The meaning of a raw JSON string. False if it is not a string, contains a NUL, or does not fit. */
bool param_text(text_t raw, param_text_t *out);

/* A member that is absent or null. */
bool param_absent(text_t raw);

/* At most 64 bytes of the raw value, for a message; whole characters. */
text_t param_found(text_t raw);

/* The same, of the meaning of a string if it can be read. Points into `raw` or `scratch`. */
text_t param_shown(text_t raw, param_text_t *scratch);
