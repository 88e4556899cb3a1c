/* Bytes that grow, up to a limit.
 *
 * Text is appended whole or not at all; once something did not fit, buffer_ok is false until the next
 * buffer_clear, so a message is built without checking each step, and checked once at the end.
 */
#pragma once

#include "common/text.h"

typedef struct {
    char *bytes;   /* owned; not NUL-terminated */
    size_t length; /* bytes in use */
    size_t capacity;
    size_t limit; /* never grows beyond this */
    size_t gone;  /* bytes in front of `bytes` that were consumed, and belong to the same memory */
    bool failed;
} buffer_t;

/* An empty buffer; allocates nothing yet. limit_bytes: 0 means 64 MiB. */
buffer_t buffer_new(size_t limit_bytes);

/* Frees the bytes; the buffer is empty and usable again. */
void buffer_release(buffer_t *self);

/* Empties it, keeps the memory. */
void buffer_clear(buffer_t *self);

void buffer_append(buffer_t *self, text_t text);
void buffer_append_u64(buffer_t *self, uint64_t value);
void buffer_printf(buffer_t *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The text as a JSON string, including the quotes, escaped as JSON requires. Bytes that are not UTF-8 become U+FFFD. */
void buffer_append_json_string(buffer_t *self, text_t text);

/* Drops what stands behind the first `length` bytes, of which there are as many or more; and that something did not fit. */
void buffer_cut(buffer_t *self, size_t length);

/* Its bytes become the caller's, with its limit; it is empty and usable again. */
buffer_t buffer_take(buffer_t *self);

/* Makes room for n more bytes and returns where they go, or NULL if over the limit (buffer_ok turns false). Report with
 * buffer_took how many were written. */
char *buffer_room(buffer_t *self, size_t n);
void buffer_took(buffer_t *self, size_t n);

/* Where it is known how much comes: room for so many bytes in all, neither more nor less, but within the limit and at least
 * what there is. Without memory for it nothing changes. */
void buffer_reserve(buffer_t *self, size_t capacity);

/* Drops the first n bytes. O(1), amortized. */
void buffer_consume(buffer_t *self, size_t n);

static inline bool buffer_ok(const buffer_t *self)
{
    return !self->failed;
}

static inline text_t buffer_text(const buffer_t *self)
{
    return (text_t){self->bytes, self->length};
}
